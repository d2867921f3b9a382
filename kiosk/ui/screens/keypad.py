"""Typing the account number."""

from __future__ import annotations

from typing import Any

from kivy.lang import Builder
from kivy.properties import ObjectProperty, StringProperty

from kiosk.ui.files import kv_of
from kiosk.ui.layout import Repeat
from kiosk.ui.screen import Screen
from kiosk.ui.widgets import notice  # noqa: F401
from kiosk.ui.widgets.button import PushButton
from kiosk.viewmodel import KeypadView

Builder.load_file(kv_of(__file__))

_LAST_ROW = 9
"""How many keys stand above the last row, where 0 stands between the two that take digits away."""


class DigitKey(PushButton):
    """A digit."""

    item = ObjectProperty(None, allownone=True)


class KeyRow(Repeat):
    """Three digits beside each other."""

    item = ObjectProperty(())


class KeypadScreen(Screen):
    """A telephone's keys, from left to right in every language."""

    model = KeypadView
    above = ObjectProperty(())
    zero = ObjectProperty(None, allownone=True)
    between = StringProperty("m")

    def render(self, view: Any, look: Any) -> None:
        """Show the keys and what has been typed."""
        self.above = tuple(view.keys[at : at + 3] for at in range(0, _LAST_ROW, 3))
        self.zero = view.keys[_LAST_ROW] if len(view.keys) > _LAST_ROW else None
        super().render(view, look)
