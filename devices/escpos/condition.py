"""What is known of a printer's state, put together from every kind of answer it gives."""

from __future__ import annotations

from dataclasses import dataclass, replace

from devices.printer import PrinterHealth

PRINTER, OFFLINE_CAUSE, ERROR_CAUSE, ROLL = 1, 2, 3, 4
"""The questions of DLE EOT n (ESC/POS reference, "Transmit real-time status")."""

FULL = 20
"""Custom's DLE EOT 20, full status in one answer."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Flags as last heard; all False is a printer with nothing to complain of."""

    offline: bool = False
    cover_open: bool = False
    stopped_by_paper: bool = False
    paper_out: bool = False
    paper_low: bool = False
    jam: bool = False
    cutter: bool = False
    broken: bool = False
    overheated: bool = False
    in_exit: bool = False

    @property
    def health(self) -> PrinterHealth:
        """The one word for it; the cause that a person must remove first comes first."""
        for flag, health in (
            (self.cover_open, PrinterHealth.COVER_OPEN),
            (self.jam, PrinterHealth.JAM),
            (self.cutter, PrinterHealth.CUTTER),
            (self.paper_out or self.stopped_by_paper, PrinterHealth.PAPER_OUT),
            (self.overheated, PrinterHealth.OVERHEATED),
            (self.offline or self.broken, PrinterHealth.OFFLINE),
            (self.in_exit, PrinterHealth.PAPER_WAITING),
            (self.paper_low, PrinterHealth.PAPER_LOW),
        ):
            if flag:
                return health
        return PrinterHealth.READY

    def answered(self, question: int, value: int, *, exit_sensor: bool = False) -> Condition:
        """With what DLE EOT `question` answered; `exit_sensor`: bit 6 of the roll status is the presenter's."""
        match question:
            case 1:
                offline = bool(value & 0x08)
                known = self if offline else _online(self)
                return replace(known, offline=offline)
            case 2:
                return replace(self, cover_open=bool(value & 0x04), stopped_by_paper=bool(value & 0x20))
            case 3:
                return replace(
                    self,
                    jam=bool(value & 0x04),
                    cutter=bool(value & 0x08),
                    broken=bool(value & 0x20),
                    overheated=bool(value & 0x40),
                )
            case 4 if exit_sensor:
                return replace(
                    self,
                    paper_low=bool(value & 0x0C),
                    paper_out=bool(value & 0x20),
                    in_exit=bool(value & 0x40),
                )
            case 4:
                return replace(self, paper_low=bool(value & 0x0C), paper_out=bool(value & 0x60))
            case _:
                return self

    def pushed(self, frame: bytes) -> Condition:
        """With the four bytes of an automatic status (ESC/POS reference, "GS a")."""
        first, second, third, _ = frame
        return replace(
            self,
            offline=bool(first & 0x08),
            cover_open=bool(first & 0x20),
            stopped_by_paper=False,
            jam=bool(second & 0x04),
            cutter=bool(second & 0x08),
            broken=bool(second & 0x20),
            overheated=bool(second & 0x40),
            paper_low=bool(third & 0x03),
            paper_out=bool(third & 0x0C),
        )

    def full(self, frame: bytes) -> Condition:
        """With Custom's full status: paper, user, recoverable error, unrecoverable error."""
        paper, user, recoverable, unrecoverable = frame
        return Condition(
            cover_open=bool(user & 0x03),
            paper_out=bool(paper & 0x01),
            paper_low=bool(paper & 0x04),
            in_exit=bool(paper & 0x20),
            jam=bool(recoverable & 0x40),
            overheated=bool(recoverable & 0x01),
            cutter=bool(unrecoverable & 0x01),
            broken=bool(unrecoverable & 0x4C or recoverable & 0x08),
        )


def _online(known: Condition) -> Condition:
    """A printer that is online has no cause to be offline, whatever was said before."""
    return replace(known, cover_open=False, stopped_by_paper=False, jam=False, cutter=False, broken=False)
