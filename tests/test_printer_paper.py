"""The paper account: millimetres, near end, the day the roll ends."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from devices.escpos.roll import PaperRoll


def test_a_roll_is_counted_by_its_length_until_the_sensor_trips() -> None:
    roll = PaperRoll(length_mm=10_000, low_mm=2_000)
    assert roll.receipts_left is None
    for _ in range(10):
        roll = roll.printed(200)
    assert roll.left_mm == 8_000 and roll.receipts_left == 33
    low = roll.sensed(low=True, out=False)
    assert low.left_mm == 2_000 and low.receipts_left == 8
    assert low.printed(200).left_mm == 1_800


def test_an_unmeasured_remainder_never_ends_the_offer() -> None:
    roll = PaperRoll().printed(200).sensed(low=True, out=False)
    for _ in range(1000):
        roll = roll.printed(200)
    assert not roll.is_spent and roll.left_mm == 0.0


def test_a_new_roll_starts_the_count_again() -> None:
    used = PaperRoll(low_mm=500).printed(200).sensed(low=True, out=False).printed(200)
    assert used.sensed(low=False, out=False) == PaperRoll(low_mm=500)
    ended = used.sensed(low=True, out=True)
    assert ended.left_mm == 0.0 and ended.used_mm == 400
    assert ended.sensed(low=False, out=False) == PaperRoll(low_mm=500)
    assert ended.sensed(low=True, out=False) == PaperRoll(low_mm=500, since_low_mm=0.0)


def test_the_day_the_roll_ends_is_told_from_the_use() -> None:
    roll = PaperRoll(length_mm=10_000).printed(1_000)
    assert roll.ends_on(date(2026, 3, 28), mm_per_day=3_000) == date(2026, 3, 31)
    assert roll.ends_on(date(2026, 3, 28), mm_per_day=0) is None


@given(st.lists(st.one_of(st.floats(1, 500), st.tuples(st.booleans(), st.booleans())), max_size=60))
def test_the_account_is_never_negative_whatever_the_sensors_say(events: list[float | tuple[bool, bool]]) -> None:
    roll = PaperRoll(length_mm=5_000, low_mm=600)
    for event in events:
        roll = roll.printed(event) if isinstance(event, float) else roll.sensed(low=event[0], out=event[1])
        assert roll.left_mm >= 0 and roll.used_mm >= 0
        assert roll.receipts_left is None or roll.receipts_left >= 0
