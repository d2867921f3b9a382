"""What is kept of tests, set-up and closing: it survives restarts, and damage is taken for the safer thing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk import __version__
from kiosk.health import Verdict
from kiosk.technician import closure, setup
from kiosk.technician.closure import Cause, Closure
from kiosk.technician.setup import SetUp
from kiosk.technician.verdicts import LastTest, Verdicts

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
STEPS = ("language", "site", "network", "printer")


def test_the_last_test_of_each_part_is_kept(tmp_path: Path) -> None:
    verdicts = Verdicts(tmp_path, now=lambda: NOON)
    verdicts.keep("printer", Verdict.FAILED, by="17", seen="cover open", code="cover_open")
    verdicts.keep("printer", Verdict.OK, by="17")
    verdicts.keep("card_reader stripe", Verdict.OK, by="21", seen="track 2")
    kept = Verdicts(tmp_path).all()
    assert kept["printer"] == LastTest("printer", Verdict.OK, NOON, "17", version=__version__)
    assert kept["card_reader stripe"].as_dict()["at"] == "2026-11-23T12:00:00Z"
    verdicts.forget("printer")
    assert set(Verdicts(tmp_path).all()) == {"card_reader stripe"}


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"printer": 1}', b'{"printer": {"at": "now"}}', b"\xff"])
def test_damaged_tests_are_none(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "self-tests.json").write_bytes(damage)
    assert Verdicts(tmp_path).all() == {}
    Verdicts(tmp_path).keep("sound", Verdict.OK, by="17")
    assert set(Verdicts(tmp_path).all()) == {"sound"}


def test_out_of_service_holds_until_it_is_opened(tmp_path: Path) -> None:
    assert closure.closure(tmp_path) is None
    closure.close(tmp_path, Cause.PAPER, by="17", now=NOON)
    assert closure.closure(tmp_path) == Closure(Cause.PAPER, "17", "2026-11-23T12:00:00Z")
    closure.reopen(tmp_path)
    closure.reopen(tmp_path)
    assert closure.closure(tmp_path) is None


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"cause": "nonsense", "by": "1", "since": ""}', b"[]"])
def test_an_unreadable_closure_closes(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / closure.FILE).write_bytes(damage)
    found = closure.closure(tmp_path)
    assert found is not None
    assert found.cause is Cause.FAULT


def test_a_set_up_goes_on_where_it_was_left(tmp_path: Path) -> None:
    assert setup.set_up(tmp_path).next_of(STEPS) == "language"
    for step in ("language", "site", "language", "network"):
        setup.step_done(tmp_path, step)
    assert setup.set_up(tmp_path) == SetUp(("language", "site", "network"))
    assert setup.set_up(tmp_path).next_of(STEPS) == "printer"
    setup.step_open(tmp_path, "site")
    assert setup.set_up(tmp_path).next_of(STEPS) == "site"
    setup.finish(tmp_path)
    assert setup.set_up(tmp_path).finished


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"done": 1, "finished": true}'])
def test_a_damaged_set_up_begins_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / setup.FILE).write_bytes(damage)
    assert setup.set_up(tmp_path) == SetUp()
