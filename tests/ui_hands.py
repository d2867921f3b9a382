"""A hand and an eye for the tests of screens: show a sample, touch, look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from PIL import Image

from kiosk.keypad import Keymap
from kiosk.samples import NOW, samples, seen
from kiosk.settings import load
from kiosk.viewmodel import View
from kiosk.views import SiteFacts, view
from kiosk.views.frame import Level
from kiosk.visit import Rules
from kiosk.visit.display import Display

LANGUAGES = ("ar", "en")
EVERY_LANGUAGE = ("ar", "en", "ur", "hi", "bn", "fil")
SAMPLES = tuple(samples())
USUAL = Display()


def sample(
    name: str,
    language: str = "ar",
    level: Level = "open",
    *,
    display: Display = USUAL,
    languages: tuple[str, ...] = LANGUAGES,
    **facts: Any,
) -> View:
    """The view of a sample visit; `open` shows most. `languages` are offered, and the sample's own."""
    site = {"call_centre": "920001100", "app_link": "https://app.example.sa/ebill"} | facts
    rules = Rules(languages=tuple(dict.fromkeys((*languages, language))))
    visit = seen(replace(samples()[name], language=language), display)
    return view(visit, now=NOW, facts=SiteFacts(rules, level=level, **site))


class Terminal:
    """The one app of the test process, driven frame by frame."""

    def __init__(self) -> None:
        from kiosk.ui.app import KioskApp

        self.sent: list[Any] = []
        self.acts: list[Any] = []
        self.touches = 0
        self.app = KioskApp(
            send=self.sent.append,
            first=sample("attract"),
            touched=self._touched,
            broken=sample("out_of_service"),
            keymap=Keymap.of(asdict(load().keys)),
            on_act=self.acts.append,
        )
        self.stage = self.app._stage
        self.loop = self.app._loop
        self.loop.start()

    def reset(self) -> None:
        """Back to the attract screen in Arabic, drawn, nothing sent, no press remembered."""
        from kiosk.ui.press_guard import PressGuard

        self.app._guard = PressGuard(self.app._guard._radius)
        self.show("attract")
        self.sent.clear()
        self.touches = 0

    def show(self, name: str, language: str = "ar", level: Level = "open", **facts: Any) -> Any:
        """Show a sample, draw it, and return its screen."""
        return self.show_view(sample(name, language, level, **facts))

    def show_view(self, shown: View) -> Any:
        """Show a view, draw it, and return its screen."""
        self.app.show(shown)
        self.frame(2)
        return self.stage.shown

    def lay_out(self, shown: View) -> Any:
        """Place a view without drawing it, and return its screen."""
        return self.stage.show(shown)

    def frame(self, count: int = 1) -> None:
        """Let some frames pass."""
        for _ in range(count):
            self.loop.turn()

    def look(self) -> Image.Image:
        """What is on the window, drawn now."""
        return self.stage.look()

    def button(self, name: str) -> Any:
        """The button of that name on the screen shown."""
        return next(button for button in self.stage.shown.buttons() if button.name == name)

    def down(self, x: float, y: float) -> Any:
        """A finger comes down at (x, y), window pixels from the lower left; a frame passes."""
        from kivy.tests.common import UnitTestTouch

        touch = UnitTestTouch(x, y)
        touch.touch_down()
        self.frame()
        return touch

    def press(self, name: str) -> None:
        """Touch a button and let go."""
        touch = self.down(*self.button(name).center)
        touch.touch_up()
        self.frame()

    def nodes(self) -> Iterator[Any]:
        """Everything seen on the screen shown."""
        yield from self.stage.shown.nodes()

    def texts(self) -> list[Any]:
        """Every text seen on the screen shown."""
        from kiosk.ui.widgets.words import Text

        return [node for node in self.nodes() if isinstance(node, Text) and node.text]

    def _touched(self) -> None:
        self.touches += 1
