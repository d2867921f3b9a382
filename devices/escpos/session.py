"""One print job from the first question to the taken receipt, each step told before it is taken.

What may be claimed rises with the evidence: bytes accepted (`SENT`), worked off behind an ordered fence
(`PRINTED`), the same behind the cut with a clean cutter (`CUT`), seen in the exit (`PRESENTED`), gone from
it (`TAKEN`). What is not proven ends as `UNKNOWN`, and nothing is ever sent twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from devices.escpos.conversation import Conversation, Timing
from devices.escpos.presenters import PRESENTERS
from devices.escpos.profiles import Fence, Profile
from devices.escpos.proof import FenceProof
from devices.escpos.spans import spans
from devices.printer import JobState, PrinterHealth

_INIT = b"\x1b@"
# GS a 0Eh: push changes of online state, errors and paper (ESC/POS reference, "GS a"). ESC @ cancels it.
_PUSH = b"\x1da\x0e"
# Journal writes are on disk before the bytes go out: not for every command, not for too many bytes at once.
_STEP = 4096
# A hand takes paper away in no less time.
_EXIT_POLL_S = 0.2
# On a serial line a printer that is off and on again looks like one that takes no bytes for as long as it needs to
# start. A head at work takes some far more often; one that has to stop says why, or leaves us in doubt.
_BLACKOUT_S = 1.5


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job as bytes: `body` up to the cut, `cut`, and how long the paper will be."""

    body: bytes
    cut: bytes
    length_mm: float
    wire_s: float


class Teller(Protocol):
    """Whoever wants to know, before it happens, what a job does next."""

    def enter(
        self, state: JobState, *, reason: str = "", confirmed: bool = False, owed: int | None = None
    ) -> None:
        """The job enters a state; `owed` as in `at` (None: as before)."""

    def at(self, offset: int, *, owed: int) -> None:
        """The bytes from `offset` on are about to go out; a stop within them leaves at most `owed` wanted."""


class Session:
    """The job machine over one open conversation. For one thread."""

    def __init__(
        self,
        talk: Conversation,
        *,
        profile: Profile,
        clock: Callable[[], float],
        timing: Timing,
        known: Fence | None = None,
    ) -> None:
        """Call `begin` before the first job; `known` is a fence that this printer answered on an earlier line."""
        self._talk = talk
        self._profile = profile
        self._presenter = PRESENTERS[profile.presenter]
        self._clock = clock
        self._timing = timing
        self._proof = FenceProof(talk, profile=profile, clock=clock, timing=timing, known=known)
        self._is_cut = True
        self._ready = False
        self._was_silent = False
        self._owed = 0

    def begin(self, *, owed: int, is_cut: bool) -> PrinterHealth:
        """Bring the printer into a known state: fill up an interrupted picture, initialise, cut off a torso.

        `owed`: at least so many bytes may be wanted; `is_cut`: whether the paper ends at the last cut.
        Returns what the printer is fit for; call again until `is_ready`: it took no bytes, or it is off and
        nothing of this has reached it.

        Raises:
            TransportError: the port is gone.
        """
        self._ready = False
        self._is_cut = is_cut
        if self._was_silent and self.look() is PrinterHealth.SILENT:
            return PrinterHealth.SILENT
        fill = bytes(max(owed, self._owed, self._profile.max_block))
        cut = b"" if is_cut else self._profile.cut + self._presenter.clear
        start = fill + _INIT + cut + (_PUSH if self._profile.asb else b"")
        if self._talk.send(start) < len(start):
            return PrinterHealth.OFFLINE
        health = self._first_look()
        self._was_silent = health is PrinterHealth.SILENT
        if self._was_silent:
            return health
        self._ready, self._is_cut, self._owed = True, True, 0
        if health.can_print and self._proof.kind is None:
            self._proof.find()
        return health

    def _first_look(self) -> PrinterHealth:
        """`look` with patience: what `begin` sends may still be on a slow line, or be worked off byte by byte."""
        end = self._clock() + self._timing.settle_s
        if self._profile.status and not self._talk.settled():
            return PrinterHealth.SILENT
        health = self.look()
        while health is PrinterHealth.SILENT and self._clock() < end:
            health = self.look()
        return health

    def look(self) -> PrinterHealth:
        """Ask the printer how it is; one that cannot be asked is as it last said, `READY` at first.

        Raises:
            TransportError: the port is gone.
        """
        if not self._profile.status:
            return self._talk.condition.health
        return self._talk.look()

    @property
    def is_ready(self) -> bool:
        """Whether `begin` has come to its end."""
        return self._ready

    @property
    def fence(self) -> Fence | None:
        """The fence this printer was heard to answer; None: none so far."""
        return self._proof.known

    def run(self, ticket: Ticket, *, teller: Teller) -> None:
        """Print one job; the last state told is the truth about it.

        Raises:
            Interrupted: the owner ended a wait; what was told last still holds, call `begin` before the next job.
            TransportError: the port is gone; likewise.
        """
        teller.enter(JobState.PREFLIGHT)
        refusal = self._preflight()
        if refusal is not None:
            teller.enter(JobState.REFUSED, reason=refusal)
            return
        # Until the job has come to a good end: whatever breaks it off, the printer must be set up again.
        self._ready = self._is_cut = False
        kind = self._proof.kind
        self._talk.blank_s = 0.0
        # A printer that was switched off and on between two jobs has forgotten that it is to push its status.
        start = _INIT + (_PUSH if self._profile.asb else b"")
        self._send_body(start + ticket.body + (b"" if kind else ticket.cut), teller)
        teller.enter(JobState.SENT, owed=0)
        if kind is None:
            teller.enter(JobState.UNKNOWN, reason=self._watch_over(ticket, teller))
            return
        doubt = self._await_fence(kind, teller, budget_s=self._print_s(ticket) + self._timing.patience_s)
        if doubt is None and self._talk.outlives_power and self._talk.blank_s > _BLACKOUT_S:
            doubt = self._talk.condition.health
        if doubt is None:
            teller.enter(JobState.PRINTED)
            self._talk.send(ticket.cut)
            doubt = self._await_fence(kind, teller, budget_s=self._timing.patience_s) or self._await_cutter(teller)
        if doubt is not None:
            self._proof.kind = None
            teller.enter(JobState.UNKNOWN, reason=doubt)
            return
        self._ready = self._is_cut = True
        self._hand_out(teller)

    def run_blind(self, ticket: Ticket, *, teller: Teller) -> None:
        """Write one job to a one-way port; confirmed once it is where a power cut cannot take it.

        Raises:
            TransportError: the file or node cannot be written.
        """
        teller.enter(JobState.PREFLIGHT)
        self._send_body(ticket.body + ticket.cut, teller)
        self._talk.flush()
        teller.enter(JobState.SENT, confirmed=True, owed=0)

    def clear(self) -> bool:
        """Have the printer forget what it holds: real-time commands, for an operator's order only.

        Returns whether it is certain that nothing more of the job will be printed.
        """
        told = self._talk.condition.health
        self._ready = False
        taken = self._talk.send(self._profile.clear, give_up_s=self._timing.answer_s)
        if taken < len(self._profile.clear) or not self._profile.clear:
            return False
        # DLE ENQ 2 clears only a printer that is stopped by an error it can recover from.
        sure = self._profile.clears_always or told in (PrinterHealth.JAM, PrinterHealth.CUTTER)
        return sure and self.look() is not PrinterHealth.SILENT

    @property
    def is_cut(self) -> bool:
        """Whether the paper in the printer ends at a cut, as far as we know."""
        return self._is_cut

    def _preflight(self) -> PrinterHealth | None:
        """None when the job may go; else why not, and no byte of it has been sent."""
        if not self._ready:
            health = self.begin(owed=0, is_cut=self._is_cut)
            if not self._ready:
                return health
        health = self.look()
        if health is PrinterHealth.PAPER_WAITING and self._presenter.clear:
            self._talk.send(self._presenter.clear)
            self._talk.until(lambda: False, timeout_s=self._timing.poll_s)
            health = self.look()
        if not health.can_print:
            return health
        busy = self._proof.ready()
        if busy is None:
            self._talk.send(self._presenter.prepare)
        return busy

    def _send_body(self, data: bytes, teller: Teller) -> None:
        for span in spans(data, limit=_STEP):
            self._owed = span.owed
            if span.start == 0:
                teller.enter(JobState.SENDING, owed=span.owed)
            else:
                teller.at(span.start, owed=span.owed)
            self._push(data[span.start : span.end], teller)

    def _push(self, data: bytes, teller: Teller) -> None:
        """Send it all, however long the printer makes us wait: it may be waiting for paper."""
        taken = self._talk.send(data)
        if taken == len(data):
            return
        reason = self._talk.condition.health
        teller.enter(JobState.HELD, reason=PrinterHealth.OFFLINE if reason.can_print else reason)
        while taken < len(data):
            taken += self._talk.send(data[taken:])
        teller.enter(JobState.SENDING)

    def _await_fence(self, kind: Fence, teller: Teller, *, budget_s: float) -> PrinterHealth | None:
        """None once all that was sent is worked off and the printer is alive; else the best word for the doubt."""
        while True:
            noise = self._talk.noise
            token = self._talk.fence(kind)
            doubt = self._await(partial(self._talk.passed, token), teller, budget_s=budget_s)
            if doubt is not None or kind is Fence.PROCESS_ID:
                return doubt
            # A dying line can look like the one byte of GS r: believe it from a living printer on a clean line.
            health = self.look()
            if health is PrinterHealth.SILENT or self._talk.noise != noise:
                return health
            if _fit(health):
                return None
            # A stopped printer answers no fence: this was an earlier or a false answer, ask once more.

    def _await_cutter(self, teller: Teller) -> PrinterHealth | None:
        """None once the cutter has nothing to complain of."""
        if not self._profile.status or self.look() is not PrinterHealth.CUTTER:
            return None
        return self._await(lambda: not self._talk.condition.cutter, teller, budget_s=self._timing.grace_s)

    def _watch_over(self, ticket: Ticket, teller: Teller) -> PrinterHealth:
        """The best word for a job whose printer answers no fence: how it was when the job should be done."""
        doubt = self._await(lambda: False, teller, budget_s=self._print_s(ticket)) or PrinterHealth.SILENT
        # A printer that was well all the time will have cut; of one that fell silent nothing is sure.
        self._ready = self._is_cut = doubt is not PrinterHealth.SILENT
        return doubt

    def _print_s(self, ticket: Ticket) -> float:
        """How long the job may take from now: the wire, the mechanism at half its speed, and some grace."""
        return ticket.wire_s + 2 * ticket.length_mm / self._profile.speed_mm_s + self._timing.grace_s

    def _await(self, done: Callable[[], bool], teller: Teller, *, budget_s: float) -> PrinterHealth | None:
        """Wait for `done`, told of every trouble as `HELD`: None when done, else why no more is to be hoped for.

        The budget counts only while the printer is well, and begins anew after a trouble is gone. Only a
        printer that falls silent, or is well and still does not answer, is given up.
        """
        timing = self._timing
        held: PrinterHealth | None = None
        well_since = heard_at = self._clock()
        while True:
            self._talk.until(partial(self._news, done, held), timeout_s=timing.poll_s)
            health = PrinterHealth.READY if done() else self.look()
            if done():
                return None
            now = self._clock()
            if health is PrinterHealth.SILENT:
                if now - heard_at >= (timing.mute_s if held is None else timing.away_s):
                    return health
                # A full buffer keeps our questions from a printer, not its pushes from us.
                health = self._talk.condition.health
                if _fit(health):
                    continue
            else:
                heard_at = now
            if not _fit(health):
                if health is not held:
                    teller.enter(JobState.HELD, reason=health)
                held = health
            elif held is not None:
                held, well_since = None, now
            elif now - well_since >= budget_s:
                return health

    def _news(self, done: Callable[[], bool], held: PrinterHealth | None) -> bool:
        """Whether the wait is over, or the printer has pushed a trouble that the job is not yet held for."""
        health = self._talk.condition.health
        return done() or (not _fit(health) and health is not held)

    def _hand_out(self, teller: Teller) -> None:
        """Present the cut receipt and see it taken, where the printer has a mouth and eyes for it."""
        presenter = self._presenter
        teller.enter(JobState.CUT, confirmed=not presenter.sensor)
        if not presenter.sensor:
            return
        self._talk.send(presenter.present)
        if not self._exit_is(True, within_s=self._timing.present_s):
            teller.enter(JobState.UNKNOWN, reason=self._talk.condition.health)
            return
        teller.enter(JobState.PRESENTED)
        if self._exit_is(False, within_s=self._timing.take_s):
            teller.enter(JobState.TAKEN, confirmed=True)
            return
        self._talk.send(presenter.clear)
        if self._exit_is(False, within_s=self._timing.present_s):
            teller.enter(JobState.RETRACTED, confirmed=True)
        else:
            teller.enter(JobState.UNKNOWN, reason=self._talk.condition.health)

    def _exit_is(self, full: bool, *, within_s: float) -> bool:
        """Whether the exit sensor comes to say so in time."""
        end = self._clock() + within_s
        while self.look() is PrinterHealth.SILENT or self._talk.condition.in_exit is not full:
            if self._clock() >= end:
                return False
            self._talk.until(lambda: False, timeout_s=_EXIT_POLL_S)
        return True


def _fit(health: PrinterHealth) -> bool:
    """Whether a running job goes on: an earlier receipt in the exit does not stop it."""
    return health.can_print or health is PrinterHealth.PAPER_WAITING
