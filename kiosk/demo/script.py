"""The scripted visits of the demo without a display: every screen once, by a finger that presses what it sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from devices.printer import JobState
from kiosk.demo.stand import Stand
from kiosk.visit import Visit
from kiosk.visit.events import TerminalClosed, TerminalOpened
from kiosk.visit.states import (
    Asking,
    Attract,
    ChooseAccount,
    ChooseProof,
    Consent,
    EnterCode,
    EnterMobile,
    EnterNumber,
    Help,
    Identify,
    LookingUp,
    More,
    NotFound,
    NotIssuedYet,
    OutOfService,
    PresentCard,
    PresentProof,
    PrintFailed,
    Printing,
    ServiceAway,
    ShowAppLink,
    ShowBill,
    State,
    StillThere,
    TakeReceipt,
    WishDone,
    WishRefused,
)
from kiosk.wishes import mobile_of

NOBODYS = "99999999"
"""A well-formed account number that no invented subscriber has."""

MOBILE = "551234567"
"""An invented subscriber's, typed as many do."""

_UNSENT = (JobState.QUEUED, JobState.PREFLIGHT, JobState.SENDING)

WORKED, NOT_ISSUED = 0, 3
"""Places of the worked bills A and D among the service's accounts."""


@dataclass(frozen=True, slots=True)
class Step:
    """Wait until the visit is `ready`, keep a picture under `picture` (empty: none), then `act`.

    `act` says whether the visit will change by it; if not, the next step follows at once. `timing` names the time
    that has passed since the act before.
    """

    ready: Callable[[Visit], bool]
    act: Callable[[], bool]
    picture: str = ""
    timing: str = ""


def visits(stand: Stand) -> Iterator[Step]:
    """All the steps, in order; each is asked for when the one before has been done."""
    yield from _by_number(stand)
    yield from _by_card(stand)
    yield from _with_a_mobile(stand)
    yield from _without_a_bill(stand)
    yield from _service_killed(stand)
    yield from _left_alone(stand)


def _by_number(stand: Stand) -> Iterator[Step]:
    yield Step(_at(Attract), stand.pressing("start"), "attract")
    yield Step(_at(Identify), stand.pressing("by_number"), "identify")
    yield from _typing(stand, stand.accounts[WORKED])
    yield Step(_typed(stand.accounts[WORKED]), stand.slowly("confirm"), "keypad")
    yield Step(_at(LookingUp), stand.service_answers, "looking_up")
    yield Step(_fresh, stand.pressing("details"), "bill")
    yield Step(_with_details, stand.pressing("app"), "bill_details")
    yield Step(_at(ShowAppLink), stand.pressing("back"), "app")
    yield Step(_at(ShowBill), stand.pressing("print"))
    yield Step(_sent, stand.watching, "printing", "receipt_sent")
    yield Step(_at(TakeReceipt), stand.pressing("finish"), "take_receipt")


def _by_card(stand: Stand) -> Iterator[Step]:
    yield Step(_at(Attract), stand.pressing("start"))
    yield Step(_at(Identify), stand.pressing("by_card"))
    yield Step(_at(PresentCard), stand.presents_bank_card, "card")
    yield Step(_rejected, stand.presents_card(stand.accounts[WORKED]), "card_refused")
    yield Step(_at(ShowBill), stand.pressing("finish"), timing="bill_shown")


def _with_a_mobile(stand: Stand) -> Iterator[Step]:
    """A mobile is registered, which needs a proof; it names another account, and that one's bill is sent."""
    yield from _start_typing(stand, stand.accounts[WORKED])
    yield Step(_fresh, stand.pressing("more"))
    yield Step(_at(More), stand.pressing("help"), "more")
    yield Step(_at(Help), stand.pressing("back"), "help")
    yield Step(_at(More), stand.pressing("mobile"))
    yield Step(_at(Consent), stand.pressing("agree"), "consent")
    yield from _typing(stand, MOBILE)
    yield Step(_typed(MOBILE), stand.pressing("confirm"), "mobile")
    yield Step(_at(ChooseProof), stand.pressing("by_id"), "proof")
    yield Step(_at(PresentProof), stand.slowly("by_code"), "proof_card")
    yield Step(_at(Asking), stand.service_answers, "asking")
    yield Step(_at(EnterCode), stand.leaving)
    yield from _confirming(stand)
    yield Step(_awaits_code_for(MOBILE), stand.leaving)
    yield from _confirming(stand, "code")
    yield Step(_at(WishDone), stand.pressing("bill"), "wish_done")
    yield Step(_at(ShowBill), stand.pressing("more"), "bill_proven")
    yield Step(_at(More), stand.pressing("accounts"))
    yield Step(_at(ChooseAccount), stand.pressing("account_2"), "accounts")
    yield Step(_at(ShowBill), stand.pressing("more"), "bill_other_account")
    yield Step(_at(More), stand.pressing("send_sms"))
    yield Step(_at(WishDone), stand.pressing("finish"), "wish_done_sent")


def _confirming(stand: Stand, picture: str = "") -> Iterator[Step]:
    code = stand.service.code_sent()
    yield from _typing(stand, code)
    yield Step(_typed(code), stand.pressing("confirm"), picture)


def _without_a_bill(stand: Stand) -> Iterator[Step]:
    yield from _start_typing(stand, NOBODYS)
    yield Step(_at(NotFound), stand.pressing("finish"), "not_found")
    yield from _start_typing(stand, stand.accounts[NOT_ISSUED])
    yield Step(_at(NotIssuedYet), stand.pressing("finish"), "not_issued")


def _service_killed(stand: Stand) -> Iterator[Step]:
    yield Step(_at(Attract), stand.service_dies)
    yield from _start_typing(stand, stand.accounts[WORKED])
    yield Step(_stored, stand.out_of_paper, "bill_stored")
    yield Step(_fit_to_print(False), stand.paper_in, "bill_no_paper")
    yield Step(_fit_to_print(True), stand.print_and_tear("print"))
    yield Step(_at(PrintFailed), stand.pressing("bill"), "print_failed")
    yield Step(_at(ShowBill), stand.pressing("more"))
    yield Step(_at(More), stand.pressing("send_sms"))
    yield Step(_at(WishDone), stand.pressing("bill"), "wish_done_kept")
    yield Step(_at(ShowBill), stand.pressing("more"))
    yield Step(_at(More), stand.pressing("prove"))
    yield Step(_at(ChooseProof), stand.pressing("by_code"))
    yield Step(_at(WishRefused), stand.pressing("finish"), "wish_refused")
    yield from _start_typing(stand, NOBODYS)
    yield Step(_at(ServiceAway), stand.pressing("finish"), "service_away")


def _left_alone(stand: Stand) -> Iterator[Step]:
    yield Step(_at(Attract), stand.pressing("start"))
    yield Step(_at(Identify), stand.walks_away)
    yield Step(_at(StillThere), stand.pressing("more_time"), "still_there")
    yield Step(_at(Identify), stand.sending(TerminalClosed()))
    yield Step(_at(OutOfService), stand.sending(TerminalOpened()), "out_of_service")
    yield Step(_at(Attract), stand.leaving)


def _start_typing(stand: Stand, number: str) -> Iterator[Step]:
    yield Step(_at(Attract), stand.pressing("start"))
    yield Step(_at(Identify), stand.pressing("by_number"))
    yield from _typing(stand, number)
    yield Step(_typed(number), stand.pressing("confirm"))


def _typing(stand: Stand, number: str) -> Iterator[Step]:
    for place, digit in enumerate(number):
        yield Step(_typed(number[:place]), stand.pressing(f"digit_{digit}"))


def _at(kind: type[State]) -> Callable[[Visit], bool]:
    return lambda visit: isinstance(visit.state, kind)


def _typed(number: str) -> Callable[[Visit], bool]:
    pads = EnterNumber | EnterMobile | EnterCode
    return lambda visit: isinstance(visit.state, pads) and visit.state.typed == number


def _awaits_code_for(mobile: str) -> Callable[[Visit], bool]:
    return lambda visit: isinstance(visit.state, EnterCode) and visit.state.mobile == mobile_of(mobile)


def _fresh(visit: Visit) -> bool:
    return isinstance(visit.state, ShowBill) and not visit.state.refreshing and visit.state.trouble is None


def _stored(visit: Visit) -> bool:
    return isinstance(visit.state, ShowBill) and visit.state.trouble is not None


def _sent(visit: Visit) -> bool:
    return isinstance(visit.state, Printing) and visit.state.progress not in _UNSENT


def _with_details(visit: Visit) -> bool:
    return isinstance(visit.state, ShowBill) and visit.state.details


def _rejected(visit: Visit) -> bool:
    return isinstance(visit.state, PresentCard) and visit.state.problem is not None


def _fit_to_print(fit: bool) -> Callable[[Visit], bool]:
    return lambda visit: isinstance(visit.state, ShowBill) and visit.printer.can_print is fit
