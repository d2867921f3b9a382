"""What stands on every screen: the mark, the help line and the languages above, the ways out and on below."""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, PopMatrix, PushMatrix, Rectangle, Rotate
from kivy.lang import Builder
from kivy.properties import BooleanProperty, ObjectProperty, StringProperty

from kiosk.ui import shapes, text
from kiosk.ui.blank import NO_CHROME
from kiosk.ui.files import kv_of
from kiosk.ui.layout import Column, Node, Repeat, Row
from kiosk.ui.widgets import progress, words  # noqa: F401
from kiosk.ui.widgets.button import NOTHING, Pressable

Builder.load_file(kv_of(__file__))


class LanguageButton(Pressable):
    """One language, named in itself."""

    item = ObjectProperty(NOTHING, rebind=True)
    code = StringProperty("")

    def on_item(self, *_: Any) -> None:
        """Take the language's button; the present one cannot be pressed and says so by its look."""
        self.button = self.item
        self.code = self.name.removeprefix("language_")
        self.is_chosen = not self.item.enabled


class Languages(Repeat):
    """The languages beside each other."""

    is_deep = BooleanProperty(False)
    shown = BooleanProperty(False)

    def on_items(self, *_: Any) -> None:
        """Give each language its button, in the kind that suits the ground."""
        super().on_items()
        self.shown = bool(self.items)
        for button in self.children:
            button.kind = "deep" if self.is_deep else "second"


class Header(Column):
    """The brand, the help line and the languages; `is_deep` for the hero colour as its ground."""

    chrome = ObjectProperty(NO_CHROME, rebind=True)
    is_deep = BooleanProperty(False)


class Footer(Row):
    """The way out in its corner, the way back beside it, and the next step, large, at the other end.

    `other` is a second thing to do, where there is no room for it above.
    """

    chrome = ObjectProperty(NO_CHROME, rebind=True)
    button = ObjectProperty(NOTHING, allownone=True, rebind=True)
    other = ObjectProperty(NOTHING, allownone=True, rebind=True)
    kind = StringProperty("primary")
    finish_kind = StringProperty("quiet")


class Watermark(Node):
    """The word of the demo, large and faint across the whole screen."""

    text = StringProperty("")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._key: tuple[Any, ...] = ()
        with self.canvas:
            PushMatrix()
            self._turn = Rotate(angle=0)
            self._colour = Color(0, 0, 0, 0)
            self._ink = Rectangle(size=(0, 0))
            PopMatrix()

    def paint(self) -> None:
        """Draw the word from corner to corner."""
        self.shown = bool(self.text)
        self.opacity = 1 if self.text else 0
        if not self.text:
            return
        style = text.Style(self.look, self.look.language, "watermark")
        if (self.text, style) != self._key:
            self._key = (self.text, style)
            drawn = text.draw([self.text], style, width=text.width(self.text, style), align="left")
            assert drawn is not None
            self._ink.texture, self._ink.size = shapes.upload(drawn.mask), drawn.mask.size
        red, green, blue, _ = self.look.palette.rgba("faint")
        self._colour.rgba = (red, green, blue, 0.08)
        self._turn.angle, self._turn.origin = (-55 if self.look.rtl else 55), self.center
        width, height = self._ink.size
        self._ink.pos = (self.center_x - width / 2, self.center_y - height / 2)
