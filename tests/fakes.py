"""Working parts without hardware or network, for tests of whoever uses them. No thread, no clock, no file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from devices.card_reader import (
    Credential,
    CredentialKind,
    Presented,
    ReaderChanged,
    ReaderEvent,
    ReaderHealth,
    Rejected,
    Rejection,
)
from devices.page import Page
from devices.printer import JobState, JobUpdate, PrinterHealth, PrinterStatus, PrintJob
from kiosk.controller import Controller
from kiosk.gateway import AccountNotFound, GatewayUnreachable
from kiosk.model import AccountNumber, CurrentBill
from kiosk.tally import Tally
from kiosk.visit import Rules, Visit
from kiosk.visit.events import DigitTyped, NumberChosen, NumberConfirmed, Touched
from kiosk.wishes import Outcome, Wish


@dataclass
class FakeBills:
    """A `BillService` over shelves: what the service knows, what is stored. `refresh` raises `error` if given."""

    known: dict[str, CurrentBill] = field(default_factory=dict)
    kept: dict[str, CurrentBill] = field(default_factory=dict)
    last_month: dict[str, CurrentBill] = field(default_factory=dict)
    online: bool = True
    error: Exception | None = None

    def stored(self, account: AccountNumber) -> CurrentBill | None:
        return self.kept.get(account.digits)

    def refresh(self, account: AccountNumber) -> CurrentBill:
        if self.error:
            raise self.error
        if not self.online:
            raise GatewayUnreachable("refused")
        if account.digits not in self.known:
            raise AccountNotFound("http_404")
        return self.known[account.digits]

    def previous(self, account: AccountNumber) -> CurrentBill | None:
        return self.last_month.get(account.digits)


@dataclass
class FakePrinter:
    """A printer that goes through `script` for each job, at once, and keeps what it was given."""

    health: PrinterHealth = PrinterHealth.READY
    script: Sequence[tuple[JobState, str, bool]] = (
        (JobState.SENDING, "", False),
        (JobState.PRINTED, "", False),
        (JobState.CUT, "", True),
    )
    error: Exception | None = None
    jobs: list[PrintJob] = field(default_factory=list)
    watch: Callable[[JobUpdate], None] = print
    closed: int = 0

    def status(self) -> PrinterStatus:
        return PrinterStatus(self.health)

    def submit(self, job: PrintJob, watch: Callable[[JobUpdate], None]) -> None:
        if self.error:
            raise self.error
        self.jobs.append(job)
        self.watch = watch
        for state, reason, confirmed in self.script:
            watch(JobUpdate(job.id, state, reason, confirmed))

    def close(self) -> None:
        self.closed += 1


@dataclass
class FakeReader:
    """A reader that says what a test tells it to; data counts only while armed, as with the real ones."""

    name: str = "card"
    armed: bool = False
    closed: int = 0
    sink: Callable[[ReaderEvent], None] = print

    def start(self, sink: Callable[[ReaderEvent], None]) -> None:
        self.sink = sink
        self.change(ReaderHealth.ONLINE)

    def arm(self, armed: bool) -> None:
        self.armed = armed

    def health(self) -> ReaderHealth:
        return ReaderHealth.ONLINE

    def close(self) -> None:
        self.closed += 1

    def change(self, health: ReaderHealth) -> None:
        self.sink(ReaderChanged(self.name, health))

    def present(
        self, value: str, *, kind: CredentialKind = CredentialKind.ACCOUNT, source: str = "track2"
    ) -> None:
        if self.armed:
            self.sink(Presented(self.name, Credential(kind, value, source=source), 0.0, 0.0))

    def reject(self, reason: Rejection) -> None:
        if self.armed:
            self.sink(Rejected(self.name, reason, 0.0))


@dataclass
class FakeErrands:
    """Errands that come to `outcomes`, one after the other, and remember what was asked."""

    outcomes: list[Outcome | Exception] = field(default_factory=list)
    asked: list[tuple[str, Wish]] = field(default_factory=list)

    def ask(self, account: AccountNumber, wish: Wish) -> Outcome:
        self.asked.append((account.digits, wish))
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@dataclass
class FakeMemory:
    """What a terminal remembers over restarts, in memory."""

    guesses: list[float] = field(default_factory=list)
    misses: list[float] = field(default_factory=list)
    prints: int = 0

    def futile_ages_s(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return tuple(self.guesses), tuple(self.misses)

    def note_futile(self, *, is_guess: bool) -> None:
        (self.guesses if is_guess else self.misses).append(0.0)

    def prints_today(self, account: AccountNumber) -> int:
        return self.prints


def fake_page(current: CurrentBill, /, *, language: str, copy: int, proven: bool) -> PrintJob:
    """A blank receipt."""
    return PrintJob(f"job-{language}-{copy}", 1, Page(576, 8, ()), copy)


@dataclass
class Terminal:
    """A controller over fakes, started; `shown` is what it showed since. `later` collects work when `waits`."""

    bills: FakeBills = field(default_factory=FakeBills)
    printer: FakePrinter | None = field(default_factory=FakePrinter)
    reader: FakeReader = field(default_factory=FakeReader)
    make_page: Any = fake_page
    waits: bool = False
    technicians: list[str] = field(default_factory=list)
    errands: FakeErrands | None = None
    memory: FakeMemory | Tally | None = None
    later: list[Callable[[], None]] = field(default_factory=list)
    shown: list[Visit] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.controller = Controller(
            rules=Rules(),
            bills=self.bills,  # type: ignore[arg-type]
            printer=self.printer,
            readers=[self.reader],
            run=self.run,
            post=lambda call: call(),
            make_page=self.make_page,
            clock=lambda: self.now,
            present=self.shown.append,
            errands=self.errands,  # type: ignore[arg-type]
            memory=self.memory,
            on_technician=lambda credential: self.technicians.append(credential.take()),
        )
        self.controller.start()
        self.shown.clear()

    def run(self, job: Callable[[], Any], done: Callable[[Any], None]) -> None:
        work = lambda: done(job())  # noqa: E731
        self.later.append(work) if self.waits else work()

    def work(self) -> None:
        """Do all the work that waits, and what it leads to."""
        while self.later:
            self.later.pop(0)()

    def type_number(self, digits: str) -> None:
        for event in (Touched(), NumberChosen(), *map(DigitTyped, digits), NumberConfirmed()):
            self.controller.send(event)

    @property
    def state(self) -> object:
        return self.controller.visit.state

    @property
    def screens(self) -> list[type]:
        """The states that were shown, repetitions left out."""
        kinds = [type(visit.state) for visit in self.shown]
        return [kind for kind, before in zip(kinds, [None, *kinds], strict=False) if kind is not before]
