"""Visits told as lists of events; each ends in an equality on the state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.card_reader import ReaderHealth, Rejection
from devices.printer import JobState, PrinterHealth
from kiosk.model import AccountNumber
from kiosk.samples import samples
from kiosk.visit import Visit, step
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
    PreviousBillRequested,
    PrintAdvanced,
    PrinterChanged,
    PrintRequested,
    ReaderChanged,
    RetryRequested,
    ServiceWasAway,
    StoredBillFound,
    TerminalClosed,
    TerminalOpened,
    Touched,
)
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
    TakeReceipt,
    Trouble,
)
from tests.visits import (
    ACCOUNT,
    AMEX,
    DIGITS,
    LIVE,
    NOT_ISSUED,
    PRINTED_ONCE,
    READY,
    RULES,
    SEE_IT,
    SHOWN,
    STORED,
    SWIPE_IT,
    TYPE_IT,
    play,
)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        pytest.param([Touched()], Identify(), id="a touch starts"),
        pytest.param([LanguageChosen("en")], Identify(), id="choosing a language starts too"),
        pytest.param([Touched(), NumberChosen()], EnterNumber(), id="by number"),
        pytest.param([Touched(), CardChosen()], PresentCard(), id="by card"),
        pytest.param([*TYPE_IT[:4], DigitDeleted()], EnterNumber("3"), id="one digit back"),
        pytest.param([*TYPE_IT[:9], DigitsCleared()], EnterNumber(), id="all digits back"),
        pytest.param([*TYPE_IT[:-5], NumberConfirmed()], EnterNumber(DIGITS[:7]), id="seven digits are too few"),
        pytest.param(TYPE_IT, LookingUp(ACCOUNT, 1, DIGITS), id="a number is looked up"),
        pytest.param([*TYPE_IT, BillRefreshed(1, LIVE)], SHOWN, id="the service answers"),
        pytest.param(
            [*TYPE_IT, StoredBillFound(1, STORED)],
            ShowBill(STORED, 1, refreshing=True),
            id="a stored bill shows at once",
        ),
        pytest.param(
            [*TYPE_IT, StoredBillFound(1, STORED), BillRefreshed(1, LIVE)], SHOWN, id="the fresh bill replaces it"
        ),
        pytest.param(
            [*TYPE_IT, StoredBillFound(1, STORED), ServiceWasAway(1)],
            ShowBill(STORED, 1, trouble=Trouble.UNREACHABLE),
            id="a stored bill stays when the service is away",
        ),
        pytest.param(
            [*TYPE_IT, StoredBillFound(1, STORED), BillRefreshed(1, NOT_ISSUED)],
            ShowBill(STORED, 1, awaits_issue=True),
            id="the last bill stays while the next is not out",
        ),
        pytest.param([*TYPE_IT, AccountUnknown(1)], NotFound(DIGITS), id="no such account"),
        pytest.param(
            [*TYPE_IT, AccountUnknown(1), RetryRequested()],
            EnterNumber(DIGITS),
            id="the number is kept to correct",
        ),
        pytest.param([*SWIPE_IT, AccountUnknown(1)], NotFound(), id="no such account for a card"),
        pytest.param(
            [*TYPE_IT, StoredBillFound(1, STORED), AccountUnknown(1)], NotFound(), id="the account was closed"
        ),
        pytest.param(
            [*TYPE_IT, ServiceWasAway(1, Trouble.BUSY, "429")],
            ServiceAway(ACCOUNT, Trouble.BUSY, DIGITS, "429"),
            id="no answer and nothing stored",
        ),
        pytest.param(
            [*TYPE_IT, ServiceWasAway(1), RetryRequested()],
            LookingUp(ACCOUNT, 2, DIGITS, is_again=True),
            id="try the service again",
        ),
        pytest.param([*TYPE_IT, BillRefreshed(1, NOT_ISSUED)], NotIssuedYet(NOT_ISSUED), id="not issued yet"),
        pytest.param(
            [*TYPE_IT, BillRefreshed(1, NOT_ISSUED, STORED), PreviousBillRequested()],
            ShowBill(STORED, 1, awaits_issue=True),
            id="the previous bill instead",
        ),
        pytest.param(
            [*TYPE_IT, StoredBillFound(1, NOT_ISSUED, STORED), ServiceWasAway(1)],
            NotIssuedYet(NOT_ISSUED, STORED),
            id="a stored answer that nothing is issued, when the service is away",
        ),
        pytest.param([*SEE_IT, DetailsToggled()], replace(SHOWN, details=True), id="details unfold"),
        pytest.param([*SEE_IT, DetailsToggled(), DetailsToggled()], SHOWN, id="details fold"),
        pytest.param([*SEE_IT, AppLinkRequested()], ShowAppLink(SHOWN), id="the app link"),
        pytest.param([*SEE_IT, AppLinkRequested(), BackPressed()], SHOWN, id="back from the app link"),
        pytest.param([*SEE_IT, BackPressed()], Identify(), id="another account"),
        pytest.param([*SEE_IT, PrintRequested()], Printing(PRINTED_ONCE, 2), id="printing"),
        pytest.param(
            [*SEE_IT, PrintRequested(), PrintAdvanced(2, JobState.SENT)],
            Printing(PRINTED_ONCE, 2, JobState.SENT),
            id="paper moves",
        ),
        pytest.param(
            [*SEE_IT, PrintRequested(), PrintAdvanced(2, JobState.CUT, confirmed=True)],
            TakeReceipt(PRINTED_ONCE, 2),
            id="the receipt is out",
        ),
        pytest.param(
            [*SEE_IT, PrintRequested(), PrintAdvanced(2, JobState.PRESENTED), PrintAdvanced(2, JobState.TAKEN)],
            TakeReceipt(PRINTED_ONCE, 2, taken=True),
            id="the receipt is taken",
        ),
        pytest.param(
            [*SEE_IT, PrintRequested(), PrintAdvanced(2, JobState.REFUSED, "cover_open")],
            PrintFailed(SHOWN, 2, JobState.REFUSED, "cover_open"),
            id="a refused receipt is no copy",
        ),
        pytest.param(
            [*SEE_IT, PrintRequested(), PrintAdvanced(2, JobState.REFUSED, "cover_open"), RetryRequested()],
            Printing(PRINTED_ONCE, 3),
            id="print a refused receipt again",
        ),
        pytest.param(
            [*SEE_IT, PrintRequested(), PrintAdvanced(2, JobState.UNKNOWN, "silent"), RetryRequested()],
            Printing(replace(SHOWN, copies=2), 3),
            id="after a doubt the next receipt is copy two",
        ),
        pytest.param(
            [*SEE_IT, PrintRequested(), PrintAdvanced(2, JobState.HELD, "paper_out"), RetryRequested()],
            PrintFailed(PRINTED_ONCE, 2, JobState.HELD, "paper_out"),
            id="a held receipt is not printed twice",
        ),
        pytest.param(
            [
                *SEE_IT,
                PrintRequested(),
                PrintAdvanced(2, JobState.HELD, "paper_out"),
                PrintAdvanced(2, JobState.PRINTED),
                PrintAdvanced(2, JobState.CUT, confirmed=True),
            ],
            TakeReceipt(PRINTED_ONCE, 2),
            id="a held receipt comes after all",
        ),
        pytest.param(
            [
                *SEE_IT,
                PrintRequested(),
                PrintAdvanced(2, JobState.PRESENTED),
                PrintAdvanced(2, JobState.RETRACTED),
            ],
            PrintFailed(PRINTED_ONCE, 2, JobState.RETRACTED),
            id="a forgotten receipt is drawn back",
        ),
        pytest.param(
            [*SEE_IT, PrintRequested(), PrintAdvanced(2, JobState.CUT, confirmed=True), BackPressed()],
            PRINTED_ONCE,
            id="back to the bill after the receipt",
        ),
        pytest.param(
            [*SEE_IT, PrintRequested(), PrintAdvanced(2, JobState.HELD), AppLinkRequested()],
            ShowAppLink(PRINTED_ONCE),
            id="the phone instead of paper",
        ),
        pytest.param(
            [CardRejected(Rejection.PAYMENT_CARD)], PresentCard(Rejection.PAYMENT_CARD), id="a bank card"
        ),
        pytest.param([*SEE_IT, Finished()], Attract(), id="finish"),
        pytest.param([*SEE_IT, TerminalClosed("door")], OutOfService("door"), id="closed in the middle"),
        pytest.param([TerminalClosed(), Touched(), Finished(), TerminalOpened()], Attract(), id="opened again"),
        pytest.param([TerminalClosed(), Finished()], OutOfService(), id="finish opens no closed terminal"),
    ],
)
def test_a_visit(events: list[Event], state: object) -> None:
    assert play(events).state == state


@pytest.mark.parametrize(
    "late",
    [
        BillRefreshed(7, LIVE),
        StoredBillFound(7, STORED),
        AccountUnknown(7),
        ServiceWasAway(7),
        PrintAdvanced(7, JobState.CUT, confirmed=True),
    ],
)
@pytest.mark.parametrize("name", samples())
def test_an_answer_to_somebody_who_left_changes_nothing(name: str, late: Event) -> None:
    visit = samples()[name]
    assert step(visit, late, now=1.0, rules=RULES) == visit


@pytest.mark.parametrize(
    ("events", "meaningless"),
    [
        ([], DigitTyped("1")),
        ([], PrintRequested()),
        ([Touched()], NumberConfirmed()),
        ([Touched()], MoreTimeAsked()),
        ([Touched()], LanguageChosen("xx")),
        (SEE_IT, Identified(ACCOUNT)),
        (SEE_IT, CardRejected(Rejection.UNREADABLE)),
        (SEE_IT, RetryRequested()),
        ([*SEE_IT, PrintRequested()], PrintRequested()),
        ([*SEE_IT, PrintRequested()], BackPressed()),
        ([TerminalClosed()], Touched()),
    ],
)
def test_an_event_that_means_nothing_here_changes_nothing(events: list[Event], meaningless: Event) -> None:
    visit = play(events)
    assert step(visit, meaningless, now=500.0, rules=RULES) == visit


def test_a_double_press_prints_once() -> None:
    assert play([*SEE_IT, PrintRequested(), PrintRequested()]).printed == (ACCOUNT,)


def test_prints_are_limited_for_a_visit_and_free_again_for_the_next() -> None:
    again = [PrintRequested(), PrintAdvanced(2, JobState.CUT, confirmed=True), BackPressed()]
    twice = play(
        [*SEE_IT, *again, PrintRequested(), PrintAdvanced(3, JobState.CUT, confirmed=True), BackPressed()]
    )
    assert step(twice, PrintRequested(), now=0.0, rules=RULES) == twice
    assert isinstance(
        play([Finished(), *SWIPE_IT, BillRefreshed(4, LIVE), PrintRequested()], twice).state, Printing
    )


def test_nothing_is_printed_when_the_printer_cannot() -> None:
    shown = play([*SEE_IT, PrinterChanged(PrinterHealth.PAPER_OUT)])
    assert step(shown, PrintRequested(), now=0.0, rules=RULES) == shown


def test_a_card_is_not_asked_for_without_a_reader() -> None:
    gone = [ReaderChanged("card", ReaderHealth.ABSENT), Touched(), CardChosen()]
    assert play(gone).state == Identify()
    assert play([*gone, ReaderChanged("card", ReaderHealth.ONLINE), CardChosen()]).state == PresentCard()


def test_cards_count_before_a_bill_is_shown_and_never_on_top_of_one() -> None:
    listening = {name for name, visit in samples().items() if visit.listens}
    assert {name.split("_")[0] for name in listening} == {"attract", "identify", "keypad", "card", "proof"}


def test_a_sixteenth_digit_is_not_taken() -> None:
    assert play([Touched(), NumberChosen(), *map(DigitTyped, "1" * 16)]).state == EnterNumber("1" * 15)


@pytest.mark.parametrize("odd", ["", "12", "x", "٣", "²", " "])
def test_a_key_gives_one_european_digit_or_nothing(odd: str) -> None:
    assert play([Touched(), NumberChosen(), DigitTyped(odd)]).state == EnterNumber()


def test_a_typed_bank_card_is_refused_and_its_digits_dropped() -> None:
    visit = play([Touched(), NumberChosen(), *map(DigitTyped, AMEX), NumberConfirmed()])
    assert visit.state == EnterNumber("", NumberProblem.PAYMENT_CARD)


@pytest.mark.parametrize("card", ["4111111111111111", "5555555555554444", "2223003122003222", "9682010000000005"])
def test_the_sixteenth_digit_of_a_bank_card_drops_all_of_it(card: str) -> None:
    visit = play([Touched(), NumberChosen(), *map(DigitTyped, card)])
    assert visit.state == EnterNumber("", NumberProblem.PAYMENT_CARD)


def test_a_digit_too_many_is_no_bank_card_by_itself() -> None:
    number = "411111111111111"
    visit = play([Touched(), NumberChosen(), *map(DigitTyped, number), DigitTyped("2")])
    assert visit.state == EnterNumber(number)


@pytest.mark.parametrize("number", ["371449635398432", "300123456789018", "37144963539843"])
def test_numbers_that_only_resemble_a_bank_card_are_looked_up(number: str) -> None:
    visit = play([Touched(), NumberChosen(), *map(DigitTyped, number), NumberConfirmed()])
    assert visit.state == LookingUp(AccountNumber(number), 1, number)


def guess(visit: Visit, *, now: float) -> Visit:
    """A whole visit that types a number nobody has."""
    visit = play(TYPE_IT, visit, now=now)
    return play([AccountUnknown(visit.ticket), Finished()], visit, now=now + len(TYPE_IT))


def test_after_five_wrong_numbers_the_terminal_asks_to_wait_and_later_forgives() -> None:
    visit = READY
    for number in range(RULES.guesses):
        visit = guess(visit, now=number * 30.0)
    refused = play(TYPE_IT, visit, now=200.0)
    assert refused.state == EnterNumber(DIGITS, NumberProblem.TOO_MANY)
    assert play(SWIPE_IT, visit, now=200.0).state == LookingUp(ACCOUNT, 6)
    assert isinstance(play(TYPE_IT, visit, now=800.0).state, LookingUp)


def test_a_card_nobody_has_is_no_wrong_number() -> None:
    assert play([*SWIPE_IT, AccountUnknown(1)]).guesses == ()


def test_after_a_visit_only_the_terminal_is_left() -> None:
    ended = play([*SEE_IT, LanguageChosen("en"), PrintRequested(), Finished()])
    assert ended == replace(READY, ticket=2, heard_at=ended.heard_at)
