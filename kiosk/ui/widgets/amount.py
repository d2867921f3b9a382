"""The amount: the riyal sign, then the figures, from left to right in every language."""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, Rectangle
from kivy.properties import ObjectProperty, OptionProperty, StringProperty

from kiosk import typography
from kiosk.ui import shapes, text
from kiosk.ui.layout import Node, Size
from kiosk.viewmodel import Amount

RIYAL = "riyal"
"""`Amount.sign` that asks for the drawn sign; anything else is set as letters."""

EMPTY = Amount(figures="", sign="", spoken="")

_CLEAR_PART = 0.3
"""The clear space between sign and figures, as part of the figures' height."""


class AmountText(Node):
    """Money in the largest type of the screen."""

    amount = ObjectProperty(EMPTY)
    role = StringProperty("amount")
    ink = StringProperty("text")
    align = OptionProperty("start", options=("start", "center"))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._key: tuple[Any, ...] = ()
        self._masks: list[tuple[Any, int, int, Size]] = []
        with self.canvas:
            self._colour = Color(0, 0, 0, 0)
            self._inks = [Rectangle(size=(0, 0)), Rectangle(size=(0, 0))]
        self.bind(amount=self._forget)

    def natural(self, width: int) -> Size:
        """As wide as sign and figures, as high as a line."""
        if not self.amount.figures:
            return 0, 0
        return sum(self._widths()), self._figures.leading

    def paint(self) -> None:
        """Draw sign and figures on one baseline."""
        if not self.amount.figures:
            self._forget()
            return
        self._colour.rgba = self.look.palette.rgba(self.ink)
        key = (self.amount, self._figures)
        if key != self._key:
            self._key = key
            self._draw()
        spare = int(self.width) - sum(self._widths())
        left = self.x + (spare // 2 if self.align == "center" else spare if self.look.rtl else 0)
        top = self.top - (self.height - self._figures.leading) // 2
        for ink, (texture, x, y, size) in zip(self._inks, self._masks, strict=True):
            ink.texture, ink.size = texture, size
            ink.pos = (left + x, top - y - size[1])

    @property
    def _figures(self) -> text.Style:
        return text.Style(self.look, "en", self.role)

    @property
    def _letters(self) -> text.Style:
        return text.Style(self.look, self.look.language, "title")

    def _widths(self) -> tuple[int, int, int]:
        """The sign's, the space's and the figures' widths."""
        height = typography.figure_height(self._figures.font)
        if self.amount.sign == RIYAL:
            sign = typography.riyal(height).width
        else:
            sign = text.width(self.amount.sign, self._letters)
        return sign, round(height * _CLEAR_PART), text.width(self.amount.figures, self._figures)

    def _draw(self) -> None:
        sign, space, width = self._widths()
        figures = text.draw([self.amount.figures], self._figures, width=width, align="left")
        assert figures is not None
        baseline = text.baseline(self._figures)
        if self.amount.sign == RIYAL:
            height = typography.figure_height(self._figures.font)
            mark = text.Drawn(typography.riyal(height), 0, baseline - height)
        else:
            drawn = text.draw([self.amount.sign], self._letters, width=sign, align="left")
            assert drawn is not None
            mark = text.Drawn(drawn.mask, drawn.x, baseline + drawn.y - text.baseline(self._letters))
        figures = text.Drawn(figures.mask, figures.x + sign + space, figures.y)
        self._masks = [(shapes.upload(d.mask), d.x, d.y, d.mask.size) for d in (mark, figures)]

    def _forget(self, *_: Any) -> None:
        self._key, self._masks = (), []
        for ink in self._inks:
            ink.texture, ink.size = None, (0, 0)
