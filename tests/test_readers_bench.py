"""The readers' own benchmark gives figures, and the figures keep the promises."""

from __future__ import annotations

from devices.bench import measure


def test_a_card_is_an_event_far_sooner_than_with_a_polled_port() -> None:
    found = measure(swipes=40, idle_s=0.5)
    assert found["event_median_ms"] < found["polled_port_median_ms"] / 10
    assert found["idle_wakeups_per_s"] < 20
    assert found["garbage_megabyte_s"] < 1.0
