"""The paper account in the journal's file: what is left, who may write it, and the day the roll ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from devices.escpos.roll import PaperRoll
from kiosk.database import StoreUnavailable
from kiosk.health import Verdict
from kiosk.journal import JobJournal
from kiosk.paper import FEW_RECEIPTS, PaperBook, open_book
from kiosk.sensing import paper_state

FULL = PaperRoll(length_mm=80_000.0)


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def book_of(journal: JobJournal, *, clock: Clock | None = None, fresh: PaperRoll = FULL) -> PaperBook:
    clock = clock or Clock(datetime(2026, 9, 10, 9, tzinfo=UTC))
    return PaperBook(journal.database, printer="printer", fresh=fresh, now=clock)


def test_what_was_printed_is_known_after_a_restart(tmp_path: Path) -> None:
    for count in (1, 2):
        journal = JobJournal.file(tmp_path / "journal.db", bytes(32))
        book_of(journal).change_roll(lambda roll: roll.printed(250.0))
        assert book_of(journal).roll() == replace(FULL, used_mm=250.0 * count, receipts=count)
        journal.close()


def test_a_technician_and_the_terminal_undo_nothing_of_each_other(tmp_path: Path) -> None:
    terminal = JobJournal.file(tmp_path / "journal.db", bytes(32))
    technician = JobJournal.file(tmp_path / "journal.db", bytes(32))
    book_of(terminal).change_roll(lambda roll: roll.printed(250.0))
    assert book_of(technician).new_roll(50_000.0).usual_mm == 250.0
    after = book_of(terminal).change_roll(lambda roll: roll.printed(300.0))
    assert (after.length_mm, after.used_mm, after.receipts) == (50_000.0, 300.0, 1)
    assert book_of(technician).new_roll().length_mm == FULL.length_mm
    terminal.close()
    technician.close()


def test_the_settings_say_how_much_is_left_at_near_end() -> None:
    journal = JobJournal.memory()
    table = {"url": "simulated:", "roll_mm": 60_000, "near_end_mm": 2_000}
    book = open_book([table], journal=journal)
    book.change_roll(lambda roll: roll.printed(250.0).sensed(low=True, out=False))
    assert book.roll().left_mm == 2_000.0
    measured = open_book([table | {"near_end_mm": 3_000}], journal=journal)
    assert measured.roll().left_mm == 3_000.0


def test_the_roll_ends_by_what_the_same_days_of_last_month_used() -> None:
    journal, clock = JobJournal.memory(), Clock(datetime(2026, 8, 20, 9, tzinfo=UTC))
    book = book_of(journal, clock=clock)
    # Two receipts a day, and a hundred on the 28th.
    for _ in range(30):
        for _ in range(100 if clock.now.day == 28 else 2):
            book.change_roll(lambda roll: roll.printed(250.0))
        clock.now += timedelta(days=1)
    assert clock.now.date() == date(2026, 9, 19)
    left = book.roll().left_mm
    assert left == 80_000.0 - (29 * 2 + 100) * 250.0
    assert book.forecast().ends_on == date(2026, 10, 19)
    assert book.new_roll(29_000.0).length_mm == 29_000.0
    assert book.forecast().ends_on == date(2026, 9, 28)
    assert book.new_roll(3_000.0) and book.forecast().ends_on == date(2026, 9, 23)


def test_a_terminal_that_prints_nothing_has_no_day_its_roll_ends() -> None:
    assert book_of(JobJournal.memory()).forecast().ends_on is None


@pytest.mark.parametrize(
    ("left", "sensed", "health"),
    [
        (40_000.0, {"low": False, "out": False}, "ready"),
        (250.0 * FEW_RECEIPTS, {"low": False, "out": False}, "paper_low"),
        (40_000.0, {"low": True, "out": False}, "paper_low"),
        (40_000.0, {"low": True, "out": True}, "paper_out"),
    ],
)
def test_little_paper_is_told_to_operations_and_technicians(
    left: float, sensed: dict[str, bool], health: str
) -> None:
    book = book_of(JobJournal.memory())
    book.new_roll(left + 250.0)
    book.change_roll(lambda roll: roll.printed(250.0))
    book.change_roll(lambda roll: roll.sensed(**sensed))
    state, finding = paper_state(book), book.forecast().finding()
    assert (state.health, state.is_fit) == (health, health == "ready")
    assert (finding.verdict is Verdict.OK) == state.is_fit
    assert bool(finding.remedy) != state.is_fit
    facts = book.forecast().facts()
    assert facts["near_end"] is sensed["low"] or sensed["out"]
    assert facts["receipts"] == 1 and facts["out"] is sensed["out"]


def test_without_the_file_paper_is_counted_in_memory(caplog: pytest.LogCaptureFixture) -> None:
    journal = JobJournal.memory()
    book = book_of(journal)
    journal.close()
    with pytest.raises(StoreUnavailable):
        journal.unfinished()
    assert book.change_roll(lambda roll: roll.printed(250.0)).used_mm == 250.0
    assert book.roll().used_mm == 250.0
    assert "counted in memory" in caplog.text


def test_pictures_in_a_printer_are_known_by_its_serial_number(tmp_path: Path) -> None:
    journal = JobJournal.file(tmp_path / "journal.db", bytes(32))
    book = book_of(journal)
    for _ in range(2):
        book.keep_picture("S-1", "ab")
    assert book.pictures("S-1") == {"ab"} and book.pictures("S-2") == frozenset()
    journal.close()
    again = JobJournal.file(tmp_path / "journal.db", bytes(32))
    assert book_of(again).pictures("S-1") == {"ab"}
    again.close()
