"""Bounded memory for bytes that must not outlive their use: fixed in place, so that zeroing leaves no copy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from devices.codecs.frames import Bytes


class Segment:
    """The bytes between two control characters. Its memory never moves and is zeroed when the content is taken."""

    __slots__ = ("_memory", "_used", "first_at", "overflow")

    def __init__(self, size: int) -> None:
        """`size` is the most it holds, in bytes; what comes after is dropped and `overflow` says so."""
        self._memory = memoryview(bytearray(size))
        self._used = 0
        self.overflow = False
        self.first_at = 0.0

    def __len__(self) -> int:
        return self._used

    def append(self, data: memoryview, t: float) -> None:
        """Add bytes that came at `t`, as many as there is room for; none is fine."""
        if not self._used:
            self.first_at = t
        taken = min(len(self._memory) - self._used, len(data))
        self._memory[self._used : self._used + taken] = data[:taken]
        self._used += taken
        self.overflow = self.overflow or taken < len(data)

    def take(self) -> bytearray:
        """The content, now the caller's to wipe; the segment is empty afterwards."""
        content = bytearray(self._memory[: self._used])
        self.clear()
        return content

    def clear(self) -> None:
        """Forget and zero the content."""
        self._memory[: self._used] = bytes(self._used)
        self._used = 0
        self.overflow = False


class Window:
    """The newest bytes of a stream of length-prefixed frames, to look into and to drop from.

    What is dropped is zeroed at once and leaves a gap; the gap is closed when room is needed.
    """

    __slots__ = ("_base", "_end", "_memory", "_start", "_times")

    def __init__(self, size: int) -> None:
        """`size` is the most it holds, in bytes: at least the longest frame."""
        self._base = bytearray(2 * size)
        self._memory = memoryview(self._base)
        self._times: list[tuple[int, float]] = []
        self._start = self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    def __getitem__(self, index: int) -> int:
        return self._base[self._start + index]

    @property
    def first_at(self) -> float:
        """When the oldest byte held came; 0 when there is none."""
        return self._times[0][1] if self._times else 0.0

    def take_in(self, data: Bytes, t: float) -> Iterator[None]:
        """Add `data` as far as there is room, yield for the caller to take frames out, and go on until all is in.

        A caller that drops nothing from a full window loses the oldest byte.
        """
        rest, size = memoryview(data), len(self._base) // 2
        while rest:
            if len(self) == size:
                self.drop(1)
            self._close_gap()
            taken = min(size - len(self), len(rest))
            self._memory[self._end : self._end + taken] = rest[:taken]
            self._times.append((self._end, t))
            self._end += taken
            rest = rest[taken:]
            yield

    def find(self, wanted: bytes, start: int = 0) -> int:
        """Where `wanted` stands first from `start` on, -1 when nowhere."""
        found = self._base.find(wanted, self._start + start, self._end)
        return found - self._start if found >= 0 else -1

    def search(self, pattern: re.Pattern[bytes]) -> int:
        """Where a pattern matches first, -1 when nowhere."""
        found = pattern.search(self._base, self._start, self._end)
        return found.start() - self._start if found else -1

    def part(self, start: int, end: int) -> memoryview:
        """The bytes of a slice, without a copy; good until the next call that changes the window."""
        return self._memory[self._start + start : self._start + end]

    def drop(self, count: int) -> None:
        """Forget the oldest `count` bytes, all at most, and zero what they leave behind."""
        count = min(count, len(self))
        self._memory[self._start : self._start + count] = bytes(count)
        self._start += count
        if self._start == self._end:
            self._start = self._end = 0
            self._times.clear()
        while len(self._times) > 1 and self._times[1][0] <= self._start:
            self._times.pop(0)

    def clear(self) -> None:
        """Forget and zero everything."""
        self.drop(len(self))

    def _close_gap(self) -> None:
        """Move what is held to the beginning, once half of the memory is a gap."""
        gap, held = self._start, len(self)
        if gap < len(self._base) // 2:
            return
        self._memory[:held] = self._memory[gap : self._end]
        self._memory[held : self._end] = bytes(self._end - held)
        self._times = [(max(at - gap, 0), t) for at, t in self._times]
        self._start, self._end = 0, held
