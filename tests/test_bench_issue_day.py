from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.bench.issue_day import issue_day, nine_million


@pytest.fixture(autouse=True)
def _few_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in {"_MODELS": 100, "_NEIGHBOURS": 300, "_LOOK_UPS": 200, "_COLD_LOOK_UPS": 10}.items():
        monkeypatch.setattr(f"kiosk.bench.issue_day.{name}", few)


def test_issue_day_is_measured_beside_plain_inserts(tmp_path: Path) -> None:
    found = issue_day(tmp_path, count=2000)
    assert found["bills"] == 2000
    assert 60 < found["wire_bytes_a_bill"] < 150
    assert 80 < found["stored_bytes_a_bill"] < 200
    assert all(value > 0 for value in found.values())


def test_the_nation_is_published_over_stdin_and_looked_up(tmp_path: Path) -> None:
    found = nine_million(tmp_path, count=400)
    assert 380 <= found["bills"] <= 400
    assert found["look_up_cold_p99_ms"] > found["look_up_warm_p50_ms"] > 0
