"""What a subscriber wants beyond the bill: where each choice leads, and what the service's answer changes.

A choice that needs the service becomes `Asking`, with a new ticket; the controller asks, and `wish_answered` takes
what came of it. The answer to who has left finds no ticket and is dropped.
"""

from __future__ import annotations

from dataclasses import replace

from devices.card_reader import Rejection
from kiosk.visit.choices import (
    AccountChosen,
    AccountsChosen,
    AnotherAccount,
    CodeWanted,
    ConsentGiven,
    HelpChosen,
    IdChosen,
    KeepChosen,
    MobileChosen,
    MoreChosen,
    ProofChosen,
    SendingChosen,
)
from kiosk.visit.events import (
    AppLinkRequested,
    CardRejected,
    DigitDeleted,
    DigitsCleared,
    DigitTyped,
    Event,
    Identified,
    IdPresented,
    NumberConfirmed,
    RetryRequested,
    WishAnswered,
)
from kiosk.visit.keying import keyed
from kiosk.visit.rules import Rules
from kiosk.visit.states import (
    Asking,
    ChooseAccount,
    ChooseProof,
    CodeProblem,
    Consent,
    EnterCode,
    EnterMobile,
    Help,
    Home,
    Identify,
    Moment,
    More,
    NotIssuedYet,
    PresentProof,
    ProofProblem,
    ShowAppLink,
    ShowBill,
    State,
    StillThere,
    WishDone,
    WishRefused,
)
from kiosk.visit.whole import Person, Visit, looking_up
from kiosk.wishes import (
    CODE_DIGITS,
    MOBILE_DIGITS,
    BillSent,
    CodeSent,
    ConfirmMobile,
    KeepMobile,
    Kept,
    Outcome,
    Proved,
    Refusal,
    Refused,
    Registered,
    SendBill,
    SendCode,
    SendMobileCode,
    TryCode,
    TryId,
    Wish,
    mobile_of,
)

PAGE = 4
"""How many accounts are listed at once."""


def wanted(visit: Visit, event: Event, *, now: float) -> Visit | None:
    """The visit after a choice beyond the bill, or in a state beyond it; None when the event is none of that."""
    match visit.state, event:
        case (((ShowBill() | NotIssuedYet()) as home), MoreChosen()):
            return replace(visit, state=More(home))
        case Identify() as under, HelpChosen():
            return replace(visit, state=Help(under))
        case More(home), _:
            return _from_more(visit, home, event)
        case Consent(home), ConsentGiven():
            return replace(visit, state=EnterMobile(home))
        case EnterMobile() as state, _:
            return _typing_mobile(visit, state, event)
        case EnterCode() as state, _:
            return _typing_code(visit, state, event, now=now)
        case ChooseProof(home, then) | PresentProof(home, then), CodeWanted():
            return _ask(visit, home, SendCode(), then=then)
        case ChooseProof(home, then), IdChosen() if visit.readers:
            return replace(visit, state=PresentProof(home, then))
        case PresentProof() as state, (IdPresented() | Identified() | CardRejected()):
            return _presented(visit, state, event)
        case WishRefused() as state, _:
            return _after_refusal(visit, state, event)
        case ChooseAccount(home, accounts, first), AccountsChosen():
            return replace(visit, state=ChooseAccount(home, accounts, (first + PAGE) % _pages(len(accounts))))
        case ChooseAccount(accounts=accounts), AccountChosen(account):
            known = any(own.number == account for own in accounts)
            return looking_up(visit, account) if known else visit
    return None


def wish_answered(visit: Visit, event: WishAnswered, *, now: float, rules: Rules) -> Visit:
    """The visit after the answer to its wish; unchanged for any other."""
    asking = visit.moment
    if not isinstance(asking, Asking) or asking.ticket != event.ticket:
        return visit
    outcome = event.outcome
    if isinstance(outcome, Proved):
        moved = _proven(visit, asking, outcome)
    else:
        moved = _settled(visit, _answer(asking, outcome, now=now, rules=rules))
    return replace(moved, heard_at=now)


def back_from(state: State) -> State | None:
    """Where the way back leads from a state beyond the bill; None for any other."""
    match state:
        case More(home):
            return home
        case Help(under):
            return under if isinstance(under, Identify) else More(under)
        case EnterMobile(home):
            return Consent(home)
        case PresentProof(home, then) | EnterCode(home, then=then, mobile=""):
            return ChooseProof(home, then)
        case EnterCode(home, mobile=mobile):
            return EnterMobile(home, mobile)
        case Consent(home) | ChooseProof(home) | Asking(home) | WishRefused(home) | ChooseAccount(home):
            return More(home)
        case WishDone(home):
            return home
    return None


def _from_more(visit: Visit, home: Home, event: Event) -> Visit | None:
    match event:
        case SendingChosen(channel) if isinstance(home, ShowBill):
            return _ask(visit, home, SendBill(channel))
        case MobileChosen():
            return replace(visit, state=Consent(home))
        case ProofChosen() if not visit.is_proven:
            return replace(visit, state=ChooseProof(home))
        case AccountsChosen() if len(visit.person.accounts) > 1:
            return replace(visit, state=ChooseAccount(home, visit.person.accounts))
        case AnotherAccount():
            return replace(visit, state=Identify())
        case HelpChosen():
            return replace(visit, state=Help(home))
    return None


def _typing_mobile(visit: Visit, state: EnterMobile, event: Event) -> Visit | None:
    match event:
        case DigitTyped() | DigitDeleted() | DigitsCleared():
            typed = keyed(state.typed, event, most=MOBILE_DIGITS)
            return replace(visit, state=EnterMobile(state.home, typed))
        case NumberConfirmed():
            mobile = mobile_of(state.typed)
            if not mobile:
                return replace(visit, state=replace(state, is_wrong=bool(state.typed)))
            return _ask(visit, state.home, SendMobileCode(mobile, visit.person.proof))
    return None


def _typing_code(visit: Visit, state: EnterCode, event: Event, *, now: float) -> Visit | None:
    match event:
        case DigitTyped() | DigitDeleted() | DigitsCleared():
            typed = keyed(state.typed, event, most=CODE_DIGITS)
            return replace(visit, state=replace(state, typed=typed, problem=None))
        case NumberConfirmed() if len(state.typed) == CODE_DIGITS:
            if now - state.sent_at >= state.valid_s:
                return replace(visit, state=replace(state, typed="", problem=CodeProblem.EXPIRED))
            wish = ConfirmMobile(state.mobile, state.typed) if state.mobile else TryCode(state.typed)
            return _ask(visit, state.home, wish, back=replace(state, typed=""), then=state.then)
        case CodeWanted() if state.wait_s == 0:
            again = SendMobileCode(state.mobile, visit.person.proof) if state.mobile else SendCode()
            return _ask(visit, state.home, again, then=state.then)
    return None


def _presented(visit: Visit, state: PresentProof, event: IdPresented | Identified | CardRejected) -> Visit:
    """What a card or an ID at the reader proves; a card proves by itself, also without the service."""
    match event:
        case IdPresented(number):
            return _ask(visit, state.home, TryId(number), back=replace(state, problem=None), then=state.then)
        case Identified(account, by_card=True) if account == visit.account:
            person = replace(visit.person, proven=visit.person.proven | {account})
            return _go_on(replace(visit, person=person), state.home, state.then)
        case Identified(by_card=by_card):
            problem = ProofProblem.OTHER_ACCOUNT if by_card else ProofProblem.A_BILL
            return replace(visit, state=replace(state, problem=problem))
        case CardRejected(Rejection.REPEATED):
            return visit
        case CardRejected(reason):
            return replace(visit, state=replace(state, problem=reason))


def _after_refusal(visit: Visit, state: WishRefused, event: Event) -> Visit | None:
    match state, event:
        case WishRefused(home, wish, refusal, then), RetryRequested() if is_worth_another_try(refusal):
            return _ask(visit, home, wish, then=then)
        case WishRefused(home, SendMobileCode(mobile), Refusal.UNREACHABLE), KeepChosen():
            return _ask(visit, home, KeepMobile(mobile))
        case WishRefused(home, refusal=Refusal.NO_CONTACT), MobileChosen():
            return replace(visit, state=Consent(home))
        case WishRefused(home=ShowBill() as home, refusal=Refusal.UNREACHABLE), AppLinkRequested():
            return replace(visit, state=ShowAppLink(home))
    return None


def is_worth_another_try(refusal: Refusal) -> bool:
    """Whether the same wish may be fulfilled a moment later."""
    return refusal in (Refusal.UNREACHABLE, Refusal.BUSY, Refusal.FAILED)


def _ask(
    visit: Visit, home: Home, wish: Wish, *, back: EnterCode | PresentProof | None = None, then: Wish | None = None
) -> Visit:
    ticket = visit.ticket + 1
    return replace(visit, state=Asking(home, wish, ticket, back, then), ticket=ticket)


def _proven(visit: Visit, asking: Asking, proved: Proved) -> Visit:
    """The person is known for the rest of the visit, and what the proof was needed for goes on."""
    own = frozenset(own.number for own in proved.accounts) | {asking.home.current.bill.account.number}
    person = Person(visit.person.proven | own, proved.accounts, proved.proof)
    return _go_on(replace(visit, person=person), asking.home, asking.then)


def _go_on(visit: Visit, home: Home, then: Wish | None) -> Visit:
    if isinstance(then, SendMobileCode) and visit.person.proof:
        then = replace(then, proof=visit.person.proof)
    if then is None or isinstance(visit.state, StillThere):
        return _settled(visit, home)
    return _ask(visit, home, then)


def _settled(visit: Visit, state: Moment) -> Visit:
    """The visit in `state`, beneath the idle warning where there is one."""
    if isinstance(visit.state, StillThere):
        return replace(visit, state=replace(visit.state, under=state))
    return replace(visit, state=state)


def _answer(asking: Asking, outcome: Outcome, *, now: float, rules: Rules) -> Moment:
    home, wish = asking.home, asking.wish
    match outcome, wish:
        case BillSent(hint), SendBill(channel):
            return WishDone(home, channel, hint)
        case Kept(), SendBill(channel):
            return WishDone(home, channel, is_kept=True)
        case Kept(), _:
            return WishDone(home, None, is_kept=True)
        case Registered(hint), _:
            return WishDone(home, None, hint)
        case CodeSent(hint, valid_s), _:
            mobile = wish.mobile if isinstance(wish, SendMobileCode) else ""
            wait_s = int(rules.resend_s)
            return EnterCode(home, hint, now, valid_s, wait_s, mobile=mobile, then=asking.then)
        case Refused(Refusal.WRONG), _ if isinstance(asking.back, EnterCode):
            return replace(asking.back, home=home, problem=CodeProblem.WRONG)
        case Refused(Refusal.WRONG), _ if isinstance(asking.back, PresentProof):
            return replace(asking.back, home=home, problem=ProofProblem.WRONG_ID)
        case Refused(Refusal.PROOF_NEEDED), _:
            return ChooseProof(home, then=wish)
        case Refused(refusal), _:
            return WishRefused(home, wish, refusal, asking.then)
    return WishRefused(home, wish, Refusal.FAILED, asking.then)


def _pages(count: int) -> int:
    """Where the list begins anew, for so many accounts."""
    return -(-count // PAGE) * PAGE
