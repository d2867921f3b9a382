"""Events until they are answered for: kept through kills and weeks, numbered once, never blocked by a bad one."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID

import pytest

from devices.printer import JobState, JournalEntry
from kiosk.journal import JobJournal
from kiosk.model import AccountNumber
from kiosk.outbox import (
    BODY_LIMIT_BYTES,
    DEAD_LETTERS,
    BillWanted,
    Kind,
    MobileGiven,
    Outbox,
    Reply,
    Request,
    Verdict,
)
from kiosk.outbox.events import KEY_LOST, SEQUENCE_TAKEN, batch_key, ndjson, uuid7

KEY = bytes(range(32))
NOW = datetime(2026, 8, 29, 9, 0, tzinfo=UTC)
FORK = multiprocessing.get_context("fork")
LOST = {"device": "printer", "health": "jam"}


class Clock:
    """The time, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(clock: Clock) -> Iterator[JobJournal]:
    journal = JobJournal.memory(now=clock)
    yield journal
    journal.close()


@pytest.fixture
def outbox(journal: JobJournal, clock: Clock) -> Outbox:
    return Outbox(journal.database, journal.sealing_key, now=clock)


def replies(outbox: Outbox, verdict: Verdict = Verdict.ACCEPTED, reason: str = "") -> list[Reply]:
    return [Reply(event.id, verdict, reason) for event in outbox.batch()]


def test_events_keep_their_order_their_numbers_and_their_time(outbox: Outbox, clock: Clock) -> None:
    outbox.add(Kind.DEVICE_LOST, LOST)
    clock.now += timedelta(milliseconds=1500)
    outbox.add(Kind.DEVICE_BACK, {"device": "printer", "health": "ready"})
    first, second = outbox.batch()
    assert (first.seq, second.seq) == (1, 2)
    assert (first.at, second.at) == (NOW, clock.now)
    assert (first.kind, json.loads(first.body)) == ("device_lost", LOST)
    assert first.id < second.id


def test_an_id_is_a_uuid_of_version_7_and_never_made_twice(outbox: Outbox) -> None:
    for _ in range(50):
        outbox.add(Kind.DEVICE_LOST, LOST)
    ids = [UUID(event.id) for event in outbox.batch()]
    assert len(set(ids)) == 50
    assert {(id_.version, id_.variant) for id_ in ids} == {(7, "specified in RFC 4122")}
    assert {id_.int >> 80 for id_ in ids} == {int(NOW.timestamp() * 1000)}


def test_a_uuid_is_the_one_the_standard_shows() -> None:
    # RFC 9562, A.6: 2022-02-22 19:22:22 UTC; rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    chance = (0xCC3 << 64 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    assert str(uuid7(0x017F22E279B0, chance)) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_what_is_answered_for_goes_and_the_rest_stays(outbox: Outbox) -> None:
    for _ in range(4):
        outbox.add(Kind.DEVICE_LOST, LOST)
    events = outbox.batch()
    answered = [Reply(events[0].id, Verdict.ACCEPTED), Reply(events[2].id, Verdict.DUPLICATE)]
    assert outbox.settle(answered, last_seq=3) == 2
    assert outbox.batch() == [events[1], events[3]]
    assert outbox.settle(answered, last_seq=3) == 0


def test_a_rejected_event_goes_to_the_dead_letters_and_blocks_nothing(outbox: Outbox) -> None:
    outbox.add(Kind.DEVICE_LOST, LOST)
    outbox.add(Kind.DEVICE_BACK, LOST)
    bad, good = outbox.batch()
    assert outbox.settle([Reply(bad.id, Verdict.REJECTED, "body_invalid")], last_seq=0) == 1
    assert outbox.batch() == [good]
    assert outbox.dead_letters() == [(bad.id, "device_lost", "body_invalid")]


def test_dead_letters_are_kept_up_to_a_thousand_the_newest_stay(outbox: Outbox, clock: Clock) -> None:
    for n in range(3):
        clock.now = NOW + timedelta(seconds=n)
        for _ in range(400):
            outbox.add(Kind.DEVICE_LOST, LOST)
        outbox.settle(replies(outbox, Verdict.REJECTED, "old"), last_seq=0)
    letters = outbox.dead_letters()
    assert len(letters) == DEAD_LETTERS and outbox.waiting() == 0
    oldest = int(NOW.timestamp() * 1000)
    assert sum(UUID(id_).int >> 80 == oldest for id_, _, _ in letters) == 200


def test_numbers_go_on_after_a_restart_even_when_all_was_sent(tmp_path: Path) -> None:
    seen = []
    for _ in range(3):
        journal = JobJournal.file(tmp_path / "journal.db", KEY)
        outbox = Outbox(journal.database, journal.sealing_key)
        outbox.add(Kind.DEVICE_LOST, LOST)
        seen += [event.seq for event in outbox.batch()]
        outbox.settle(replies(outbox), last_seq=0)
        journal.close()
    assert seen == [1, 2, 3]


def test_a_changed_disk_gets_numbers_the_service_does_not_know(outbox: Outbox) -> None:
    for _ in range(3):
        outbox.add(Kind.DEVICE_LOST, LOST)
    before = outbox.batch()
    taken = [Reply(event.id, Verdict.REJECTED, SEQUENCE_TAKEN) for event in before]
    assert outbox.settle(taken, last_seq=9000) == 3
    after = outbox.batch()
    assert [event.seq for event in after] == [9001, 9002, 9003]
    assert [event.id for event in after] == [event.id for event in before]
    assert outbox.dead_letters() == []
    outbox.add(Kind.DEVICE_LOST, LOST)
    assert outbox.batch()[-1].seq == 9004


def test_numbers_that_overlap_the_new_ones_move_without_meeting(outbox: Outbox) -> None:
    for _ in range(300):
        outbox.add(Kind.DEVICE_LOST, LOST)
    ids = [event.id for event in outbox.batch()]
    assert outbox.settle([Reply(ids[0], Verdict.REJECTED, SEQUENCE_TAKEN)], last_seq=1) == 300
    assert [(event.seq, event.id) for event in outbox.batch()] == list(zip(range(2, 302), ids, strict=True))


def test_over_the_cap_the_oldest_news_of_devices_goes_and_never_a_receipt(clock: Clock) -> None:
    journal = JobJournal.memory(now=clock)
    outbox = Outbox(journal.database, journal.sealing_key, now=clock, cap=5)
    for n in range(4):
        journal.record(JournalEntry(f"job-{n}", n + 1, 1, JobState.TAKEN))
    outbox.add_receipts()
    for n in range(4):
        outbox.add(Kind.DEVICE_LOST, {"n": n})
    kept = [(event.kind, json.loads(event.body).get("n")) for event in outbox.batch()]
    assert kept == [("receipt", None)] * 4 + [("device_lost", 3)]
    for n in range(4, 8):
        journal.record(JournalEntry(f"job-{n}", n + 1, 1, JobState.TAKEN))
    outbox.add_receipts()
    assert [event.kind for event in outbox.batch()] == ["receipt"] * 8
    journal.close()


def test_a_body_that_the_service_would_not_take_is_not_taken_here(outbox: Outbox) -> None:
    with pytest.raises(ValueError, match="too long"):
        outbox.add(Kind.DEVICE_LOST, {"health": "x" * BODY_LIMIT_BYTES})
    assert outbox.waiting() == 0


@pytest.mark.parametrize(
    ("state", "confirmed", "told"),
    [
        (JobState.TAKEN, True, 1),
        (JobState.RETRACTED, True, 1),
        (JobState.REFUSED, False, 1),
        (JobState.UNKNOWN, False, 1),
        (JobState.ABORTED, False, 1),
        (JobState.CUT, True, 1),
        (JobState.SENT, True, 1),
        (JobState.CUT, False, 0),
        (JobState.SENDING, False, 0),
        (JobState.HELD, False, 0),
    ],
)
def test_a_receipt_is_told_once_when_its_job_is_closed(
    journal: JobJournal, outbox: Outbox, clock: Clock, state: JobState, confirmed: bool, told: int
) -> None:
    journal.record(JournalEntry("job-1", 17, 2, JobState.QUEUED))
    journal.record(JournalEntry("job-1", 17, 2, state, reason="jam", confirmed=confirmed))
    clock.now += timedelta(minutes=3)
    assert [outbox.add_receipts(), outbox.add_receipts()] == [told, 0]
    bodies = [json.loads(event.body) for event in outbox.batch()]
    fields = {"job": "job-1", "number": 17, "copy": 2, "outcome": state.value.lower(), "reason": "jam"}
    assert bodies == [fields] * told
    assert all(event.at == NOW for event in outbox.batch())


def test_a_batch_is_written_as_the_contract_has_it(outbox: Outbox, clock: Clock) -> None:
    clock.now = NOW + timedelta(milliseconds=7)
    outbox.add(Kind.DEVICE_LOST, {"device": "طابعة", "health": "jam"})
    outbox.add(Kind.DEVICE_BACK, LOST)
    events = outbox.batch()
    lines = ndjson(events, terminal="T-0007").decode().splitlines()
    assert json.loads(lines[0]) == {
        "kiosk": "T-0007",
        "seq": 1,
        "id": events[0].id,
        "at": "2026-08-29T09:00:00.007Z",
        "kind": "device_lost",
        "body": {"device": "طابعة", "health": "jam"},
    }
    assert len(lines) == 2


def test_the_same_events_are_the_same_batch_and_others_another(outbox: Outbox) -> None:
    for _ in range(3):
        outbox.add(Kind.DEVICE_LOST, LOST)
    assert batch_key(outbox.batch()) == batch_key(outbox.batch())
    assert batch_key(outbox.batch()) != batch_key(outbox.batch(2))
    assert batch_key(outbox.batch(1)) != batch_key(outbox.batch(1, after=1))


def test_a_damaged_file_costs_its_events_and_nothing_after_them(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = JobJournal.file(path, KEY)
    outbox = Outbox(journal.database, journal.sealing_key)
    for _ in range(400):
        outbox.add(Kind.DEVICE_LOST, LOST)
    journal.close()
    journal = JobJournal.file(path, KEY)
    outbox = Outbox(journal.database, journal.sealing_key)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    outbox.add(Kind.DEVICE_BACK, LOST)
    assert [event.kind for event in outbox.batch()] == ["device_back"]
    assert (path.parent / "quarantine" / path.name).exists()
    journal.close()


def _work(path: Path, told: Connection, seed: int) -> None:
    """Add events, end jobs and settle some, until killed; say each only after the call returned."""
    journal = JobJournal.file(path, KEY)
    outbox = Outbox(journal.database, journal.sealing_key)
    n = 0
    while True:
        name = f"{seed}-{n}"
        outbox.add(Kind.DEVICE_LOST, {"device": name})
        told.send(("added", name))
        journal.record(JournalEntry(name, n, 1, JobState.TAKEN))
        told.send(("ended", name))
        outbox.add_receipts()
        n += 1


def _killed(path: Path, seed: int, after_s: float) -> list[tuple[str, str]]:
    ours, its = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_work, args=(path, its, seed))
    process.start()
    its.close()
    said: list[tuple[str, str]] = [ours.recv()]
    timer = threading.Timer(after_s, os.kill, (process.pid, signal.SIGKILL))
    timer.start()
    try:
        while True:
            said.append(ours.recv())
    except EOFError:
        process.join(10)
    assert process.exitcode == -signal.SIGKILL
    return said


def test_nothing_acknowledged_is_lost_or_told_twice_when_it_is_killed_at_any_moment(
    tmp_path: Path,
) -> None:
    import sqlcipher3.dbapi2
    import sqlite_utils

    assert sqlcipher3.dbapi2 and sqlite_utils  # loaded once here, not in each of the processes
    path = tmp_path / "journal.db"
    chance = random.Random(6)
    said = [item for seed in range(25) for item in _killed(path, seed, chance.uniform(0.0, 0.05))]
    journal = JobJournal.file(path, KEY)
    outbox = Outbox(journal.database, journal.sealing_key)
    while outbox.add_receipts():
        pass
    events = outbox.batch(100_000)
    devices = [json.loads(event.body)["device"] for event in events if event.kind == "device_lost"]
    jobs = [json.loads(event.body)["job"] for event in events if event.kind == "receipt"]
    assert {name for what, name in said if what == "added"} <= set(devices)
    assert {name for what, name in said if what == "ended"} <= set(jobs)
    assert len(devices) == len(set(devices)) and len(jobs) == len(set(jobs))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert len(said) > 30 and journal.check() == ()
    journal.close()


def test_with_a_hundred_thousand_waiting_an_event_is_still_kept_in_milliseconds(tmp_path: Path) -> None:
    journal = JobJournal.file(tmp_path / "journal.db", KEY)
    with journal.database.writing() as db:
        rows = ((n, str(n), 0, "receipt", 1, "{}") for n in range(1, 100_001))
        db.conn.executemany("INSERT INTO event (seq, id, at_ms, kind, essential, body) VALUES (?,?,?,?,?,?)", rows)
        db.conn.execute("UPDATE event_number SET last = 100000")
    outbox = Outbox(journal.database, journal.sealing_key)
    took = []
    for _ in range(15):
        started = time.perf_counter()
        outbox.add(Kind.DEVICE_LOST, LOST)
        took.append(time.perf_counter() - started)
    assert sorted(took)[7] < 0.05
    assert outbox.waiting() == 100_000
    journal.close()


BILL_WANTED = BillWanted(AccountNumber("30012345678"), "sms")
MOBILE_GIVEN = MobileGiven(AccountNumber("30012345678"), "0551234567")


@pytest.mark.parametrize(
    ("wanted", "kind", "body"),
    [
        (BILL_WANTED, "bill_wanted", {"account": "30012345678", "channel": "sms"}),
        (MOBILE_GIVEN, "mobile_given", {"account": "30012345678", "mobile": "0551234567"}),
    ],
)
def test_a_request_says_whose_it_is_to_the_service_and_to_nobody_else(
    tmp_path: Path, wanted: Request, kind: str, body: dict[str, str]
) -> None:
    journal = JobJournal.file(tmp_path / "journal.db", KEY)
    outbox = Outbox(journal.database, journal.sealing_key)
    outbox.request(wanted)
    (event,) = outbox.batch()
    assert (event.kind, json.loads(event.body)) == (kind, body)
    on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in set(body.values()) - {"sms"}:
        assert secret.encode() not in on_disk
        assert secret not in repr(wanted) + repr(event)
    journal.close()


def test_a_request_is_never_dropped_for_news_of_devices(journal: JobJournal) -> None:
    outbox = Outbox(journal.database, journal.sealing_key, cap=3)
    outbox.request(BILL_WANTED)
    outbox.tell_proof(means="sms_code", purpose="details", is_right=True)
    for _ in range(9):
        outbox.add(Kind.DEVICE_LOST, LOST)
    assert [event.kind for event in outbox.batch()] == ["bill_wanted", "proof_used", "device_lost"]


def test_a_proof_that_was_used_is_told_without_whose_it_was(outbox: Outbox) -> None:
    outbox.tell_proof(means="sms_code", purpose="mobile", is_right=False)
    (event,) = outbox.batch()
    assert json.loads(event.body) == {"means": "sms_code", "purpose": "mobile", "outcome": "wrong"}


def test_requests_of_a_lost_key_hold_up_nothing_and_are_not_forgotten(
    journal: JobJournal, caplog: pytest.LogCaptureFixture
) -> None:
    Outbox(journal.database, bytes(32)).request(MOBILE_GIVEN)
    outbox = Outbox(journal.database, journal.sealing_key)
    outbox.request(BILL_WANTED)
    assert [event.kind for event in outbox.batch()] == ["bill_wanted"]
    assert [(kind, reason) for _, kind, reason in outbox.dead_letters()] == [("mobile_given", KEY_LOST)]
    assert "1 requests cannot be read" in caplog.text
