"""What goes wrong with printers, as switches."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """One trouble; several may be on at once."""

    PAPER_OUT = "paper out"
    NEAR_END = "near end"
    COVER = "cover open"
    JAM = "jam"
    CUTTER = "cutter stuck"
    OVERHEATED = "overheated"
    OFFLINE = "offline"
    SILENT = "silent"
    SLOW = "slow"
    GARBAGE = "garbage replies"
    POWER_CUT = "power cut"
    PULLED = "port pulled"


class Line(StrEnum):
    """What a line does while the printer at its end has no power."""

    DROPS = "drops"
    """Network, USB: the host notices."""

    DEAF = "deaf"
    """Serial without flow control: bytes go nowhere."""

    HOLDS = "holds"
    """Serial with RTS/CTS: bytes wait."""


STOPPING = frozenset({Fault.PAPER_OUT, Fault.COVER, Fault.JAM, Fault.OVERHEATED, Fault.OFFLINE})
"""With one of these on, a printer takes bytes and answers in real time, but prints nothing."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Switch `fault` when so many bytes have been worked off, or (`received`) have come in."""

    offset: int
    fault: Fault
    on: bool = True
    received: bool = False
