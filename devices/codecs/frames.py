"""What a codec finds in a reader's bytes, kept in memory that can be wiped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from devices.card_reader import Rejection

Bytes = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of what was read. `source` is where it stood (`track2`, `barcode`, ...), as the card map names it.

    The data is a bytearray because bytes and str cannot be wiped; its repr shows its length only.
    """

    source: str
    data: bytearray = field(repr=False)

    def wipe(self) -> None:
        """Overwrite the data in place with zeros; the length stays."""
        self.data[:] = bytes(len(self.data))

    def __repr__(self) -> str:
        return f"Part({self.source}, {len(self.data)} bytes)"


@dataclass(frozen=True, slots=True)
class Frame:
    """One swipe, tap or scan. `fault` says what went wrong with it; parts that were read all the same come along.

    `first_at` is the monotonic time of its first byte, in seconds.
    """

    parts: tuple[Part, ...]
    first_at: float
    fault: Rejection | None = None

    def wipe(self) -> None:
        """Overwrite all its parts."""
        for part in self.parts:
            part.wipe()


@dataclass(frozen=True, slots=True)
class CardGone:
    """The reader says that the card has left; `at` is monotonic seconds."""

    at: float


Found = Frame | CardGone


class Codec(Protocol):
    """Finds frames in a stream of bytes.

    Pure: no I/O and no clock of its own. `feed` and `idle` never raise, take time linear in their input, give
    the same frames however the bytes were cut into calls, and hold at most `max_buffer` bytes.
    """

    @property
    def max_buffer(self) -> int:
        """The most bytes it ever holds back."""

    @property
    def gap_s(self) -> float:
        """The silence, in seconds, after which `idle` is due while bytes are held back."""

    @property
    def held(self) -> int:
        """How many bytes are held back now."""

    @property
    def pending(self) -> bool:
        """Whether something has begun that only more bytes or `idle` can end."""

    def feed(self, data: Bytes, t: float) -> list[Found]:
        """The frames that these bytes complete; `t` is when they came, in monotonic seconds."""

    def idle(self, t: float) -> list[Found]:
        """The line is silent for `gap_s`: what can still be made of the bytes held back, which are dropped."""

    def reset(self) -> None:
        """Forget and wipe everything held back (the port was reopened)."""
