"""A string on the screen."""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, Rectangle
from kivy.properties import BooleanProperty, NumericProperty, OptionProperty, StringProperty

from kiosk.ui import shapes
from kiosk.ui import text as typeset
from kiosk.ui.layout import Node, Size


class Text(Node):
    """A ready string in a role of the type scale, wrapped to the width it is given.

    `align` is along the reading direction ("left" and "right" are for figures in columns). `most` limits the
    lines, the last ending in an ellipsis. `script` sets the text in another language than the screen's
    (a language's own name, a number typed from left to right). Without text it takes no room, unless `keep`.
    Lines that are centred or at the end are made about equally long.
    `floor` is the least width in pixels, so that a column of figures can be as wide as its widest.
    """

    text = StringProperty("")
    role = StringProperty("label")
    ink = StringProperty("text")
    align = OptionProperty("start", options=("start", "center", "end", "left", "right"))
    most = NumericProperty(0)
    script = StringProperty("")
    keep = BooleanProperty(False)
    floor = NumericProperty(0)

    def __init__(self, **kwargs: Any) -> None:
        self._lines: list[str] = []
        self._measured: tuple[Any, ...] = ()
        self._length: tuple[Any, ...] = ()
        self._drawn: tuple[Any, ...] = ()
        self._offset = (0, 0)
        super().__init__(**kwargs)
        with self.canvas:
            self._colour = Color(0, 0, 0, 0)
            self._ink = Rectangle(size=(0, 0))
        self.bind(text=self._retell, keep=self._retell)
        self._retell()

    @property
    def style(self) -> typeset.Style:
        """How the text is set."""
        return typeset.Style(self.look, self.script or self.look.language, self.role)

    @property
    def rows(self) -> list[str]:
        """The lines as last measured or drawn."""
        return self._lines

    def natural(self, width: int) -> Size:
        """As wide as its longest line, as high as its lines."""
        lines, longest = self._measure(width)
        return max(longest, int(self.floor)), max(len(lines), bool(self.keep)) * self.style.leading

    def longest(self, width: int) -> int:
        """The pixels its longest line takes, whatever `floor` says."""
        return self._measure(width)[1]

    def paint(self) -> None:
        """Draw the lines, once for each text, look and width."""
        if not self.text:
            self._forget()
            return
        self._colour.rgba = self.look.palette.rgba(self.ink)
        key = (self.text, self.style, int(self.width), self.align, self.most)
        if key != self._drawn:
            self._drawn = key
            self._draw()
        x, y = self._offset
        spare = (self.height - len(self._lines) * self.style.leading) // 2
        self._ink.pos = (self.x + x, self.top - spare - y - self._ink.size[1])

    def recolour(self, ink: str) -> None:
        """Change the colour and nothing else."""
        self.ink = ink
        self._colour.rgba = self.look.palette.rgba(ink)

    def _retell(self, *_: Any) -> None:
        self.shown = bool(self.text or self.keep)
        if not self.text:
            self._forget()

    def _measure(self, width: int) -> tuple[list[str], int]:
        """The lines within `width` pixels and how long the longest is."""
        style = self.style
        key = (self.text, style, width, self.most)
        if key == self._measured[:4]:
            return self._lines, self._measured[4]
        whole = self._whole(style)
        # Most texts fit on a line, and measuring is what a screen takes its time for.
        if not self.text or (whole <= width and "\n" not in self.text):
            self._lines, longest = [self.text] if self.text else [], whole
        else:
            if self.align in ("center", "end") and not self.most:
                self._lines = typeset.balanced(self.text, style, width=width)
            else:
                self._lines = typeset.lines(self.text, style, width=width, most=self.most)
            longest = max(typeset.width(line, style) for line in self._lines)
        self._measured = (*key, longest)
        return self._lines, longest

    def _whole(self, style: typeset.Style) -> int:
        """How long the text is on one line."""
        if self._length[:2] != (self.text, style):
            self._length = (self.text, style, typeset.width(self.text, style) if self.text else 0)
        return int(self._length[2])

    def _draw(self) -> None:
        align: str = self.align
        if align in ("start", "end"):
            align = "left" if (align == "start") != self.look.rtl else "right"
        lines, _ = self._measure(int(self.width))
        drawn = typeset.draw(lines, self.style, width=int(self.width), align=align)
        if drawn is None:
            self._forget()
            return
        self._ink.texture = shapes.upload(drawn.mask)
        self._ink.size = drawn.mask.size
        self._offset = (drawn.x, drawn.y)

    def _forget(self) -> None:
        """Drop text, measures and picture, so that nothing of a subscriber stays behind."""
        self._lines, self._measured, self._length, self._drawn = [], (), (), ()
        self._ink.texture, self._ink.size = None, (0, 0)
