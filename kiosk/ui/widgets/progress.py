"""Waiting, shown: how far the paper has come, how long there is to answer, and where the bill will stand."""

from __future__ import annotations

from typing import Any

from kivy.properties import BooleanProperty, NumericProperty, StringProperty

from kiosk.ui.layout import Column, Node, Size
from kiosk.ui.pieces import Pieces


class Meter(Node):
    """A bar filled by `part` (0 to 1) along the reading direction."""

    part = NumericProperty(0)
    colour = StringProperty("green")
    tall = StringProperty("meter")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pieces = Pieces(self.canvas)
        self.bind(part=self._refill)

    def natural(self, width: int) -> Size:
        """As wide as there is room."""
        return width, self.look.size("meter")

    def paint(self) -> None:
        """Draw the track and what is filled of it."""
        self._pieces.clear()
        half = self.height / 2
        self._pieces.block(self.look, "bone", at=self.pos, size=self.size, radius=half)
        wide = int(self.width * min(1, max(0, self.part)))
        if wide >= self.height:
            left = self.right - wide if self.look.rtl else self.x
            self._pieces.block(self.look, self.colour, at=(left, self.y), size=(wide, self.height), radius=half)

    def _refill(self, *_: Any) -> None:
        if self.look is not None:
            self.paint()


class Dial(Column):
    """A ring around its children that empties as `part` goes from 1 to 0, clockwise from the top."""

    part = NumericProperty(1)
    colour = StringProperty("green")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pieces = Pieces(self.canvas)
        self.bind(part=self._turn)

    def natural(self, width: int) -> Size:
        """A square."""
        return (self.look.size("dial"),) * 2

    def paint(self) -> None:
        """Draw the track and the ring on it."""
        super().paint()
        stroke = self.look.stroke("ring")
        radius = min(self.size) / 2 - stroke
        end = 360 * min(1, max(0.001, self.part))
        self._pieces.clear()
        self._pieces.circle(self.look, "bone", centre=self.center, radius=radius, width=stroke)
        self._pieces.circle(self.look, self.colour, centre=self.center, radius=radius, width=stroke, end=end)

    def _turn(self, *_: Any) -> None:
        if self.look is not None:
            self.paint()


class Bone(Node):
    """A grey piece in the place of something that is still coming."""

    colour = StringProperty("bone")
    radius = StringProperty("s")
    firm = BooleanProperty(True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pieces = Pieces(self.canvas)

    def natural(self, width: int) -> Size:
        """As wide as there is room; `tall` says how high."""
        return width, 0

    def paint(self) -> None:
        """Draw it."""
        self._pieces.clear()
        radius = self.look.radius(self.radius)
        self._pieces.block(self.look, self.colour, at=self.pos, size=self.size, radius=radius)


_BONES = (0.9, 0.8, 0.6, 0.4, 0.28, 0.22, 0.26, 0.3, 0.34, 0.5, 0.66, 0.84, 1)
"""A year as most have it: two hot ends, a mild middle."""


class BoneChart(Node):
    """Grey bars in the place of the thirteen months that are still coming."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pieces = Pieces(self.canvas)

    def natural(self, width: int) -> Size:
        """As wide as there is room; as high as the smallest chart."""
        return width, self.look.size("chart")

    def paint(self) -> None:
        """Draw the bars, the newest where reading ends."""
        self._pieces.clear()
        step = self.width / len(_BONES)
        for place, part in enumerate(_BONES):
            start = (place + 0.17) * step
            left = self.right - start - step * 0.66 if self.look.rtl else self.x + start
            size = (step * 0.66, self.height * part)
            self._pieces.block(self.look, "bone", at=(left, self.y), size=size, radius=self.look.radius("xs"))
