"""How long each command in a stream of ESC/POS bytes is: where a job may be interrupted, and what is then owed.

A printer that has read the head of a picture swallows whatever comes next as picture. Knowing how many
bytes a command still wants lets us give it that many NULs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_DLE, _ESC, _FS, _GS = 0x10, 0x1B, 0x1C, 0x1D

# Total length by second byte, for commands whose length is fixed (ESC/POS command reference).
_ESC_LENGTHS = dict.fromkeys(b" !-23=?EGJKMRTUVadeftu{r", 3) | dict.fromkeys(b"2@LSim<\x0c", 2)
_ESC_LENGTHS |= dict.fromkeys(b"$\\c", 4) | {ord("p"): 5, ord("W"): 10}
_GS_LENGTHS = dict.fromkeys(b"!#/BHITabfhrwz\xe0", 3) | dict.fromkeys(b":\xe1", 2)
_GS_LENGTHS |= dict.fromkeys(b"$LPW\\", 4) | {ord("^"): 5}
_FS_LENGTHS = dict.fromkeys(b"!-CW", 3) | dict.fromkeys(b"&.", 2) | dict.fromkeys(b"Sp", 4)
# DLE DC4 8: ten bytes; any other function five (ESC/POS reference, "DLE DC4").
_CLEAR_LENGTH = 10


def command_length(data: bytes | bytearray, start: int = 0) -> int | None:
    """Bytes of the command at `start`, arguments and picture included; None while its head is incomplete.

    A printable character and a single control byte are commands of one byte; so is what is not known.
    """
    rest = len(data) - start
    first = data[start]
    if first not in (_DLE, _ESC, _FS, _GS):
        return 1
    if rest < 2:
        return None
    second = data[start + 1]
    match first, second:
        case (0x1B, 0x2A):
            return _column_length(data, start, rest)
        case (0x1D, 0x76):
            return None if rest < 8 else 8 + _word(data, start + 4) * _word(data, start + 6)
        case (0x1D | 0x1C, 0x28):
            return None if rest < 5 else 5 + _word(data, start + 3)
        case (0x1D, 0x38):
            return None if rest < 7 else 7 + _word(data, start + 3) + (_word(data, start + 5) << 16)
        case (0x1D, 0x2A):
            return None if rest < 4 else 4 + data[start + 2] * data[start + 3] * 8
        case (0x1D, 0x56):
            return _by_third(data, start, rest, {**dict.fromkeys((0, 1, 48, 49), 3)}, 4)
        case (0x1D, 0x65):
            return _by_third(data, start, rest, {3: 4, 0x20: 5}, 3)
        case (0x1D, 0x6B):
            return _barcode_length(data, start, rest)
        case (0x1C, 0x50):
            return 6
        case (0x1B, 0x44):
            end = data.find(0, start + 2)
            return None if end < 0 else end + 1 - start
        case (0x10, 0x04 | 0x05):
            return 3
        case (0x10, 0x14):
            return _by_third(data, start, rest, {8: _CLEAR_LENGTH}, 5)
        case (0x10, _):
            return 1
    lengths = {_ESC: _ESC_LENGTHS, _GS: _GS_LENGTHS, _FS: _FS_LENGTHS}[first]
    return lengths.get(second, 2)


@dataclass(frozen=True, slots=True)
class Span:
    """Whole commands `data[start:end]`; a stop anywhere inside leaves at most `owed` bytes wanted."""

    start: int
    end: int
    owed: int


def spans(data: bytes, *, limit: int) -> Iterator[Span]:
    """The stream in pieces of whole commands, each at most `limit` bytes unless one command is longer."""
    start = position = owed = 0
    while position < len(data):
        length = min(command_length(data, position) or len(data), len(data) - position)
        if position > start and position + length - start > limit:
            yield Span(start, position, owed)
            start, owed = position, 0
        position += length
        owed = max(owed, length - 1)
    if position > start:
        yield Span(start, position, owed)


def _word(data: bytes | bytearray, at: int) -> int:
    return data[at] | data[at + 1] << 8


def _by_third(data: bytes | bytearray, start: int, rest: int, lengths: dict[int, int], other: int) -> int | None:
    return None if rest < 3 else lengths.get(data[start + 2], other)


def _column_length(data: bytes | bytearray, start: int, rest: int) -> int | None:
    if rest < 5:
        return None
    # Modes 32 and 33 are 24 dots high: three bytes a column.
    depth = 3 if data[start + 2] in (32, 33) else 1
    return 5 + _word(data, start + 3) * depth


def _barcode_length(data: bytes | bytearray, start: int, rest: int) -> int | None:
    if rest < 4:
        return None
    if data[start + 2] >= 65:
        return 4 + data[start + 3]
    end = data.find(0, start + 3)
    return None if end < 0 else end + 1 - start
