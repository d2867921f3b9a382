"""What lies over a screen: how to see it and in which language, each choice shown as it will look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kivy.graphics import Color, Rectangle
from kivy.lang import Builder
from kivy.properties import ObjectProperty, StringProperty

from kiosk.ui.files import kv_of
from kiosk.ui.layout import Column
from kiosk.ui.theme import Look
from kiosk.ui.widgets import grid, words  # noqa: F401
from kiosk.ui.widgets.button import NOTHING, PushButton, is_finger
from kiosk.viewmodel import Button, Option, OptionGroup, PanelView

Builder.load_file(kv_of(__file__))

SHADE = 0.45
"""How much of the screen below is taken away, so that the panel stands out and the screen can still be judged."""


class OptionButton(PushButton):
    """One choice, in the letters and colours it would bring; the present one with a tick."""

    item = ObjectProperty(Option(NOTHING), rebind=True)
    tick = StringProperty("")

    def on_item(self, *_: Any) -> None:
        """Take the option's button."""
        self.button = self.item.button
        self.tick = "check" if self.button.chosen else ""
        if self.look is not None:
            self.adopt(self.look)

    def adopt(self, look: Look) -> None:
        """Take the look that the option would bring."""
        option: Option = self.item
        theme, size = option.theme or look.theme, option.text_size or look.text_size
        super().adopt(replace(look, theme=theme, text_size=size))


class OptionRows(Column):
    """The choices of one kind under their title."""

    item = ObjectProperty(OptionGroup("", ()), rebind=True)


class Overlay(Column):
    """The panel at the foot of the whole screen, which is dimmed; nothing below it can be pressed.

    A finger that leaves beside the panel closes it.
    """

    panel = ObjectProperty(PanelView("", (), Button("", "", None)), rebind=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.canvas.before:
            Color(0, 0, 0, SHADE)
            self._shade = Rectangle()

    def paint(self) -> None:
        """Dim what lies below."""
        self._shade.pos, self._shade.size = self.pos, self.size

    def on_touch_down(self, touch: Any) -> bool:
        """Feel a finger anywhere, and let none through."""
        if not self.is_seen:
            return False
        self.ids.close.hold(touch)
        super().on_touch_down(touch)
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """Close when the finger leaves beside the panel, unless it pressed something."""
        if not self.is_seen or super().on_touch_up(touch):
            return bool(self.is_seen)
        is_free = touch.grab_current is None and not touch.grab_list
        close = self.ids.close
        if is_free and is_finger(touch) and not self.ids.sheet.collide_point(*touch.pos) and close.press:
            close.press(close)
        return True
