"""The icons, drawn by us with one weight of line on a grid of 24: Pillow masks, no font and no file.

Those in `MIRRORED` point along the reading direction and are flipped for right-to-left; all others stand as is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import cos, radians, sin

from PIL import Image, ImageDraw, ImageOps

GRID = 24
_STROKE = 1.9
_OVER = 4

Point = tuple[float, float]

MIRRORED = frozenset({"back", "forward", "finish"})
"""Icons that point along the reading direction."""


class Pen:
    """Draws on a grid of 24 by 24, y downwards, with round ends and joints."""

    def __init__(self, size: int) -> None:
        """Start an empty mask that will be `size` pixels square."""
        self._size = size
        self._scale = size * _OVER / GRID
        self._mask = Image.new("L", (size * _OVER, size * _OVER))
        self._draw = ImageDraw.Draw(self._mask)

    def finish(self) -> Image.Image:
        """The mask, edges smoothed."""
        return self._mask.resize((self._size, self._size), Image.Resampling.BOX)

    def line(self, *points: Point, closed: bool = False, width: float = _STROKE) -> None:
        """A line through `points`."""
        path = [*points, points[0]] if closed else list(points)
        half = width / 2
        for (x0, y0), (x1, y1) in pairwise(path):
            self._draw.line(
                [(x0 * self._scale, y0 * self._scale), (x1 * self._scale, y1 * self._scale)],
                fill=255,
                width=round(width * self._scale),
            )
        for x, y in path:
            self.dot(x, y, half)

    def shape(self, *points: Point, rounding: float = 0.6) -> None:
        """A filled polygon, its corners rounded outwards."""
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=255)
        self.line(*points, closed=True, width=2 * rounding)

    def arc(self, x: float, y: float, *, rx: float, ry: float, start: float = 0, end: float = 360) -> None:
        """Part of an ellipse about (x, y), degrees clockwise from three o'clock."""
        steps = max(8, round(abs(end - start) / 6))
        turns = (radians(start + (end - start) * i / steps) for i in range(steps + 1))
        self.line(*((x + rx * cos(turn), y + ry * sin(turn)) for turn in turns))

    def dot(self, x: float, y: float, radius: float) -> None:
        """A filled circle."""
        s = self._scale
        # Pillow's boxes include their last pixel; without the 1 an arc of dots looks knobbly.
        self._draw.ellipse(
            ((x - radius) * s, (y - radius) * s, (x + radius) * s - 1, (y + radius) * s - 1), fill=255
        )

    def box(self, x: float, y: float, width: float, height: float, *, radius: float = 2.2) -> None:
        """The outline of a box with rounded corners; the line's middle lies on the given sides."""
        s, half = self._scale, _STROKE / 2
        self._draw.rounded_rectangle(
            ((x - half) * s, (y - half) * s, (x + width + half) * s, (y + height + half) * s),
            radius=(radius + half) * s,
            outline=255,
            width=round(_STROKE * s),
        )

    def block(self, x: float, y: float, width: float, height: float, *, radius: float = 0.5) -> None:
        """A filled box."""
        s = self._scale
        self._draw.rounded_rectangle((x * s, y * s, (x + width) * s, (y + height) * s), radius * s, fill=255)


def mask(name: str, size: int, *, mirrored: bool = False) -> Image.Image:
    """The icon `name` as an "L" mask, `size` pixels square.

    Raises:
        KeyError: no icon has that name.
    """
    pen = Pen(size)
    _ICONS[name](pen)
    drawn = pen.finish()
    return ImageOps.mirror(drawn) if mirrored and name in MIRRORED else drawn


def _bolt(pen: Pen) -> None:
    pen.shape((13.6, 2.6), (5.4, 13.4), (11.2, 13.4), (10.2, 21.4), (18.6, 10.2), (12.8, 10.2), rounding=0.9)


def _card(pen: Pen) -> None:
    pen.box(2.2, 5, 19.6, 14)
    pen.block(2.2, 8.4, 19.6, 2.6, radius=0)
    pen.line((6.2, 15), (10, 15))


def _keypad(pen: Pen) -> None:
    for x in (5.5, 12, 18.5):
        for y in (3.6, 9.2, 14.8):
            pen.dot(x, y, 1.7)
    pen.dot(12, 20.4, 1.7)


def _printer(pen: Pen) -> None:
    pen.line((7, 8), (7, 2.8), (17, 2.8), (17, 8))
    pen.line((7, 17.4), (3, 17.4), (3, 8.4), (21, 8.4), (21, 17.4), (17, 17.4))
    pen.box(7, 13.6, 10, 7.6, radius=0.6)


def _phone(pen: Pen) -> None:
    pen.box(6.4, 2, 11.2, 20, radius=2)
    pen.line((10.8, 18.4), (13.2, 18.4))


def _qr(pen: Pen) -> None:
    for x, y in ((2.8, 2.8), (14.4, 2.8), (2.8, 14.4)):
        pen.box(x, y, 6.8, 6.8, radius=0.8)
        pen.block(x + 2.2, y + 2.2, 2.4, 2.4)
    for x, y in ((13.5, 13.5), (19.6, 13.5), (16.6, 16.6), (13.5, 19.6), (19.6, 19.6)):
        pen.block(x, y, 2.6, 2.6)


def _check(pen: Pen) -> None:
    pen.line((4.2, 12.6), (9.8, 18.2), (20, 6.8), width=2.4)


def _warning(pen: Pen) -> None:
    pen.line((12, 3.2), (22.2, 20.8), (1.8, 20.8), closed=True)
    pen.line((12, 9.6), (12, 14.2))
    pen.dot(12, 17.5, 1.2)


def _circle(pen: Pen) -> None:
    pen.arc(12, 12, rx=9.8, ry=9.8)


def _info(pen: Pen) -> None:
    _circle(pen)
    pen.dot(12, 7.6, 1.2)
    pen.line((12, 11.4), (12, 16.8))


def _fault(pen: Pen) -> None:
    _circle(pen)
    pen.line((8.4, 8.4), (15.6, 15.6))
    pen.line((15.6, 8.4), (8.4, 15.6))


def _delete(pen: Pen) -> None:
    pen.line((8.6, 4.6), (21.4, 4.6), (21.4, 19.4), (8.6, 19.4), (2.2, 12), closed=True)
    pen.line((11.4, 9.2), (17, 14.8))
    pen.line((17, 9.2), (11.4, 14.8))


def _clear(pen: Pen) -> None:
    pen.line((5, 5), (19, 19), width=2.2)
    pen.line((19, 5), (5, 19), width=2.2)


def _back(pen: Pen) -> None:
    pen.line((20.6, 12), (3.6, 12), width=2.2)
    pen.line((10.4, 5), (3.4, 12), (10.4, 19), width=2.2)


def _forward(pen: Pen) -> None:
    pen.line((8.4, 4.4), (16, 12), (8.4, 19.6), width=2.4)


def _down(pen: Pen) -> None:
    pen.line((4.4, 8.2), (12, 15.8), (19.6, 8.2), width=2.4)


def _up(pen: Pen) -> None:
    pen.line((4.4, 15.8), (12, 8.2), (19.6, 15.8), width=2.4)


def _clock(pen: Pen) -> None:
    _circle(pen)
    pen.line((12, 6.2), (12, 12.2), (15.8, 14.4))


def _globe(pen: Pen) -> None:
    _circle(pen)
    pen.arc(12, 12, rx=4.3, ry=9.8)
    pen.line((2.4, 12), (21.6, 12))


def _finish(pen: Pen) -> None:
    pen.line((12.6, 3.4), (4.2, 3.4), (4.2, 20.6), (12.6, 20.6))
    pen.line((9.6, 12), (21, 12))
    pen.line((16.6, 7.4), (21.2, 12), (16.6, 16.6))


def _bill(pen: Pen) -> None:
    pen.box(4.2, 2.2, 15.6, 19.6)
    pen.shape((12.7, 5.4), (8.6, 10.6), (11.4, 10.6), (11, 14.2), (15.2, 9), (12.4, 9), rounding=0.5)
    pen.line((8.2, 17.8), (15.8, 17.8))


def _help(pen: Pen) -> None:
    pen.arc(12, 12, rx=8.6, ry=8.6, start=180, end=360)
    pen.block(2.2, 11.6, 4.6, 7.4, radius=1.8)
    pen.block(17.2, 11.6, 4.6, 7.4, radius=1.8)
    pen.line((20.2, 18), (19.2, 20.6), (14.4, 21.4))


def _lock(pen: Pen) -> None:
    pen.box(4.4, 10.4, 15.2, 11.2)
    pen.arc(12, 8.4, rx=4.4, ry=5.6, start=180, end=360)
    pen.line((7.6, 8.4), (7.6, 10.4))
    pen.line((16.4, 8.4), (16.4, 10.4))
    pen.dot(12, 16, 1.6)


def _search(pen: Pen) -> None:
    pen.arc(10.4, 10.4, rx=7.4, ry=7.4)
    pen.line((15.8, 15.8), (21.4, 21.4), width=2.4)


def _retry(pen: Pen) -> None:
    pen.arc(12, 12, rx=8.8, ry=8.8, start=-40, end=250)
    pen.line((19.4, 1.8), (18.9, 6.3), (14.4, 6))


def _offline(pen: Pen) -> None:
    pen.arc(7.6, 14, rx=5.2, ry=5.2, start=90, end=270)
    pen.arc(13, 10.6, rx=6.4, ry=6.4, start=205, end=362)
    pen.arc(18, 14.8, rx=4.4, ry=4.4, start=-75, end=90)
    pen.line((8, 19.2), (18, 19.2))
    pen.line((3, 3), (21, 22.4))


def _calendar(pen: Pen) -> None:
    pen.box(2.8, 4.4, 18.4, 17.2)
    pen.line((2.8, 9.8), (21.2, 9.8))
    pen.line((7.6, 2.2), (7.6, 6))
    pen.line((16.4, 2.2), (16.4, 6))
    pen.block(13.4, 13.4, 4.2, 4.2)


def _contrast(pen: Pen) -> None:
    _circle(pen)
    half = [(12 + 8.6 * cos(radians(turn)), 12 + 8.6 * sin(radians(turn))) for turn in range(90, 271, 6)]
    pen.shape(*half, rounding=0.4)


def _seat(pen: Pen) -> None:
    """Somebody in a wheelchair, small, beside where an arrow goes."""
    pen.dot(8, 3.6, 1.9)
    pen.line((8, 7.4), (8.4, 13), (13.4, 13), (15.4, 18.6))
    pen.line((8.2, 9.8), (12.4, 9.8))
    pen.arc(8.4, 15.6, rx=5.6, ry=5.6, start=30, end=240)


def _reach(pen: Pen) -> None:
    _seat(pen)
    pen.line((19.4, 2.6), (19.4, 10.6), width=2.2)
    pen.line((16.4, 7.6), (19.4, 10.8), (22.4, 7.6), width=2.2)


def _raise(pen: Pen) -> None:
    _seat(pen)
    pen.line((19.4, 3), (19.4, 11), width=2.2)
    pen.line((16.4, 6), (19.4, 2.8), (22.4, 6), width=2.2)


def _tools(pen: Pen) -> None:
    pen.line((4, 20), (12.6, 11.4), width=3.4)
    pen.arc(16, 8, rx=5, ry=5, start=-30, end=240)
    pen.line((20.4, 5.6), (16.6, 8.2), (15, 6), (13.4, 3.8))


def _print_off(pen: Pen) -> None:
    _printer(pen)
    pen.line((2.4, 2.4), (21.6, 21.6))


def _touch(pen: Pen) -> None:
    pen.arc(10, 7.4, rx=5.2, ry=5.2, start=150, end=390)
    pen.line((10, 15), (10, 7.2))
    pen.line(
        (10, 11.4),
        (17, 13),
        (19, 14.4),
        (18.4, 18.4),
        (16.6, 21.6),
        (10.6, 21.6),
        (5.6, 15.8),
        (7, 14.4),
        (10, 16),
    )


def _bell(pen: Pen) -> None:
    pen.line((5, 17), (6.6, 14.6), (6.6, 10), (7.6, 6.8), (10, 5), (12, 4.6), (14, 5), (16.4, 6.8), (17.4, 10))
    pen.line((17.4, 10), (17.4, 14.6), (19, 17), (5, 17))
    pen.line((10.4, 20.2), (13.6, 20.2))
    pen.line((12, 2.6), (12, 4.4))


def _mail(pen: Pen) -> None:
    pen.box(2.4, 5, 19.2, 14)
    pen.line((3.4, 6.8), (12, 13), (20.6, 6.8))


def _more(pen: Pen) -> None:
    for x in (4.6, 12, 19.4):
        pen.dot(x, 12, 2)


_ICONS: Mapping[str, Callable[[Pen], None]] = {
    "back": _back,
    "bell": _bell,
    "bill": _bill,
    "bolt": _bolt,
    "calendar": _calendar,
    "card": _card,
    "check": _check,
    "clear": _clear,
    "clock": _clock,
    "contrast": _contrast,
    "delete": _delete,
    "down": _down,
    "fault": _fault,
    "finish": _finish,
    "forward": _forward,
    "globe": _globe,
    "help": _help,
    "info": _info,
    "keypad": _keypad,
    "lock": _lock,
    "mail": _mail,
    "more": _more,
    "offline": _offline,
    "phone": _phone,
    "print_off": _print_off,
    "printer": _printer,
    "qr": _qr,
    "raise": _raise,
    "reach": _reach,
    "retry": _retry,
    "search": _search,
    "tools": _tools,
    "touch": _touch,
    "up": _up,
    "warning": _warning,
}

NAMES: Sequence[str] = tuple(_ICONS)
"""Every icon there is."""
