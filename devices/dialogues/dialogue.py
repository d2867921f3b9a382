"""Our side of the line to a reader: most only talk, some want to be asked, answered or switched on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from devices.card_reader import ReaderHealth
from devices.codecs.frames import Bytes, Found


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of one step: what was found, what to send now, and when to call `due` (None: not at all).

    `health` is what the step showed of the device, None when nothing new.
    """

    found: Sequence[Found] = ()
    send: bytes = b""
    due_at: float | None = None
    health: ReaderHealth | None = None


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
