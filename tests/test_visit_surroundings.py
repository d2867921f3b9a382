"""What power, door, presence and head-phones change of a visit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.printer import JobState
from devices.sensors import Power, Switch
from kiosk.visit import may_print
from kiosk.visit.events import (
    Event,
    PowerChanged,
    PrintAdvanced,
    PrintRequested,
    SwitchChanged,
    TerminalClosed,
    TerminalOpened,
    Tick,
    Touched,
)
from kiosk.visit.states import Attract, Identify, OutOfService, Printing, ShowBill, TakeReceipt
from tests.visits import READY, RULES, SEE_IT, SHOWN, play

ON_BATTERY, LOW, ON_MAINS = PowerChanged(Power.BATTERY), PowerChanged(Power.LOW), PowerChanged(Power.MAINS)
DOOR_OPENED, DOOR_SHUT = SwitchChanged(Switch.DOOR, True), SwitchChanged(Switch.DOOR, False)
LEFT, CAME = SwitchChanged(Switch.PRESENCE, False), SwitchChanged(Switch.PRESENCE, True)
PRINT_IT: list[Event] = [*SEE_IT, PrintRequested()]
CUT = PrintAdvanced(2, JobState.CUT, "", True)


def test_on_battery_no_print_job_begins_and_the_bill_stays() -> None:
    visit = play([*SEE_IT, ON_BATTERY, PrintRequested()])
    assert visit.state == SHOWN
    assert not may_print(visit, RULES)
    assert may_print(play([ON_MAINS], visit), RULES)


def test_on_battery_a_receipt_that_has_begun_is_finished() -> None:
    visit = play([*PRINT_IT, ON_BATTERY])
    assert isinstance(visit.state, Printing)
    assert isinstance(play([CUT], visit, now=5.0).state, TakeReceipt)


def test_a_supply_that_does_not_answer_forbids_nothing() -> None:
    assert may_print(play([ON_BATTERY, PowerChanged(Power.UNKNOWN)]), RULES)


def test_a_battery_that_is_nearly_empty_ends_the_visit_and_the_service() -> None:
    visit = play([*SEE_IT, LOW])
    assert visit.state == OutOfService("power")
    assert play([ON_MAINS], visit).state == Attract()


def test_a_battery_that_is_nearly_empty_waits_for_the_paper() -> None:
    visit = play([*PRINT_IT, LOW])
    assert isinstance(visit.state, Printing)
    assert play([CUT], visit, now=5.0).state == OutOfService("power")


@pytest.mark.parametrize("events", [[], [Touched()], SEE_IT, PRINT_IT])
def test_an_open_door_takes_the_terminal_out_of_service_until_it_is_shut(events: list[Event]) -> None:
    visit = play([*events, DOOR_OPENED])
    assert visit.state == OutOfService("door")
    assert play([TerminalOpened(), Tick(), Touched()], visit).state == OutOfService("door")
    assert play([DOOR_SHUT], visit).state == Attract()


def test_a_board_that_is_torn_out_does_not_shut_the_door() -> None:
    assert play([DOOR_OPENED, SwitchChanged(Switch.DOOR, None)]).state == OutOfService("door")


def test_a_terminal_closed_by_hand_stays_closed_when_the_door_is_shut() -> None:
    assert play([TerminalClosed("service"), DOOR_OPENED, DOOR_SHUT]).state == OutOfService("service")


def test_a_visit_that_nobody_is_near_any_more_is_wiped_without_a_question() -> None:
    visit = play([*SEE_IT, LEFT])
    assert isinstance(play([Tick()], visit, now=31.9).state, ShowBill)
    assert play([Tick()], visit, now=32.0).state == Attract()


def test_whoever_the_switch_does_not_see_is_felt_by_touch() -> None:
    visit = play([Touched(), LEFT, *[Touched()] * 50])
    assert play([Tick()], visit, now=60.0).state == Identify()


def test_coming_back_in_time_keeps_the_visit() -> None:
    assert play([Tick()], play([Touched(), LEFT, CAME]), now=40.0).state == Identify()


def test_paper_that_moves_is_not_left_alone() -> None:
    visit = play([*PRINT_IT, LEFT])
    assert isinstance(play([Tick()], visit, now=60.0).state, Printing)


def test_head_phones_and_presence_are_known_beyond_a_visit_and_change_no_screen() -> None:
    visit = play([SwitchChanged(Switch.HEADPHONES, True), CAME])
    assert (visit.around.headphones, visit.around.is_near) == (True, True)
    assert replace(visit, around=READY.around, heard_at=READY.heard_at) == READY
    assert play([SwitchChanged(Switch.HEADPHONES, None)], visit).around.headphones is None
    assert play([*SEE_IT, TerminalClosed()], visit).around.headphones is True
