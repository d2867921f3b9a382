"""What stands on every screen: the mark, the help line and the languages above, the ways out and on below."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kivy.graphics import Color, PopMatrix, PushMatrix, Rectangle, Rotate
from kivy.lang import Builder
from kivy.properties import BooleanProperty, NumericProperty, ObjectProperty, StringProperty

from kiosk.ui import shapes, text
from kiosk.ui.blank import NO_CHROME
from kiosk.ui.files import kv_of
from kiosk.ui.layout import Column, Flow, Node, Repeat, Row, Size
from kiosk.ui.widgets import progress, words  # noqa: F401
from kiosk.ui.widgets.button import NOTHING, PushButton
from kiosk.viewmodel import Button

Builder.load_file(kv_of(__file__))


_ENDLESS = 1 << 20
"""Pixels; wider than any panel: what is measured within it breaks no line."""


class LanguageButton(PushButton):
    """One language, named in itself, without an icon."""

    item = ObjectProperty(NOTHING, rebind=True)

    def on_item(self, *_: Any) -> None:
        """Take the language's button."""
        self.button = self.item

    def on_button(self, *_: Any) -> None:
        """Show the name alone."""


class Languages(Repeat):
    """The languages that can be changed to, beside each other."""

    is_deep = BooleanProperty(False)

    def on_items(self, *_: Any) -> None:
        """Give each language its button, in the kind that suits the ground."""
        super().on_items()
        for button in self.children:
            button.kind = "deep" if self.is_deep else "second"


class Tools(Row):
    """The languages and how to see the screen; where they have no room one button in the place of the languages,
    and then of its word and icon only the shorter one.

    `room` is the width they may take, in pixels; 0: what the row is given. `is_aside` beside the ways on and out
    they take a third of the panel at most.
    """

    chrome = ObjectProperty(NO_CHROME, rebind=True)
    is_deep = BooleanProperty(False)
    is_compact = BooleanProperty(False)
    is_terse = BooleanProperty(False)
    room = NumericProperty(0)
    is_aside = BooleanProperty(False)

    def natural(self, width: int) -> Size:
        """The width of all languages, or of the one button in their place, or of its icon."""
        width = min(width, int(self.room) or width)
        if self.is_aside:
            width = min(width, self.look.glass.width // 3)
        for compact, terse in ((False, False), (True, False), (True, True)):
            self.is_compact, self.is_terse = compact, terse
            wish = super().natural(_ENDLESS)
            if wish[0] <= width:
                break
        return wish

    @staticmethod
    def wordless(button: Button | None, is_terse: bool) -> Button | None:
        """The button, its icon alone where it is to be terse."""
        return replace(button, text="") if button and is_terse else button

    @staticmethod
    def iconless(button: Button | None, is_terse: bool) -> Button | None:
        """The button, its text alone where it is to be terse."""
        return replace(button, icon="") if button and is_terse else button


class Masthead(Flow):
    """The brand, and the tools beside it as far as they have room; below it where not even one button has."""

    def _measure(self, width: int) -> None:
        *brand, tools = self.members
        if isinstance(tools, Tools):
            taken = sum(member.wish(width)[0] for member in brand)
            tools.room = max(1, width - taken - self.look.space(self.gap))
            if tools.wish(width)[0] > tools.room:
                tools.room = 0
        super()._measure(width)


class Header(Column):
    """The brand, the help line and the tools; `is_deep` for the hero colour as its ground."""

    chrome = ObjectProperty(NO_CHROME, rebind=True)
    is_deep = BooleanProperty(False)


class Footer(Column):
    """The way out in its corner, the way back beside it, and the next step, large, at the other end.

    `other` is a second thing to do, where there is no room for it above; `aside` is one that stands above but has to
    be within reach. `ends` makes the way out the next step.
    """

    chrome = ObjectProperty(NO_CHROME, rebind=True)
    button = ObjectProperty(NOTHING, allownone=True, rebind=True)
    other = ObjectProperty(NOTHING, allownone=True, rebind=True)
    aside = ObjectProperty(None, allownone=True, rebind=True)
    kind = StringProperty("primary")
    ends = BooleanProperty(False)


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
