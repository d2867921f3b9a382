"""The search for length-prefixed frames in a stream, where noise may look like a header and swallow a frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devices.codecs.buffers import Window
from devices.codecs.frames import Bytes, Found, Frame, Part


@dataclass(frozen=True, slots=True)
class Look:
    """What stands at the beginning of a window: `size` bytes to take away, and the part that they carry, if any.

    Size 0: the beginning of a frame, of which more must come.
    """

    size: int
    part: Part | None = None


WAIT = Look(0)
SKIP = Look(1)
"""No frame begins at the first byte."""


class PrefixedCodec:
    """Finds frames by a protocol's `look`. One behind a false header is found when the line falls silent."""

    def __init__(self, look: Callable[[Window], Look], *, max_buffer: int, gap_s: float) -> None:
        """`look` sees a window that is not empty, changes nothing, and waits for `max_buffer` bytes at most."""
        self._look = look
        self._window = Window(max_buffer)
        self.max_buffer = max_buffer
        self.gap_s = gap_s

    @property
    def held(self) -> int:
        """Bytes of a frame that has begun, or seems to have."""
        return len(self._window)

    @property
    def pending(self) -> bool:
        """Whether a frame seems to have begun."""
        return bool(len(self._window))

    def feed(self, data: Bytes, t: float) -> list[Found]:
        """The frames that these bytes complete."""
        found: list[Found] = []
        for _ in self._window.take_in(data, t):
            self._collect(found)
        return found

    def idle(self, t: float) -> list[Found]:
        """Nothing more will come of the header that was waited for: look for frames behind it."""
        found: list[Found] = []
        while len(self._window):
            self._window.drop(1)
            self._collect(found)
        return found

    def reset(self) -> None:
        """Wipe what is held back."""
        self._window.clear()

    def _collect(self, found: list[Found]) -> None:
        """Take frames and noise away from the beginning until more must come."""
        while len(self._window) and (look := self._look(self._window)).size:
            if look.part:
                found.append(Frame((look.part,), self._window.first_at))
            self._window.drop(look.size)
