"""The role of a receipt printer: take a job, say truthfully how far it got, never print it twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from devices.page import Page


class PrinterHealth(StrEnum):
    """What a printer is fit for now. All but `ready`, `busy` and `paper_low` mean: do not offer printing."""

    READY = "ready"
    BUSY = "busy"
    PAPER_LOW = "paper_low"
    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    JAM = "jam"
    CUTTER = "cutter"
    PAPER_WAITING = "paper_waiting"
    OVERHEATED = "overheated"
    OFFLINE = "offline"
    SILENT = "silent"
    DENIED = "denied"
    ABSENT = "absent"

    @property
    def can_print(self) -> bool:
        """Whether a receipt may be offered."""
        return self in (PrinterHealth.READY, PrinterHealth.BUSY, PrinterHealth.PAPER_LOW)


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """A printer's health with a word for the technician (`detail`: empty, or port and cause; no job content)."""

    health: PrinterHealth
    detail: str = ""


class JobState(StrEnum):
    """How far a print job has come; written to the journal before each step is taken."""

    QUEUED = "QUEUED"
    PREFLIGHT = "PREFLIGHT"
    SENDING = "SENDING"
    SENT = "SENT"
    PRINTED = "PRINTED"
    CUT = "CUT"
    PRESENTED = "PRESENTED"
    TAKEN = "TAKEN"
    RETRACTED = "RETRACTED"
    REFUSED = "REFUSED"
    HELD = "HELD"
    UNKNOWN = "UNKNOWN"
    ABORTED = "ABORTED"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will come of the job by itself."""
        return self in _FINAL


_FINAL = frozenset({JobState.TAKEN, JobState.RETRACTED, JobState.REFUSED, JobState.UNKNOWN, JobState.ABORTED})


@dataclass(frozen=True, slots=True)
class PrintJob:
    """One receipt to print. `id` is unique for ever; `number` is the receipt number on the paper; `copy` >= 1."""

    id: str
    number: int
    page: Page
    copy: int = 1


@dataclass(frozen=True, slots=True)
class JobUpdate:
    """A job entered `state`; `reason` is a health word for HELD, REFUSED, UNKNOWN and ABORTED, else empty.

    `confirmed` is true on the last update of a job that the printer itself confirmed (or, for a file, that
    reached the disk): nothing further is awaited.
    """

    job: str
    state: JobState
    reason: str = ""
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A job as the journal knows it: `owed` bytes of a picture block were still to come at the last write.

    `confirmed` as in `JobUpdate`: nothing further is awaited, whatever the state.
    """

    job: str
    number: int
    copy: int
    state: JobState
    reason: str = ""
    offset: int = 0
    owed: int = 0
    confirmed: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether the book on this job is closed."""
        return self.confirmed or self.state.is_final


class Journal(Protocol):
    """The memory of print jobs that survives a power cut. Every call is on disk when it returns."""

    def record(self, entry: JournalEntry) -> None:
        """Write a job's newest state, creating the job at its first."""

    def unfinished(self) -> Iterable[JournalEntry]:
        """Jobs that are not closed, oldest first."""


class Printer(Protocol):
    """A receipt printer. Every method may be called from any thread."""

    def status(self) -> PrinterStatus:
        """The printer's health as last heard; returns at once and never raises."""

    def submit(self, job: PrintJob, watch: Callable[[JobUpdate], None]) -> None:
        """Print one job; `watch` is called from the printer's own thread at every state change."""

    def close(self) -> None:
        """Stop after the running job or its deadline; calling twice is fine."""


class PrinterError(Exception):
    """A printer cannot be used as configured; `status` says what a technician should look at."""

    def __init__(self, status: PrinterStatus) -> None:
        super().__init__(
            f"printer {status.health}: {status.detail}" if status.detail else f"printer {status.health}"
        )
        self.status = status
