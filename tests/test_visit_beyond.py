"""What a subscriber does beyond the bill: wishes, codes, proofs, other accounts; each visit told as events."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from devices.card_reader import Rejection
from devices.printer import JobState, PrinterHealth
from kiosk.model import AccountNumber, Category
from kiosk.visit import Visit, may_print, must_wait, step
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
    AccountUnknown,
    AppLinkRequested,
    BackPressed,
    BillRefreshed,
    CardRejected,
    DigitDeleted,
    DigitsCleared,
    DigitTyped,
    Event,
    Finished,
    Identified,
    IdPresented,
    MoreTimeAsked,
    NumberConfirmed,
    PrintAdvanced,
    PrintRequested,
    PrintsRemembered,
    ReadAloud,
    RetryRequested,
    ServiceWasAway,
    StoredBillFound,
    Tick,
    Touched,
    WishAnswered,
)
from kiosk.visit.states import (
    Asking,
    ChooseAccount,
    ChooseProof,
    CodeProblem,
    Consent,
    EnterCode,
    EnterMobile,
    EnterNumber,
    Help,
    Identify,
    LookingUp,
    More,
    NotIssuedYet,
    NumberProblem,
    PresentCard,
    PresentProof,
    ProofProblem,
    ShowAppLink,
    ShowBill,
    StillThere,
    WishDone,
    WishRefused,
)
from kiosk.visit.whole import Person, issued_last
from kiosk.wishes import (
    BillSent,
    Channel,
    CodeSent,
    ConfirmMobile,
    KeepMobile,
    Kept,
    OwnAccount,
    Proved,
    Refusal,
    Refused,
    Registered,
    SendBill,
    SendCode,
    SendMobileCode,
    TryCode,
    TryId,
    mobile_of,
)
from tests.factories import make_bill, make_current
from tests.visits import ACCOUNT, LIVE, NOT_ISSUED, RULES, SEE_IT, SHOWN, STORED, SWIPE_IT, TYPE_IT, play

MOBILE = "0551234567"
SHOP = AccountNumber("10098765432")
HOME_AND_SHOP = (OwnAccount(ACCOUNT, Category.RESIDENTIAL), OwnAccount(SHOP, Category.COMMERCIAL))
PROOF = "p" * 32
SEE_MORE: list[Event] = [*SEE_IT, MoreChosen()]
GIVE_MOBILE: list[Event] = [*SEE_MORE, MobileChosen(), ConsentGiven(), *map(DigitTyped, MOBILE), NumberConfirmed()]
WANT_CODE: list[Event] = [*SEE_MORE, ProofChosen(), CodeWanted()]
HAVE_CODE: list[Event] = [*WANT_CODE, WishAnswered(2, CodeSent("…42", 300.0))]
TRY_CODE: list[Event] = [*HAVE_CODE, *map(DigitTyped, "123456"), NumberConfirmed()]
PROVE: list[Event] = [*TRY_CODE, WishAnswered(3, Proved(PROOF, HOME_AND_SHOP))]


def code(**fields: object) -> EnterCode:
    sent_at = float(len(HAVE_CODE) - 1)
    return replace(EnterCode(SHOWN, "…42", sent_at, 300.0, 30), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("events", "state"),
    [
        pytest.param(SEE_MORE, More(SHOWN), id="more"),
        pytest.param([*SEE_MORE, BackPressed()], SHOWN, id="back to the bill"),
        pytest.param([*SEE_MORE, HelpChosen()], Help(SHOWN), id="help"),
        pytest.param([*SEE_MORE, HelpChosen(), BackPressed()], More(SHOWN), id="back from help"),
        pytest.param([Touched(), HelpChosen()], Help(Identify()), id="help before a bill"),
        pytest.param([Touched(), HelpChosen(), BackPressed()], Identify(), id="back from help before a bill"),
        pytest.param([*SEE_MORE, AnotherAccount()], Identify(), id="another account"),
        pytest.param(
            [*SEE_MORE, SendingChosen(Channel.SMS)], Asking(SHOWN, SendBill(Channel.SMS), 2), id="the bill by SMS"
        ),
        pytest.param(
            [*SEE_MORE, SendingChosen(Channel.SMS), WishAnswered(2, BillSent("…42"))],
            WishDone(SHOWN, Channel.SMS, "…42"),
            id="sent",
        ),
        pytest.param(
            [*SEE_MORE, SendingChosen(Channel.EMAIL), WishAnswered(2, Kept())],
            WishDone(SHOWN, Channel.EMAIL, is_kept=True),
            id="kept until the network is back",
        ),
        pytest.param(
            [*SEE_MORE, SendingChosen(Channel.EMAIL), WishAnswered(2, Refused(Refusal.NO_CONTACT))],
            WishRefused(SHOWN, SendBill(Channel.EMAIL), Refusal.NO_CONTACT),
            id="nowhere to send it",
        ),
        pytest.param(
            [*SEE_MORE, SendingChosen(Channel.SMS), WishAnswered(2, Refused(Refusal.NO_CONTACT)), MobileChosen()],
            Consent(SHOWN),
            id="a mobile instead",
        ),
        pytest.param(
            [*SEE_MORE, SendingChosen(Channel.SMS), WishAnswered(2, Refused(Refusal.BUSY)), RetryRequested()],
            Asking(SHOWN, SendBill(Channel.SMS), 3),
            id="once more",
        ),
        pytest.param(
            [*SEE_MORE, SendingChosen(Channel.SMS), WishAnswered(2, Refused(Refusal.NO_MORE)), RetryRequested()],
            WishRefused(SHOWN, SendBill(Channel.SMS), Refusal.NO_MORE),
            id="not once more today",
        ),
        pytest.param([*SEE_MORE, SendingChosen(Channel.SMS), BackPressed()], More(SHOWN), id="not waiting for it"),
        pytest.param([*SEE_MORE, MobileChosen()], Consent(SHOWN), id="the words before a mobile"),
        pytest.param([*SEE_MORE, MobileChosen(), ConsentGiven()], EnterMobile(SHOWN), id="consent"),
        pytest.param(GIVE_MOBILE, Asking(SHOWN, SendMobileCode(MOBILE), 2), id="a mobile given"),
        pytest.param(
            [*GIVE_MOBILE, WishAnswered(2, Refused(Refusal.PROOF_NEEDED))],
            ChooseProof(SHOWN, SendMobileCode(MOBILE)),
            id="a proof before another mobile",
        ),
        pytest.param(
            [*GIVE_MOBILE, WishAnswered(2, Refused(Refusal.UNREACHABLE))],
            WishRefused(SHOWN, SendMobileCode(MOBILE), Refusal.UNREACHABLE),
            id="no network for a mobile",
        ),
        pytest.param(
            [*GIVE_MOBILE, WishAnswered(2, Refused(Refusal.UNREACHABLE)), AppLinkRequested()],
            ShowAppLink(SHOWN),
            id="the QR instead",
        ),
        pytest.param(
            [*GIVE_MOBILE, WishAnswered(2, Refused(Refusal.UNREACHABLE)), KeepChosen()],
            Asking(SHOWN, KeepMobile(MOBILE), 3),
            id="the mobile kept for later",
        ),
        pytest.param(WANT_CODE, Asking(SHOWN, SendCode(), 2), id="a code"),
        pytest.param(HAVE_CODE, code(), id="a code was sent"),
        pytest.param([*HAVE_CODE, BackPressed()], ChooseProof(SHOWN), id="back from the code"),
        pytest.param([*HAVE_CODE, CodeWanted()], code(), id="not another code at once"),
        pytest.param([*HAVE_CODE, *map(DigitTyped, "1234567")], code(typed="123456"), id="six digits"),
        pytest.param([*HAVE_CODE, DigitTyped("1"), DigitDeleted()], code(), id="a digit back"),
        pytest.param([*HAVE_CODE, *map(DigitTyped, "123"), DigitsCleared()], code(), id="all digits back"),
        pytest.param(
            [*HAVE_CODE, *map(DigitTyped, "12345"), NumberConfirmed()], code(typed="12345"), id="five are too few"
        ),
        pytest.param(TRY_CODE, Asking(SHOWN, TryCode("123456"), 3, back=code()), id="a code tried"),
        pytest.param(
            [*TRY_CODE, WishAnswered(3, Refused(Refusal.WRONG))],
            code(problem=CodeProblem.WRONG),
            id="a wrong code",
        ),
        pytest.param(
            [*TRY_CODE, WishAnswered(3, Refused(Refusal.NO_MORE))],
            WishRefused(SHOWN, TryCode("123456"), Refusal.NO_MORE),
            id="too many wrong codes",
        ),
        pytest.param(PROVE, SHOWN, id="proved"),
        pytest.param([*PROVE, MoreChosen(), AccountsChosen()], ChooseAccount(SHOWN, HOME_AND_SHOP), id="accounts"),
        pytest.param(
            [*PROVE, MoreChosen(), AccountsChosen(), AccountChosen(SHOP)], LookingUp(SHOP, 4), id="another of them"
        ),
        pytest.param(
            [*PROVE, MoreChosen(), AccountsChosen(), AccountChosen(AccountNumber("99999999"))],
            ChooseAccount(SHOWN, HOME_AND_SHOP),
            id="none but theirs",
        ),
        pytest.param([*PROVE, MoreChosen(), ProofChosen()], More(SHOWN), id="no second proof is asked"),
        pytest.param([*SEE_MORE, AccountsChosen()], More(SHOWN), id="no accounts without a proof"),
        pytest.param([*SEE_MORE, ProofChosen(), IdChosen()], PresentProof(SHOWN), id="an ID"),
        pytest.param(
            [*SEE_MORE, ProofChosen(), IdChosen(), IdPresented("1000000008")],
            Asking(SHOWN, TryId("1000000008"), 2, back=PresentProof(SHOWN)),
            id="an ID presented",
        ),
        pytest.param(
            [
                *SEE_MORE,
                ProofChosen(),
                IdChosen(),
                IdPresented("1000000008"),
                WishAnswered(2, Refused(Refusal.WRONG)),
            ],
            PresentProof(SHOWN, problem=ProofProblem.WRONG_ID),
            id="another person's ID",
        ),
        pytest.param(
            [*SEE_MORE, ProofChosen(), IdChosen(), Identified(SHOP, by_card=True)],
            PresentProof(SHOWN, problem=ProofProblem.OTHER_ACCOUNT),
            id="another account's card",
        ),
        pytest.param(
            [*SEE_MORE, ProofChosen(), IdChosen(), Identified(ACCOUNT)],
            PresentProof(SHOWN, problem=ProofProblem.A_BILL),
            id="a bill proves nothing",
        ),
        pytest.param(
            [*SEE_MORE, ProofChosen(), IdChosen(), CardRejected(Rejection.UNREADABLE)],
            PresentProof(SHOWN, problem=Rejection.UNREADABLE),
            id="an unreadable card",
        ),
        pytest.param(
            [Touched(), IdPresented("1000000008")], PresentCard(Rejection.UNKNOWN_CARD), id="an ID finds no bill"
        ),
    ],
)
def test_beyond_the_bill(events: list[Event], state: object) -> None:
    assert play(events).state == state


def test_a_mobile_is_registered_by_the_code_sent_to_it() -> None:
    asked = play([*GIVE_MOBILE, WishAnswered(2, CodeSent("…67", 300.0)), *map(DigitTyped, "654321")])
    assert isinstance(asked.state, EnterCode) and asked.state.mobile == MOBILE
    tried = play([NumberConfirmed()], asked, now=100.0)
    assert isinstance(tried.state, Asking) and tried.state.wish == ConfirmMobile(MOBILE, "654321")
    done = play([WishAnswered(tried.state.ticket, Registered("…67"))], tried, now=101.0)
    assert done.state == WishDone(SHOWN, None, "…67")
    assert play([BackPressed()], done, now=102.0).state == SHOWN


def test_a_proof_that_a_wish_needed_lets_it_go_on_with_it() -> None:
    asked = play([*GIVE_MOBILE, WishAnswered(2, Refused(Refusal.PROOF_NEEDED)), CodeWanted()])
    proved = play(
        [
            WishAnswered(3, CodeSent("…42", 300.0)),
            *map(DigitTyped, "123456"),
            NumberConfirmed(),
            WishAnswered(4, Proved(PROOF, HOME_AND_SHOP)),
        ],
        asked,
        now=100.0,
    )
    assert proved.state == Asking(SHOWN, SendMobileCode(MOBILE, PROOF), 5)


@pytest.mark.parametrize(
    ("typed", "mobile"),
    [
        ("0551234567", MOBILE),
        ("551234567", MOBILE),
        ("966551234567", MOBILE),
        ("00966551234567", MOBILE),
        ("", ""),
        ("0412345678", ""),
        ("05512345678", ""),
        ("055123456", ""),
    ],
)
def test_a_mobile_is_understood_however_it_is_typed(typed: str, mobile: str) -> None:
    assert mobile_of(typed) == mobile


def test_what_is_no_mobile_is_said_so_and_not_sent() -> None:
    visit = play([*SEE_MORE, MobileChosen(), ConsentGiven(), *map(DigitTyped, "0412345678"), NumberConfirmed()])
    assert visit.state == EnterMobile(SHOWN, "0412345678", is_wrong=True)
    assert play([DigitDeleted()], visit, now=100.0).state == EnterMobile(SHOWN, "041234567")


def test_another_code_can_be_had_after_half_a_minute() -> None:
    visit = play(HAVE_CODE)
    sent_at = visit.heard_at
    later = step(visit, Tick(), now=sent_at + 29.0, rules=RULES)
    assert isinstance(later.state, EnterCode) and later.state.wait_s == 1
    ready = step(later, Tick(), now=sent_at + 30.0, rules=RULES)
    assert isinstance(ready.state, EnterCode) and ready.state.wait_s == 0
    assert step(ready, CodeWanted(), now=sent_at + 31.0, rules=RULES).state == Asking(SHOWN, SendCode(), 3)


def test_a_code_that_has_expired_is_not_tried() -> None:
    visit = play([*HAVE_CODE, *map(DigitTyped, "123456")])
    late = step(visit, NumberConfirmed(), now=len(HAVE_CODE) - 1 + 300.0, rules=RULES)
    assert isinstance(late.state, EnterCode)
    assert (late.state.problem, late.state.typed) == (CodeProblem.EXPIRED, "")


def test_who_proved_is_known_for_the_visit_and_no_longer() -> None:
    proved = play(PROVE)
    assert proved.person == Person(frozenset({ACCOUNT, SHOP}), HOME_AND_SHOP, PROOF)
    assert proved.is_proven
    assert play([Finished()], proved, now=100.0).person == Person()


def test_a_card_proves_by_itself_and_a_scanned_bill_does_not() -> None:
    by_card = play([Identified(ACCOUNT, by_card=True), BillRefreshed(1, LIVE)])
    assert by_card.is_proven
    assert not play([Identified(ACCOUNT), BillRefreshed(1, LIVE)]).is_proven


def test_the_subscriber_s_card_proves_without_the_service() -> None:
    visit = play([*SEE_MORE, ProofChosen(), IdChosen(), Identified(ACCOUNT, by_card=True)])
    assert visit.state == SHOWN
    assert visit.is_proven


def test_a_proof_says_nothing_of_another_s_account() -> None:
    others = make_current(make_bill(number="12345678"))
    visit = play(PROVE)
    visit = play([MoreChosen(), AnotherAccount(), Identified(AccountNumber("12345678"))], visit, now=100.0)
    visit = play([BillRefreshed(visit.ticket, others)], visit, now=110.0)
    assert isinstance(visit.state, ShowBill) and not visit.is_proven


def test_before_a_bill_is_out_a_mobile_can_be_given_for_it() -> None:
    events = [*TYPE_IT, BillRefreshed(1, NOT_ISSUED), MoreChosen()]
    assert play(events).state == More(NotIssuedYet(NOT_ISSUED))
    assert play([*events, SendingChosen(Channel.SMS)]).state == More(NotIssuedYet(NOT_ISSUED))
    assert play([*events, MobileChosen()]).state == Consent(NotIssuedYet(NOT_ISSUED))


def test_a_fresh_bill_arrives_beneath_whatever_lies_over_the_stored_one() -> None:
    waiting = play([*SWIPE_IT, StoredBillFound(1, STORED), MoreChosen(), MobileChosen()])
    assert play([BillRefreshed(1, LIVE)], waiting, now=50.0).state == Consent(SHOWN)
    helped = play([*SWIPE_IT, StoredBillFound(1, STORED), MoreChosen(), HelpChosen()])
    assert play([BillRefreshed(1, LIVE)], helped, now=50.0).state == Help(SHOWN)


def test_the_answer_to_a_wish_of_who_left_is_dropped() -> None:
    gone = play([*SEE_MORE, SendingChosen(Channel.SMS), Finished()])
    assert step(gone, WishAnswered(2, BillSent("…42")), now=50.0, rules=RULES) == gone
    asked_again = play([*SEE_MORE, SendingChosen(Channel.SMS), BackPressed(), SendingChosen(Channel.EMAIL)])
    assert step(asked_again, WishAnswered(2, BillSent("…42")), now=50.0, rules=RULES) == asked_again


def test_a_lost_answer_to_a_wish_becomes_an_honest_screen() -> None:
    asking = play([*SEE_MORE, SendingChosen(Channel.SMS)])
    lost = step(asking, Tick(), now=asking.heard_at + 10.0, rules=RULES)
    assert lost.state == WishRefused(SHOWN, SendBill(Channel.SMS), Refusal.FAILED)


def test_an_answer_beneath_the_idle_warning_waits_for_who_comes_back() -> None:
    asking = play([*SEE_MORE, SendingChosen(Channel.SMS)])
    warned = replace(asking, state=StillThere(asking.moment, asking.heard_at, 20))
    answered = step(warned, WishAnswered(2, BillSent("…42")), now=asking.heard_at + 1, rules=RULES)
    assert answered.state == StillThere(WishDone(SHOWN, Channel.SMS, "…42"), asking.heard_at, 20)


@pytest.mark.parametrize(
    ("events", "waits_s"),
    [
        (SEE_MORE, RULES.warn_after_s),
        (HAVE_CODE, RULES.fault_after_s),
        ([*SEE_MORE, SendingChosen(Channel.SMS), WishAnswered(2, BillSent(""))], RULES.done_after_s),
        ([*SEE_MORE, SendingChosen(Channel.SMS), WishAnswered(2, Refused(Refusal.NO_MORE))], RULES.fault_after_s),
    ],
)
def test_each_state_has_its_own_patience(events: list[Event], waits_s: float) -> None:
    visit = play(events)
    assert not isinstance(step(visit, Tick(), now=visit.heard_at + waits_s - 0.1, rules=RULES).state, StillThere)
    assert isinstance(step(visit, Tick(), now=visit.heard_at + waits_s, rules=RULES).state, StillThere)


def test_more_time_comes_back_to_the_code() -> None:
    visit = play(HAVE_CODE)
    warned = step(visit, Tick(), now=visit.heard_at + RULES.fault_after_s, rules=RULES)
    back = step(warned, MoreTimeAsked(), now=200.0, rules=RULES)
    assert isinstance(back.state, EnterCode)


def test_a_voice_does_not_put_off_an_answer_that_is_lost() -> None:
    asking = play([*SEE_MORE, SendingChosen(Channel.SMS)])
    spoken = step(asking, ReadAloud(), now=asking.heard_at + 9.0, rules=RULES)
    assert isinstance(step(spoken, Tick(), now=asking.heard_at + 10.0, rules=RULES).state, WishRefused)


def printed(visit: Visit, *, now: float) -> Visit:
    visit = step(visit, PrintRequested(), now=now, rules=RULES)
    visit = step(visit, PrintAdvanced(visit.ticket, JobState.CUT, confirmed=True), now=now, rules=RULES)
    return step(visit, BackPressed(), now=now, rules=RULES)


def test_receipts_are_limited_for_each_account_of_a_visit() -> None:
    visit = printed(printed(play(PROVE), now=50.0), now=60.0)
    assert not may_print(visit, RULES)
    shop = make_current(make_bill(number=SHOP.digits))
    visit = play([MoreChosen(), AccountsChosen(), AccountChosen(SHOP)], visit, now=70.0)
    visit = play([BillRefreshed(visit.ticket, shop)], visit, now=80.0)
    assert may_print(visit, RULES)
    back = play([MoreChosen(), AccountsChosen(), AccountChosen(ACCOUNT)], visit, now=90.0)
    assert not may_print(play([BillRefreshed(back.ticket, LIVE)], back, now=95.0), RULES)


def test_receipts_of_a_day_count_over_visits() -> None:
    visit = play(SWIPE_IT)
    visit = play([PrintsRemembered(1, RULES.prints_a_day - 1), BillRefreshed(1, LIVE)], visit, now=10.0)
    assert may_print(visit, RULES)
    assert not may_print(printed(visit, now=20.0), RULES)
    assert step(visit, PrintsRemembered(7, 99), now=30.0, rules=RULES) == visit


def test_numbers_that_nothing_can_be_said_of_are_limited_too() -> None:
    visit = Visit(printer=PrinterHealth.READY)
    for turn in range(RULES.misses):
        visit = play([*TYPE_IT], visit, now=turn * 20.0)
        assert isinstance(visit.state, LookingUp)
        visit = play([ServiceWasAway(visit.ticket), Finished()], visit, now=turn * 20.0 + 15)
    now = RULES.misses * 20.0
    assert must_wait(visit, now=now, rules=RULES)
    refused = play(TYPE_IT, visit, now=now)
    assert isinstance(refused.state, EnterNumber) and refused.state.problem is NumberProblem.TOO_MANY
    assert not must_wait(visit, now=now + RULES.guess_window_s, rules=RULES)


def test_asking_again_for_the_same_account_is_no_second_miss() -> None:
    visit = play([*TYPE_IT, ServiceWasAway(1), RetryRequested(), ServiceWasAway(2)])
    assert len(visit.misses) == 1
    assert len(play([*TYPE_IT, AccountUnknown(1)]).misses) == 0


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2026, 8, 27), date(2026, 7, 28)),
        (date(2026, 8, 28), date(2026, 8, 28)),
        (date(2026, 8, 31), date(2026, 8, 28)),
        (date(2026, 1, 1), date(2025, 12, 28)),
        (date(2026, 3, 1), date(2026, 2, 28)),
    ],
)
def test_bills_were_issued_last_on_a_28th(day: date, last: date) -> None:
    assert issued_last(day) == last


def test_secrets_are_in_no_repr() -> None:
    for visit in (play(PROVE), play(TRY_CODE), play([*GIVE_MOBILE, WishAnswered(2, CodeSent("…67", 300.0))])):
        told = repr(visit)
        for secret in (PROOF, "123456", MOBILE, "…42", "…67"):
            assert secret not in told
    for event in (IdPresented("1000000008"), WishAnswered(1, Proved(PROOF, HOME_AND_SHOP))):
        assert "1000000008" not in repr(event) and PROOF not in repr(event)
