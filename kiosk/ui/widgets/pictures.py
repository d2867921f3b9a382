"""Pictures of what to do, drawn from blocks and icons on a grid 100 wide, y downwards from the top."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kivy.properties import NumericProperty, StringProperty

from kiosk.ui.layout import Node, Size
from kiosk.ui.pieces import Pieces
from kiosk.ui.widgets.card_pictures import CARDS
from kiosk.ui.widgets.sketch import Sketch

_BARS = (30, 26, 34, 44, 60, 82, 100, 92, 70, 48, 36, 32, 54)


class Picture(Node):
    """The picture `name`, as large as fits its place. `part` (0 to 1) is how far what moves in it has come."""

    name = StringProperty("")
    part = NumericProperty(1)
    side = StringProperty("scene")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pieces = Pieces(self.canvas)
        self._key: tuple[Any, ...] = ()
        self.bind(name=self._change, part=self._change)

    def natural(self, width: int) -> Size:
        """As wide as there is room, as high as its share of the width asks, within `side`."""
        scene = SCENES.get(self.name)
        if scene is None:
            return 0, 0
        height = min(self.look.size(self.side), round(width * scene[0] / 100))
        return round(height * 100 / scene[0]), height

    def paint(self) -> None:
        """Draw the picture in the middle of its place."""
        key = (self.name, self.part, self.look, tuple(self.pos), tuple(self.size))
        if key == self._key:
            return
        self._key = key
        self._pieces.clear()
        scene = SCENES.get(self.name)
        if scene is not None:
            high, draw = scene
            scale = min(self.width / 100, self.height / high)
            origin = (self.center_x - 50 * scale, self.center_y + high * scale / 2)
            draw(Sketch(self, self._pieces, scale=scale, origin=origin))

    def _change(self, *_: Any) -> None:
        if self.look is not None and self.height > 1:
            self.paint()


def _sheet(sketch: Sketch, x: float, y: float, *, ground: str) -> None:
    """A bill, 46 wide and 60 high."""
    sketch.block(x, y, 46, 60, "paper", radius=3)
    sketch.block(x + 4, y + 4, 8, 8, "hero", radius=1.8)
    sketch.icon("bolt", x + 5.4, y + 5.4, 5.2, "accent")
    sketch.block(x + 14.5, y + 5.2, 15, 2, "steel_dark", radius=1)
    sketch.block(x + 14.5, y + 9, 10, 1.6, "steel", radius=1)
    sketch.block(x + 4, y + 16, 38, 13, ground, radius=2.4)
    sketch.block(x + 7.5, y + 19, 18, 4, "paper", radius=1)
    sketch.block(x + 7.5, y + 25, 11, 1.6, "bar", radius=1)
    for place, part in enumerate(_BARS):
        colour = "spark" if place == len(_BARS) - 1 else "bar"
        tall = part * 0.16
        sketch.block(x + 4 + place * 2.95, y + 49 - tall, 2, tall, colour, radius=0.6)
    sketch.block(x + 4, y + 52, 22, 1.6, "steel", radius=1)
    sketch.block(x + 34, y + 52, 8, 1.6, "steel", radius=1)
    sketch.block(x + 4, y + 55.4, 16, 1.6, "steel", radius=1)
    sketch.block(x + 34, y + 55.4, 8, 1.6, "steel", radius=1)


def _receipt(sketch: Sketch, x: float, y: float, height: float, *, under: str) -> None:
    """Paper 30 wide coming down from y, torn below; what is printed comes with it, last line first."""
    if height < 3:
        return
    sketch.block(x, y, 30, height, "paper", radius=0)
    end = y + height
    for line, (at, wide, colour, tall) in enumerate(_RECEIPT_LINES):
        top = end - at
        if top > y + 1:
            sketch.block(x + (30 - wide) / 2 if line % 3 == 0 else x + 4, top, wide, tall, colour, radius=0.6)
    if end - 17 > y + 1:
        sketch.icon("qr", x + 10, end - 17, 10, "paper_ink")
    sketch.perforation(x, end, 30, under)


_RECEIPT_LINES = (
    (21, 14, "steel_dark", 1.4),
    (25, 22, "steel", 1.2),
    (28, 18, "steel", 1.2),
    (33, 20, "steel_dark", 3),
    (38, 22, "steel", 1.2),
    (41, 16, "steel", 1.2),
    (46, 12, "steel_dark", 1.6),
)


def _rings(sketch: Sketch, y: float) -> None:
    for radius in (22, 28, 34):
        sketch.circle(50, y, radius, "hero_shape", width=1.1)


def _see(sketch: Sketch) -> None:
    _rings(sketch, 34)
    _sheet(sketch, 27, 4, ground="hero")


def _print(sketch: Sketch) -> None:
    _rings(sketch, 34)
    _receipt(sketch, 35, 14, 50, under="hero_deep")
    sketch.block(24, 6, 52, 9, "hero_line", radius=3)
    sketch.block(31, 10.4, 38, 2.4, "hero_deep", radius=1.2)


def _take_home(sketch: Sketch) -> None:
    _rings(sketch, 34)
    sketch.block(33, 3, 34, 62, "paper", radius=5)
    sketch.block(34.6, 4.6, 30.8, 58.8, "hero_deep", radius=3.6)
    sketch.block(45, 6.6, 10, 1.6, "hero_line", radius=1)
    sketch.block(39, 16, 22, 22, "paper", radius=2)
    sketch.icon("qr", 41.5, 18.5, 17, "paper_ink")
    sketch.block(39, 43, 22, 2.2, "hero_line", radius=1)
    sketch.block(39, 47.4, 15, 2.2, "hero_line", radius=1)
    sketch.block(39, 53.4, 22, 6, "accent", radius=1.6)


def _coming_out(sketch: Sketch) -> None:
    """The printer's slot with the paper as far out as `part`."""
    _slot(sketch, 6 + 50 * sketch.part)


def _out(sketch: Sketch) -> None:
    """The whole receipt, hanging from the slot, ready to be taken."""
    _slot(sketch, 56)
    sketch.block(66, 44, 17, 17, "good", radius=8.5)
    sketch.icon("check", 69.5, 47.5, 10, "green")


def _slot(sketch: Sketch, paper: float) -> None:
    sketch.block(18, 4, 64, 16, "steel_dark", radius=4)
    sketch.block(70, 10.6, 4, 4, "bar_year_ago", radius=2)
    sketch.block(30, 12, 40, 4, "paper_ink", radius=2)
    sketch.block(34.4, 14, 31.2, paper + 0.6, "line", radius=0)
    _receipt(sketch, 35, 14, paper, under="ground")


SCENES: Mapping[str, tuple[float, Callable[[Sketch], None]]] = {
    "see": (68, _see),
    "print": (68, _print),
    "take_home": (68, _take_home),
    **{name: (64, draw) for name, draw in CARDS.items()},
    "coming_out": (72, _coming_out),
    "out": (72, _out),
}
"""Height on the grid and drawing of each picture."""
