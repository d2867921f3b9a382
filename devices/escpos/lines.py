"""The same dots as the whole picture in a fraction of the bytes: ink is sent, and paper fed over what is white.

Ink is printed either as blocks of rows ("GS v 0"), which can have any height, or as strips 24 dots high
("ESC * 33"), which can stand beside each other with white between them; whichever is shorter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import Image

from devices.escpos import commands
from devices.escpos.profiles import Profile
from devices.escpos.raster import REAL_TIME, Block, Dots, blocks
from devices.page import Page

STRIP = 24
"""The height of a strip in dots."""

_STRIP_HEAD = 5
_MOVE = 4

# Runs of columns with ink; white of up to three columns is cheaper sent than skipped.
_RUNS = re.compile("1+(?:0{1,3}1+)*")


def encode_lines(page: Page, profile: Profile) -> bytes:
    """The page, exact to the dot."""
    tape = Tape(Dots.of(page.pieces, page.width, page.height), profile)
    tape.dots_to(page.height)
    return tape.end(page.height)


@dataclass(slots=True)
class Tape:
    """The commands so far; `y` is the row of dots that the head stands over, and all above it is printed.

    Feeds are put off until something else is sent, so that what ends a line also feeds the white below it.
    """

    dots: Dots
    profile: Profile
    y: int = 0
    _out: bytearray = field(default_factory=bytearray)
    _unfed: int = 0
    _left: int = 0

    def put(self, command: bytes, *, left: int = 0, moves: int = 0) -> None:
        """Send a command that begins at the margin `left` and moves the paper by `moves` rows itself."""
        self._out += commands.feed(self._unfed)
        self._unfed = 0
        if left != self._left:
            self._out += commands.margin(left)
            self._left = left
        self._out += command
        self.y += moves

    def feed(self, rows: int) -> None:
        """Print what the line holds and feed."""
        self._unfed += rows
        self.y += rows

    def feed_to(self, y: int) -> None:
        """Feed white paper until the head stands over row `y`."""
        self.feed(y - self.y)

    def end(self, y: int) -> bytes:
        """All commands, the paper fed to row `y`."""
        self.feed_to(y)
        self.put(b"")
        return bytes(self._out)

    def next_ink(self, y: int, limit: int) -> int:
        """The first row with ink from `y` on, `limit` if there is none before."""
        rows = self.dots.rows
        while y < limit and not rows[y]:
            y += 1
        return y

    def dots_to(self, limit: int) -> None:
        """Print all ink above row `limit`; the head never passes it."""
        while (start := self.next_ink(self.y, limit)) < limit:
            end = start + 1
            while end < limit and self.dots.rows[end]:
                end += 1
            self._run(start, end, limit)

    def strips(self, top: int) -> Iterator[tuple[int, bytes]]:
        """The ink of the 24 rows from `top` as runs of columns: where each begins, and its bytes."""
        rows = self.dots.rows[top : top + STRIP]
        shadow = 0
        for row in rows:
            shadow |= row
        if not shadow:
            return
        band = self.dots.image.crop((0, top, self.dots.width, top + STRIP)).transpose(Image.Transpose.TRANSPOSE)
        data = band.tobytes()
        most = (self.profile.max_block - _STRIP_HEAD) // 3
        for run in _RUNS.finditer(f"{shadow:0{self.dots.width}b}"):
            for x in range(run.start(), run.end(), most):
                yield from _harmless(x, data[3 * x : 3 * min(x + most, run.end())])

    def _run(self, start: int, end: int, limit: int) -> None:
        rows = list(blocks(self.dots, start, end, limit=self.profile.max_block))
        row_cost = sum(block.cost + (_MOVE if block.left else 0) for block in rows)
        top = min(start, limit - -(-(end - start) // STRIP) * STRIP)
        if self.profile.strip24 and top >= self.y:
            bands = [list(self.strips(y)) for y in range(top, end, STRIP)]
            if sum(map(_cost, bands)) < row_cost:
                self._print_bands(top, bands)
                return
        self._print_blocks(start, rows)

    def _print_bands(self, top: int, bands: list[list[tuple[int, bytes]]]) -> None:
        self.feed_to(top)
        for band in bands:
            for x, data in band:
                self.put(commands.position(x) + commands.columns(data))
            self.feed(STRIP)

    def _print_blocks(self, start: int, rows: list[Block]) -> None:
        self.feed_to(start)
        for block in rows:
            self.put(block.command(), left=block.left, moves=block.height)


def _cost(band: list[tuple[int, bytes]]) -> int:
    return sum(_MOVE + _STRIP_HEAD + len(data) for _, data in band)


def _harmless(x: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """The columns at `x` in pieces that hold no real-time command.

    Between two columns the strip is parted; a column that holds one in itself is printed in two halves on top of
    each other.
    """
    found = REAL_TIME.search(data)
    if found is None:
        yield x, data
        return
    column, within = divmod(found.start(), 3)
    if within == 2:
        yield x, data[: 3 * column + 3]
    else:
        if column:
            yield x, data[: 3 * column]
        upper = data[3 * column : 3 * column + within + 1]
        lower = data[3 * column + within + 1 : 3 * column + 3]
        yield x + column, upper.ljust(3, b"\0")
        yield x + column, lower.rjust(3, b"\0")
    if rest := data[3 * column + 3 :]:
        yield from _harmless(x + column + 1, rest)
