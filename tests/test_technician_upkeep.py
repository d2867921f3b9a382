"""Counting, cleaning up at night, self-tests and what is taken away on a stick."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devices.card_reader import (
    Credential,
    CredentialKind,
    Presented,
    ReaderChanged,
    ReaderHealth,
    Rejected,
    Rejection,
)
from devices.page import Page
from devices.printer import JobState, JournalEntry, PrinterError, PrinterHealth, PrinterStatus, PrintJob
from kiosk import bootstrap, inspection, log
from kiosk.audit import Audit
from kiosk.health import Verdict
from kiosk.journal import JobJournal
from kiosk.outbox import Kind
from kiosk.settings import load
from kiosk.store import Store, store_key
from kiosk.technician import export, retention, selftest
from kiosk.technician.caretaker import FLUSH_EVERY_S, Upkeep
from kiosk.technician.counters import CountedPrinter, CountedReader, Counters, Totals, counted
from kiosk.technician.export import ExportFailed, export_to
from kiosk.technician.selftest import Outcome
from kiosk.technician.verdicts import Verdicts
from tests.factories import make_bill
from tests.fakes import FakePrinter, FakeReader

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
JOB = PrintJob("job", 1, Page(576, 1600, ()))


def test_paper_cuts_and_receipts_are_counted_once_a_job(tmp_path: Path) -> None:
    counters = Counters(tmp_path)
    script = ((JobState.SENT, "", False), (JobState.CUT, "", False), (JobState.TAKEN, "", True))
    printer = CountedPrinter(FakePrinter(script=script), counters)
    seen: list[JobState] = []
    for _ in range(2):
        printer.submit(JOB, lambda update: seen.append(update.state))
    assert counters.totals() == Totals(paper_mm=400, receipts=2, cuts=2)
    assert seen == [JobState.SENT, JobState.CUT, JobState.TAKEN] * 2
    refused = CountedPrinter(FakePrinter(script=((JobState.REFUSED, "paper_out", True),)), counters)
    refused.submit(JOB, lambda update: None)
    assert counters.totals().receipts == 2


def test_readings_are_counted_without_what_was_read(tmp_path: Path) -> None:
    counters, reader = Counters(tmp_path), FakeReader()
    watched = CountedReader(reader, counters)
    watched.start(lambda event: None)
    watched.arm(True)
    reader.present("30012345678")
    reader.reject(Rejection.UNREADABLE)
    assert counters.totals() == Totals(reads=1, rejected=1)
    counters.flush()
    assert b"300" not in (tmp_path / "counters").read_bytes()
    assert Counters(tmp_path).totals() == Totals(reads=1, rejected=1)


def test_where_nobody_counts_the_parts_are_as_they_were(tmp_path: Path) -> None:
    printer, reader = FakePrinter(), FakeReader()
    assert counted(printer, [reader], None) == (printer, [reader])
    made, readers = counted(None, [reader], Counters(tmp_path))
    assert (made, [each.name for each in readers]) == (None, ["card"])


def test_a_flush_adds_to_what_was_kept_and_damage_counts_from_nothing(tmp_path: Path) -> None:
    for _ in range(3):
        counters = Counters(tmp_path)
        counters.add(reads=2)
        counters.flush()
        counters.flush()
    assert Counters(tmp_path).totals() == Totals(reads=6)
    (tmp_path / "counters").write_bytes(b"x" * 8192)
    counters = Counters(tmp_path)
    counters.add(cuts=1)
    counters.flush()
    assert Counters(tmp_path).totals() == Totals(cuts=1)


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (((JobState.SENT, "", False), (JobState.CUT, "", True)), Outcome(Verdict.OK, "confirmed", "CUT")),
        (((JobState.SENT, "", True),), Outcome(Verdict.OK, "sent", "SENT")),
        (((JobState.REFUSED, "paper_out", True),), Outcome(Verdict.FAILED, "paper_out", "REFUSED")),
        (((JobState.HELD, "cover_open", False),), Outcome(Verdict.FAILED, "cover_open", "HELD")),
        (((JobState.UNKNOWN, "", True),), Outcome(Verdict.FAILED, "no_answer", "UNKNOWN")),
        (((JobState.SENT, "", False),), Outcome(Verdict.WARNING, "sent", "SENT")),
        ((), Outcome(Verdict.FAILED, "no_answer")),
    ],
)
def test_a_test_page_is_as_good_as_what_the_printer_says_of_it(script: Any, outcome: Outcome) -> None:
    assert selftest.print_and_wait(FakePrinter(script=script), JOB, timeout_s=0.05) == outcome


def test_a_printer_that_takes_nothing_says_why() -> None:
    class Gone(FakePrinter):
        def submit(self, job: object, watch: object) -> None:
            raise PrinterError(PrinterStatus(PrinterHealth.ABSENT, "no such port"))

    assert selftest.print_and_wait(Gone(), JOB) == Outcome(Verdict.FAILED, "absent", "no such port")


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        (Rejection.PAYMENT_CARD, Verdict.OK),
        (Rejection.UNKNOWN_CARD, Verdict.OK),
        (Rejection.UNREADABLE, Verdict.FAILED),
        (Rejection.PARTIAL, Verdict.FAILED),
    ],
)
def test_a_reader_that_refused_a_card_has_read_it(reason: Rejection, verdict: Verdict) -> None:
    outcome = selftest.heard(Rejected("card", reason, 0.0))
    assert outcome is not None
    assert outcome.verdict is verdict


def test_a_test_card_is_not_kept(tmp_path: Path) -> None:
    credential = Credential(CredentialKind.ACCOUNT, "30012345678", source="track2")
    outcome = selftest.heard(Presented("card", credential, 0.0, 0.0))
    assert outcome == Outcome(Verdict.OK, "read", "track2")
    assert credential.take() == ""
    assert selftest.heard(ReaderChanged("card", ReaderHealth.ONLINE)) is None
    outcome.kept(Verdicts(tmp_path), "card_reader card", by="17")
    assert Verdicts(tmp_path).all()["card_reader card"].code == "read"


def test_a_new_roll_is_told_and_counted(tmp_path: Path) -> None:
    renewed: list[bool] = []
    selftest.paper_changed(counters=Counters(tmp_path), renew=lambda: renewed.append(True))
    assert (renewed, Counters(tmp_path).totals().paper_changes) == ([True], 1)


def test_the_night_comes_once_and_only_when_nobody_is_there() -> None:
    nights, flushes = [], []
    upkeep = Upkeep(nightly=lambda: nights.append(1), flush=lambda: flushes.append(1))
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)  # noon in Riyadh
    upkeep.tick(start, 0.0, idle=True)
    assert len(nights) == 1  # the night before
    for hours in range(1, 15):
        upkeep.tick(start + timedelta(hours=hours), hours * 3600.0, idle=True)
    assert len(nights) == 1  # two o'clock
    upkeep.tick(start + timedelta(hours=15), 15 * 3600.0, idle=False)
    upkeep.tick(start + timedelta(hours=15, minutes=1), 15 * 3600.0 + 60, idle=True)
    upkeep.tick(start + timedelta(hours=20), 20 * 3600.0, idle=True)
    assert len(nights) == 2
    assert len(flushes) == 17
    assert FLUSH_EVERY_S == 60


DAYS = {
    "bills_days": 35,
    "regions_days": 60,
    "receipts_days": 400,
    "letters_days": 90,
    "audit_days": 400,
    "logs_days": 30,
    "damaged_days": 30,
}


def filled(state: Path, moment: datetime) -> None:
    """Something of every kind that is kept, from `moment`."""
    key = store_key(state)
    journal = JobJournal.file(state / "journal.db", key, now=lambda: moment)
    journal.record(JournalEntry("old", 41, 1, JobState.CUT, confirmed=True))
    journal.record(JournalEntry("under way", 42, 1, JobState.SENT))
    with journal.database.writing() as db:
        db.conn.execute("UPDATE job SET reported = 1")
        row = ("id", int(moment.timestamp() * 1000), Kind.RECEIPT.value, "{}", "schema")
        db.conn.execute("INSERT INTO dead_letter VALUES (?, ?, ?, ?, ?)", row)
    journal.close()
    audit = Audit(state, key, now=lambda: moment)
    for n in range(200):
        audit.add("sign_in", who=str(n))
    for folder, name in ((log.FOLDER, "kiosk.log.3"), (retention.QUARANTINE, "seen.db")):
        (state / folder).mkdir(exist_ok=True)
        path = state / folder / name
        path.write_text("old")
        os.utime(path, (moment.timestamp(), moment.timestamp()))


def test_everything_kept_is_forgotten_after_its_days_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.audit.SEGMENT_BYTES", 1 << 10)
    monkeypatch.setattr("kiosk.audit.os.fsync", lambda handle: None)
    monkeypatch.setattr("kiosk.durable.os.fsync", lambda handle: None)
    settings, began = load(state=tmp_path), datetime.now(UTC)
    filled(tmp_path, began)
    moment = [began]
    store = Store.memory(accounts=100, days=settings.retention.bills_days, now=lambda: moment[0])
    bill = make_bill(number="30098765432")
    store.keep(bill.account.number, bill, as_of=began, etag=None)
    journal = bootstrap.open_journal(tmp_path)
    kept = retention.Kept(tmp_path, store_key(tmp_path), store, journal)

    def gone_after(days: int) -> dict[str, int]:
        moment[0] = began + timedelta(days=days)
        gone = retention.enforce(kept, settings.retention, now=moment[0])
        return {name: n for name, n in gone.items() if n}

    assert gone_after(29) == {}
    assert gone_after(31) == {"logs": 1, "damaged": 1}
    assert gone_after(36) == {"bills": 1}
    assert gone_after(91) == {"letters": 1}
    last = gone_after(401)
    assert (set(last), last["receipts"]) == ({"receipts", "audit"}, 1)
    assert last["audit"] > 190
    assert Audit(tmp_path, store_key(tmp_path)).verify().problems == ()
    assert [entry.job for entry in journal.unfinished()] == ["under way"]
    journal.close()


def test_every_kind_has_its_days_and_all_days_are_kept_to() -> None:
    settings = load()
    assert {name: getattr(settings.retention, name) for name in DAYS} == DAYS
    table = str(retention.__doc__)
    assert all(f"`{name}`" in table for name in DAYS)


def test_a_kind_that_fails_holds_up_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def purge(self, *, everything: bool = False) -> int:
            raise OSError(5, "Input/output error")

    (tmp_path / retention.QUARANTINE).mkdir()
    old = tmp_path / retention.QUARANTINE / "seen.db"
    old.write_text("old")
    os.utime(old, (0, 0))
    kept = retention.Kept(tmp_path, bytes(32), Broken())
    assert retention.enforce(kept, load().retention, now=NOW)["damaged"] == 1
    assert "not_forgotten: bills" in caplog.text


def test_the_night_of_a_terminal_without_anything_is_quiet(tmp_path: Path) -> None:
    assert set(inspection.nightly(load(state=tmp_path), state=tmp_path, journal=None).values()) == {0}


def logged(state: Path) -> None:
    log.configure()
    log.keep(state)
    logger = logging.getLogger("kiosk.test")
    logger.info("all is well with 30012345678")
    logger.error("the printer is gone")
    for handler in logging.getLogger().handlers:
        handler.flush()


def test_logs_are_newest_first_errors_apart_and_hold_no_account(tmp_path: Path) -> None:
    logged(tmp_path)
    lines = export.logs(tmp_path)
    assert "the printer is gone" in lines[0]
    assert [line.split(" ", 1)[1] for line in export.logs(tmp_path, errors_only=True)] == [
        "ERROR kiosk.test: the printer is gone"
    ]
    assert "30012345678" not in "".join(lines)
    assert "*******5678" in "".join(lines)


def exported(tmp_path: Path, stick: Path) -> export.Exported:
    audit = Audit(tmp_path, bytes(32), now=lambda: NOW)
    audit.add("sign_in", who="17")
    report = {"ready": True}
    return export_to(stick, state=tmp_path, terminal="RUH-1", report=report, audit=audit.entries(), now=NOW)


def test_an_export_is_whole_and_says_so_itself(tmp_path: Path) -> None:
    logged(tmp_path)
    stick = tmp_path / "stick"
    stick.mkdir()
    made = exported(tmp_path, stick)
    assert made.folder.name == "ebill-kiosk-RUH-1-20261123-120000"
    sums = dict(reversed(line.split("  ")) for line in (made.folder / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {"report.json", "errors.log", "all.log", "audit.jsonl"}
    for name, digest in sums.items():
        assert hashlib.sha256((made.folder / name).read_bytes()).hexdigest() == digest
    assert json.loads((made.folder / "audit.jsonl").read_text())["who"] == "17"


def test_a_stick_that_does_not_take_it_is_not_said_to_be_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ExportFailed, match="no_stick"):
        exported(tmp_path, tmp_path / "nowhere")
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "ebill-kiosk-RUH-1-20261123-120000").write_text("in the way")
    with pytest.raises(ExportFailed, match="not_written"):
        exported(tmp_path, stick)
    (stick / "ebill-kiosk-RUH-1-20261123-120000").unlink()
    monkeypatch.setattr(export, "_write", lambda path, content: path.write_bytes(content[:-1]))
    with pytest.raises(ExportFailed, match="not_the_same"):
        exported(tmp_path, stick)
    assert list(stick.iterdir()) == []


def test_a_full_stick_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    stick = tmp_path / "stick"
    stick.mkdir()
    monkeypatch.setattr(export, "_write", full)
    with pytest.raises(ExportFailed, match="full"):
        exported(tmp_path, stick)
    assert list(stick.iterdir()) == []


def test_only_what_is_mounted_is_a_stick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert export.sticks(str(tmp_path)) == []
    monkeypatch.setattr("kiosk.technician.export.os.path.ismount", lambda path: Path(path).name == "b")
    assert export.sticks(str(tmp_path)) == [tmp_path / "b"]
    assert export.sticks(str(tmp_path / "nowhere")) == []
    assert export.sticks("") == []


def test_counting_does_not_hold_up_a_reader(tmp_path: Path) -> None:
    counters = Counters(tmp_path)
    threads = [threading.Thread(target=lambda: [counters.add(reads=1) for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    counters.flush()
    for thread in threads:
        thread.join()
    counters.flush()
    assert Counters(tmp_path).totals().reads == 2000
