"""Where the keys of a keypad are on a screen: one button has the ring, in reading order, and Enter presses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kiosk.ui.stage import Stage
from kiosk.ui.widgets.button import Pressable


class Focus:
    """Moves over the buttons of the screen shown. Off until the first key; a touch turns it off again."""

    def __init__(self, stage: Stage, *, on_move: Callable[[str], None]) -> None:
        """`on_move` is called with the name of the button that got the ring by a key."""
        self._stage = stage
        self._on_move = on_move
        self._ringed: Pressable | None = None
        self._screen: Any = None
        self._place = 0
        self.is_on = False
        self.name = ""
        """The button that has the focus; "" while there is none."""

    def move(self, step: int) -> None:
        """Go `step` buttons on in reading order, and round at the ends; the first move only shows where it is."""
        was_on, self.is_on = self.is_on, True
        if was_on:
            names = [button.name for button in self._buttons() if button.is_enabled]
            self._place = names.index(self.name) + step if self.name in names else self._place
            self.name = names[self._place % len(names)] if names else ""
        self.follow()
        self._on_move(self.name)

    def aside(self, step: int) -> None:
        """Go to the right (1) or to the left (-1) of where it is: on or back, as the language reads."""
        shown = self._stage.shown
        self.move(-step if shown is not None and shown.look.rtl else step)

    def go(self, name: str) -> None:
        """Give the focus to the button `name`, whether it can be pressed now or not."""
        self.is_on, self.name = True, name
        self.follow()

    def turn_off(self) -> None:
        """Show no ring: somebody uses a finger."""
        self.is_on, self.name = False, ""
        self.follow()

    def follow(self) -> None:
        """Put the ring where it belongs after the screen changed: on the same button, or where another begins."""
        shown = self._stage.shown
        buttons = self._buttons() if self.is_on else []
        named = {button.name: button for button in buttons}
        if shown is not None and buttons and (shown is not self._screen or self.name not in named):
            self.name = shown.begins_at()
        self._screen = shown
        ringed = named.get(self.name)
        if self._ringed is not None and self._ringed is not ringed:
            self._ringed.focused = False
        if ringed is not None:
            ringed.focused = True
            enabled = [button.name for button in buttons if button.is_enabled]
            self._place = enabled.index(self.name) if self.name in enabled else self._place
        self._ringed = ringed

    def button(self, name: str = "") -> Pressable | None:
        """The button that has the focus, or the one called `name`; None when it cannot be pressed now."""
        wanted = name or self.name
        return next((button for button in self._buttons() if button.name == wanted and button.is_enabled), None)

    def go_on(self) -> None:
        """Give the focus to the way on, where the screen has one: after typing, Enter is meant for that."""
        shown = self._stage.shown
        name = shown.way_on() if shown is not None else ""
        if name:
            self.go(name)

    def _buttons(self) -> list[Pressable]:
        shown = self._stage.shown
        return list(shown.buttons()) if shown is not None else []
