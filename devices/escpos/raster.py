"""Pictures as blocks of rows, exact to the dot, and never with bytes in them that a printer would act upon."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_

from PIL import Image

from devices.escpos import commands
from devices.escpos.profiles import Profile
from devices.page import Page, Piece

_HEAD = 8
"""Bytes before the rows of a block."""

# DLE EOT, DLE ENQ and DLE DC4 are obeyed wherever they stand, in the middle of a picture too.
REAL_TIME = re.compile(rb"\x10[\x04\x05\x14]")


@dataclass(frozen=True, slots=True)
class Dots:
    """A picture as rows of bits: `rows[y]` has the leftmost of `width` dots in its highest bit, 1 is black."""

    width: int
    rows: list[int]
    image: Image.Image

    @classmethod
    def of(cls, pieces: Iterable[Piece], width: int, height: int) -> Dots:
        """The pieces in their places on an empty picture."""
        image = Image.new("1", (width, height))
        for piece in pieces:
            image.paste(Image.frombytes("1", (piece.width, piece.height), piece.rows), (piece.x, piece.y))
        stride, spare = (width + 7) // 8, -width % 8
        data = image.tobytes()
        rows = [int.from_bytes(data[at : at + stride], "big") >> spare for at in range(0, len(data), stride)]
        return cls(width, rows, image)


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of `stride` bytes from column `left` on; `doubled` in both directions when printed."""

    left: int
    stride: int
    data: bytes
    doubled: bool = False

    @property
    def cost(self) -> int:
        """Bytes on the wire."""
        return _HEAD + len(self.data)

    @property
    def height(self) -> int:
        """Rows of dots on paper."""
        return len(self.data) // self.stride * (2 if self.doubled else 1)

    def command(self) -> bytes:
        """The command that prints it from the left margin."""
        return commands.raster(self.stride, self.data, doubled=self.doubled)


def encode_raster(page: Page, profile: Profile) -> bytes:
    """The whole page row by row, blank ones too: what any printer that knows pictures can do."""
    dots = Dots.of(page.pieces, page.width, page.height)
    stride = (page.width + 7) // 8
    step = max((profile.max_block - _HEAD) // stride, 1)
    out = bytearray()
    for top in range(0, page.height, step):
        rows = dots.rows[top : top + step]
        data = b"".join(_bytes(row, 0, stride, page.width) for row in rows)
        if not REAL_TIME.search(data):
            out += commands.raster(stride, data)
            continue
        for block in harmless(rows, *_ink(_shadow(rows), page.width), page.width):
            out += commands.margin(block.left) + block.command() + commands.margin(0)
    return bytes(out)


def blocks(dots: Dots, top: int, bottom: int, *, limit: int) -> Iterator[Block]:
    """Rows `top` to `bottom` in blocks of at most `limit` bytes, each no wider than its ink."""
    start = top
    while start < bottom:
        end, left, right = _together(dots, start, bottom, limit=limit)
        doubled = _doubled(dots, (left, start, right, end))
        if doubled is None:
            yield from harmless(dots.rows[start:end], left, right, dots.width)
        else:
            yield doubled
        start = end


def harmless(rows: list[int], left: int, right: int, width: int) -> Iterator[Block]:
    """Columns `left` to `right` of rows of `width` dots as one block, or as several without a real-time command.

    A pair of bytes that a printer would obey goes away when the picture begins some columns earlier, or is broken
    between its rows. Where neither helps a dot is given up rather than the printer's buffer.
    """
    for start in range(left, max(left - 8, -1), -1):
        stride = (right - start + 7) // 8
        data = b"".join(_bytes(row, start, stride, width) for row in rows)
        if not REAL_TIME.search(data):
            yield Block(start, stride, data)
            return
    if len(rows) > 1:
        yield from harmless(rows[: len(rows) // 2], left, right, width)
        yield from harmless(rows[len(rows) // 2 :], left, right, width)
        return
    stride = (right - left + 7) // 8
    data = _bytes(rows[0], left, stride, width)
    while found := REAL_TIME.search(data):
        data = data[: found.start()] + b"\0" + data[found.start() + 1 :]
    yield Block(left, stride, data)


def _doubled(dots: Dots, box: tuple[int, int, int, int]) -> Block | None:
    """The box at half its size, if every dot of it is two by two: QR symbols and rules are."""
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    rows = dots.rows[top:bottom]
    if wide % 2 or high % 2 or rows[::2] != rows[1::2]:
        return None
    low_bits = int("01" * (wide // 2), 2)
    parts = [row >> dots.width - right for row in rows[::2]]
    if any((part ^ part >> 1) & low_bits for part in parts):
        return None
    data = dots.image.crop(box).resize((wide // 2, high // 2), Image.Resampling.NEAREST).tobytes()
    return None if REAL_TIME.search(data) else Block(left, (wide // 2 + 7) // 8, data, doubled=True)


def _bytes(row: int, left: int, stride: int, width: int) -> bytes:
    room = stride * 8
    shift = width - left - room
    part = row >> shift if shift >= 0 else row << -shift
    return (part & ((1 << room) - 1)).to_bytes(stride, "big")


def _together(dots: Dots, start: int, bottom: int, *, limit: int) -> tuple[int, int, int]:
    """The end of the block that begins at `start`, and the columns of its ink."""
    left, right = _ink(dots.rows[start], dots.width)
    end = start + 1
    while end < bottom:
        other_left, other_right = _ink(dots.rows[end], dots.width)
        both_left, both_right = min(left, other_left), max(right, other_right)
        stride = (both_right - both_left + 7) // 8
        grown = (end + 1 - start) * stride
        apart = (end - start) * ((right - left + 7) // 8) + _HEAD + 4 + (other_right - other_left + 7) // 8
        if _HEAD + grown > limit:
            # Rows of a QR symbol come in pairs, which must not be parted to be doubled.
            return end - (end - start) % 2 if end - start > 1 else end, left, right
        if grown > apart:
            break
        end, left, right = end + 1, both_left, both_right
    return end, left, right


def _shadow(rows: Iterable[int]) -> int:
    return reduce(or_, rows, 0)


def _ink(row: int, width: int) -> tuple[int, int]:
    """The columns from the first black dot to behind the last; an empty row counts as one dot at the far right."""
    if not row:
        return width - 1, width
    return width - row.bit_length(), width - ((row & -row).bit_length() - 1)
