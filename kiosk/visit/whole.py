"""A visit as one value, and what holds for it wherever it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from devices.printer import PrinterHealth
from kiosk.model import AccountNumber, CurrentBill
from kiosk.visit.display import Display
from kiosk.visit.rules import ISSUE_DAY, Rules
from kiosk.visit.states import (
    Attract,
    Beyond,
    EnterNumber,
    Help,
    Identify,
    LookingUp,
    Moment,
    NotIssuedYet,
    OutOfService,
    OverBill,
    PresentCard,
    PresentProof,
    ServiceAway,
    ShowBill,
    State,
    StillThere,
)
from kiosk.visit.surroundings import Surroundings
from kiosk.wishes import OwnAccount


@dataclass(frozen=True, slots=True)
class Person:
    """Who has proved to be the subscriber, for the rest of the visit.

    `proven` are the accounts that may be shown whole, `accounts` those that the service knows to be this person's,
    `proof` shows it to the service; both are empty where only a card was presented.
    """

    proven: frozenset[AccountNumber] = frozenset()
    accounts: tuple[OwnAccount, ...] = ()
    proof: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit with the terminal it happens on.

    `heard_at` is the monotonic time of the last sign of life, `printed` the account of each receipt of this visit,
    `printed_before` how many were printed today for the account looked up last. Of what is here, only `printer`,
    `readers` (the names of those fit to read), `ticket` (the last one given out), `guesses` and `misses` (when
    numbers were typed that nobody has, or that nothing could be said of) and `around` outlast a visit; none says
    anything of a subscriber.
    """

    state: State = field(default_factory=Attract)
    heard_at: float = 0.0
    language: str = "ar"
    display: Display = field(default_factory=Display)
    person: Person = field(default_factory=Person)
    printed: tuple[AccountNumber, ...] = ()
    printed_before: int = 0
    printer: PrinterHealth = PrinterHealth.ABSENT
    readers: frozenset[str] = frozenset()
    ticket: int = 0
    guesses: tuple[float, ...] = ()
    misses: tuple[float, ...] = ()
    around: Surroundings = field(default_factory=Surroundings)

    @property
    def moment(self) -> Moment:
        """The state, seen through the idle warning."""
        return self.state.under if isinstance(self.state, StillThere) else self.state

    @property
    def is_aloud(self) -> bool:
        """Whether the screens are read aloud: as the visitor chose, else as long as head-phones are plugged in."""
        chosen = self.display.aloud
        return self.around.headphones is True if chosen is None else chosen

    @property
    def is_hidden(self) -> bool:
        """Whether nothing is to be seen on the screen."""
        return self.is_aloud and self.display.hidden

    @property
    def patience(self) -> int:
        """How many times longer than usual to wait for an answer: reading large letters and listening take time."""
        return 2 if self.display.is_large or self.is_aloud else 1

    @property
    def listens(self) -> bool:
        """Whether a card or a code presented now identifies, or proves."""
        return isinstance(self.state, Attract | Identify | EnterNumber | PresentCard | PresentProof)

    @property
    def account(self) -> AccountNumber | None:
        """The account that the moment is about."""
        return account_of(self.moment)

    @property
    def is_proven(self) -> bool:
        """Whether the subscriber of the moment's account has proved to be there."""
        return self.account in self.person.proven


def account_of(moment: Moment) -> AccountNumber | None:
    """The account that a moment is about, None where it is about none."""
    match moment:
        case LookingUp(account=account) | ServiceAway(account=account):
            return account
        case Help(under=under) if not isinstance(under, Identify):
            return _of(under.current)
        case ShowBill(current=current) | NotIssuedYet(current=current):
            return _of(current)
    if isinstance(moment, OverBill):
        return _of(moment.bill.current)
    return _of(moment.home.current) if isinstance(moment, Beyond) else None


def may_print(visit: Visit, rules: Rules) -> bool:
    """Whether a receipt can be offered now."""
    return visit.printer.can_print and visit.around.power.may_begin_printing and prints_left(visit, rules) > 0


def prints_left(visit: Visit, rules: Rules) -> int:
    """How many receipts of the moment's account may still be printed, in this visit and today."""
    now = sum(account == visit.account for account in visit.printed)
    return min(rules.prints - now, rules.prints_a_day - visit.printed_before - now)


def must_wait(visit: Visit, *, now: float, rules: Rules) -> bool:
    """Whether too many numbers were typed lately that led to nothing for another one to be looked up."""

    def recent(moments: tuple[float, ...]) -> int:
        return sum(now - at < rules.guess_window_s for at in moments)

    return recent(visit.guesses) >= rules.guesses or recent(visit.misses) >= rules.misses


def issued_last(day: date) -> date:
    """The last issue day, `day` itself where it is one."""
    if day.day >= ISSUE_DAY:
        return day.replace(day=ISSUE_DAY)
    year, month = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, 12)
    return date(year, month, ISSUE_DAY)


def following(visit: Visit, rules: Rules) -> Attract | Identify:
    """What the next visitor finds: in a queue somebody stands there already."""
    return Identify() if rules.queues and not isinstance(visit.state, Identify) else Attract()


def ended(visit: Visit, state: Attract | Identify | OutOfService, *, now: float, rules: Rules) -> Visit:
    """Nobody's visit: all of the one before is forgotten."""
    return Visit(
        state,
        heard_at=now,
        language=rules.language,
        display=rules.display,
        printer=visit.printer,
        readers=visit.readers,
        ticket=visit.ticket,
        guesses=visit.guesses,
        misses=visit.misses,
        around=visit.around,
    )


def entered(visit: Visit, state: State, *, now: float) -> Visit:
    """The visit in `state`; a state of another kind counts as a sign of life, so that it can be read in peace."""
    if state == visit.state:
        return visit
    return replace(visit, state=state, heard_at=visit.heard_at if type(state) is type(visit.state) else now)


def through(visit: Visit, change: Callable[[Moment], Moment]) -> State:
    """`change` applied beneath the idle warning, which stays."""
    if isinstance(visit.state, StillThere):
        return replace(visit.state, under=change(visit.state.under))
    return change(visit.state)


def looking_up(visit: Visit, account: AccountNumber, *, typed: str = "", is_again: bool = False) -> Visit:
    """The visit waiting for the bill of `account`."""
    ticket = visit.ticket + 1
    state = LookingUp(account, ticket, typed, is_again=is_again)
    return replace(visit, state=state, ticket=ticket, printed_before=0)


def _of(current: CurrentBill) -> AccountNumber:
    return current.bill.account.number
