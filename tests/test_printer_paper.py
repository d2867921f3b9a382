"""The paper account: millimetres, near end, the day the roll ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given, settings
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


def test_a_new_roll_starts_the_count_again_and_knows_what_is_usual() -> None:
    used = PaperRoll(low_mm=500).printed(200).sensed(low=True, out=False).printed(200)
    new = PaperRoll(low_mm=500, usual_mm=200)
    assert used.sensed(low=False, out=False) == new
    assert new.receipts_left == 333
    ended = used.sensed(low=True, out=True)
    assert ended.left_mm == 0.0 and ended.used_mm == 400
    assert ended.sensed(low=False, out=False) == new
    assert ended.sensed(low=True, out=False) == replace(new, since_low_mm=0.0)
    assert ended.renewed(50_000) == replace(new, length_mm=50_000)


def test_the_day_the_roll_ends_is_told_from_what_each_day_is_expected_to_use() -> None:
    roll = PaperRoll(length_mm=10_000).printed(1_000)
    assert roll.ends_on(date(2026, 3, 28), expected_mm=lambda day: 3_000) == date(2026, 3, 30)
    assert roll.ends_on(date(2026, 3, 28), expected_mm=lambda day: 0) is None
    busy = roll.ends_on(date(2026, 3, 25), expected_mm=lambda day: 9_000 if day.day == 28 else 1)
    assert busy == date(2026, 3, 28)


@settings(deadline=None)
@given(st.lists(st.one_of(st.floats(1, 500), st.tuples(st.booleans(), st.booleans())), max_size=60))
def test_the_account_is_never_negative_whatever_the_sensors_say(events: list[float | tuple[bool, bool]]) -> None:
    roll = PaperRoll(length_mm=5_000, low_mm=600)
    for event in events:
        roll = roll.printed(event) if isinstance(event, float) else roll.sensed(low=event[0], out=event[1])
        assert roll.left_mm >= 0 and roll.used_mm >= 0
        assert roll.receipts_left is None or roll.receipts_left >= 0
