"""What the terminal has done in its life: millimetres of paper, cuts, receipts, cards read; for wear and for trends."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from devices.card_reader import CardReader, Presented, ReaderEvent, ReaderHealth, Rejected
from devices.printer import JobState, JobUpdate, Printer, PrinterStatus, PrintJob
from kiosk.durable import SlotsDamaged, TwoSlots

logger = logging.getLogger(__name__)

FILE = "counters"

DOTS_PER_MM = 8
"""203 dpi, as all receipt printers we have profiles of (8 dots a millimetre)."""

_CUT = (JobState.CUT, JobState.PRESENTED, JobState.TAKEN)
_MOVED = (*_CUT, JobState.PRINTED, JobState.UNKNOWN, JobState.RETRACTED)


@dataclass(frozen=True, slots=True)
class Totals:
    """All that was counted since the terminal was set up."""

    paper_mm: int = 0
    receipts: int = 0
    cuts: int = 0
    reads: int = 0
    rejected: int = 0
    paper_changes: int = 0


class Counters:
    """The counters of a state folder, for any thread; a power cut loses what was counted since the last `flush`."""

    def __init__(self, folder: Path) -> None:
        self._slots = TwoSlots(folder / FILE)
        self._lock = threading.Lock()
        self._since = Totals()

    def add(self, **counts: int) -> None:
        """Count more of what `Totals` names; in memory only, so that no reader waits for a disk."""
        with self._lock:
            self._since = replace(
                self._since, **{name: getattr(self._since, name) + n for name, n in counts.items()}
            )

    def totals(self) -> Totals:
        """All that was counted, with what is not on disk yet."""
        with self._lock:
            return _sum(self._kept(), self._since)

    def flush(self) -> None:
        """Bring to disk what was counted; a disk that refuses is asked again at the next call. Never raises."""
        with self._lock:
            if self._since == Totals():
                return
            kept = _sum(self._kept(), self._since)
            try:
                self._slots.put(json.dumps(asdict(kept)).encode())
            except OSError as error:
                logger.debug("counters_not_kept: %s", error.strerror)
                return
            self._since = Totals()

    def _kept(self) -> Totals:
        try:
            held = self._slots.read()
            return Totals(**{name: int(n) for name, n in json.loads(held).items()}) if held else Totals()
        except (SlotsDamaged, OSError, ValueError, TypeError, AttributeError):
            return Totals()


class CountedPrinter:
    """A printer whose paper, cuts and receipts are counted."""

    def __init__(self, printer: Printer, counters: Counters) -> None:
        self._printer = printer
        self._counters = counters

    def status(self) -> PrinterStatus:
        """As the printer's."""
        return self._printer.status()

    def submit(self, job: PrintJob, watch: Callable[[JobUpdate], None]) -> None:
        """As the printer's; each job counts once, when paper moved for it or may have."""
        counted: set[str] = set()

        def count(update: JobUpdate) -> None:
            watch(update)
            if update.state in _MOVED and "paper" not in counted:
                counted.add("paper")
                self._counters.add(paper_mm=round(job.page.height / DOTS_PER_MM), receipts=1)
            if update.state in _CUT and "cut" not in counted:
                counted.add("cut")
                self._counters.add(cuts=1)

        self._printer.submit(job, count)

    def close(self) -> None:
        """As the printer's."""
        self._printer.close()


class CountedReader:
    """A reader whose readings are counted."""

    def __init__(self, reader: CardReader, counters: Counters) -> None:
        self._reader = reader
        self._counters = counters

    @property
    def name(self) -> str:
        """As the reader's."""
        return self._reader.name

    def start(self, sink: Callable[[ReaderEvent], None]) -> None:
        """As the reader's."""

        def count(event: ReaderEvent) -> None:
            sink(event)
            if isinstance(event, Presented):
                self._counters.add(reads=1)
            elif isinstance(event, Rejected):
                self._counters.add(rejected=1)

        self._reader.start(count)

    def arm(self, armed: bool) -> None:
        """As the reader's."""
        self._reader.arm(armed)

    def health(self) -> ReaderHealth:
        """As the reader's."""
        return self._reader.health()

    def close(self) -> None:
        """As the reader's."""
        self._reader.close()


def counted(
    printer: Printer | None, readers: Sequence[CardReader], counters: Counters | None
) -> tuple[Printer | None, Sequence[CardReader]]:
    """Printer and readers, with what they do counted where somebody counts."""
    if counters is None:
        return printer, readers
    return (
        CountedPrinter(printer, counters) if printer else None,
        [CountedReader(reader, counters) for reader in readers],
    )


def _sum(one: Totals, other: Totals) -> Totals:
    more = asdict(other)
    return Totals(**{name: count + more[name] for name, count in asdict(one).items()})
