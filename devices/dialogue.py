"""Our side of the line to a reader: most only talk, some want to be asked, answered or switched on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from devices.codecs.frames import Bytes, Codec, Found


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of one step: what was found, what to send now, and when to call `due` (None: not at all)."""

    found: Sequence[Found] = ()
    send: bytes = b""
    due_at: float | None = None


class Dialogue(Protocol):
    """The conversation with one reader. Pure: it neither opens nor waits; times are monotonic seconds.

    Each turn replaces the due time of the one before. No method raises.
    """

    def opened(self, t: float) -> Turn:
        """The line was opened, for the first time or again: forget what was before."""

    def heard(self, data: Bytes, t: float) -> Turn:
        """Bytes came."""

    def due(self, t: float) -> Turn:
        """The time asked for by the last turn has come."""

    def armed(self, armed: bool, t: float) -> Turn:
        """The screen begins or ceases to ask for a card; readers that can be switched are switched."""


class Listener:
    """The dialogue with a reader that only talks: hear, and give up on a broken frame after its silence."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._due_at: float | None = None

    def opened(self, t: float) -> Turn:
        """Nothing is sent, ever."""
        self._codec.reset()
        return Turn()

    def heard(self, data: Bytes, t: float) -> Turn:
        """Frames that are complete come at once."""
        found = self._codec.feed(data, t)
        self._due_at = t + self._codec.gap_s if self._codec.pending else None
        return Turn(found, due_at=self._due_at)

    def due(self, t: float) -> Turn:
        """The line fell silent within a frame."""
        self._due_at = None
        return Turn(self._codec.idle(t))

    def armed(self, armed: bool, t: float) -> Turn:
        """Such a reader cannot be switched; what it says unarmed is dropped above."""
        return Turn(due_at=self._due_at)
