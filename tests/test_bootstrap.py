"""The terminal's parts put together: what it tells the utility by itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from devices.printer import JobState, JournalEntry
from kiosk import bootstrap
from kiosk.paper import open_book
from kiosk.service import Service, ServiceConfig
from kiosk.settings import load


def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overrides: Mapping[str, Any]) -> bootstrap.Parts:
    monkeypatch.setattr("kiosk.courier._SPREAD_S", 0.0)
    return bootstrap.open_parts(load(state=tmp_path, overrides=overrides), state=tmp_path)


def reported(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{service.url}/demo/events", timeout=10).json()["events"]
    return found


def test_a_receipt_of_the_last_run_is_told_when_the_terminal_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = bootstrap.open_journal(tmp_path)
    journal.record(JournalEntry("ab" * 16, 41, 1, JobState.CUT, confirmed=True))
    journal.close()
    with Service(ServiceConfig(lists_received=True)) as service:
        overrides = {"gateway": {"url": service.url}, "site": {"terminal": "T-0041"}}
        parts = opened(tmp_path, monkeypatch, overrides)
        until = time.monotonic() + 10
        while not reported(service) and time.monotonic() < until:
            time.sleep(0.02)
        told = [(event["kiosk"], event["kind"], event["body"]["number"]) for event in reported(service)]
        started = time.perf_counter()
        parts.close()
        parts.close()
        assert time.perf_counter() - started < 5
    assert told == [("T-0041", "receipt", 41)]


def test_a_terminal_without_an_address_tells_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = opened(tmp_path, monkeypatch, {"gateway": {"url": ""}})
    assert parts.courier is None
    parts.close()


def test_a_terminal_whose_service_is_away_starts_and_ends_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = opened(tmp_path, monkeypatch, {"gateway": {"url": "http://127.0.0.1:9"}})
    assert parts.courier is not None
    parts.close()


def test_operations_hear_when_paper_is_low(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.courier.LOOK_S", 0.05)
    monkeypatch.setattr("kiosk.courier.IDLE_S", 0.05)
    with Service(ServiceConfig(lists_received=True)) as service:
        overrides = {
            "gateway": {"url": service.url},
            "site": {"terminal": "T-0042"},
            "printer": [{"url": "simulated:", "name": "front"}],
        }
        parts = opened(tmp_path, monkeypatch, overrides)
        try:
            assert parts.journal is not None
            book = open_book(overrides["printer"], journal=parts.journal)
            book.change_roll(lambda roll: roll.printed(250.0).sensed(low=True, out=False))
            until = time.monotonic() + 20
            while not (told := [e for e in reported(service) if e["kind"] == "device_lost"]):
                assert time.monotonic() < until, "nobody was told"
                # The simulated printer has plenty, and says so: what it senses is written over here.
                book.change_roll(lambda roll: roll.sensed(low=True, out=False))
                time.sleep(0.02)
        finally:
            parts.close()
    assert [(event["body"]["device"], event["body"]["health"]) for event in told] == [("paper", "paper_low")]
