from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from devices.printer import JobState, Journal, JournalEntry
from kiosk.database import StoreFull, StoreUnavailable
from kiosk.journal import JobJournal
from kiosk.model import AccountNumber

KEY = bytes(range(32))
NOW = datetime(2026, 8, 29, 9, 0, tzinfo=UTC)
ACCOUNT = AccountNumber("30012345678")
STEPS = (JobState.QUEUED, JobState.PREFLIGHT, JobState.SENDING, JobState.PRINTED, JobState.CUT, JobState.TAKEN)
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[JobJournal]:
    journal = JobJournal.file(path, KEY, now=lambda: NOW)
    yield journal
    journal.close()


def entry(job: str, state: JobState = JobState.QUEUED, number: int = 1, **fields: object) -> JournalEntry:
    return JournalEntry(job, number, 1, state, **fields)  # type: ignore[arg-type]


def test_it_is_the_journal_that_printers_ask_for(journal: JobJournal) -> None:
    promised: Journal = journal
    promised.record(entry("a"))
    assert list(promised.unfinished()) == [entry("a")]


def test_the_newest_state_of_a_job_counts_and_final_ones_are_not_unfinished(path: Path) -> None:
    journal = JobJournal.file(path, KEY)
    for job in ("a", "b", "c"):
        journal.record(entry(job))
    sending = entry("a", JobState.SENDING, reason="jam", offset=4096, owed=300)
    journal.record(sending)
    journal.record(entry("b", JobState.UNKNOWN, reason="silent"))
    journal.close()
    again = JobJournal.file(path, KEY)
    assert again.unfinished() == [sending, entry("c")]
    again.close()


@pytest.mark.parametrize("state", list(JobState))
def test_every_state_comes_back(journal: JobJournal, state: JobState) -> None:
    journal.record(entry("a", state))
    assert journal.unfinished() == ([] if state.is_final else [entry("a", state)])


def test_receipt_numbers_count_on_over_restarts(path: Path) -> None:
    numbers = []
    for _ in range(3):
        journal = JobJournal.file(path, KEY)
        numbers += [journal.next_receipt_number() for _ in range(70)]
        journal.close()
    assert numbers == list(range(1, 211))


def _damage(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(30_000))


def _lose(path: Path) -> None:
    for part in path.parent.glob("journal.db*"):
        part.unlink()


@pytest.mark.parametrize("spoil", [_damage, _lose])
def test_receipt_numbers_do_not_repeat_after_the_journal_was_lost(path: Path, spoil: object) -> None:
    journal = JobJournal.file(path, KEY)
    given = [journal.next_receipt_number() for _ in range(130)]
    journal.close()
    spoil(path)  # type: ignore[operator]
    journal = JobJournal.file(path, KEY)
    more = [journal.next_receipt_number() for _ in range(130)]
    journal.close()
    assert len(set(given + more)) == 260
    assert more == sorted(more) and more[0] <= given[-1] + 100


@pytest.mark.parametrize("held", [None, "", "many", "7"])
def test_receipt_numbers_go_on_when_their_second_file_is_lost(path: Path, held: str | None) -> None:
    journal = JobJournal.file(path, KEY)
    assert [journal.next_receipt_number() for _ in range(10)] == list(range(1, 11))
    second = path.with_name("receipt-numbers")
    if held is None:
        second.unlink()
    else:
        second.write_text(held)
    assert journal.next_receipt_number() == 11
    assert int(second.read_text()) >= 11
    journal.close()


def test_a_journal_put_back_from_a_copy_gives_no_number_twice(path: Path) -> None:
    journal = JobJournal.file(path, KEY)
    journal.next_receipt_number()
    journal.close()
    copy = path.read_bytes()
    journal = JobJournal.file(path, KEY)
    given = [journal.next_receipt_number() for _ in range(150)]
    journal.close()
    path.write_bytes(copy)
    journal = JobJournal.file(path, KEY)
    assert journal.next_receipt_number() > given[-1]
    journal.close()


def test_a_damaged_journal_is_set_aside_and_the_job_at_hand_recorded(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = JobJournal.file(path, KEY)
    for n in range(300):
        journal.record(entry(f"job-{n}"))
    journal.close()
    journal = JobJournal.file(path, KEY)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    journal.record(entry("job-299", JobState.SENDING))
    assert journal.unfinished() == [entry("job-299", JobState.SENDING)]
    assert (path.parent / "quarantine" / path.name).exists()
    assert [line.split(":")[0] for line in caplog.messages] == ["store_replaced"]
    journal.close()


def test_prints_are_counted_by_account_and_day_in_riyadh(path: Path) -> None:
    moment = datetime(2026, 8, 29, 20, 59, tzinfo=UTC)
    journal = JobJournal.file(path, KEY, now=lambda: moment)
    other = AccountNumber("030012345678")
    assert [journal.count_print(ACCOUNT) for _ in range(3)] == [1, 2, 3]
    assert journal.count_print(other) == 1
    assert (journal.prints_today(ACCOUNT), journal.prints_today(other)) == (3, 1)
    moment += timedelta(minutes=1)
    assert journal.prints_today(ACCOUNT) == 0
    assert journal.count_print(ACCOUNT) == 1
    journal.close()


def test_the_file_names_no_account_and_keeps_no_tag_of_another_day(path: Path) -> None:
    moment = NOW
    journal = JobJournal.file(path, KEY, now=lambda: moment)
    journal.count_print(ACCOUNT)
    moment += timedelta(days=1)
    journal.count_print(ACCOUNT)
    journal.record(entry("a"))
    journal.close()
    rows = sqlite3.connect(path).execute("SELECT day, account, prints FROM print").fetchall()
    assert len(rows) == 1 and len(rows[0][1]) == 32
    assert ACCOUNT.digits.encode() not in path.read_bytes()


def test_a_lost_key_starts_the_count_anew_and_loses_no_job(path: Path) -> None:
    journal = JobJournal.file(path, KEY, now=lambda: NOW)
    journal.count_print(ACCOUNT)
    journal.record(entry("a"))
    journal.close()
    journal = JobJournal.file(path, bytes(32), now=lambda: NOW)
    assert journal.prints_today(ACCOUNT) == 0
    assert journal.unfinished() == [entry("a")]
    journal.close()


def test_memory_does_the_same_without_a_file() -> None:
    journal = JobJournal.memory(now=lambda: NOW)
    journal.record(entry("a"))
    assert journal.unfinished() == [entry("a")]
    assert [journal.next_receipt_number() for _ in range(3)] == [1, 2, 3]
    assert journal.count_print(ACCOUNT) == journal.prints_today(ACCOUNT) == 1
    assert journal.check() == ()
    journal.close()
    journal.close()
    with pytest.raises(StoreUnavailable):
        journal.record(entry("a"))


def _work(path: Path, told: Connection, seed: int) -> None:
    """Record jobs and take numbers until killed; say each only after the journal's call returned."""
    journal = JobJournal.file(path, KEY)
    told.send(("up", seed, 0))
    n = 0
    while True:
        job = f"{seed}-{n}"
        number = journal.next_receipt_number()
        told.send(("number", job, number))
        for step, state in enumerate(STEPS[: 2 + n % 5]):
            journal.record(JournalEntry(job, number, 1, state, offset=step))
            told.send(("state", job, step))
        n += 1


def _killed(path: Path, seed: int, after_s: float) -> list[tuple[str, str, int]]:
    """What a process acknowledged before it was killed `after_s` after its start."""
    ours, its = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_work, args=(path, its, seed))
    process.start()
    its.close()
    said = [ours.recv()]
    timer = threading.Timer(after_s, os.kill, (process.pid, signal.SIGKILL))
    timer.start()
    try:
        while True:
            said.append(ours.recv())
    except EOFError:
        process.join(10)
    assert process.exitcode == -signal.SIGKILL
    return said[1:]


def test_nothing_acknowledged_is_lost_when_the_process_is_killed_at_any_moment(path: Path) -> None:
    import sqlcipher3.dbapi2
    import sqlite_utils

    assert sqlcipher3.dbapi2 and sqlite_utils  # loaded once here, not in each of the forty processes
    chance = random.Random(4)
    given: list[int] = []
    reached: dict[str, int] = {}
    for seed in range(40):
        for kind, job, value in _killed(path, seed, chance.uniform(0.0, 0.05)):
            if kind == "number":
                given.append(value)
            else:
                reached[job] = value
        journal = JobJournal.file(path, KEY)
        unfinished = {held.job: held for held in journal.unfinished()}
        journal.close()
        for job, step in reached.items():
            if job not in unfinished:
                continue
            assert unfinished[job].offset >= step
        lost = [job for job, step in reached.items() if job not in unfinished and step < len(STEPS) - 2]
        assert lost == []
    assert len(reached) > 40  # a busy machine gets less done in the same time
    assert len(given) == len(set(given)) and given == sorted(given)
    journal = JobJournal.file(path, KEY)
    assert journal.check() == () and journal.next_receipt_number() > given[-1]
    journal.close()


def _take(path: Path, told: Connection) -> None:
    journal = JobJournal.file(path, KEY)
    told.send([journal.next_receipt_number() for _ in range(150)])
    journal.close()


def test_two_processes_never_take_the_same_number(path: Path) -> None:
    pipes = [FORK.Pipe(duplex=False) for _ in range(2)]
    processes = [FORK.Process(target=_take, args=(path, its)) for _, its in pipes]
    for process in processes:
        process.start()
    numbers = [number for ours, _ in pipes for number in ours.recv()]
    for process in processes:
        process.join(30)
    assert sorted(numbers) == list(range(1, 301))


def test_a_full_disk_is_said_before_anything_is_acknowledged(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)],
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode
    )
    try:
        journal = JobJournal.file(folder / "journal.db", KEY)
        if not mounted:
            with journal._file.writing() as db:
                db.conn.execute("PRAGMA max_page_count=60")
        recorded = []
        with pytest.raises(StoreFull):
            for n in range(10_000):
                journal.record(entry(f"job-{n}"))
                recorded.append(f"job-{n}")
        assert len(recorded) > 10
        assert [held.job for held in journal.unfinished()] == recorded
        assert journal.check() == ()
        journal.close()
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_record_is_on_disk_in_milliseconds(journal: JobJournal) -> None:
    took = []
    for n in range(50):
        started = time.perf_counter()
        journal.record(entry(f"job-{n}"))
        took.append(time.perf_counter() - started)
    assert sorted(took)[25] < 0.05
