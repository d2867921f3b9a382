"""The window's content: which screen is shown, in which look. Screens are built when first needed and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from PIL import Image

from kiosk.ui.screen import Screen
from kiosk.ui.theme import Glass, Look
from kiosk.viewmodel import SCREENS, View

_MODULES: Mapping[str, tuple[str, str]] = {
    "attract": ("attract", "AttractScreen"),
    "identify": ("identify", "IdentifyScreen"),
    "keypad": ("keypad", "KeypadScreen"),
    "card": ("card", "CardScreen"),
    "looking_up": ("looking_up", "LookingUpScreen"),
    "bill": ("bill", "BillScreen"),
    "app": ("app", "AppScreen"),
    "printing": ("printing", "PrintingScreen"),
    "take_receipt": ("take_receipt", "TakeReceiptScreen"),
    "more": ("choices", "ChoicesScreen"),
    "proof": ("choices", "ChoicesScreen"),
    "accounts": ("choices", "ChoicesScreen"),
    "mobile": ("keypad", "KeypadScreen"),
    "code": ("keypad", "KeypadScreen"),
    "proof_card": ("card", "CardScreen"),
    "still_there": ("still_there", "StillThereScreen"),
}
"""Module and class of each screen; the screens not named here are messages."""

_MESSAGE = ("message", "MessageScreen")


class Stage:
    """Shows one screen at a time in a window."""

    def __init__(self, window: Any, *, glass: Glass, still: bool) -> None:
        self.window = window
        self.glass = glass
        self.still = still
        self.name = ""
        self.shown: Screen | None = None
        self._screens: dict[tuple[str, str], Screen] = {}

    def screen(self, name: str) -> Screen:
        """The screen that draws the view named `name`, built at the first call."""
        where = _MODULES.get(name, _MESSAGE)
        if where not in self._screens:
            module = import_module(f"kiosk.ui.screens.{where[0]}")
            self._screens[where] = getattr(module, where[1])()
        return self._screens[where]

    def show(self, view: View) -> Screen:
        """Put `view` on the window; when this returns it is laid out and will be drawn with the next frame."""
        chrome = view.chrome
        look = Look(self.glass, chrome.language, chrome.text_size, chrome.theme, self.still, chrome.low)
        screen = self.screen(view.screen)
        screen.render(view, look)
        if self.shown not in (None, screen) and not self.still:
            on = SCREENS.index(view.screen) >= SCREENS.index(self.name)
            screen.shift.slide(self.glass.width if on != look.rtl else -self.glass.width)
        self.name = view.screen
        if screen is not self.shown:
            if self.shown is not None:
                self.window.remove_widget(self.shown)
                # What nobody sees holds nothing of a subscriber, and no memory.
                self.shown.erase()
            self.window.add_widget(screen)
            self.shown = screen
        self.window.clearcolor = look.palette.rgba(screen.ground)
        self.window.canvas.ask_update()
        return screen

    @property
    def is_moving(self) -> bool:
        """Whether something on the window moves by itself."""
        return self.shown is not None and (self.shown.is_moving or self.shown.shift.is_moving)

    def build_next(self) -> bool:
        """Build and prepare one screen that is not there yet; False when all are."""
        missing = (name for name in SCREENS if _MODULES.get(name, _MESSAGE) not in self._screens)
        name = next(missing, "")
        if not name or self.shown is None:
            return False
        self.screen(name).prepare(self.shown.view.chrome, self.shown.look)
        return True

    def screens(self) -> Iterator[Screen]:
        """The screens built so far."""
        yield from self._screens.values()

    def centres(self) -> dict[str, list[int]]:
        """The middle of every button that can be pressed, by name, in pixels from the window's top left."""
        if self.shown is None:
            return {}
        return {
            button.name: [round(button.center_x), round(self.glass.height - button.center_y)]
            for button in self.shown.buttons()
            if button.is_enabled
        }

    def look(self, *, beside: int = 0) -> Image.Image:
        """A picture of exactly what the window shows, drawn anew for it; with so many pixels beside the screen."""
        from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glReadPixels

        self.window.dispatch("on_draw")
        size = (self.glass.width + beside, self.glass.height)
        picture = Image.frombytes("RGB", size, bytes(glReadPixels(0, 0, *size, GL_RGB, GL_UNSIGNED_BYTE)))
        return picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
