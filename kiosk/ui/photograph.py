"""Pictures of screens from view models alone, in any size, text size, theme and language, without showing them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image

from kiosk.ui import boot
from kiosk.ui.theme import Glass, Look
from kiosk.viewmodel import View
from kiosk.visit.display import Display

_SMALL = (64, 64)
"""The window itself is not looked at: it only brings OpenGL."""


def render_samples(
    views: Callable[[str, Display], Mapping[str, View]],
    out: Path,
    *,
    languages: Sequence[str] = ("ar", "en"),
    text_sizes: Sequence[int] = (2,),
    themes: Sequence[str] = ("default",),
    sizes: Sequence[tuple[int, int]] = ((1080, 1920),),
    width_mm: float | None = None,
    low: bool = False,
) -> Iterator[Path]:
    """Write a picture of every view in every look, and yield its path, one after another.

    The files are `<name>-<language>-<text size>-<theme>-<width>x<height>.png` in `out`, which is made.

    Args:
        views: the views to draw, by name, in the language and display given.
        out: the folder.
        languages: codes, one pass each.
        text_sizes: 1 to 4.
        themes: names of palettes.
        sizes: of the panel in pixels.
        width_mm: of the panel; without it 15.6 inches across are assumed.
        low: with everything to press within reach from a seat.

    Raises:
        WindowMissing: this machine has no OpenGL; the message says what to install.
    """
    out.mkdir(parents=True, exist_ok=True)
    window = boot.open_window(*_SMALL)
    from kiosk.ui.stage import Stage

    stage = Stage(window, glass=Glass.of(*sizes[0], width_mm=width_mm), still=True)
    for language, text_size, theme in product(languages, text_sizes, themes):
        shown = views(language, Display(text_size, theme, low=low))
        for width, height in sizes:
            look = Look(Glass.of(width, height, width_mm=width_mm), language, text_size, theme, low=low)
            for name, view in shown.items():
                path = out / f"{name}-{language}-{text_size}-{theme}-{width}x{height}.png"
                photograph(stage.screen(view.screen), view, look).save(path, compress_level=4)
                yield path


def photograph(screen: Any, view: View, look: Look) -> Image.Image:
    """The picture of `view` on `screen` in `look`, drawn beside the window."""
    from kivy.graphics import Fbo
    from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glReadPixels

    screen.render(view, look)
    # A canvas hangs in one place only.
    window = screen.parent
    if window is not None:
        window.remove_widget(screen)
    size = (look.glass.width, look.glass.height)
    frame = Fbo(size=size, clear_color=look.palette.rgba(screen.ground))
    frame.add(screen.canvas)
    frame.bind()
    frame.clear_buffer()
    frame.release()
    frame.draw()
    frame.bind()
    pixels = glReadPixels(0, 0, *size, GL_RGB, GL_UNSIGNED_BYTE)
    frame.release()
    frame.remove(screen.canvas)
    if window is not None:
        window.add_widget(screen)
    picture = Image.frombytes("RGB", size, bytes(pixels))
    return picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
