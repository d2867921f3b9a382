"""How events travel: in batches, again after faults and never too soon, past the one that nobody takes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kiosk.courier import BACKOFF_FIRST_S, BACKOFF_LONGEST_S, IDLE_S, Courier, DeviceState
from kiosk.http import Answer
from kiosk.journal import JobJournal
from kiosk.model import AccountNumber
from kiosk.outbox import BATCH_EVENTS, BillWanted, Kind, Outbox
from kiosk.wire import HttpFault

NOW = datetime(2026, 8, 29, 9, 0, tzinfo=UTC)


class FakeService:
    """Takes events as the contract says; `faults` come first, `poison` spoils every batch it is in."""

    def __init__(self) -> None:
        self.faults: list[HttpFault] = []
        self.poison: set[int] = set()
        self.verdicts: dict[int, tuple[str, str]] = {}
        self.taken: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.sizes: list[int] = []
        self.answer: Callable[[dict[str, Any]], bytes] = lambda fields: json.dumps(fields).encode()
        self.closed = False
        self.asked = threading.Event()

    def post(self, path: str, body: bytes, **options: Any) -> Answer:
        assert (path, options["headers"]["Content-Type"]) == ("/v1/events", "application/x-ndjson")
        events = [json.loads(line) for line in body.splitlines()]
        self.keys.append(options["headers"]["Idempotency-Key"])
        self.sizes.append(len(events))
        self.asked.set()
        if self.faults:
            raise self.faults.pop(0)
        if self.poison & {event["seq"] for event in events}:
            raise HttpFault("http_500", status=500)
        replies = []
        for event in events:
            verdict, reason = self.verdicts.get(event["seq"], ("accepted", ""))
            if verdict == "accepted":
                self.taken.append(event)
            replies.append({"id": event["id"], "verdict": verdict} | ({"reason": reason} if reason else {}))
        return Answer(200, {}, self.answer({"ack_seq": events[-1]["seq"], "events": replies}))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def journal() -> Iterator[JobJournal]:
    journal = JobJournal.memory(now=lambda: NOW)
    yield journal
    journal.close()


@pytest.fixture
def outbox(journal: JobJournal) -> Outbox:
    return Outbox(journal.database, journal.sealing_key, now=lambda: NOW)


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def courier(outbox: Outbox, service: FakeService) -> Courier:
    return Courier(outbox, service, terminal="T-0007", chance=lambda: 0.5)


def add(outbox: Outbox, count: int) -> None:
    for n in range(count):
        outbox.add(Kind.DEVICE_LOST, {"device": str(n), "health": "jam"})


def test_nothing_is_asked_of_the_service_when_there_is_nothing_to_say(
    courier: Courier, service: FakeService
) -> None:
    assert courier.deliver() == IDLE_S
    assert service.sizes == []


def test_more_than_a_batch_goes_in_several_at_once(courier: Courier, outbox: Outbox, service: FakeService) -> None:
    add(outbox, BATCH_EVENTS + 20)
    assert [courier.deliver(), courier.deliver(), courier.deliver()] == [0.0, 0.0, IDLE_S]
    assert service.sizes == [BATCH_EVENTS, 20]
    assert [event["seq"] for event in service.taken] == list(range(1, BATCH_EVENTS + 21))
    assert {event["kiosk"] for event in service.taken} == {"T-0007"}


def test_what_was_not_answered_is_sent_again_under_the_same_key(
    courier: Courier, outbox: Outbox, service: FakeService
) -> None:
    add(outbox, 3)
    service.faults = [HttpFault("deadline")]
    assert courier.deliver() > 0
    courier.deliver()
    assert service.keys[0] == service.keys[1]
    assert (service.sizes, outbox.waiting()) == ([3, 3], 0)


def test_a_rejected_event_does_not_hold_up_the_others(
    courier: Courier, outbox: Outbox, service: FakeService, caplog: pytest.LogCaptureFixture
) -> None:
    add(outbox, 3)
    service.verdicts = {1: ("rejected", "body_invalid"), 2: ("duplicate", "")}
    assert courier.deliver() == 0.0
    assert outbox.waiting() == 0
    assert [(kind, reason) for _, kind, reason in outbox.dead_letters()] == [("device_lost", "body_invalid")]
    assert caplog.messages == ["the service rejected an event: body_invalid"]


def test_a_terminal_with_a_new_disk_is_numbered_on(courier: Courier, outbox: Outbox, service: FakeService) -> None:
    add(outbox, 2)
    service.verdicts = {1: ("rejected", "sequence_taken"), 2: ("rejected", "sequence_taken")}
    service.answer = lambda fields: json.dumps({**fields, "ack_seq": 70}).encode()
    courier.deliver()
    courier.deliver()
    assert [event["seq"] for event in service.taken] == [71, 72]
    assert outbox.dead_letters() == []


def test_pauses_grow_with_full_jitter_up_to_half_an_hour_and_end_with_an_answer(
    courier: Courier, outbox: Outbox, service: FakeService
) -> None:
    add(outbox, 1)
    service.faults = [HttpFault("refused")] * 9
    pauses = [courier.deliver() for _ in range(9)]
    assert pauses[:3] == [BACKOFF_FIRST_S / 2, BACKOFF_FIRST_S, BACKOFF_FIRST_S * 2]
    assert pauses[-1] == BACKOFF_LONGEST_S / 2
    assert courier.deliver() == 0.0
    add(outbox, 1)
    service.faults = [HttpFault("refused")]
    assert courier.deliver() == BACKOFF_FIRST_S / 2


def test_what_the_service_asks_to_wait_is_waited_and_some_more(
    courier: Courier, outbox: Outbox, service: FakeService
) -> None:
    add(outbox, 1)
    service.faults = [HttpFault("http_503", status=503, retry_after_s=600.0)]
    assert courier.deliver() == 600.0 + BACKOFF_FIRST_S / 2


def test_one_event_that_spoils_every_batch_is_found_and_passed_over(
    courier: Courier, outbox: Outbox, service: FakeService
) -> None:
    add(outbox, 300)
    service.poison = {123}
    for _ in range(60):
        courier.deliver()
    assert [event["seq"] for event in service.taken] == [n for n in range(1, 301) if n != 123]
    assert [event.seq for event in outbox.batch()] == [123]
    assert outbox.dead_letters() == []
    add(outbox, 5)
    courier.deliver()
    assert [event["seq"] for event in service.taken[-5:]] == [301, 302, 303, 304, 305]


def test_a_refusal_for_other_reasons_keeps_the_batch_whole(
    courier: Courier, outbox: Outbox, service: FakeService
) -> None:
    add(outbox, 8)
    service.faults = [HttpFault(f"http_{status}", status=status) for status in (401, 403, 404, 429, 502, 503)]
    for _ in range(7):
        courier.deliver()
    assert service.sizes == [8] * 7
    assert outbox.waiting() == 0


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"nonsense", b"[]", b"{}", b"null", b"[" * 100_000, b'{"events":[]}', b'{"events":[],"ack_seq":1}'),
        b'{"events":[{"id":"another","verdict":"accepted"}],"ack_seq":1}',
        b'{"events":[{}],"ack_seq":1}',
    ],
)
def test_an_answer_that_says_nothing_changes_nothing_and_is_no_reason_to_hurry(
    courier: Courier, outbox: Outbox, service: FakeService, answer: bytes
) -> None:
    add(outbox, 2)
    service.answer = lambda fields: answer
    assert courier.deliver() == BACKOFF_FIRST_S / 2
    assert outbox.waiting() == 2


@pytest.mark.parametrize("spoilt", [{"ack_seq": 1 << 70}, {"ack_seq": -1}, {"ack_seq": "7"}, {"ack_seq": None}])
def test_a_number_out_of_bounds_is_not_believed(
    courier: Courier, outbox: Outbox, service: FakeService, spoilt: dict[str, Any]
) -> None:
    add(outbox, 2)
    service.answer = lambda fields: json.dumps(fields | spoilt).encode()
    assert courier.deliver() > 0
    assert outbox.waiting() == 2


def test_a_verdict_or_reason_made_up_is_not_kept(courier: Courier, outbox: Outbox, service: FakeService) -> None:
    add(outbox, 1)
    service.verdicts = {1: ("perhaps", "")}
    assert courier.deliver() > 0 and outbox.waiting() == 1
    service.verdicts = {1: ("rejected", "30012345678 <script>")}
    assert courier.deliver() == 0.0
    assert [reason for _, _, reason in outbox.dead_letters()] == [""]


def test_one_line_when_the_service_is_lost_and_one_when_it_is_back(
    courier: Courier, outbox: Outbox, service: FakeService, caplog: pytest.LogCaptureFixture
) -> None:
    add(outbox, 1)
    service.faults = [HttpFault("refused")] * 4
    with caplog.at_level("INFO"):
        for _ in range(6):
            courier.deliver()
    assert caplog.messages == ["events are kept for later: refused", "events are taken again"]


def test_a_closed_journal_is_a_fault_like_any_other(
    courier: Courier, outbox: Outbox, journal: JobJournal, service: FakeService
) -> None:
    journal.close()
    assert courier.deliver() == BACKOFF_FIRST_S / 2


class Rig:
    """A courier, its outbox, and a printer whose state is set by hand."""

    def __init__(self, outbox: Outbox, service: FakeService) -> None:
        self.outbox = outbox
        self.state = DeviceState("ready", True)
        self.courier = Courier(outbox, service, terminal="T-0007", devices={"printer": lambda: self.state})

    def told(self, *looks: DeviceState) -> list[tuple[str, str]]:
        """What is told after these looks: kind and health."""
        for state in looks:
            self.state = state
            self.courier.look()
        events = self.outbox.batch()
        return [(event.kind, json.loads(event.body)["health"]) for event in events]


READY, JAM, OUT = DeviceState("ready", True), DeviceState("jam", False), DeviceState("paper_out", False)


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        ([READY, READY, READY], []),
        ([READY, JAM, READY, OUT, READY], []),
        ([READY, JAM, JAM, JAM], [("device_lost", "jam")]),
        ([JAM, OUT, JAM], [("device_lost", "paper_out")]),
        ([JAM, JAM, READY, JAM, JAM], [("device_lost", "jam")]),
        ([JAM, JAM, READY, READY], [("device_lost", "jam"), ("device_back", "ready")]),
    ],
)
def test_a_device_is_told_of_when_it_is_lost_or_back_at_two_looks(
    outbox: Outbox, service: FakeService, looks: list[DeviceState], told: list[tuple[str, str]]
) -> None:
    assert Rig(outbox, service).told(*looks) == told


def test_a_device_found_lost_again_after_a_restart_is_old_news_and_one_found_back_is_not(tmp_path: Path) -> None:
    told = []
    for state in (JAM, JAM, READY, READY):
        journal = JobJournal.file(tmp_path / "journal.db", bytes(32))
        told = Rig(Outbox(journal.database, journal.sealing_key), FakeService()).told(state, state, state)
        journal.close()
    assert told == [("device_lost", "jam"), ("device_back", "ready")]


def test_on_its_thread_it_sends_by_itself_and_ends_at_once(outbox: Outbox, service: FakeService) -> None:
    add(outbox, 1)
    courier = Courier(outbox, service, terminal="T-0007", chance=lambda: 0.0)
    courier.start()
    assert service.asked.wait(5)
    started = time.perf_counter()
    courier.close()
    courier.close()
    assert time.perf_counter() - started < 0.9
    assert service.closed


def test_a_server_that_holds_the_line_does_not_hold_up_the_end(outbox: Outbox) -> None:
    class Holding(FakeService):
        over = threading.Event()

        def post(self, path: str, body: bytes, **options: Any) -> Answer:
            self.asked.set()
            self.over.wait(10)
            raise HttpFault("deadline")

    service = Holding()
    add(outbox, 1)
    courier = Courier(outbox, service, terminal="T-0007", chance=lambda: 0.0)
    courier.start()
    assert service.asked.wait(5)
    started = time.perf_counter()
    courier.close()
    assert time.perf_counter() - started < 2
    service.over.set()


def test_a_courier_that_was_never_started_can_be_closed(outbox: Outbox, service: FakeService) -> None:
    Courier(outbox, service, terminal="T-0007").close()
    assert service.closed


def test_events_sent_again_after_a_restart_are_the_same_ones(tmp_path: Path) -> None:
    sent = []
    for _ in range(2):
        journal = JobJournal.file(tmp_path / "journal.db", bytes(32))
        outbox, service = Outbox(journal.database, journal.sealing_key), FakeService()
        if not sent:
            add(outbox, 3)
        service.answer = lambda fields: b"cut"
        Courier(outbox, service, terminal="T-0007").deliver()
        sent.append((service.keys, [(event["seq"], event["id"]) for event in service.taken]))
        journal.close()
    assert sent[0] == sent[1]


def test_what_a_subscriber_asks_for_does_not_wait_for_the_next_look(outbox: Outbox, service: FakeService) -> None:
    courier = Courier(outbox, service, terminal="T-0007", chance=lambda: 1.0)  # first of all waits ten seconds
    courier.start()
    outbox.request(BillWanted(AccountNumber("30012345678"), "sms"))
    courier.hurry()
    assert service.asked.wait(5)
    courier.close()


def test_a_service_that_is_away_is_not_hurried(outbox: Outbox, service: FakeService) -> None:
    service.faults = [HttpFault("refused")]
    courier = Courier(outbox, service, terminal="T-0007", chance=lambda: 1.0)
    outbox.request(BillWanted(AccountNumber("30012345678"), "sms"))
    courier.start()
    courier.hurry()
    assert service.asked.wait(5)
    service.asked.clear()
    courier.hurry()
    assert not service.asked.wait(0.3)
    courier.close()
    assert outbox.waiting() == 1
