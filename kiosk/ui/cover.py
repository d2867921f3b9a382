"""Something that lies over the whole screen and hides it, with a few words: nothing under it is seen or touched."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from kivy.graphics import Color, InstructionGroup, Rectangle

from kiosk.ui import shapes, text
from kiosk.ui.palette import Rgba
from kiosk.ui.theme import Look

_INK: Rgba = (0.82, 0.84, 0.86, 1)
"""Light grey: readable, and dark enough not to say from afar that somebody is there."""


class Cover:
    """Black over a window, or nothing."""

    def __init__(self, window: Any) -> None:
        self._window = window
        self._group = InstructionGroup()
        self._said: tuple[Any, ...] = ()

    @property
    def is_on(self) -> bool:
        """Whether it hides the screen."""
        return bool(self._said)

    def put(self, look: Look, words: str, *, figure: str = "") -> None:
        """Hide the screen under `words` and, large above them, a `figure`."""
        said = (look, words, figure)
        if said == self._said:
            return
        if not self._said:
            self._window.canvas.after.add(self._group)
        self._said = said
        self._group.clear()
        glass = look.glass
        self._group.add(Color(0, 0, 0, 1))
        self._group.add(Rectangle(pos=(0, 0), size=(glass.width, glass.height)))
        self._group.add(Color(*_INK))
        middle = glass.height // 2
        self._write(look, figure, role="dial", top=middle + look.leading("dial") + look.space("l"))
        self._write(look, words, role="lead", top=middle)
        self._window.canvas.ask_update()

    def lift(self) -> None:
        """Let the screen be seen again."""
        if self._said:
            self._said = ()
            self._group.clear()
            self._window.canvas.after.remove(self._group)
            self._window.canvas.ask_update()

    def _write(self, look: Look, words: str, *, role: str, top: int) -> None:
        """Set `words` in the middle of the screen, from `top` (pixels from the bottom) downwards."""
        style = text.Style(look, look.language, role)
        width = look.glass.width - 2 * look.space("xxl")
        drawn = text.draw(text.balanced(words, style, width=width), style, width=width, align="center")
        if drawn is None:
            return
        mask = drawn.mask
        place = (look.space("xxl") + drawn.x, top - drawn.y - mask.height)
        self._group.add(Rectangle(texture=shapes.upload(mask), pos=place, size=mask.size))


class Rest:
    """A while in which a covered screen feels nothing and counts the seconds down. Times are monotonic seconds."""

    def __init__(self, cover: Cover) -> None:
        self._cover = cover
        self._until = 0.0
        self._words = ""
        self.done: Callable[[], None] = lambda: None
        """To be called when the rest is over."""

    @property
    def is_on(self) -> bool:
        """Whether the screen rests."""
        return self._until > 0

    def begin(self, words: str, *, until: float, done: Callable[[], None]) -> None:
        """Rest under `words`; `goes_on` covers the screen."""
        self._words, self._until, self.done = words, until, done

    def goes_on(self, look: Look, *, now: float) -> bool:
        """Show the seconds that are left; False when none is, and the rest is over."""
        left = ceil(self._until - now)
        if left > 0:
            self._cover.put(look, self._words, figure=str(left))
            return True
        self._until = 0.0
        return False
