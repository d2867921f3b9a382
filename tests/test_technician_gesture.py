"""The four corners: only in order, only quickly, and never by the touches of a visit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.technician.gesture import CORNER_MM, NEXT_WITHIN_S, CornerGesture

W, H = 194.3, 345.4
CORNERS = [(5.0, 5.0), (W - 5, 5.0), (W - 5, H - 5), (5.0, H - 5)]


def play(touches: list[tuple[float, float, float]]) -> list[bool]:
    gesture = CornerGesture(W, H)
    return [gesture.touched(*touch) for touch in touches]


def test_four_corners_clockwise_open_once() -> None:
    touches = [(n * 0.5, x, y) for n, (x, y) in enumerate(CORNERS)]
    assert play(touches) == [False, False, False, True]
    assert play([*touches, (2.0, *CORNERS[3])])[-1] is False


def test_too_slow_is_no_gesture_but_a_new_beginning() -> None:
    late = NEXT_WITHIN_S + 0.1
    assert not any(
        play([(0, *CORNERS[0]), (late, *CORNERS[1]), (late + 0.5, *CORNERS[2]), (late + 1, *CORNERS[3])])
    )
    again = [(0.0, *CORNERS[0]), (late, *CORNERS[0])]
    assert play([*again, *((late + n * 0.5, *CORNERS[n]) for n in (1, 2, 3))])[-1]


@pytest.mark.parametrize("order", [(0, 3, 2, 1), (1, 2, 3, 0), (0, 1, 3, 2), (0, 0, 1, 2)])
def test_another_order_is_none(order: tuple[int, ...]) -> None:
    assert not any(play([(n * 0.3, *CORNERS[corner]) for n, corner in enumerate(order)]))


def test_a_touch_in_between_begins_anew() -> None:
    touches = [(0, *CORNERS[0]), (0.3, *CORNERS[1]), (0.6, W / 2, H / 2), (0.9, *CORNERS[2]), (1.2, *CORNERS[3])]
    assert not any(play(touches))


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0, W), st.floats(CORNER_MM + 0.1, H - CORNER_MM - 0.1))))
def test_no_touches_of_the_middle_ever_open(touches: list[tuple[float, float, float]]) -> None:
    assert not any(play(sorted(touches)))
