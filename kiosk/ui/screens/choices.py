"""A list to choose from: what else can be done, how to prove, which account."""

from __future__ import annotations

from typing import Any

from kivy.lang import Builder
from kivy.properties import BooleanProperty, ObjectProperty

from kiosk.ui.files import kv_of
from kiosk.ui.screen import Screen
from kiosk.ui.widgets import icon, words  # noqa: F401
from kiosk.ui.widgets.button import NOTHING, Pressable
from kiosk.viewmodel import Choice, ChoicesView

Builder.load_file(kv_of(__file__))


class ChoiceRow(Pressable):
    """One choice: its icon, what it does and, smaller, what comes of it."""

    item = ObjectProperty(Choice(button=NOTHING, text=""), rebind=True)

    def on_item(self, *_: Any) -> None:
        """Take the choice's button."""
        self.button = self.item.button


class ChoicesScreen(Screen):
    """The choices below each other; on a lying panel, or to be in reach of everybody, in two columns."""

    model = ChoicesView
    first = ObjectProperty(())
    second = ObjectProperty(())
    is_paired = BooleanProperty(False)

    def render(self, view: Any, look: Any) -> None:
        """Show the choices, in the order of reading."""
        half = (len(view.choices) + 1) // 2
        self.first, self.second = view.choices[:half], view.choices[half:]
        self.is_paired = look.low and not (look.is_wide or look.is_largest)
        super().render(view, look)
