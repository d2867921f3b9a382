"""How a visit ends: by time, by its rules, and whatever happens; and that nothing of it stays."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.card_reader import ReaderHealth, Rejection
from devices.printer import JobState, PrinterHealth
from kiosk.model import Category
from kiosk.samples import samples
from kiosk.visit import Person, Visit, step
from kiosk.visit.choices import (
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
    PreviousBillRequested,
    PrintAdvanced,
    PrinterChanged,
    PrintRequested,
    PrintsRemembered,
    ReaderChanged,
    RetryRequested,
    ServiceWasAway,
    StoredBillFound,
    TerminalClosed,
    TerminalOpened,
    Tick,
    Touched,
    WishAnswered,
)
from kiosk.visit.states import (
    Attract,
    Identify,
    Moment,
    OutOfService,
    PrintFailed,
    ServiceAway,
    StillThere,
    Trouble,
)
from kiosk.wishes import (
    BillSent,
    Channel,
    CodeSent,
    Kept,
    Outcome,
    OwnAccount,
    Proved,
    Refusal,
    Refused,
    Registered,
)
from tests.visits import (
    ACCOUNT,
    DIGITS,
    LIVE,
    NOT_ISSUED,
    PRINTED_ONCE,
    RULES,
    SEE_IT,
    SHOWN,
    STORED,
    SWIPE_IT,
    TYPE_IT,
    play,
)

SEEN = play(SEE_IT, now=100.0)
LAST = SEEN.heard_at


@pytest.mark.parametrize(
    ("waited", "state"),
    [
        (59.9, SHOWN),
        (60.0, StillThere(SHOWN, LAST + 60.0, 20)),
    ],
)
def test_the_warning_comes_after_a_minute_without_a_touch(waited: float, state: object) -> None:
    assert step(SEEN, Tick(), now=LAST + waited, rules=RULES).state == state


def test_the_warning_counts_down_and_then_the_visit_ends() -> None:
    warned = step(SEEN, Tick(), now=300.0, rules=RULES)
    assert step(warned, Tick(), now=305.0, rules=RULES).state == StillThere(SHOWN, 300.0, 15)
    assert step(warned, Tick(), now=319.9, rules=RULES).state == StillThere(SHOWN, 300.0, 1)
    assert step(warned, Tick(), now=320.0, rules=RULES).state == Attract()


def test_more_time_gives_the_same_screen_another_minute() -> None:
    warned = step(SEEN, Tick(), now=300.0, rules=RULES)
    back = step(warned, MoreTimeAsked(), now=310.0, rules=RULES)
    assert (back.state, back.heard_at) == (SHOWN, 310.0)


def test_only_the_button_answers_the_warning() -> None:
    warned = step(SEEN, Tick(), now=300.0, rules=RULES)
    for other in (Touched(), BackPressed(), DetailsToggled(), PrintRequested()):
        assert step(warned, other, now=301.0, rules=RULES) == warned


def test_an_answer_arrives_beneath_the_warning() -> None:
    waiting = play([*SWIPE_IT, StoredBillFound(1, STORED)])
    warned = step(waiting, Tick(), now=300.0, rules=RULES)
    assert step(warned, BillRefreshed(1, LIVE), now=301.0, rules=RULES).state == StillThere(SHOWN, 300.0, 20)


def test_a_touch_anywhere_is_a_sign_of_life() -> None:
    touched = step(SEEN, Touched(), now=LAST + 59.0, rules=RULES)
    assert step(touched, Tick(), now=LAST + 100.0, rules=RULES).state == SHOWN


def test_a_receipt_ends_the_visit_soon_and_without_a_question() -> None:
    out = play([*SEE_IT, PrintRequested(), PrintAdvanced(2, JobState.CUT, confirmed=True)])
    assert step(out, Tick(), now=out.heard_at + 19.0, rules=RULES) == out
    assert step(out, Tick(), now=out.heard_at + 20.0, rules=RULES).state == Attract()


def test_no_time_counts_while_paper_moves_until_the_printer_is_given_up() -> None:
    moving = play([*SEE_IT, PrintRequested()])
    assert step(moving, Tick(), now=moving.heard_at + 119.0, rules=RULES) == moving
    given_up = step(moving, Tick(), now=moving.heard_at + 120.0, rules=RULES)
    assert given_up.state == PrintFailed(PRINTED_ONCE, 2, JobState.UNKNOWN, "silent")


def test_a_lost_answer_becomes_an_honest_screen() -> None:
    waiting = play(TYPE_IT)
    lost = step(waiting, Tick(), now=waiting.heard_at + 10.0, rules=RULES)
    assert lost.state == ServiceAway(ACCOUNT, Trouble.FAILED, DIGITS)


def test_a_fault_waits_longer_than_a_bill() -> None:
    away = play([*TYPE_IT, ServiceWasAway(1)])
    assert step(away, Tick(), now=away.heard_at + 119.0, rules=RULES) == away
    assert isinstance(step(away, Tick(), now=away.heard_at + 120.0, rules=RULES).state, StillThere)


def test_the_language_returns_with_the_attract_screen() -> None:
    assert play([LanguageChosen("en")]).language == "en"
    assert play([LanguageChosen("en"), Finished()]).language == "ar"
    assert play([LanguageChosen("en"), BackPressed()]).language == "ar"


def test_the_language_of_a_closed_terminal_returns_too() -> None:
    closed = play([TerminalClosed(), LanguageChosen("en")])
    assert closed.language == "en"
    assert step(closed, Tick(), now=100.0, rules=RULES).language == "ar"


def test_the_language_changes_on_every_screen_without_losing_it() -> None:
    for visit in samples().values():
        changed = step(visit, LanguageChosen("en"), now=0.0, rules=RULES)
        assert changed.language == "en"
        assert changed.state == (Identify() if visit.state == Attract() else visit.state)


@pytest.mark.parametrize("name", samples())
def test_every_screen_ends_where_nobody_is(name: str) -> None:
    visit = samples()[name]
    closed = name.startswith("out_of_service")
    assert step(visit, Finished(), now=0.0, rules=RULES).state == (visit.state if closed else Attract())
    assert step(visit, TerminalClosed("x"), now=0.0, rules=RULES).state == OutOfService("x")
    assert idle(visit).state == (visit.state if closed else Attract())


def idle(visit: Visit) -> Visit:
    """The visit after ten minutes in which nobody does anything."""
    for second in range(600):
        visit = step(visit, Tick(), now=visit.heard_at + second, rules=RULES)
    return visit


def test_the_samples_show_every_state_there_is() -> None:
    shown = {type(visit.state) for visit in samples().values()}
    assert shown == {*get_args(Moment), StillThere}


TICKETS = st.integers(0, 4)
SECRET = "1000000008"
OUTCOMES: st.SearchStrategy[Outcome] = st.one_of(
    st.sampled_from(
        [
            BillSent(SECRET),
            Kept(),
            CodeSent(SECRET, 300.0),
            Proved(SECRET, (OwnAccount(ACCOUNT, Category.RESIDENTIAL),)),
            Registered(SECRET),
        ]
    ),
    st.sampled_from(Refusal).map(Refused),
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from(
        [
            Touched(),
            NumberChosen(),
            CardChosen(),
            DigitDeleted(),
            DigitsCleared(),
            NumberConfirmed(),
            Identified(ACCOUNT),
            PreviousBillRequested(),
            DetailsToggled(),
            AppLinkRequested(),
            PrintRequested(),
            RetryRequested(),
            BackPressed(),
            Finished(),
            MoreTimeAsked(),
            Tick(),
            TerminalClosed("x"),
            TerminalOpened(),
            MoreChosen(),
            HelpChosen(),
            MobileChosen(),
            ConsentGiven(),
            ProofChosen(),
            CodeWanted(),
            IdChosen(),
            KeepChosen(),
            AccountsChosen(),
            AnotherAccount(),
            Identified(ACCOUNT, by_card=True),
            IdPresented(SECRET),
        ]
    ),
    st.sampled_from(Channel).map(SendingChosen),
    st.builds(WishAnswered, TICKETS, OUTCOMES),
    st.builds(PrintsRemembered, TICKETS, st.integers(0, 9)),
    st.sampled_from(DIGITS).map(DigitTyped),
    st.sampled_from(["ar", "en", "xx"]).map(LanguageChosen),
    st.sampled_from(Rejection).map(CardRejected),
    st.builds(StoredBillFound, TICKETS, st.sampled_from([STORED, NOT_ISSUED]), st.sampled_from([None, STORED])),
    st.builds(BillRefreshed, TICKETS, st.sampled_from([LIVE, NOT_ISSUED]), st.sampled_from([None, STORED])),
    st.builds(AccountUnknown, TICKETS),
    st.builds(ServiceWasAway, TICKETS, st.sampled_from(Trouble)),
    st.builds(PrintAdvanced, TICKETS, st.sampled_from(JobState), st.just(""), st.booleans()),
    st.sampled_from(PrinterHealth).map(PrinterChanged),
    st.builds(ReaderChanged, st.sampled_from(["card", "scanner"]), st.sampled_from(ReaderHealth)),
)


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(sorted(samples())),
    walk=st.lists(st.tuples(EVENTS, st.sampled_from([0.0, 1.0, 30.0, 130.0])), max_size=40),
)
def test_whatever_happens_a_visit_stands_and_ends(name: str, walk: list[tuple[Event, float]]) -> None:
    visit, now = samples()[name], 0.0
    for event, pause in walk:
        now += pause
        visit = step(visit, event, now=now, rules=RULES)
        assert DIGITS not in repr(visit) and SECRET not in repr(visit)
    ended = step(visit, Finished(), now=now, rules=RULES)
    assert isinstance(ended.state, Attract | OutOfService)
    assert DIGITS[-4:] not in repr(ended)
    assert ended.person == Person() and ended.printed == ()
    assert ended.language == RULES.language or isinstance(ended.state, OutOfService)
    assert isinstance(idle(visit).state, Attract | OutOfService)
