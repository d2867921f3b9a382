"""The one owner of a printer: takes orders, runs one job at a time, and stays honest whatever goes wrong.

All its work happens in `turn`, called again and again by one thread; orders come from any other.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue

from devices.escpos.book import PrinterBook
from devices.escpos.conversation import Conversation, Interrupted
from devices.escpos.keeper import Keeper, Seams
from devices.escpos.profiles import Profile
from devices.escpos.progress import Progress, Watch
from devices.escpos.session import Session, Ticket
from devices.page import LogoTile
from devices.printer import JobState, Journal, PrinterHealth, PrinterStatus, PrintJob
from devices.transports import TransportError

logger = logging.getLogger(__name__)

_UNSENT = frozenset({JobState.QUEUED, JobState.PREFLIGHT})
_NOTHING_PRINTED = _UNSENT | {JobState.REFUSED}
# While waiting in these, only a person moves things on: closing does not wait for one.
_WAITING = frozenset({JobState.HELD, JobState.PRESENTED})
_REST_S = 5.0
_REREAD_S = 5.0  # the book may be changed by another program: a technician's, who has put in a new roll
# What the sensors say of the paper counts when they said it so often running: noise must not put in a new roll.
_SENSED_TIMES = 3
# More than a terminal ever needs; whatever goes wrong, a printer's memory must not be worn out.
_MOST_PICTURES = 16
# Writing into a printer's memory takes longer than printing.
_KEPT_S = 20.0
# A bigger one is not kept: after a kill in the middle of it a printer wants so many bytes, and no journal knows.
_PICTURE_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class _Print:
    job: PrintJob
    watch: Watch


@dataclass(frozen=True, slots=True)
class Errand:
    """Something else to do with the printer while no job runs; `work` gets it open, or None: it is not there."""

    work: Callable[[Conversation | None], None]


class Owner:
    """See the module. `status`, `roll`, `submit`, `abort`, `send_on` and `stop` are for any thread."""

    def __init__(
        self,
        *,
        name: str,
        profile: Profile,
        one_way: bool,
        draw: Callable[[PrintJob, Collection[str]], Ticket],
        journal: Journal,
        seams: Seams,
        book: PrinterBook,
        keeps_pictures: bool = False,
    ) -> None:
        """`draw` makes a job's bytes, given the pictures that the printer holds; `book` is what is kept of it.

        `keeps_pictures` puts the logos of a receipt that came out into the printer's memory, for the next ones.
        """
        self._name = name
        self._profile = profile
        self._one_way = one_way
        self._draw = draw
        self._journal = journal
        self._seams = seams
        self._book = book
        self._keeps_pictures = keeps_pictures
        self._unkept: list[LogoTile] = []
        self._sensed = (False, False)
        self._sensed_times = 0
        self._reread_at = 0.0
        self._inbox: SimpleQueue[_Print | Errand] = SimpleQueue()
        self._waiting: deque[Progress] = deque()
        self._errands: deque[Errand] = deque()
        self._aborting: set[str] = set()
        self._keeper = Keeper(name=name, profile=profile, seams=seams, interrupted=self._attend)
        if keeps_pictures and profile.nv_logo:
            self._keeper.owed = _PICTURE_BYTES
        self._current: Progress | None = None
        self._reconciled = False
        self._stopping = False
        self.roll = book.roll()

    @property
    def status(self) -> PrinterStatus:
        """The printer's health as last heard, busy while a job goes well, out of paper when the count says so."""
        if self._one_way:
            return PrinterStatus(PrinterHealth.READY)
        status = self._keeper.status
        if not status.health.can_print:
            return status
        if self._current is not None:
            return PrinterStatus(PrinterHealth.BUSY)
        if self.roll.is_spent:
            return PrinterStatus(PrinterHealth.PAPER_OUT, "by the count of millimetres since near end")
        return status

    def submit(self, job: PrintJob, watch: Watch) -> None:
        """Put a job at the end of the line."""
        self._inbox.put(_Print(job, watch))
        self._keeper.wake()

    def abort(self, job: str) -> None:
        """An operator's order: give up a job, have the printer forget it. One that has ended stays as it is."""
        self._aborting.add(job)
        self._keeper.wake()

    def send_on(self, errand: Errand) -> None:
        """Have something else done when no job runs."""
        self._inbox.put(errand)
        self._keeper.wake()

    def stop(self) -> None:
        """Have `run` return after the running job, or at once where only a person could move it on."""
        self._stopping = True
        self._keeper.wake()

    def run(self) -> None:
        """Turn until stopped, then let go of the printer."""
        while not self._stopping:
            try:
                self.turn()
            except Interrupted:
                continue
            except Exception:  # the printer's thread must outlive anything
                logger.exception("printer %s: unexpected", self._name)
                self._keeper.drop()
                self._seams.pause(_REST_S)
        self._attend()
        self._refuse_waiting(PrinterHealth.OFFLINE)
        while self._errands:
            self._errands.popleft().work(None)
        self._keeper.drop()

    def turn(self) -> None:
        """Do the next thing there is to do, waiting at most `poll_s` for one."""
        if not self._reconciled:
            self._reconcile()
        self._attend()
        if self._waiting:
            self._print(self._waiting.popleft())
        elif self._errands:
            self._run_errand(self._errands.popleft())
        elif self._unkept:
            self._keep_picture(self._unkept.pop())
        elif self._one_way:
            self._seams.pause(self._seams.timing.poll_s)
        else:
            self._keeper.watch()
            self._note_paper()

    def _reconcile(self) -> None:
        """Close the book on what an earlier process left unfinished: it is unknown, and stays so."""
        self._reconciled = True
        keeper = self._keeper
        for entry in list(self._journal.unfinished()):
            unsent = entry.state in _UNSENT
            keeper.owed = max(keeper.owed, entry.owed)
            keeper.is_cut = keeper.is_cut and (unsent or entry.state is JobState.PRESENTED)
            state = JobState.REFUSED if unsent else JobState.UNKNOWN
            self._journal.record(replace(entry, state=state, reason="restart"))
            logger.warning("job %s: %s when the program stopped, now %s", entry.job, entry.state, state)

    def _attend(self) -> bool:
        """Take in new orders; whether what is being waited for is to end. Called within every wait, too."""
        self._take_orders()
        for progress in [p for p in self._waiting if p.job.id in self._aborting]:
            self._waiting.remove(progress)
            self._told(progress, JobState.ABORTED, reason=self.status.health)
        current = self._current
        if current is None:
            return self._stopping
        if current.state is JobState.HELD:
            self._refuse_waiting(current.entry.reason)
        return current.job.id in self._aborting or (self._stopping and current.state in _WAITING)

    def _take_orders(self) -> None:
        while True:
            try:
                order = self._inbox.get_nowait()
            except Empty:
                return
            if isinstance(order, Errand):
                self._errands.append(order)
            else:
                progress = Progress(order.job, watch=order.watch, journal=self._journal, noticed=self._noticed)
                if self._told(progress, JobState.QUEUED):
                    self._waiting.append(progress)

    def _refuse_waiting(self, reason: str) -> None:
        """Nothing may come out later, when nobody stands there: who waits behind a held job is sent away."""
        while self._waiting:
            self._told(self._waiting.popleft(), JobState.REFUSED, reason=reason)

    def _print(self, progress: Progress) -> None:
        self._current = progress
        try:
            # First, because what a printer holds in its memory is known only of the one that is there.
            session = None if self._one_way else self._keeper.reach()
            pictures = self._pictures()
            ticket = self._draw(progress.job, pictures)
            self._run_job(ticket, progress, session)
            self._note_printed(ticket, progress, pictures)
        except Interrupted:
            self._break_off(progress)
        except TransportError as error:
            self._keeper.lost(error)
            self._end(progress, reason=self._keeper.status.health)
        except Exception:  # a broken page or journal must not take the printer's thread with it
            logger.exception("job %s failed", progress.job.id)
            self._end(progress, reason=PrinterHealth.OFFLINE)
        finally:
            self._current = None
            self._aborting.discard(progress.job.id)

    def _run_job(self, ticket: Ticket, progress: Progress, session: Session | None) -> None:
        keeper = self._keeper
        if self._one_way:
            port = self._seams.open_port()
            try:
                keeper.over(port)[1].run_blind(ticket, teller=progress)
            finally:
                port.close()
        elif session is not None:
            session.run(ticket, teller=progress)
        else:
            progress.enter(JobState.REFUSED, reason=keeper.status.health)

    def _break_off(self, progress: Progress) -> None:
        """End a wait: by the operator's order with cleared buffers, else because the program stops."""
        session = self._keeper.session
        if progress.job.id not in self._aborting or session is None:
            self._end(progress, reason=self._keeper.status.health)
            return
        self._aborting.discard(progress.job.id)
        cleared = False
        try:
            cleared = session.clear()
            session.begin(owed=progress.entry.owed, is_cut=session.is_cut)
        except Interrupted:
            logger.info("printer %s: stopped while a job was given up", self._name)
        except TransportError as error:
            self._keeper.lost(error)
        state = JobState.ABORTED if cleared else JobState.UNKNOWN
        self._told(progress, state, reason=progress.entry.reason or self._keeper.status.health)

    def _end(self, progress: Progress, *, reason: PrinterHealth) -> None:
        """The job will not go on: say so, honestly, whatever state it is in."""
        if progress.state.is_final or progress.confirmed:
            return
        self._keeper.owed = max(self._keeper.owed, progress.entry.owed)
        state = JobState.REFUSED if progress.state in _UNSENT else JobState.UNKNOWN
        self._told(progress, state, reason=reason)

    def _told(self, progress: Progress, state: JobState, *, reason: str = "") -> bool:
        """Enter a state; where the journal cannot take it (a full disk), tell at least whoever watches."""
        try:
            progress.enter(state, reason=reason)
        except Exception:  # any journal's own kind of error
            logger.exception("job %s: %s could not be written down", progress.job.id, state)
            progress.give_up(JobState.REFUSED if state is JobState.QUEUED else state, reason=reason)
            return False
        return True

    def _noticed(self, state: JobState, reason: str) -> None:
        """What a job meets is news of the printer, too."""
        talk = self._keeper.talk
        if state is JobState.QUEUED or talk is None:
            return
        self._keeper.notice(reason if isinstance(reason, PrinterHealth) else talk.condition.health)
        if state is JobState.HELD and reason == PrinterHealth.PAPER_OUT:
            self._sense(low=False, out=True)

    def _run_errand(self, errand: Errand) -> None:
        try:
            self._keeper.reach()
            errand.work(self._keeper.talk)
        except Interrupted:
            errand.work(None)
        except TransportError as error:
            self._keeper.lost(error)
            errand.work(None)

    def _note_printed(self, ticket: Ticket, progress: Progress, pictures: Collection[str]) -> None:
        if progress.state in _NOTHING_PRINTED:
            return
        self.roll = self._book.change_roll(lambda roll: roll.printed(ticket.length_mm))
        if self._keeps_pictures and self._profile.nv_logo and progress.confirmed:
            logos = [piece for piece in progress.job.page.pieces if isinstance(piece, LogoTile)]
            self._unkept = [logo for logo in logos if logo.digest not in pictures]

    def _note_paper(self) -> None:
        """Take over what the sensors have said for some time, and what another program wrote into the book."""
        keeper = self._keeper
        if keeper.talk is not None and keeper.is_answering:
            condition = keeper.talk.condition
            sensed = (condition.paper_low, condition.paper_out)
            self._sensed_times = self._sensed_times + 1 if sensed == self._sensed else 1
            self._sensed = sensed
            if self._sensed_times >= _SENSED_TIMES:
                self._sense(*sensed)
        now = self._seams.clock()
        if now >= self._reread_at:
            self._reread_at = now + _REREAD_S
            self.roll = self._book.roll()

    def _sense(self, low: bool, out: bool) -> None:
        if self.roll.sensed(low=low, out=out) != self.roll:
            self.roll = self._book.change_roll(lambda roll: roll.sensed(low=low, out=out))

    def _pictures(self) -> frozenset[str]:
        """The digests of what the printer there is known to hold; of one that does not say who it is, nothing."""
        serial = self._keeper.serial
        return self._book.pictures(serial) if serial and self._keeps_pictures else frozenset()

    def _keep_picture(self, logo: LogoTile) -> None:
        """Put one more picture into the printer's memory."""
        from devices.escpos.hybrid import store_logo

        keeper, kept, data = self._keeper, self._pictures(), store_logo(logo)
        talk, serial = keeper.talk, keeper.serial
        known = logo.digest in kept or len(kept) >= _MOST_PICTURES
        if talk is None or not serial or known or len(data) > _PICTURE_BYTES:
            return
        keeper.owed = len(data)
        try:
            if talk.confirmed(data, timeout_s=_KEPT_S):
                keeper.owed = 0
                self._book.keep_picture(serial, logo.digest)
                return
        except Interrupted:
            logger.info("printer %s: interrupted while it was given a picture to keep", self._name)
        except TransportError as error:
            keeper.lost(error)
        # It may want the rest of the picture: the next line begins with filling it up.
        keeper.drop()
