"""Owns the visit: takes events, starts the work a state asks for, and shows every change.

Everything here happens on the UI thread. Work crosses to other threads by `run` and comes back as an event with
the ticket of its question; devices report by `post`. Whoever has left meanwhile gets no answer: it is dropped.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from devices import card_reader
from devices import sensors as sensing
from devices.card_reader import CardReader, Credential, CredentialKind, Presented, ReaderEvent, Rejected, Rejection
from devices.printer import JobState, JobUpdate, Printer, PrinterError, PrintJob
from devices.sensors import Sensor, SensorEvent
from kiosk.model import AccountNumber, AccountNumberError, CurrentBill, NotIssued
from kiosk.visit import Rules, Visit, step
from kiosk.visit.events import (
    AccountUnknown,
    BillRefreshed,
    CardRejected,
    Event,
    Identified,
    IdPresented,
    PowerChanged,
    PrintAdvanced,
    PrinterChanged,
    PrintsRemembered,
    ReaderChanged,
    ServiceWasAway,
    StoredBillFound,
    SwitchChanged,
    Tick,
    WishAnswered,
)
from kiosk.visit.states import Asking, LookingUp, OutOfService, Printing, Trouble
from kiosk.wishes import Refusal, Refused

if TYPE_CHECKING:
    from kiosk.bills import BillService
    from kiosk.errands import Errands

logger = logging.getLogger(__name__)

_NATIONAL_ID = re.compile("[12][0-9]{9}")
_PRINTED = ("barcode", "gs1")
"""Sources of a credential that anybody can copy from an old bill: they identify, and prove nothing."""

T = TypeVar("T")
S = TypeVar("S", LookingUp, Printing, Asking)


class Run(Protocol):
    """The crossing: calls `job` on a worker, then `done` with its result on the UI thread. `job` never raises."""

    def __call__(self, job: Callable[[], T], done: Callable[[T], None], /) -> None: ...


class MakePage(Protocol):
    """Lays out a receipt, whole where it is `proven` whose it is, and gives it a number and an id; on a worker."""

    def __call__(self, current: CurrentBill, /, *, language: str, copy: int, proven: bool) -> PrintJob: ...


class Memory(Protocol):
    """What a terminal remembers over restarts, of numbers that led to nothing and of receipts."""

    def futile_ages_s(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """How many seconds ago numbers were typed that nobody has, and that nothing could be said of."""

    def note_futile(self, *, is_guess: bool) -> None:
        """Keep that a typed number is nobody's, or that nothing could be said of it; called on a worker."""

    def prints_today(self, account: AccountNumber) -> int:
        """How many receipts were printed here today for an account, from disk in well under a millisecond."""


class Controller:
    """One terminal's visits and its devices. Every method but the callbacks it hands out: UI thread only."""

    def __init__(
        self,
        *,
        rules: Rules,
        bills: BillService,
        printer: Printer | None,
        readers: Sequence[CardReader],
        sensors: Sequence[Sensor] = (),
        run: Run,
        post: Callable[[Callable[[], None]], None],
        make_page: MakePage,
        clock: Callable[[], float],
        present: Callable[[Visit], None],
        on_technician: Callable[[Credential], None] = lambda credential: None,
        errands: Errands | None = None,
        memory: Memory | None = None,
    ) -> None:
        """Compose; nothing happens before `start`.

        Args:
            rules: the site's patience and limits.
            bills: `stored` and `previous` are called on the UI thread, `refresh` on a worker.
            printer: None when the terminal has none.
            readers: every card reader and scanner.
            sensors: what tells of power, door, presence and head-phones.
            run: the crossing to a worker and back.
            post: calls its argument on the UI thread; may itself be called from any thread.
            make_page: lays out a receipt.
            clock: monotonic seconds.
            present: shows a visit; called once for every change that can be seen.
            on_technician: takes a technician's card and a pairing code; no visit hears of them.
            errands: asked on a worker; without them the service counts as away for every wish.
            memory: without it limits last as long as this run.
        """
        self._rules = rules
        self._bills = bills
        self._printer = printer
        self._readers = tuple(readers)
        self._sensors = tuple(sensors)
        self._run = run
        self._post = post
        self._make_page = make_page
        self._clock = clock
        self._present = present
        self._errands = errands
        self._memory = memory
        self._visit = Visit(language=rules.language, display=rules.display)
        self._on_technician = on_technician
        self._diverted: Callable[[ReaderEvent], None] | None = None
        self._armed = False
        self._closed = False

    @property
    def rules(self) -> Rules:
        """The site's patience and limits today."""
        return self._rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._rules = rules

    @property
    def visit(self) -> Visit:
        """The visit as it is now."""
        return self._visit

    def start(self) -> None:
        """Open the readers and show the first screen."""
        now = self._clock()
        guesses, misses = self._memory.futile_ages_s() if self._memory else ((), ())
        self._visit = replace(
            self._visit,
            heard_at=now,
            guesses=tuple(now - age for age in guesses),
            misses=tuple(now - age for age in misses),
        )
        self._look_at_printer()
        for reader in self._readers:
            reader.start(self._hear)
        for sensor in self._sensors:
            sensor.start(self._hear)
        self._arm()
        self._present(self._visit)

    def close(self) -> None:
        """Forget the visit and close the devices; nothing sent or answered later counts. Twice is fine."""
        if self._closed:
            return
        self._closed = True
        self._visit = Visit(language=self._rules.language, display=self._rules.display)
        for reader in self._readers:
            reader.close()
        for sensor in self._sensors:
            sensor.close()
        if self._printer:
            self._printer.close()

    def send(self, event: Event) -> None:
        """Let `event` happen: move the visit, show it, start the work it asks for."""
        if self._closed:
            return
        before = self._visit
        if isinstance(event, Tick):
            self._look_at_printer()
        self._step(event)
        asked = self._newly(LookingUp, before)
        if asked:
            self._look_in_store(asked)
        self._arm()
        self._remember_futile(before)
        if replace(before, heard_at=self._visit.heard_at) != self._visit:
            self._present(self._visit)
        if asked:
            self._look_up(asked.account, asked.ticket)
        printing = self._newly(Printing, before)
        if printing:
            self._print(printing)
        asking = self._newly(Asking, before)
        if asking:
            self._ask(asking)

    def divert(self, listener: Callable[[ReaderEvent], None] | None) -> None:
        """Give what is presented to `listener` while a technician is at work, and not to the visit; None ends that."""
        self._diverted = listener
        self._arm()

    @property
    def is_diverted(self) -> bool:
        """Whether a technician is at work."""
        return self._diverted is not None

    def _step(self, event: Event) -> None:
        self._visit = step(self._visit, event, now=self._clock(), rules=self._rules)

    def _newly(self, kind: type[S], before: Visit) -> S | None:
        """The state when it is of `kind` and its ticket was given out since `before`."""
        state = self._visit.state
        return state if isinstance(state, kind) and state.ticket > before.ticket else None

    def _look_in_store(self, asked: LookingUp) -> None:
        if self._memory:
            self._step(PrintsRemembered(asked.ticket, self._memory.prints_today(asked.account)))
        current = self._bills.stored(asked.account)
        if current:
            self._step(StoredBillFound(asked.ticket, current, self._previous(current, asked.account)))

    def _look_up(self, account: AccountNumber, ticket: int) -> None:
        self._run(lambda: self._refreshed(account, ticket), self.send)

    def _refreshed(self, account: AccountNumber, ticket: int) -> Event:
        # Not needed before the first look-up, and the first frame must not wait for it.
        from kiosk.gateway import AccountNotFound, AnswerUnusable, GatewayError, TooManyRequests

        try:
            current = self._bills.refresh(account)
            return BillRefreshed(ticket, current, self._previous(current, account))
        except AccountNotFound:
            return AccountUnknown(ticket)
        except GatewayError as error:
            troubles = {AnswerUnusable: Trouble.UNUSABLE, TooManyRequests: Trouble.BUSY}
            return ServiceWasAway(ticket, troubles.get(type(error), Trouble.UNREACHABLE), error.code)
        except Exception as error:  # noqa: BLE001 - the edge of a worker: the subscriber gets an honest screen
            _log_unexpected("look-up", error)
            return ServiceWasAway(ticket, Trouble.FAILED)

    def _previous(self, current: CurrentBill, account: AccountNumber) -> CurrentBill | None:
        return self._bills.previous(account) if isinstance(current.bill, NotIssued) else None

    def _print(self, state: Printing) -> None:
        current, copy, language, ticket = state.bill.current, state.bill.copies, self._visit.language, state.ticket
        proven = self._visit.is_proven

        def lay_out() -> PrintJob | PrintAdvanced:
            try:
                return self._make_page(current, language=language, copy=copy, proven=proven)
            except Exception as error:  # noqa: BLE001 - the edge of a worker
                _log_unexpected("receipt", error)
                return PrintAdvanced(ticket, JobState.REFUSED, "page")

        self._run(lay_out, lambda made: self._submit(made, ticket))

    def _submit(self, made: PrintJob | PrintAdvanced, ticket: int) -> None:
        if isinstance(made, PrintAdvanced):
            self.send(made)
            return
        moment, printer = self._visit.moment, self._printer
        if self._closed or printer is None or not isinstance(moment, Printing) or moment.ticket != ticket:
            return

        def watch(update: JobUpdate) -> None:
            advanced = PrintAdvanced(ticket, update.state, update.reason, update.confirmed)
            self._post(lambda: self.send(advanced))

        def hand_over() -> None:
            try:
                printer.submit(made, watch)
            except PrinterError as error:
                watch(JobUpdate(made.id, JobState.REFUSED, error.status.health))
            except Exception as error:  # noqa: BLE001 - a driver may come from anybody
                _log_unexpected("printer", error)
                watch(JobUpdate(made.id, JobState.UNKNOWN, "driver"))

        self._run(hand_over, lambda _: None)

    def _ask(self, asking: Asking) -> None:
        account = asking.home.current.bill.account.number
        wish, ticket, errands = asking.wish, asking.ticket, self._errands

        def ask() -> WishAnswered:
            if errands is None:
                return WishAnswered(ticket, Refused(Refusal.UNREACHABLE))
            try:
                return WishAnswered(ticket, errands.ask(account, wish))
            except Exception as error:  # noqa: BLE001 - the edge of a worker: the subscriber gets an honest screen
                _log_unexpected("wish", error)
                return WishAnswered(ticket, Refused(Refusal.FAILED))

        self._run(ask, self.send)

    def _remember_futile(self, before: Visit) -> None:
        """Keep a number that led to nothing, so that a restart does not forgive it."""
        memory = self._memory
        if memory is None:
            return
        for now, then, is_guess in (
            (self._visit.guesses, before.guesses, True),
            (self._visit.misses, before.misses, False),
        ):
            if now != then:
                self._run(partial(memory.note_futile, is_guess=is_guess), lambda _: None)

    def _look_at_printer(self) -> None:
        if self._printer:
            health = self._printer.status().health
            if health is not self._visit.printer:
                self._step(PrinterChanged(health))

    def _arm(self) -> None:
        """Let cards count exactly while somebody listens: out of service, that is for technicians' only."""
        state = self._visit.state
        armed = self._visit.listens or self._diverted is not None or isinstance(state, OutOfService)
        if self._armed != armed:
            self._armed = armed
            for reader in self._readers:
                reader.arm(self._armed)

    def _hear(self, event: ReaderEvent | SensorEvent) -> None:
        """From a device's own thread."""
        self._post(lambda: self._heard(event))

    def _heard(self, event: ReaderEvent | SensorEvent) -> None:
        if self._diverted is not None and isinstance(event, ReaderEvent):
            self._diverted(event)
            if not isinstance(event, card_reader.ReaderChanged):
                return
        match event:
            case Presented(credential=credential) if credential.kind in _TECHNICIANS:
                self._on_technician(credential)
            case Presented(credential=credential):
                self.send(_identified(credential))
            case Rejected(reason=reason):
                self.send(CardRejected(reason))
            case card_reader.ReaderChanged(device, health):
                self.send(ReaderChanged(device, health))
            case sensing.PowerChanged(power=power):
                self.send(PowerChanged(power))
            case sensing.SwitchChanged(switch=switch, on=on):
                self.send(SwitchChanged(switch, on))


_TECHNICIANS = (CredentialKind.TECHNICIAN, CredentialKind.PAIRING)


def _identified(credential: Credential) -> Event:
    """What a presented thing means to a visit; its value is taken out of it and not kept."""
    value = credential.take()
    if credential.kind is CredentialKind.NATIONAL_ID and _NATIONAL_ID.fullmatch(value):
        return IdPresented(value)
    if credential.kind is not CredentialKind.ACCOUNT:
        return CardRejected(Rejection.UNKNOWN_CARD)
    try:
        return Identified(AccountNumber.parse(value), by_card=credential.source not in _PRINTED)
    except AccountNumberError:
        return CardRejected(Rejection.UNKNOWN_CARD)


def _log_unexpected(what: str, error: Exception) -> None:
    """Where it happened and of what class it is; its message might hold what must not be logged."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed unexpectedly: %s\n%s", what, type(error).__name__, frames.rstrip())
