"""Getting in: two factors, offline, and never more than fifteen wrong tries, whatever a robot does."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.audit import Audit
from kiosk.technician import people
from kiosk.technician.attempts import MOST, WAITS_FROM, Attempts
from kiosk.technician.entrance import CHALLENGE_S, IDLE_S, Entrance, Reason, Refused, Session
from kiosk.technician.people import Cost, Enrolled, Technician, WeakPin, enrol
from kiosk.technician.roles import Action, Role

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CARD = "9682700017"
PIN = "482913"
CHEAP = Cost(1, 8, 1)
KEY = bytes(32)


@dataclass
class Place:
    """A terminal's state folder with a clock and technicians; `restart` is a power cut."""

    folder: Path
    technicians: tuple[Technician, ...]
    now: datetime = NOON
    clock: float = 1000.0
    door: Entrance = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.door = Entrance(
            self.technicians,
            attempts=Attempts(self.folder, clock=lambda: self.clock),
            register=Audit(self.folder, KEY, now=lambda: self.now),
            terminal="T-0421",
            now=lambda: self.now,
            clock=lambda: self.clock,
            cost=CHEAP,
        )

    def wait(self, seconds: float) -> None:
        self.clock += seconds
        self.now += timedelta(seconds=seconds)

    def events(self) -> list[tuple[str, str, bool]]:
        return [(entry.event, entry.who, entry.ok) for entry in Audit(self.folder, KEY).entries()]


@pytest.fixture(scope="module")
def with_card() -> Enrolled:
    return enrol("17", Role.SETUP, pin=PIN, card=CARD, codes=False, cost=CHEAP)


@pytest.fixture(scope="module")
def with_codes() -> Enrolled:
    return enrol("21", Role.ADMIN, pin="730164", cost=CHEAP)


@pytest.fixture
def place(tmp_path: Path, with_card: Enrolled, with_codes: Enrolled) -> Place:
    return Place(tmp_path, people.technicians([with_card.table, with_codes.table]))


def code_of(enrolled: Enrolled, at: datetime) -> str:
    return pyotp.TOTP(enrolled.totp_secret).at(at)


def refused(try_it: Callable[[], Session]) -> Refused:
    with pytest.raises(Refused) as caught:
        try_it()
    return caught.value


def test_card_and_pin_let_in_and_it_is_written_down(place: Place) -> None:
    session = place.door.with_card(CARD, PIN)
    assert (session.technician, session.role) == ("17", Role.SETUP)
    assert place.events() == [("sign_in", "17", True)]


def test_a_code_lets_in_once_and_is_not_believed_again(place: Place, with_codes: Enrolled) -> None:
    code = code_of(with_codes, NOON)
    assert place.door.with_code("21", "730164", code).role is Role.ADMIN
    assert refused(lambda: place.door.with_code("21", "730164", code)).reason is Reason.WRONG
    place.restart()
    assert refused(lambda: place.door.with_code("21", "730164", code)).reason is Reason.WRONG
    place.wait(60)
    assert place.door.with_code("21", "730164", code_of(with_codes, place.now)).technician == "21"


@pytest.mark.parametrize("off_s", [-30, 0, 30])
def test_a_code_of_the_step_before_or_after_counts(place: Place, with_codes: Enrolled, off_s: int) -> None:
    code = code_of(with_codes, NOON + timedelta(seconds=off_s))
    assert place.door.with_code("21", "730164", code).technician == "21"


@pytest.mark.parametrize("off_s", [-90, 90, 86400])
def test_an_old_or_early_code_does_not(place: Place, with_codes: Enrolled, off_s: int) -> None:
    code = code_of(with_codes, NOON + timedelta(seconds=off_s))
    assert refused(lambda: place.door.with_code("21", "730164", code)).reason is Reason.WRONG


@pytest.mark.parametrize(
    ("number", "pin", "code_off"),
    [("21", "730165", 0), ("22", "730164", 0), ("17", PIN, 0), ("", "", 0), ("21", "٧٣٠١٦٤", 0)],
)
def test_any_wrong_factor_is_the_same_refusal(
    place: Place, with_codes: Enrolled, number: str, pin: str, code_off: int
) -> None:
    found = refused(lambda: place.door.with_code(number, pin, code_of(with_codes, NOON)))
    assert (found.reason, found.standing.wrong) == (Reason.WRONG, 1)


def test_a_card_alone_or_another_pin_lets_nobody_in(place: Place) -> None:
    assert place.door.knows_card(CARD)
    assert not place.door.knows_card("9682700018")
    assert refused(lambda: place.door.with_card(CARD, "482914")).reason is Reason.WRONG
    assert refused(lambda: place.door.with_card("9682700018", PIN)).reason is Reason.WRONG


def test_a_challenge_is_answered_by_operations_when_the_clock_is_wrong(place: Place, with_codes: Enrolled) -> None:
    place.now = datetime(1970, 1, 1, tzinfo=UTC)
    challenge = place.door.challenge()
    answer = people.response(base64.b32decode(with_codes.totp_secret), challenge, terminal="T-0421")
    assert place.door.with_response("21", "730164", answer).technician == "21"
    assert refused(lambda: place.door.with_response("21", "730164", answer)).reason is Reason.WRONG


def test_an_answer_of_another_terminal_challenge_or_hour_is_wrong(place: Place, with_codes: Enrolled) -> None:
    secret = base64.b32decode(with_codes.totp_secret)
    elsewhere = people.response(secret, place.door.challenge(), terminal="T-0422")
    assert refused(lambda: place.door.with_response("21", "730164", elsewhere)).reason is Reason.WRONG
    before = people.response(secret, place.door.challenge(), terminal="T-0421")
    place.door.challenge()
    assert refused(lambda: place.door.with_response("21", "730164", before)).reason is Reason.WRONG
    late = people.response(secret, place.door.challenge(), terminal="T-0421")
    place.wait(CHALLENGE_S + 1)
    assert refused(lambda: place.door.with_response("21", "730164", late)).reason is Reason.WRONG


def test_the_last_day_counts_and_the_next_does_not(tmp_path: Path) -> None:
    made = enrol("17", Role.PAPER, pin=PIN, card=CARD, codes=False, until=date(2026, 11, 23), cost=CHEAP)
    place = Place(tmp_path, people.technicians([made.table]))
    assert place.door.with_card(CARD, PIN).role is Role.PAPER
    place.wait(86400)
    assert not place.door.anybody
    assert refused(lambda: place.door.with_card(CARD, PIN)).reason is Reason.WRONG


def test_waits_double_from_the_fifth_and_the_fifteenth_locks(place: Place) -> None:
    waits = []
    for _ in range(MOST):
        place.wait(place.door.standing.wait_s)
        standing = refused(lambda: place.door.with_card(CARD, "000000")).standing
        waits.append(standing.wait_s)
    assert waits == [0, 0, 0, 0, *(15.0 * 2**n for n in range(11))]
    assert place.door.standing.is_locked
    place.wait(1e9)
    assert refused(lambda: place.door.with_card(CARD, PIN)).reason is Reason.LOCKED


def test_during_a_wait_nothing_is_checked_and_nothing_counted(place: Place) -> None:
    for _ in range(WAITS_FROM):
        refused(lambda: place.door.with_card(CARD, "000000"))
    for _ in range(20):
        assert refused(lambda: place.door.with_card(CARD, PIN)).reason is Reason.WAIT
    assert place.door.standing.wrong == WAITS_FROM
    place.wait(15)
    assert place.door.with_card(CARD, PIN).technician == "17"
    assert place.door.standing.wrong == 0


def test_a_restart_begins_the_wait_anew(place: Place) -> None:
    for _ in range(WAITS_FROM):
        refused(lambda: place.door.with_card(CARD, "000000"))
    place.wait(14)
    place.restart()
    assert place.door.standing.wait_s == 15


def test_operations_open_a_lock(place: Place) -> None:
    for _ in range(MOST):
        place.wait(place.door.standing.wait_s)
        refused(lambda: place.door.with_card(CARD, "000000"))
    Attempts(place.folder).reset()
    assert place.door.with_card(CARD, PIN).technician == "17"


def test_a_damaged_count_is_a_lock(place: Place) -> None:
    (place.folder / "technician-tries").write_bytes(b"\xff" * 8192)
    place.restart()
    assert refused(lambda: place.door.with_card(CARD, PIN)).reason is Reason.LOCKED


def test_where_a_try_cannot_be_counted_nothing_is_checked(place: Place) -> None:
    (place.folder / "technician-tries").mkdir()
    assert refused(lambda: place.door.with_card(CARD, PIN)).reason is Reason.UNAVAILABLE


class PowerPulled(BaseException):
    """The test's power cut: nothing after it happens."""


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("try"), st.integers(0, 10**6 - 1)),
        st.tuples(st.just("pull"), st.integers(0, 10**6 - 1)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(0, 40_000)),
        st.tuples(st.just("clock"), st.integers(-(10**9), 10**9)),
    ),
    max_size=60,
)


@settings(max_examples=25, deadline=None)
@given(actions=ACTIONS, dense=st.booleans())
def test_a_robot_gets_fifteen_checks_a_lock_whatever_it_does(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, int]], dense: bool
) -> None:
    checks: list[str] = []

    @dataclass(frozen=True, slots=True)
    class Watched(Technician):
        def knows(self, card: str, pin: str) -> bool:
            checks.append(pin)
            if pulled:
                raise PowerPulled
            return False

    place = Place(tmp_path_factory.mktemp("robot"), (Watched("17", Role.ADMIN, "x", people.card_tag(CARD)),))
    pulled = False
    for action, number in actions * (3 if dense else 1):
        match action:
            case "try" | "pull":
                pulled = action == "pull"
                place.wait(place.door.standing.wait_s if dense else 0)
                try:
                    place.door.with_card(CARD, f"{number:06}")
                except Refused:
                    pass
                except PowerPulled:
                    place.restart()
            case "restart":
                place.restart()
            case "wait":
                place.wait(number)
            case "clock":
                place.now = NOON + timedelta(seconds=number)
    assert len(checks) <= MOST
    assert place.door.standing.wrong == len(checks)


def test_every_try_is_written_down_without_what_was_typed(place: Place) -> None:
    refused(lambda: place.door.with_card(CARD, "135790"))
    assert place.events() == [("sign_in", "-", False)]
    kept = b"".join(path.read_bytes() for path in place.folder.rglob("*") if path.is_file())
    assert b"135790" not in kept
    assert CARD.encode() not in kept


def test_an_enrolment_holds_neither_pin_nor_card_nor_secret(with_card: Enrolled, with_codes: Enrolled) -> None:
    text = f"{with_card.table} {with_codes.table} {with_card!r} {with_codes!r}"
    for secret in (PIN, CARD, "730164", with_codes.totp_secret):
        assert secret not in text
    assert pyotp.parse_uri(with_codes.totp_uri).secret == with_codes.totp_secret


def test_one_factor_is_not_enough() -> None:
    with pytest.raises(ValueError, match="besides the PIN"):
        enrol("17", Role.PAPER, card="", codes=False)


WEAK = "111111 123456 654321 121212 123123 112211 890123 098765 12345 1234567 abcdef ١٢٣٤٥٦ 998899"


@pytest.mark.parametrize("pin", WEAK.split())
def test_weak_pins_are_refused(pin: str) -> None:
    with pytest.raises(WeakPin):
        enrol("17", Role.PAPER, pin=pin, cost=CHEAP)


def test_random_pins_are_never_weak() -> None:
    for _ in range(500):
        people.check_pin(people.random_pin())


def test_a_try_of_an_unknown_number_costs_what_a_known_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[Cost] = []
    monkeypatch.setattr(people, "_derived", lambda secret, salt, cost: costs.append(cost) or bytes(32))
    people.waste_a_try()
    one = enrol("21", Role.ADMIN, pin="730164")
    Technician.of(one.table).open_totp("000000")
    assert costs == [Cost()] * 3
    assert Cost().memory_kib == 64 << 10


def test_a_session_ends_after_five_idle_minutes_and_stays_ended(place: Place) -> None:
    session = place.door.with_card(CARD, PIN)
    for _ in range(3):
        place.wait(IDLE_S - 1)
        assert session.may(Action.CHANGE_SETTINGS)
        session.touched()
    place.wait(IDLE_S)
    session.touched()
    assert session.is_over
    assert not session.may(Action.CHANGE_PAPER)
    place.door.leave(session, by="idle")
    assert place.events()[-1] == ("technician_left", "17", True)


def test_each_role_may_all_that_the_one_before_it_may() -> None:
    paper, setup, admin = ({action for action in Action if role.may(action)} for role in Role)
    assert paper < setup < admin == set(Action)
    assert Action.CHANGE_SETTINGS not in paper
    assert {Action.ENROL, Action.DECOMMISSION, Action.ROTATE_KEYS} == admin - setup
