"""The type of a receipt: pinned letters that keep every dot apart in one bit at 203 dpi, set to the dot.

A pin is one (face, weight, size, width, threshold) at which each letter has as many separate marks on paper as it
has in print; other combinations merge the dots of Arabic letters into other letters. Latin pins have figures 12 (or 24)
dots wide, so that a printer can set them in its own font A in the same room.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_uppercase
from typing import Literal

from PIL import Image, ImageChops
from PIL.ImageFont import FreeTypeFont

from devices.page import Piece, TextTile, Tile
from kiosk.typography import advance, draw_ink, font, is_rtl, wrap_if

CELL = 12
"""Dots across one character of a printer's font A; it is twice as high."""

_BASELINE_IN_CELL = 18
_DIGITS = "0123456789,.-/:* "
_CODE = frozenset(_DIGITS + ascii_uppercase)

Align = Literal["left", "centre", "right"]


@dataclass(frozen=True, slots=True)
class Pin:
    """One way to draw letters: `threshold` is the least coverage (of 255) that becomes a black dot.

    `cell` is the multiple of a printer's font A that may stand for it (0: none), `bold` its emphasis; `face` is a
    language of the paper's face, the first one's has Arabic and Latin letters.
    """

    weight: int
    size: int
    width: float = 100
    threshold: int = 125
    cell: Literal[0, 1, 2] = 0
    bold: bool = False
    face: Literal["ar", "hi", "bn"] = "ar"

    def font(self) -> FreeTypeFont:
        """The font of this pin."""
        return font(self.face, self.weight, self.size, medium="paper", width=self.width)


@dataclass(frozen=True, slots=True)
class Style:
    """A level of the receipt's hierarchy: one pin for each script that go together, and the room of a line.

    `above` and `below` are dots around the baseline that every line of the style takes at least.
    """

    arabic: Pin
    latin: Pin
    hindi: Pin
    bengali: Pin
    above: int
    below: int

    def pin(self, text: str) -> Pin:
        """The pin that sets `text`: that of the first script it has a letter of, Latin last."""
        if text.isascii():
            return self.latin
        scripts = (
            (self.arabic, "\u0600", "\u08ff"),
            (self.hindi, "\u0900", "\u097f"),
            (self.bengali, "\u0980", "\u09ff"),
        )
        return next((pin for pin, first, last in scripts if any(first <= c <= last for c in text)), self.latin)


def _hindi(weight: int, size: int, threshold: int) -> Pin:
    return Pin(weight, size, threshold=threshold, face="hi")


def _bengali(weight: int, size: int, threshold: int) -> Pin:
    return Pin(weight, size, threshold=threshold, face="bn")


QUIET = Style(
    Pin(500, 23, 80, 150),
    Pin(440, 22, 92, 140, cell=1),
    _hindi(400, 23, 140),
    _bengali(400, 24, 150),
    above=18,
    below=8,
)
LABEL = Style(
    Pin(525, 24, 72, 150),
    Pin(480, 24, 77, 125, cell=1),
    _hindi(500, 27, 145),
    _bengali(400, 27, 145),
    above=20,
    below=9,
)
STRONG = Style(
    Pin(650, 26, 72, 150),
    Pin(680, 23, 81.5, 125, cell=1, bold=True),
    _hindi(600, 28, 140),
    _bengali(500, 27, 160),
    above=22,
    below=10,
)
TITLE = Style(
    Pin(550, 36, 80, 140),
    Pin(600, 42, 99.5, cell=2, bold=True),
    _hindi(600, 36, 150),
    _bengali(600, 34, 140),
    above=36,
    below=14,
)
AMOUNTS = tuple(Style(*(Pin(600, size),) * 4, above=size * 3 // 4, below=8) for size in (62, 54, 46))
"""For the one large amount, in figures only: the largest that fits is used."""

STYLES = (QUIET, LABEL, STRONG, TITLE, *AMOUNTS)


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of text drawn and ready to be placed: `rows` as in `Tile`, its baseline `over` dots below its top.

    `scale` is the multiple of a printer's font A that may set it (0: none may); its width is the room that needs.
    """

    text: str
    width: int
    height: int
    over: int
    rows: bytes
    scale: Literal[0, 1, 2]
    bold: bool

    @property
    def under(self) -> int:
        """Dots under the baseline."""
        return self.height - self.over

    def place(self, x: int, baseline: int) -> Piece:
        """The piece whose left edge is `x`."""
        top = baseline - self.over
        if self.scale == 0:
            return Tile(x, top, self.width, self.height, self.rows)
        return TextTile(
            x, top, self.width, self.height, self.rows, text=self.text, scale=self.scale, bold=self.bold
        )


def prepare() -> None:
    """Open the fonts and draw the letters that figures and codes are put together from."""
    for style in STYLES:
        set_line("".join(sorted(_CODE)) if style.latin.cell == 1 else _DIGITS, style, language="en")
        for pin in (style.arabic, style.hindi, style.bengali):
            pin.font()


def set_line(text: str, style: Style, *, language: str, lean: Align = "centre") -> Setting:
    """Draw one line of `text`; nothing of it is kept. `lean` is where letters stand in wider room."""
    pin = style.pin(text)
    ink = _joined(text, pin, "en") if _CODE.issuperset(text) else _drawn(text, pin, language)
    return _cast(text, pin, ink, lean)


@lru_cache(maxsize=1024)
def set_label(text: str, style: Style, *, language: str, lean: Align = "centre") -> Setting:
    """`set_line` for texts that stand on every receipt, drawn once; never for anything about a subscriber."""
    return set_line(text, style, language=language, lean=lean)


def set_words(text: str, style: Style, *, language: str) -> Setting:
    """`set_line` for an amount in words: few words that come again and again, each drawn once."""
    words = re.split("(?= )", text)
    pin = style.pin(text)
    return _cast(text, pin, _joined(words[::-1] if is_rtl(language) else words, pin, language), "centre")


def _cast(text: str, pin: Pin, ink: _Ink, lean: Align) -> Setting:
    scale = _scale(text, pin, ink)
    if scale == 0:
        return Setting(text, *ink.dots.size, ink.above, ink.dots.tobytes(), 0, False)
    width = max(CELL * scale * len(text), ink.dots.width, ink.advance)
    spare = width - ink.advance
    start = {"left": 0, "centre": spare // 2, "right": spare}[lean] + ink.left
    over = _BASELINE_IN_CELL * scale
    room = Image.new("1", (width, 2 * CELL * scale))
    room.paste(ink.dots, (min(max(start, 0), width - ink.dots.width), over - ink.above))
    return Setting(text, *room.size, over, room.tobytes(), scale, pin.bold)


def wrapped(text: str, style: Style, width: int, *, language: str) -> list[str]:
    """`text` in lines that fit into `width` dots, whoever sets them."""
    return wrap_if(text, lambda line: _room(line, style, language=language) <= width)


def balanced(text: str, style: Style, width: int, *, language: str) -> list[str]:
    """`wrapped` with lines of about the same length, where that takes no more of them."""
    room = _room(text, style, language=language)
    lines = wrapped(text, style, width, language=language)
    for slack in (1.1, 1.3):
        even = min(int(room / len(lines) * slack), width)
        if len(lines) > 1 and len(narrower := wrapped(text, style, even, language=language)) == len(lines):
            return narrower
    return lines


@dataclass(frozen=True, slots=True)
class _Ink:
    """Letters as dots (mode "1", 1 is black), `left` of the pen's start, `above` the baseline."""

    dots: Image.Image
    left: int
    above: int
    pen: float

    @property
    def advance(self) -> int:
        return round(self.pen)


def _drawn(text: str, pin: Pin, language: str) -> _Ink:
    drawn = draw_ink(text, pin.font(), language=language)
    # Pillow halves grey into black and white at 128.
    shade = Image.new("L", drawn.mask.size)
    dots = ImageChops.add(drawn.mask, shade, offset=128 - pin.threshold).convert("1", dither=Image.Dither.NONE)
    box = dots.getbbox() or (0, 0, 0, 0)
    return _Ink(dots.crop(box), drawn.x + box[0], -(drawn.y + box[1]), drawn.pen)


def _joined(parts: Iterable[str], pin: Pin, language: str) -> _Ink:
    """Parts drawn before, left to right: what differs on every receipt is put together instead of drawn."""
    inks = [_part(part, pin, language) for part in parts]
    above = max([ink.above for ink in inks], default=0)
    below = max([ink.dots.height - ink.above for ink in inks], default=0)
    # Letters may lean out of their room at either end.
    lean = 8
    dots = Image.new("1", (round(sum(ink.pen for ink in inks)) + 2 * lean, above + below))
    pen = float(lean)
    for ink in inks:
        dots.paste(1, (round(pen) + ink.left, above - ink.above), ink.dots)
        pen += ink.pen
    box = dots.getbbox() or (0, 0, 0, 0)
    return _Ink(dots.crop(box), box[0] - lean, above - box[1], pen - lean)


@lru_cache(maxsize=2048)
def _part(text: str, pin: Pin, language: str) -> _Ink:
    return _drawn(text, pin, language)


def _room(text: str, style: Style, *, language: str) -> int:
    pin = style.pin(text)
    # Two dots on either side for ink that leans out.
    width = advance(text, pin.font(), language=language) + 4
    return max(CELL * pin.cell * len(text), width) if _is_ascii(text) else width


def _scale(text: str, pin: Pin, ink: _Ink) -> Literal[0, 1, 2]:
    over = _BASELINE_IN_CELL * pin.cell
    fits = ink.above <= over and ink.dots.height - ink.above <= 2 * CELL * pin.cell - over
    return pin.cell if _is_ascii(text) and fits else 0


def _is_ascii(text: str) -> bool:
    return text.isascii() and text.isprintable()
