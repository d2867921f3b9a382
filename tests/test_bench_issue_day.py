from __future__ import annotations

import json
from pathlib import Path

import pytest

from kiosk.bench.issue_day import issue_day
from kiosk.bench.nation import REPORT, nine_million
from kiosk.bench.terminal import measured
from kiosk.cli import run


@pytest.fixture(autouse=True)
def _few_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in {
        "issue_day._MODELS": 100,
        "issue_day._NEIGHBOURS": 300,
        "look_ups._COLD_LOOK_UPS": 10,
    }.items():
        monkeypatch.setattr(f"kiosk.bench.{name}", few)
    monkeypatch.setattr("kiosk.bench.look_ups._LOOK_UPS", 100)


def test_issue_day_is_measured_beside_plain_inserts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # In processes of their own, one of which gives way to everybody, it takes its time; the slow test has them.
    monkeypatch.setattr("kiosk.bench.issue_day.apart", measured)
    monkeypatch.setattr("kiosk.bench.issue_day.look_ups_beside", lambda *_: {})
    found = issue_day(tmp_path, count=2000)
    assert found["bills"] == 2000
    assert 60 < found["wire_bytes_a_bill"] < 150
    assert 80 < found["stored_bytes_a_bill"] < 200
    assert all(value > 0 for value in found.values())
    assert {"times_executemany", "times_insert_all", "times_insert_all_documents"} < found.keys()


@pytest.mark.slow
def test_a_nation_is_published_over_stdin_and_a_run_that_was_broken_off_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["bench", "nine-million", "--bills", "1000", "--folder", str(tmp_path), "--json"]
    assert run(command) == 0
    found = json.loads(capsys.readouterr().out)["nine-million"]
    assert found["count"] == 1000 and 950 <= found["published"]["bills"] <= 1000
    assert found["published"]["cpu_s"] > 0 and found["published"]["peak_mb"] > 0
    assert found["looked_up"]["look_up_cold_p99_ms"] > found["looked_up"]["look_up_warm_p50_ms"] > 0
    beside = found.pop("beside_import")
    (tmp_path / REPORT).write_text(json.dumps(found))
    for path in (tmp_path / "invented").iterdir():
        path.unlink()  # proof that nothing is invented again
    again = nine_million(tmp_path, count=1000)
    assert again.pop("beside_import").keys() == beside.keys()
    assert again == found
