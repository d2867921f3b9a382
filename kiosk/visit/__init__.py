"""A subscriber's visit, pure: what the terminal shows next after something happened.

`step` is the whole of it. It never raises, an event that means nothing in the present state changes nothing,
and from every state the visit finds back to `Attract` by itself, where nothing of the subscriber is left.
"""

from __future__ import annotations

from dataclasses import replace

from devices.card_reader import ReaderHealth, Rejection
from devices.printer import JobState
from kiosk.model import AccountNumber, CurrentBill
from kiosk.visit.answers import Answer, answered, paper_moved
from kiosk.visit.display import HidingChosen, SpeechChosen, Wish
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
    IdPresented,
    LanguageChosen,
    MoreTimeAsked,
    NumberChosen,
    NumberConfirmed,
    PowerChanged,
    PreviousBillRequested,
    PrintAdvanced,
    PrinterChanged,
    PrintRequested,
    PrintsRemembered,
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
    WishAnswered,
)
from kiosk.visit.keying import is_complete, is_payment_card, refuse, typed
from kiosk.visit.rules import Rules
from kiosk.visit.states import (
    Attract,
    EnterNumber,
    Identify,
    LookingUp,
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
)
from kiosk.visit.surroundings import DOOR, POWER
from kiosk.visit.waiting import held, ticked
from kiosk.visit.wanting import back_from, wanted, wish_answered
from kiosk.visit.whole import (
    Person,
    Visit,
    ended,
    entered,
    following,
    looking_up,
    may_print,
    must_wait,
    prints_left,
    through,
)

__all__ = ["Person", "Rules", "Visit", "may_print", "must_wait", "prints_left", "step"]

_CAN_READ = (ReaderHealth.ONLINE, ReaderHealth.BUSY)


def step(visit: Visit, event: Event, *, now: float, rules: Rules) -> Visit:
    """The visit after `event` at monotonic time `now`. Never raises; unchanged when the event means nothing."""
    moved = _stepped(visit, event, now=now, rules=rules)
    why = moved.around.forbids(paper_moves=isinstance(moved.moment, Printing))
    if why and not isinstance(moved.state, OutOfService):
        return ended(moved, OutOfService(why), now=now, rules=rules)
    if moved.around != visit.around and not why and moved.state in (OutOfService(DOOR), OutOfService(POWER)):
        return ended(moved, Attract(), now=now, rules=rules)
    return moved


def _stepped(visit: Visit, event: Event, *, now: float, rules: Rules) -> Visit:
    match event:
        case Tick():
            return ticked(visit, now=now, rules=rules)
        case Finished():
            return visit if _rests(visit) else ended(visit, following(visit, rules), now=now, rules=rules)
        case BackPressed() if isinstance(visit.state, Identify):
            return ended(visit, Attract(), now=now, rules=rules)
        case TerminalClosed(code):
            return ended(visit, OutOfService(code), now=now, rules=rules)
        case TerminalOpened():
            closed = isinstance(visit.state, OutOfService)
            return ended(visit, Attract(), now=now, rules=rules) if closed else visit
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
            return held(visit, now=now)
        case StoredBillFound() | BillRefreshed() | AccountUnknown() | ServiceWasAway():
            visit = _count_guess(visit, event, now=now, rules=rules)
            return entered(visit, through(visit, lambda moment: answered(moment, event)), now=now)
        case WishAnswered():
            return wish_answered(visit, event, now=now, rules=rules)
        case PrintsRemembered(ticket, prints):
            return replace(visit, printed_before=prints) if ticket == visit.ticket else visit
        case PrintAdvanced():
            return entered(visit, through(visit, lambda moment: paper_moved(moment, event)), now=now)
    return _acted(visit, event, now=now, rules=rules)


def _rests(visit: Visit) -> bool:
    return isinstance(visit.state, Attract | OutOfService)


def _count_guess(visit: Visit, event: Answer, *, now: float, rules: Rules) -> Visit:
    match visit.moment, event:
        case LookingUp(ticket=asked, typed=number), AccountUnknown(ticket=told) if asked == told and number:
            return replace(visit, guesses=_counted(visit.guesses, now, rules))
        case (
            LookingUp(ticket=asked, typed=number, fallback=None, is_again=False),
            ServiceWasAway(ticket=told),
        ) if asked == told and number:
            return replace(visit, misses=_counted(visit.misses, now, rules))
    return visit


def _counted(moments: tuple[float, ...], now: float, rules: Rules) -> tuple[float, ...]:
    return (*(at for at in moments if now - at < rules.guess_window_s), now)


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
        case _, _ if (moved_on := wanted(visit, event, now=now)) is not None:
            moved = moved_on
        case _, Identified(account, by_card) if visit.listens:
            moved = _identified(visit, account, by_card=by_card)
        case ServiceAway(account=account, typed=number), RetryRequested():
            moved = looking_up(visit, account, typed=number, is_again=True)
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
        case _, IdPresented() if visit.listens:
            return PresentCard(Rejection.UNKNOWN_CARD)
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
    return back_from(state) or state


def _confirmed(visit: Visit, state: EnterNumber, *, now: float, rules: Rules) -> Visit:
    if not is_complete(state.typed):
        return visit
    if is_payment_card(state.typed):
        return replace(visit, state=refuse(state, NumberProblem.PAYMENT_CARD))
    if must_wait(visit, now=now, rules=rules):
        return replace(visit, state=refuse(state, NumberProblem.TOO_MANY))
    return looking_up(visit, AccountNumber(state.typed), typed=state.typed)


def _identified(visit: Visit, account: AccountNumber, *, by_card: bool) -> Visit:
    """The bill of who presented a card or a code; whoever holds the card has proved to be the subscriber."""
    if not by_card:
        return looking_up(visit, account)
    person = replace(visit.person, proven=visit.person.proven | {account})
    return looking_up(replace(visit, person=person), account)


def _print(visit: Visit, bill: ShowBill) -> Visit:
    ticket = visit.ticket + 1
    printing = Printing(replace(bill, copies=bill.copies + 1), ticket)
    return replace(
        visit, state=printing, ticket=ticket, printed=(*visit.printed, bill.current.bill.account.number)
    )
