"""What a printer says, taken apart byte by byte: answers, pushes and noise arrive interleaved on one line.

Pure and bounded: any split of the bytes gives the same replies, nothing raises, at most `MAX_BLOCK` bytes
are held back.
"""

from __future__ import annotations

from dataclasses import dataclass

# The longest block in the command reference (GS I) has 80 characters; twice that is noise.
MAX_BLOCK = 160
_XON, _XOFF, _DLE = 0x11, 0x13, 0x10
# Second byte of Custom's full status, after DLE (answer to DLE EOT 20).
_FULL = 0x0F
# First bytes of blocks that end with NUL: 37h GS ( H and relatives, 5Fh GS I, the others other transmissions.
_BLOCK_HEADERS = frozenset(b"\x37\x5f\x3d\x35\x3b")
# What GS r 1 can answer: near end in bits 0-1, end in bits 2-3, each pair alike, all other bits 0.
_PAPER_ANSWERS = frozenset(b"\x00\x03\x0c\x0f")


@dataclass(frozen=True, slots=True)
class RealTime:
    """One answer to DLE EOT; which question it answers, only their order tells."""

    value: int


@dataclass(frozen=True, slots=True)
class Pushed:
    """A status the printer sent by itself (ASB): four bytes."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class Paper:
    """One answer to `GS r 1`."""

    value: int


@dataclass(frozen=True, slots=True)
class Block:
    """A block up to its NUL: `header`, then text (`GS ( H` answers 37h with `"` and the four characters)."""

    header: int
    text: bytes


@dataclass(frozen=True, slots=True)
class FullStatus:
    """Custom's answer to DLE EOT 20: paper, user, recoverable and unrecoverable byte."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class Flow:
    """XON (`may_send`) or XOFF."""

    may_send: bool


Reply = RealTime | Pushed | Paper | Block | FullStatus | Flow


class ReplyParser:
    """Bytes in, replies out; counts what made no sense in `noise`."""

    def __init__(self, *, full_status: bool = False) -> None:
        """`full_status`: this printer speaks Custom's dialect, whose answer begins like a pushed status."""
        self._full_status = full_status
        self._held = bytearray()
        self.noise = 0

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that these bytes complete."""
        found: list[Reply] = []
        for byte in data:
            self._take(byte, found)
        return found

    def idle(self) -> None:
        """The line was silent long enough: what is held back will not be completed."""
        self.noise += len(self._held)
        self._held.clear()

    @property
    def held(self) -> int:
        """How many bytes wait for the rest of their reply."""
        return len(self._held)

    def _take(self, byte: int, found: list[Reply]) -> None:
        held = self._held
        if held:
            if self._is_raw():
                held.append(byte)
                self._complete(found)
                return
            if byte in (_XON, _XOFF):
                found.append(Flow(byte == _XON))
                return
            if self._continues(byte):
                held.append(byte)
                self._complete(found)
                return
            self.idle()
        self._begin(byte, found)

    def _is_raw(self) -> bool:
        """Whether the next byte belongs to the held frame whatever its value."""
        return self._full_status and len(self._held) >= 2 and self._held[0] == _DLE

    def _continues(self, byte: int) -> bool:
        first = self._held[0]
        if first in _BLOCK_HEADERS:
            return len(self._held) < MAX_BLOCK and (byte == 0 or 0x20 <= byte <= 0x7E)
        if self._full_status and first == _DLE:
            return byte == _FULL
        return byte & 0x90 == 0

    def _complete(self, found: list[Reply]) -> None:
        held = bytes(self._held)
        if held[0] in _BLOCK_HEADERS:
            if held[-1] != 0:
                return
            found.append(Block(held[0], held[1:-1]))
        elif self._full_status and held[0] == _DLE:
            if len(held) < 6:
                return
            found.append(FullStatus(held[2:]))
        elif len(held) < 4:
            return
        else:
            found.append(Pushed(held))
        self._held.clear()

    def _begin(self, byte: int, found: list[Reply]) -> None:
        if byte in (_XON, _XOFF):
            found.append(Flow(byte == _XON))
        elif byte & 0x93 == 0x12:
            found.append(RealTime(byte))
        elif byte in _BLOCK_HEADERS or self._opens_frame(byte):
            self._held.append(byte)
        elif byte in _PAPER_ANSWERS:
            found.append(Paper(byte))
        else:
            self.noise += 1

    def _opens_frame(self, byte: int) -> bool:
        return byte == _DLE if self._full_status else byte & 0x93 == 0x10
