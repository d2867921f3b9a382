"""A subscriber's visit, pure: what the terminal shows next after something happened.

`step` is the whole of it. It never raises, an event that means nothing in the present state changes nothing,
and from every state the visit finds back to `Attract` by itself, where nothing of the subscriber is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import ceil

from devices.card_reader import ReaderHealth
from devices.printer import JobState, PrinterHealth
from kiosk.model import AccountNumber, CurrentBill
from kiosk.visit.answers import Answer, answered, paper_moved
from kiosk.visit.display import Display, HidingChosen, SpeechChosen, Wish
from kiosk.visit.events import (
    AccountUnknown,
    AppLinkRequested,
    BackPressed,
    BillRefreshed,
    CardChosen,
    CardRejected,
    DetailsToggled,
    DigitDeleted,
    DigitsCleared,
    DigitTyped,
    Event,
    Finished,
    Identified,
    LanguageChosen,
    MoreTimeAsked,
    NumberChosen,
    NumberConfirmed,
    PowerChanged,
    PreviousBillRequested,
    PrintAdvanced,
    PrinterChanged,
    PrintRequested,
    ReadAloud,
    ReaderChanged,
    RetryRequested,
    ServiceWasAway,
    StoredBillFound,
    SwitchChanged,
    TerminalClosed,
    TerminalOpened,
    Tick,
    Touched,
)
from kiosk.visit.keying import is_complete, is_payment_card, refuse, typed
from kiosk.visit.rules import Rules
from kiosk.visit.states import (
    Attract,
    EnterNumber,
    Identify,
    LookingUp,
    Moment,
    NotFound,
    NotIssuedYet,
    NumberProblem,
    OutOfService,
    PresentCard,
    PrintFailed,
    Printing,
    ServiceAway,
    ShowAppLink,
    ShowBill,
    State,
    StillThere,
    TakeReceipt,
    Trouble,
)
from kiosk.visit.surroundings import DOOR, POWER, Surroundings

__all__ = ["Rules", "Visit", "may_print", "must_wait", "step"]

_CAN_READ = (ReaderHealth.ONLINE, ReaderHealth.BUSY)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit with the terminal it happens on.

    `heard_at` is the monotonic time of the last sign of life. Of what is here, only `printer`, `readers` (the
    names of those fit to read), `ticket` (the last one given out), `guesses` (when wrong numbers were typed) and
    `around` outlast a visit; none says anything of a subscriber.
    """

    state: State = field(default_factory=Attract)
    heard_at: float = 0.0
    language: str = "ar"
    display: Display = field(default_factory=Display)
    prints: int = 0
    printer: PrinterHealth = PrinterHealth.ABSENT
    readers: frozenset[str] = frozenset()
    ticket: int = 0
    guesses: tuple[float, ...] = ()
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
        """Whether a card or a code presented now identifies."""
        return isinstance(self.state, Attract | Identify | EnterNumber | PresentCard)


def step(visit: Visit, event: Event, *, now: float, rules: Rules) -> Visit:
    """The visit after `event` at monotonic time `now`. Never raises; unchanged when the event means nothing."""
    moved = _stepped(visit, event, now=now, rules=rules)
    why = moved.around.forbids(paper_moves=isinstance(moved.moment, Printing))
    if why and not isinstance(moved.state, OutOfService):
        return _end(moved, OutOfService(why), now=now, rules=rules)
    if moved.around != visit.around and not why and moved.state in (OutOfService(DOOR), OutOfService(POWER)):
        return _end(moved, Attract(), now=now, rules=rules)
    return moved


def _stepped(visit: Visit, event: Event, *, now: float, rules: Rules) -> Visit:
    match event:
        case Tick():
            return _tick(visit, now=now, rules=rules)
        case Finished():
            return visit if _rests(visit) else _end(visit, _following(visit, rules), now=now, rules=rules)
        case BackPressed() if isinstance(visit.state, Identify):
            return _end(visit, Attract(), now=now, rules=rules)
        case TerminalClosed(code):
            return _end(visit, OutOfService(code), now=now, rules=rules)
        case TerminalOpened():
            closed = isinstance(visit.state, OutOfService)
            return _end(visit, Attract(), now=now, rules=rules) if closed else visit
        case PrinterChanged(health):
            return replace(visit, printer=health)
        case ReaderChanged(device, health):
            fit = visit.readers | {device} if health in _CAN_READ else visit.readers - {device}
            return replace(visit, readers=fit)
        case PowerChanged() | SwitchChanged():
            around = visit.around.after(event, now=now)
            # Who plugs in head-phones wants to hear, whatever was chosen before.
            is_new = around.headphones is True and visit.around.headphones is not True
            display = replace(visit.display, aloud=None) if is_new else visit.display
            return replace(visit, around=around, display=display)
        case ReadAloud():
            return _held(visit, now=now)
        case StoredBillFound() | BillRefreshed() | AccountUnknown() | ServiceWasAway():
            visit = _count_guess(visit, event, now=now, rules=rules)
            return _enter(visit, _through(visit, lambda moment: answered(moment, event)), now=now)
        case PrintAdvanced():
            return _enter(visit, _through(visit, lambda moment: paper_moved(moment, event)), now=now)
    return _acted(visit, event, now=now, rules=rules)


def may_print(visit: Visit, rules: Rules) -> bool:
    """Whether a receipt can be offered now."""
    return visit.printer.can_print and visit.around.power.may_begin_printing and visit.prints < rules.prints


def must_wait(visit: Visit, *, now: float, rules: Rules) -> bool:
    """Whether too many wrong numbers were typed lately for another one to be looked up."""
    return sum(now - at < rules.guess_window_s for at in visit.guesses) >= rules.guesses


def _rests(visit: Visit) -> bool:
    return isinstance(visit.state, Attract | OutOfService)


def _following(visit: Visit, rules: Rules) -> Attract | Identify:
    """What the next visitor finds: in a queue somebody stands there already."""
    return Identify() if rules.queues and not isinstance(visit.state, Identify) else Attract()


def _end(visit: Visit, state: Attract | Identify | OutOfService, *, now: float, rules: Rules) -> Visit:
    return Visit(
        state,
        heard_at=now,
        language=rules.language,
        display=rules.display,
        printer=visit.printer,
        readers=visit.readers,
        ticket=visit.ticket,
        guesses=visit.guesses,
        around=visit.around,
    )


def _enter(visit: Visit, state: State, *, now: float) -> Visit:
    """The visit in `state`; a state of another kind counts as a sign of life, so that it can be read in peace."""
    if state == visit.state:
        return visit
    return replace(visit, state=state, heard_at=visit.heard_at if type(state) is type(visit.state) else now)


def _through(visit: Visit, change: Callable[[Moment], Moment]) -> State:
    """`change` applied beneath the idle warning, which stays."""
    if isinstance(visit.state, StillThere):
        return replace(visit.state, under=change(visit.state.under))
    return change(visit.state)


def _held(visit: Visit, *, now: float) -> Visit:
    """The visit while the voice still speaks: no time counts meanwhile, not even that of the idle warning."""
    if isinstance(visit.state, StillThere):
        return replace(visit, state=replace(visit.state, asked_at=now))
    return replace(visit, heard_at=now)


def _tick(visit: Visit, *, now: float, rules: Rules) -> Visit:
    if _is_left(visit, now=now, rules=rules):
        return _end(visit, Attract(), now=now, rules=rules)
    waited = now - visit.heard_at
    match visit.state:
        case StillThere(asked_at=asked_at) as warning:
            left = ceil(rules.answer_s - (now - asked_at))
            if left <= 0:
                return _end(visit, Attract(), now=now, rules=rules)
            return replace(visit, state=replace(warning, seconds_left=left))
        case LookingUp(ticket=ticket):
            lost = ServiceWasAway(ticket, Trouble.FAILED)
            return step(visit, lost, now=now, rules=rules) if waited >= rules.look_up_limit_s else visit
        case Printing(ticket=ticket):
            silent = PrintAdvanced(ticket, JobState.UNKNOWN, PrinterHealth.SILENT)
            return step(visit, silent, now=now, rules=rules) if waited >= rules.print_limit_s else visit
        case TakeReceipt(taken=taken):
            limit = rules.taken_s if taken else rules.thanks_after_s
            return _end(visit, _following(visit, rules), now=now, rules=rules) if waited >= limit else visit
        case Attract():
            return visit
        case OutOfService():
            if waited < rules.warn_after_s * visit.patience:
                return visit
            return replace(visit, language=rules.language, display=rules.display)
        case NotFound() | NotIssuedYet() | ServiceAway() | PrintFailed():
            limit = rules.fault_after_s
        case _:
            limit = rules.warn_after_s
    if waited < limit * visit.patience:
        return visit
    warning = StillThere(visit.state, now, ceil(rules.answer_s))
    return replace(visit, state=warning, display=visit.display.closed)


def _is_left(visit: Visit, *, now: float, rules: Rules) -> bool:
    """Whether nobody has been near for a while; whoever the switch does not see is still felt by touch."""
    left_at = visit.around.left_at
    if left_at is None or _rests(visit) or isinstance(visit.moment, Printing):
        return False
    return now - max(left_at, visit.heard_at) >= rules.gone_after_s


def _count_guess(visit: Visit, event: Answer, *, now: float, rules: Rules) -> Visit:
    match visit.moment, event:
        case LookingUp(ticket=asked, typed=number), AccountUnknown(ticket=told) if asked == told and number:
            recent = tuple(at for at in visit.guesses if now - at < rules.guess_window_s)
            return replace(visit, guesses=(*recent, now))
    return visit


def _acted(visit: Visit, event: Event, *, now: float, rules: Rules) -> Visit:
    """The visit after a person did something; whatever meant something is a sign of life."""
    match visit.state, event:
        case StillThere(under=under), MoreTimeAsked():
            return replace(visit, state=under, heard_at=now)
        case _, LanguageChosen(language) if language in rules.languages:
            return replace(_begun(visit), language=language, display=visit.display.closed, heard_at=now)
        case StillThere(), (SpeechChosen() | HidingChosen()) as wish:
            return replace(visit, display=visit.display.after(wish))
        case _, wish if isinstance(wish, Wish):
            return replace(_begun(visit), display=visit.display.after(wish), heard_at=now)
        case ((StillThere() | OutOfService()), _):
            return visit
        case Attract(), Touched():
            return replace(visit, state=Identify(), heard_at=now)
        case _, Touched():
            return replace(visit, heard_at=now)
        case EnterNumber(), NumberConfirmed():
            moved = _confirmed(visit, visit.state, now=now, rules=rules)
        case _, Identified(account) if visit.listens:
            moved = _look_up(visit, account)
        case ServiceAway(account=account, typed=number), RetryRequested():
            moved = _look_up(visit, account, typed=number)
        case ((ShowBill() as bill), PrintRequested()) if may_print(visit, rules):
            moved = _print(visit, bill)
        case PrintFailed(bill=bill, outcome=outcome), RetryRequested() if (
            outcome is not JobState.HELD and may_print(visit, rules)
        ):
            moved = _print(visit, bill)
        case _:
            moved = replace(visit, state=_chosen(visit, event))
    return visit if moved == visit else replace(moved, heard_at=now)


def _begun(visit: Visit) -> Visit:
    """The visit of somebody who changes how the first screen is shown: they are here."""
    return replace(visit, state=Identify()) if isinstance(visit.state, Attract) else visit


def _chosen(visit: Visit, event: Event) -> State:
    """Where a button leads that needs nothing but the state it was pressed in."""
    match visit.state, event:
        case ((Identify() | PresentCard() | NotFound()), NumberChosen()):
            return EnterNumber()
        case ((Identify() | EnterNumber() | NotFound()), CardChosen()) if visit.readers:
            return PresentCard()
        case _, CardRejected(reason) if visit.listens:
            return PresentCard(reason)
        case ((EnterNumber() as state), (DigitTyped() | DigitDeleted() | DigitsCleared() as key)):
            return typed(state, key)
        case NotFound(typed=number), RetryRequested():
            return EnterNumber(number)
        case NotIssuedYet(previous=CurrentBill() as previous), PreviousBillRequested():
            return ShowBill(previous, visit.ticket, awaits_issue=True)
        case ((ShowBill() as bill), DetailsToggled()):
            return replace(bill, details=not bill.details)
        case ((ShowBill() as bill), AppLinkRequested()):
            return ShowAppLink(bill)
        case PrintFailed(bill=bill), AppLinkRequested():
            return ShowAppLink(bill)
        case _, BackPressed():
            return _back(visit.state)
    return visit.state


def _back(state: State) -> State:
    match state:
        case Identify():
            return Attract()
        case (
            EnterNumber() | PresentCard() | LookingUp() | NotFound() | NotIssuedYet() | ServiceAway() | ShowBill()
        ):
            return Identify()
        case ShowAppLink(bill) | TakeReceipt(bill=bill) | PrintFailed(bill=bill):
            return bill
    return state


def _confirmed(visit: Visit, state: EnterNumber, *, now: float, rules: Rules) -> Visit:
    if not is_complete(state.typed):
        return visit
    if is_payment_card(state.typed):
        return replace(visit, state=refuse(state, NumberProblem.PAYMENT_CARD))
    if must_wait(visit, now=now, rules=rules):
        return replace(visit, state=refuse(state, NumberProblem.TOO_MANY))
    return _look_up(visit, AccountNumber(state.typed), typed=state.typed)


def _look_up(visit: Visit, account: AccountNumber, *, typed: str = "") -> Visit:
    ticket = visit.ticket + 1
    return replace(visit, state=LookingUp(account, ticket, typed), ticket=ticket)


def _print(visit: Visit, bill: ShowBill) -> Visit:
    ticket = visit.ticket + 1
    printing = Printing(replace(bill, copies=bill.copies + 1), ticket)
    return replace(visit, state=printing, ticket=ticket, prints=visit.prints + 1)
