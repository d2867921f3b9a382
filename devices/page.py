"""What is to stand on paper: placed pieces at dot coordinates that draw themselves as one 1-bit picture.

A page carries everything an encoder may choose from: every piece has its exact picture, and where a printer
could do the same with fewer bytes (its own font, its own QR code, a picture in its memory) the piece says so.
Devices need no fonts and no bill: whoever lays out a page rasterises the text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from PIL import Image


@dataclass(frozen=True, slots=True)
class Tile:
    """A 1-bit picture at (`x`, `y`), origin top left, in dots.

    `rows` holds `height` rows of `(width + 7) // 8` bytes, leftmost dot in the highest bit, 1 is black;
    padding bits are 0.
    """

    x: int
    y: int
    width: int
    height: int
    rows: bytes

    @property
    def stride(self) -> int:
        """Bytes in one row."""
        return (self.width + 7) // 8

    def image(self) -> Image.Image:
        """The tile alone, mode "1", black on white."""
        return Image.frombytes("1", (self.width, self.height), bytes(b ^ 0xFF for b in self.rows), "raw", "1")


@dataclass(frozen=True, slots=True)
class TextTile(Tile):
    """A run of printable ASCII that a printer's own font may set instead of the picture.

    `scale` is the multiple of the printer's font A (12 x 24 dots) that comes nearest to the picture;
    `bold` asks for emphasis.
    """

    text: str
    scale: Literal[1, 2]
    bold: bool


@dataclass(frozen=True, slots=True)
class QrTile(Tile):
    """A QR symbol, quiet zone included, that a printer may draw itself from `payload` (ASCII).

    `module` is dots per module, `level` the error correction, `quiet` the quiet zone in modules.
    """

    payload: str
    module: int
    level: Literal["L", "M", "Q", "H"]
    quiet: int


@dataclass(frozen=True, slots=True)
class LogoTile(Tile):
    """A picture that stays the same from job to job, so a printer may keep it in its memory."""

    @property
    def digest(self) -> str:
        """SHA-256 of size and dots, hex: the same picture has the same name in every printer's memory."""
        return sha256(f"{self.width}x{self.height}:".encode() + self.rows).hexdigest()


@dataclass(frozen=True, slots=True)
class RuleTile(Tile):
    """A solid horizontal line; its picture is all black."""


Piece = Tile | TextTile | QrTile | LogoTile | RuleTile


def pack(image: Image.Image) -> bytes:
    """Rows of a mode "1" or "L" picture (dark below 128) as `Tile.rows` wants them."""
    if image.mode != "1":
        image = image.convert("L").point(lambda v: 255 if v >= 128 else 0, mode="1")
    raw = bytearray(b ^ 0xFF for b in image.tobytes("raw", "1"))
    spare = -image.width % 8
    if spare:
        stride = (image.width + 7) // 8
        keep = 0xFF << spare & 0xFF
        for end in range(stride - 1, len(raw), stride):
            raw[end] &= keep
    return bytes(raw)


@dataclass(frozen=True, slots=True)
class Page:
    """One receipt, `width` x `height` dots, pieces from top to bottom that neither overlap nor stick out."""

    width: int
    height: int
    pieces: tuple[Piece, ...]

    def image(self) -> Image.Image:
        """The whole page, mode "1", black on white: what paper shows, dot for dot, in the raster encoding."""
        image = Image.new("1", (self.width, self.height), 1)
        for piece in self.pieces:
            image.paste(piece.image(), (piece.x, piece.y))
        return image

    def digest(self) -> str:
        """SHA-256 of the picture, hex: the same page has the same digest."""
        return sha256(f"{self.width}x{self.height}:".encode() + pack(self.image())).hexdigest()


def misplaced(page: Page) -> list[tuple[Piece, Piece | None]]:
    """Pieces that overlap another one, or stick out of the page (paired with None). Empty: the page is sound."""
    pieces: list[Piece] = sorted(page.pieces, key=lambda p: p.y)
    found: list[tuple[Piece, Piece | None]] = [(p, None) for p in pieces if not _inside(p, page)]
    for index, upper in enumerate(pieces):
        found += [(upper, lower) for lower in _below(pieces[index + 1 :], upper) if _overlap(upper, lower)]
    return found


def _inside(piece: Piece, page: Page) -> bool:
    return (
        piece.x >= 0
        and piece.y >= 0
        and piece.x + piece.width <= page.width
        and piece.y + piece.height <= page.height
    )


def _below(pieces: Iterable[Piece], upper: Piece) -> Iterable[Piece]:
    for piece in pieces:
        if piece.y >= upper.y + upper.height:
            return
        yield piece


def _overlap(a: Piece, b: Piece) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height
