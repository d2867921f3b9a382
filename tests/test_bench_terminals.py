"""Five thousand terminals on issue day: the table in the service's README, and what it is there to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.bench.terminals import DAYS, simulate, table

_ORDINARY, _AT_ONCE, _AWAY, _NOT_SPREAD = DAYS
README = Path(__file__).parent.parent / "kiosk" / "service" / "README.md"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_table_of_the_readme_is_what_the_simulation_says() -> None:
    assert table() in README.read_text(encoding="utf-8")


def test_a_terminal_asks_every_five_minutes_and_fetches_every_publication_once() -> None:
    load = simulate(_ORDINARY, terminals=40)
    assert 250 < sum(load.manifests) / 40 < 330
    assert 80 <= sum(load.fetches) / 40 <= 96


def test_the_same_day_is_the_same_load() -> None:
    assert simulate(_AWAY, terminals=5) == simulate(_AWAY, terminals=5)


def test_a_snapshot_is_fetched_once_over_two_hours() -> None:
    load = simulate(_AT_ONCE, terminals=60)
    by_half_hour = [sum(load.fetches[start : start + 1800]) for start in range(0, 86_400, 1800)]
    assert 55 <= sum(by_half_hour[:5]) <= 60
    assert max(by_half_hour) < 30


def test_nobody_is_told_of_anything_while_the_servers_are_away_and_everything_comes_after() -> None:
    load, ordinary = simulate(_AWAY, terminals=60), simulate(_ORDINARY, terminals=60)
    away = slice(18 * 3600, 19 * 3600)
    assert sum(load.fetches[away]) == sum(load.look_ups[away]) == 0
    assert load.longest_outbox > ordinary.longest_outbox / 2
    # After an outage nobody comes at the same second: full jitter.
    assert max(load.manifests[19 * 3600 :]) < 15


def test_unspread_all_would_ask_at_the_same_second() -> None:
    assert max(simulate(_NOT_SPREAD, terminals=30).manifests) == 30
    assert max(simulate(_ORDINARY, terminals=30).manifests) < 5
