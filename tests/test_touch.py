"""The touch panel's health as normal use shows it, and the technician's grid."""

from __future__ import annotations

import logging
import random

import pytest

from kiosk.touch.grid import CELL_MM, TouchGrid
from kiosk.touch.health import (
    GHOST_VISITS,
    STORM_S,
    STORM_TOUCHES,
    STUCK_S,
    Fault,
    TouchFault,
    TouchHealth,
)

KEYPAD = {f"digit_{digit}": (20.0 + 40 * (digit % 3), 40.0 + 30 * (digit // 3)) for digit in range(10)}
KEYPAD |= {"confirm": (100.0, 10.0), "back": (30.0, 10.0)}


def types(health: TouchHealth, number: str, *, dead: str = "") -> None:
    """Somebody types a number and goes on; the finger does not reach the button `dead`."""
    health.shown(KEYPAD)
    for digit in number:
        if f"digit_{digit}" != dead:
            health.pressed(f"digit_{digit}")
    health.pressed("confirm")
    health.shown({"finish": (10.0, 10.0)})


def numbers(count: int) -> list[str]:
    chance = random.Random(4)
    return ["300" + "".join(chance.choices("0123456789", k=8)) for _ in range(count)]


def faults(health: TouchHealth, at: float = 0.0) -> list[Fault]:
    return [fault.fault for fault in health.faults(at=at)]


def test_a_finger_that_never_leaves_is_none() -> None:
    health = TouchHealth()
    health.down((50.2, 60.4), at=10.0)
    assert health.faults(at=10.0 + STUCK_S - 1) == ()
    assert health.faults(at=10.0 + STUCK_S) == (TouchFault(Fault.STUCK, (50, 60)),)
    health.up()
    assert health.faults(at=11.0 + STUCK_S) == ()


def test_more_touches_than_a_hand_can_make_are_a_storm_and_it_passes() -> None:
    health = TouchHealth()
    for number in range(STORM_TOUCHES):
        health.down((number * 3.0, 100.0), at=number * 0.1)
        health.up()
    end = STORM_TOUCHES * 0.1
    assert faults(health, at=end) == [Fault.STORM]
    assert faults(health, at=end + STORM_S) == []


def test_the_quickest_typist_is_no_storm() -> None:
    health = TouchHealth()
    for number in range(200):
        health.down((number % 10 * 12.0, 100.0), at=number / 7)
        health.up()
    assert faults(health, at=200 / 7) == []


def visit(health: TouchHealth, *places: tuple[float, float]) -> None:
    for place in places:
        health.down(place, at=0.0)
        health.up()
    health.visit_ended()


def test_visits_of_one_spot_only_are_made_by_nobody() -> None:
    health = TouchHealth()
    for number in range(GHOST_VISITS):
        assert faults(health, at=100.0) == []
        visit(health, (80.0 + number % 2, 200.0))
    assert health.faults(at=100.0) == (TouchFault(Fault.GHOST, (80, 200)),)
    visit(health, (80.0, 200.0), (20.0, 30.0))
    assert faults(health, at=100.0) == []


def test_people_who_begin_and_leave_at_once_are_no_ghosts() -> None:
    health, chance = TouchHealth(), random.Random(7)
    for _ in range(200):
        visit(health, (chance.uniform(20, 170), chance.uniform(20, 60)))
        assert faults(health, at=100.0) == []


@pytest.mark.parametrize("dead", ["digit_4", "digit_9"])
def test_a_digit_that_nobody_reaches_is_found_within_a_day(dead: str) -> None:
    health = TouchHealth()
    for number in numbers(60):
        types(health, number, dead=dead)
    assert health.faults(at=0.0) == (TouchFault(Fault.DEAD, KEYPAD[dead], dead),)


def test_a_digit_that_dies_after_long_use_is_found_and_forgotten_when_it_is_pressed_again() -> None:
    health = TouchHealth()
    for number in numbers(300):
        types(health, number)
    for number in numbers(60):
        types(health, number, dead="digit_7")
    assert [fault.button for fault in health.faults(at=0.0)] == ["digit_7"]
    types(health, "30077777777")
    assert health.faults(at=0.0) == ()


def test_a_panel_in_order_is_never_suspected() -> None:
    health = TouchHealth()
    for number in numbers(3000):
        types(health, number)
        assert health.faults(at=0.0) == ()


def test_a_button_that_was_always_used_is_missed() -> None:
    health = TouchHealth()
    for _ in range(40):
        health.shown({"print": (50.0, 50.0), "finish": (10.0, 10.0)})
        health.pressed("print")
    for _ in range(40):
        health.shown({"print": (50.0, 50.0), "finish": (10.0, 10.0)})
        health.pressed("finish")
    health.shown({})
    assert health.faults(at=0.0) == (TouchFault(Fault.DEAD, (50, 50), "print"),)


def test_whoever_uses_keys_says_nothing_of_the_panel() -> None:
    health = TouchHealth()
    for number in numbers(20):
        types(health, number)
    for _ in range(500):
        health.shown(KEYPAD)
        health.shown({"finish": (10.0, 10.0)})
    assert health.faults(at=0.0) == ()


def test_a_fault_is_logged_when_it_comes_and_when_it_goes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    health = TouchHealth()
    health.down((50.0, 60.0), at=0.0)
    for at in (STUCK_S, STUCK_S + 1):
        health.faults(at=at)
    health.up()
    health.faults(at=STUCK_S + 2)
    assert [record.message.split(":")[0] for record in caplog.records] == ["touch_stuck", "touch_stuck is over"]


def test_the_grid_has_cells_half_as_large_as_the_smallest_target() -> None:
    grid = TouchGrid(194.3, 345.4)
    assert 194.3 / grid.columns <= CELL_MM and 345.4 / grid.rows <= CELL_MM
    assert len(grid.missing) == grid.columns * grid.rows


def test_a_finger_drawn_over_every_row_does_the_grid() -> None:
    grid = TouchGrid(100.0, 100.0)
    for row in range(grid.rows):
        y = (row + 0.5) * 100 / grid.rows
        grid.down(0.5, y)
        for x in range(2, 100, 5):
            grid.moved(float(x), y)
        grid.up()
    assert grid.is_done and grid.is_felt(0, 0)


def test_a_dead_place_stays_missing_though_the_finger_went_over_it() -> None:
    grid = TouchGrid(100.0, 100.0)
    for row in range(grid.rows):
        y = (row + 0.5) * 100 / grid.rows
        for x in range(1, 100, 2):
            if not (40 < x < 53 and 40 < y < 53):
                grid.moved(float(x), y)
        grid.up()
    assert grid.missing and all(grid.columns * 0.4 - 1 <= c <= grid.columns * 0.53 for c, _ in grid.missing)


def test_the_edge_belongs_to_the_last_cell() -> None:
    grid = TouchGrid(100.0, 50.0)
    grid.down(100.0, 50.0)
    grid.down(-1.0, 0.0)
    assert grid.is_felt(grid.columns - 1, grid.rows - 1) and grid.is_felt(0, 0)
