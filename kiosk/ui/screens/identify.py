"""How to identify: one tile a way."""

from __future__ import annotations

from typing import Any

from kivy.lang import Builder
from kivy.properties import ObjectProperty

from kiosk.ui.files import kv_of
from kiosk.ui.screen import Screen
from kiosk.ui.widgets.button import NOTHING, Pressable
from kiosk.viewmodel import Choice, IdentifyView

Builder.load_file(kv_of(__file__))


class ChoiceTile(Pressable):
    """A large tile; the first one is the way most people take and stands out."""

    item = ObjectProperty(Choice(button=NOTHING, text=""), rebind=True)

    def on_item(self, *_: Any) -> None:
        """Take the choice's button."""
        self.button = self.item.button


class IdentifyScreen(Screen):
    """Chooses between the ways to identify."""

    model = IdentifyView

    def render(self, view: Any, look: Any) -> None:
        """Show the tiles, the first one as the usual way."""
        self.view = view
        for place, tile in enumerate(reversed(self.ids.choices.children)):
            tile.kind = "tile" if place else "primary"
        super().render(view, look)
