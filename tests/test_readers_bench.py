"""The readers' own benchmark gives figures, and the figures keep the promises."""

from __future__ import annotations

from devices.bench import measure


def test_a_card_is_an_event_far_sooner_than_with_a_polled_port() -> None:
    found = measure(swipes=40, idle_s=1.0)
    assert found["event_median_ms"] < found["polled_port_median_ms"] / 10  # type: ignore[operator]
    assert found["idle_wakeups_per_s"] < found["idle_armed_wakeups_per_s"] < 20  # type: ignore[operator]
    garbage = found["garbage_megabyte_s"]
    assert isinstance(garbage, dict)
    assert len(garbage) == 10
    assert max(garbage.values()) < 1.0
