"""Does each part work: a page that must come out, a card that must be read; what came of it in a word."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from devices.card_reader import Presented, ReaderEvent, Rejected, Rejection
from devices.printer import JobState, JobUpdate, Printer, PrinterError, PrintJob
from kiosk.health import Verdict
from kiosk.technician.counters import Counters
from kiosk.technician.verdicts import LastTest, Verdicts

PRINT_S = 30.0
"""How long a test page may take: the slowest line we know, 9600 baud, needs twenty seconds for a whole picture."""

_OUT = (JobState.PRINTED, JobState.CUT, JobState.PRESENTED, JobState.TAKEN)
_FAILED = (JobState.REFUSED, JobState.HELD, JobState.ABORTED, JobState.RETRACTED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a self-test came out. `code` is a word that a screen has a sentence for, `seen` what was seen."""

    verdict: Verdict
    code: str
    seen: str = ""

    def kept(self, verdicts: Verdicts, part: str, *, by: str) -> LastTest:
        """Keep it as the part's last test.

        Raises:
            OSError: it is not kept.
        """
        return verdicts.keep(part, self.verdict, by=by, seen=self.seen, code=self.code)


def print_and_wait(printer: Printer, job: PrintJob, *, timeout_s: float = PRINT_S) -> Outcome:
    """Print a page and wait until the printer confirmed it, or did not; blocks, so call it on a worker.

    "confirmed": the printer says that it is out; whether it looks right, somebody has to say. "sent": it was taken by
    a printer that confirms nothing. Else the printer's own word ("paper_out"), or "no_answer".
    """
    ended = threading.Event()
    last: list[JobUpdate] = []

    def watch(update: JobUpdate) -> None:
        last.append(update)
        if update.confirmed or update.state.is_final or update.state in _FAILED:
            ended.set()

    try:
        printer.submit(job, watch)
    except PrinterError as error:
        return Outcome(Verdict.FAILED, error.status.health.value, error.status.detail)
    ended.wait(timeout_s)
    if not last:
        return Outcome(Verdict.FAILED, "no_answer")
    update = last[-1]
    if update.state in _OUT:
        return Outcome(Verdict.OK, "confirmed", update.state.value)
    if update.state is JobState.SENT:
        return Outcome(Verdict.OK if update.confirmed else Verdict.WARNING, "sent", update.state.value)
    return Outcome(Verdict.FAILED, update.reason or "no_answer", update.state.value)


def heard(event: ReaderEvent) -> Outcome | None:
    """What a reader's event says of the reader, while somebody presents a test card; None: nothing.

    A card that is refused was still read: a bank card, or one nobody has a rule for, proves the reader as well.
    """
    match event:
        case Presented(credential=credential):
            credential.take()
            return Outcome(Verdict.OK, "read", credential.source)
        case Rejected(reason=Rejection.PAYMENT_CARD | Rejection.UNKNOWN_CARD | Rejection.TAX_QR as reason):
            return Outcome(Verdict.OK, "read_refused", reason.value)
        case Rejected(reason=reason):
            return Outcome(Verdict.FAILED, reason.value)
    return None


def paper_changed(*, counters: Counters, renew: Callable[[], None]) -> None:
    """A new roll is in: `renew` tells the printer's paper account so, and the change is counted."""
    renew()
    counters.add(paper_changes=1)
    counters.flush()
