"""The first screen: what one can do here. A touch anywhere begins."""

from __future__ import annotations

from typing import Any

from kivy.lang import Builder
from kivy.properties import BooleanProperty, NumericProperty, ObjectProperty

from kiosk.ui.files import kv_of
from kiosk.ui.layout import Row
from kiosk.ui.screen import Screen
from kiosk.ui.widgets import pictures  # noqa: F401
from kiosk.ui.widgets.button import is_finger
from kiosk.viewmodel import AttractView, Promise

Builder.load_file(kv_of(__file__))

SCENES = ("see", "print", "take_home")
"""The picture that goes with each promise."""


class PromiseRow(Row):
    """One promise; `is_told` while the picture shows it."""

    item = ObjectProperty(Promise(icon="", title="", text=""), rebind=True)
    is_told = BooleanProperty(False)


class AttractScreen(Screen):
    """Tells its promises in turn; `tell_next` moves on."""

    model = AttractView
    told = NumericProperty(0)

    def render(self, view: Any, look: Any) -> None:
        """Show the promises, the first one told."""
        self.view = view
        self._mark(0)
        super().render(view, look)

    def tell_next(self) -> None:
        """Tell the next promise."""
        self._mark((int(self.told) + 1) % len(SCENES))
        self.arrange()

    def _mark(self, place: int) -> None:
        """Choose the promise at `place`: its row stands out and its picture is shown."""
        self.told = place
        for at, row in enumerate(reversed(self.ids.promises.children)):
            row.is_told = at == place

    def on_touch_down(self, touch: Any) -> bool:
        """Feel a finger anywhere."""
        self.ids.start.hold(touch)
        return bool(super().on_touch_down(touch))

    def on_touch_up(self, touch: Any) -> bool:
        """Begin wherever the finger leaves, unless it pressed something."""
        if super().on_touch_up(touch):
            return True
        is_free = touch.grab_current is None and not touch.grab_list
        if is_free and is_finger(touch) and self.view.start.enabled:
            self.press(self.ids.start)
            return True
        return False
