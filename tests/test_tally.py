"""Limits that a restart must not lift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.database import StoreUnavailable
from kiosk.journal import JobJournal
from kiosk.model import AccountNumber
from kiosk.tally import TRIES_A_DAY, Tally

ACCOUNT, OTHER = AccountNumber("30012345678"), AccountNumber("10098765432")


class Desk:
    """A terminal's state folder, reopened at will."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = datetime(2026, 9, 15, 9, 20, tzinfo=UTC)
        self.reopen()

    def reopen(self) -> None:
        self.journal = JobJournal.file(self.folder / "journal.db", b"k" * 32, now=lambda: self.now)
        self.tally = Tally(self.journal, window_s=600.0, now=lambda: self.now)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_tries_are_counted_for_each_account_and_day_over_restarts(desk: Desk) -> None:
    for _ in range(TRIES_A_DAY):
        assert desk.tally.may_try(ACCOUNT)
        desk.journal.close()
        desk.reopen()
    assert not desk.tally.may_try(ACCOUNT)
    assert desk.tally.may_try(OTHER)
    desk.now += timedelta(hours=12)  # another day in Riyadh
    assert desk.tally.may_try(ACCOUNT)


def test_futile_numbers_are_remembered_for_as_long_as_they_count(desk: Desk) -> None:
    desk.tally.note_futile(is_guess=True)
    desk.now += timedelta(seconds=100)
    desk.tally.note_futile(is_guess=False)
    desk.now += timedelta(seconds=50)
    desk.journal.close()
    desk.reopen()
    assert desk.tally.futile_ages_s() == ((150.0,), (50.0,))
    desk.now += timedelta(seconds=450)
    assert desk.tally.futile_ages_s() == ((), (500.0,))
    desk.now += timedelta(seconds=200)
    desk.tally.note_futile(is_guess=True)
    assert desk.journal.database.rows("SELECT count(*) FROM futile_number") == [(1,)]


def test_a_clock_that_was_set_back_forgives_nothing(desk: Desk) -> None:
    desk.tally.note_futile(is_guess=True)
    desk.now -= timedelta(days=1)
    assert desk.tally.futile_ages_s() == ((0.0,), ())


def test_the_file_names_nobody(desk: Desk) -> None:
    desk.tally.may_try(ACCOUNT)
    desk.journal.count_print(ACCOUNT)
    assert desk.tally.prints_today(ACCOUNT) == 1
    kept = b"".join(path.read_bytes() for path in desk.folder.iterdir())
    assert ACCOUNT.digits.encode() not in kept and ACCOUNT.digits[-4:].encode() not in kept


def test_a_disk_that_cannot_be_used_costs_no_visit(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.journal.close()
    with pytest.raises(StoreUnavailable):
        desk.journal.database.rows("SELECT 1")
    assert desk.tally.may_try(ACCOUNT)
    desk.tally.note_futile(is_guess=True)
    assert desk.tally.futile_ages_s() == ((), ())
    assert desk.tally.prints_today(ACCOUNT) == 0
    assert "a try was not counted: store_closed" in caplog.text
