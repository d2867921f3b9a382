"""The keys of a keypad on their way to the screen: the window's own key events, and nothing else reads any.

Every key is taken, whether it means something or not, so that none of Kivy's own shortcuts ever sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from kiosk.keypad import Act, Key, Keymap
from kiosk.ui.focus import Focus
from kiosk.ui.press_guard import KeyGuard
from kiosk.ui.widgets.button import Pressable

_COMMANDS = frozenset({"ctrl", "alt", "meta"})
"""A key that is pressed together with one of these is a shortcut of something else."""


class Keys:
    """Moves the focus and presses buttons for the keys of `keymap`; other acts are told to `on_act`."""

    def __init__(
        self,
        window: Any,
        *,
        keymap: Keymap,
        focus: Focus,
        press: Callable[[Pressable, float], None],
        felt: Callable[[], None],
        on_act: Callable[[Act], None],
    ) -> None:
        """Listen to `window`.

        Args:
            window: Kivy's.
            keymap: what each key does.
            focus: moves over the buttons.
            press: presses a button, with the monotonic time of the key.
            felt: called for each key that means something, before anything it does.
            on_act: takes the acts that are not about buttons (speech, hiding the screen).
        """
        self._keymap = keymap
        self._focus = focus
        self._press = press
        self._felt = felt
        self._on_act = on_act
        self._guard = KeyGuard()
        self.rests: Callable[[], bool] = lambda: False
        """Whether no key counts now."""
        window.bind(on_key_down=self._down, on_key_up=self._up)

    def _down(self, _: Any, code: int, place: int, text: str | None, modifiers: list[str]) -> bool:
        if _COMMANDS.isdisjoint(modifiers) and not self.rests():
            key = self._keymap.key(place, backwards="shift" in modifiers)
            at = monotonic()
            if key and self._guard.accepts(place, at=at):
                self._felt()
                self._do(key, at)
        return True

    def _up(self, _: Any, code: int, place: int) -> bool:
        self._guard.released(place)
        return True

    def _do(self, key: Key, at: float) -> None:
        focus = self._focus
        match key.act:
            case None:
                self._press_named(f"digit_{key.digit}", at)
                focus.go_on()
            case Act.NEXT:
                focus.move(1)
            case Act.PREVIOUS:
                focus.move(-1)
            case Act.RIGHT:
                focus.aside(1)
            case Act.LEFT:
                focus.aside(-1)
            case Act.PRESS:
                self._press_focused(at)
            case Act.DELETE:
                self._press_named("delete", at)
            case Act.BACK:
                self._press_named("back", at)
            case act:
                self._on_act(act)

    def _press_focused(self, at: float) -> None:
        """Press the button with the ring; where there is none yet, only show it."""
        if self._focus.is_on:
            self._press_named(self._focus.name, at)
        else:
            self._focus.move(0)

    def _press_named(self, name: str, at: float) -> None:
        button = self._focus.button(name)
        if button is not None:
            self._press(button, at)
