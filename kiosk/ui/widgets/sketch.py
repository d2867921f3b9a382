"""A picture being drawn: blocks, lines and icons on a grid 100 wide, y downwards from the top."""

from __future__ import annotations

from typing import Any

from kiosk.ui.pieces import Pieces


class Sketch:
    """The grid of one picture node, which has `look` and `part`; mirrored for right-to-left."""

    def __init__(self, node: Any, pieces: Pieces, *, scale: float, origin: tuple[float, float]) -> None:
        self.part: float = node.part
        self._look = node.look
        self._pieces = pieces
        self._scale = scale
        self._x, self._top = origin

    def block(self, x: float, y: float, width: float, height: float, colour: str, *, radius: float = 1) -> None:
        """A block, its upper left corner at (x, y)."""
        scale = self._scale
        left = 100 - x - width if self._look.rtl else x
        self._pieces.block(
            self._look,
            colour,
            at=(self._x + left * scale, self._top - (y + height) * scale),
            size=(width * scale, height * scale),
            radius=radius * scale,
        )

    def circle(self, x: float, y: float, radius: float, colour: str, *, width: float = 0.5) -> None:
        """The line of a circle about (x, y)."""
        scale = self._scale
        left = 100 - x if self._look.rtl else x
        self._pieces.circle(
            self._look,
            colour,
            centre=(self._x + left * scale, self._top - y * scale),
            radius=radius * scale,
            width=width * scale,
        )

    def icon(self, name: str, x: float, y: float, side: float, colour: str) -> None:
        """An icon, its upper left corner at (x, y)."""
        scale = self._scale
        left = 100 - x - side if self._look.rtl else x
        self._pieces.icon(
            self._look,
            name,
            colour,
            at=(self._x + left * scale, self._top - (y + side) * scale),
            side=side * scale,
        )

    def perforation(self, x: float, y: float, width: float, colour: str) -> None:
        """The torn edge of paper: half circles of the ground's colour bitten out along y."""
        count = round(width / 3)
        step = width / count
        for place in range(count):
            self.block(x + place * step + step * 0.14, y - step * 0.36, step * 0.72, step * 0.72, colour, radius=9)
