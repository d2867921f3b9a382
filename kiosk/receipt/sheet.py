"""A receipt in the making: text, tables and pictures placed from top to bottom, mirrored for right-to-left.

Lines stand on fixed baselines; a line grows only for ink that would otherwise touch its neighbour. Whatever does
not fit is wrapped, so nothing overlaps and nothing is cut, on either width of paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from PIL import Image

from devices.page import LogoTile, Page, Piece, QrTile, RuleTile, Tile
from kiosk.receipt.labels import Say
from kiosk.receipt.type import LABEL, QUIET, STRONG, Align, Setting, Style, balanced, set_label, set_line, wrapped
from kiosk.typography import is_rtl

_GUTTER = 14
"""The least room between two texts on a line, in dots."""

_ROW_GAP = 4
"""The air under a row of a table, in dots."""

_NARROW = 480
"""Below this width a line has no room for two languages beside a value."""


class Setter(Protocol):
    """`set_line`, `set_label` or `set_words`."""

    def __call__(self, text: str, style: Style, *, language: str) -> Setting:
        """Draw one line."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: a label in both languages and a value, empty for a remark.

    `style` is the label's, `value_style` the value's where it differs; `language` is the value's. `own` labels are
    the program's words, others came with a bill and are not kept. `both`: the second language says more than the
    first, so it is never left out.
    """

    label: Say
    value: str
    style: Style = LABEL
    value_style: Style | None = None
    language: str = "en"
    own: bool = True
    both: bool = False

    def set_value(self, text: str, lean: Align) -> Setting:
        """One line of the value."""
        return set_line(text, self.value_style or self.style, language=self.language, lean=lean)

    def set_label(self, text: str, style: Style, *, language: str, lean: Align) -> Setting:
        """One line of the label."""
        return (set_label if self.own else set_line)(text, style, language=language, lean=lean)


@dataclass(slots=True)
class Sheet:
    """The page so far; `y` is the first free row of dots."""

    width: int
    language: str
    y: int = 0
    pieces: list[Piece] = field(default_factory=list)

    @property
    def rtl(self) -> bool:
        """Whether lines begin at the right."""
        return is_rtl(self.language)

    @property
    def other(self) -> str:
        """The second language of the paper: Arabic, which every bill must have, and English beside Arabic."""
        return "en" if self.language == "ar" else "ar"

    @property
    def is_narrow(self) -> bool:
        """Whether two languages need two lines; a table in Arabic then does without the second one."""
        return self.width < _NARROW

    def page(self) -> Page:
        """The page as it stands."""
        return Page(self.width, self.y, tuple(self.pieces))

    def gap(self, dots: int) -> None:
        """Leave `dots` rows free."""
        self.y += dots

    def rule(self, thickness: int = 2) -> None:
        """A line across the paper."""
        row = (((1 << self.width) - 1) << -self.width % 8).to_bytes((self.width + 7) // 8, "big")
        self.pieces.append(RuleTile(0, self.y, self.width, thickness, row * thickness))
        self.y += thickness

    def say(self, words: Say, style: Style = STRONG, second: Style | None = QUIET) -> None:
        """The program's own words, centred: the first language in `style`, the other below in `second`."""
        self.centred(words.of(self.language), style, language=self.language, setter=set_label)
        if second is not None:
            self.centred(words.of(self.other), second, language=self.other, setter=set_label)

    def pair(self, words: Say, style: Style = STRONG, second: Style = LABEL) -> None:
        """The program's own words on one line, a language at either side; centred below each other if too long."""
        first = set_label(words.of(self.language), style, language=self.language, lean=self._inner)
        other = set_label(words.of(self.other), second, language=self.other, lean=self._outer)
        if first.width + other.width + 2 * _GUTTER > self.width:
            self.say(words, style, second)
        else:
            self.line([self._at_start(first), self._at_end(other)], style)

    def flanked(self, words: Say, text: str, style: Style) -> None:
        """`text` (figures) in the middle, the program's words at either side; above it where that is too wide."""
        first = set_label(words.of(self.language), style, language=self.language, lean=self._inner)
        other = set_label(words.of(self.other), style, language=self.other, lean=self._outer)
        middle = set_line(text, style, language="en")
        left, right = (other.width, first.width) if self.rtl else (first.width, other.width)
        room = self.width - left - right - 2 * _GUTTER - middle.width
        if room < 0:
            self.pair(words, style, style)
            self.centred(text, style, language="en")
            return
        centre, start = (self.width - middle.width) // 2, left + _GUTTER
        x = min(max(centre, start), start + room)
        self.line([self._at_start(first), (middle, x), self._at_end(other)], style)

    def centred(self, text: str, style: Style, *, language: str, setter: Setter = set_line) -> None:
        """`text` in as many centred lines as it needs."""
        for line in balanced(text, style, self.width, language=language):
            setting = setter(line, style, language=language)
            self.line([(setting, (self.width - setting.width) // 2)], style)

    def line(self, placed: Sequence[tuple[Setting, int]], style: Style) -> None:
        """Settings on one baseline, each with its left edge."""
        baseline = self.y + max([style.above, *(setting.over for setting, _ in placed)])
        self.pieces += (setting.place(x, baseline) for setting, x in placed if setting.width)
        self.y = baseline + max([style.below, *(setting.under for setting, _ in placed)])

    def picture(self, image: Image.Image) -> None:
        """A picture of its own, mode "1" with 1 as black, centred."""
        x = (self.width - image.width) // 2
        self.pieces.append(Tile(x, self.y, *image.size, image.tobytes()))
        self.y += image.height

    def drawn(self, piece: LogoTile | QrTile) -> None:
        """A picture or symbol made at the origin, centred."""
        self.pieces.append(replace(piece, x=(self.width - piece.width) // 2, y=self.y))
        self.y += piece.height

    def columns(self, parts: Sequence[tuple[Say, QrTile]]) -> None:
        """Symbols beside each other, the first where lines begin, each under its words; they must fit."""
        spare = (self.width - sum(symbol.width for _, symbol in parts)) // len(parts)
        captions = [Sheet(symbol.width + spare, self.language) for _, symbol in parts]
        for caption, (words, _) in zip(captions, parts, strict=True):
            caption.say(words, QUIET)
        x, under = 0, self.y + max(caption.y for caption in captions)
        columns = list(zip(captions, parts, strict=True))
        for caption, (_, symbol) in columns[::-1] if self.rtl else columns:
            top = under - caption.y
            self.pieces += (replace(piece, x=piece.x + x, y=piece.y + top) for piece in caption.pieces)
            self.pieces.append(replace(symbol, x=x + spare // 2, y=under))
            self.y = max(self.y, under + symbol.height)
            x += caption.width

    def table(self, rows: Iterable[Row], *, figures: bool = False, column: int = 0) -> int:
        """Rows of label and value; `figures` lines the values up at their last digit.

        Returns the width of the values' column, which is at least `column`: for a table that goes on below.

        A row is one line (first language, other language, value in three columns) where that fits, else the other
        language goes below, and a value too wide for the rest of the line below that.
        """
        rows = list(rows)
        lean: Align = "right" if figures else self._outer
        values = [row.set_value(row.value, lean) for row in rows]
        column = max([column, *(value.width for value in values if value.width <= self.width * 2 // 5)])
        for row, value in zip(rows, values, strict=True):
            box = max(column, value.width) if value.width else 0
            placed = (value, box - value.width) if figures and self.rtl else self._at_end(value)
            self._row(row, placed, box)
            self.gap(_ROW_GAP)
        return column

    def _row(self, row: Row, placed: tuple[Setting, int], box: int) -> None:
        texts = (row.label.of(self.language), row.label.of(self.other) if self._is_said_twice(row) else "")
        first = row.set_label(texts[0], row.style, language=self.language, lean=self._inner)
        second = row.set_label(texts[1], QUIET, language=self.other, lean=self._outer)
        if first.width + second.width + box + 2 * _GUTTER <= self.width:
            indent = box + _GUTTER if box else 0
            beside = indent if self.rtl else self.width - indent - second.width
            self.line([self._at_start(first), (second, beside), placed], row.style)
        elif placed[0].width <= self.width // 2:
            self._labels(row, self.width - box - _GUTTER if box else self.width, [placed])
        else:
            self._labels(row, self.width, [])
            for text in wrapped(row.value, row.value_style or row.style, self.width, language=row.language):
                self.line([self._at_start(row.set_value(text, self._inner))], row.style)

    def _labels(self, row: Row, room: int, placed: list[tuple[Setting, int]]) -> None:
        # Only the line that the value stands on is short.
        lines = [(self.language, row.style, room), (self.other, QUIET, self.width)]
        for language, style, limit in lines if self._is_said_twice(row) else lines[:1]:
            for text in wrapped(row.label.of(language), style, limit, language=language):
                setting = row.set_label(text, style, language=language, lean=self._inner)
                self.line([self._at_start(setting), *placed], style)
                placed = []

    def _is_said_twice(self, row: Row) -> bool:
        return row.both or not self.is_narrow or self.language != "ar"

    @property
    def _inner(self) -> Align:
        """The side of the paper that lines begin at."""
        return "right" if self.rtl else "left"

    @property
    def _outer(self) -> Align:
        """The side of the paper that values stand on."""
        return "left" if self.rtl else "right"

    def _at_start(self, setting: Setting) -> tuple[Setting, int]:
        return setting, self.width - setting.width if self.rtl else 0

    def _at_end(self, setting: Setting) -> tuple[Setting, int]:
        return setting, 0 if self.rtl else self.width - setting.width
