"""What terminals report to the service: kept once and for ever, answered line by line."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests

from devices.printer import JobState, JournalEntry
from kiosk.courier import IDLE_S, Courier
from kiosk.http import HttpSession
from kiosk.journal import JobJournal
from kiosk.outbox import Kind, Outbox
from kiosk.outbox.events import uuid7
from kiosk.service import Service, ServiceConfig
from kiosk.service.subscribers import SubscriberBook

NOW = datetime(2026, 9, 15, 9, 20, tzinfo=UTC)
RECEIPT = {"job": "4b1f", "number": 17, "copy": 1, "outcome": "cut", "reason": ""}
DEVICE = {"device": "printer", "health": "paper_out"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(config(tmp_path)) as service:
        yield service


def config(folder: Path | None = None, **others: Any) -> ServiceConfig:
    settings = {"rate_per_min": 1e6, "burst": 100_000, "lists_received": True, "now": lambda: NOW, **others}
    return ServiceConfig(data=folder, **settings)


def event(seq: int = 1, /, **fields: Any) -> dict[str, Any]:
    id_ = str(uuid7(1_788_000_000_000 + seq, bytes([seq % 256] * 10)))
    at = "2026-09-15T09:00:00.000Z"
    head = {"kiosk": "T-0007", "seq": seq, "id": id_, "at": at, "kind": "receipt", "body": RECEIPT}
    return head | fields


def report(service: Service, *events: dict[str, Any] | bytes, **headers: str) -> requests.Response:
    lines = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in events]
    named = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "one"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{service.url}/v1/events", b"\n".join(lines), headers=named, timeout=10)


def verdicts(answer: requests.Response) -> list[tuple[str, str]]:
    return [(line["verdict"], line.get("reason", "")) for line in answer.json()["events"]]


def listed(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{service.url}/demo/events", timeout=10).json()["events"]
    return found


def test_an_event_is_taken_once_however_often_it_is_sent(service: Service) -> None:
    first = report(service, event(1), event(2, kind="device_lost", body=DEVICE))
    again = report(service, event(1), event(2, kind="device_lost", body=DEVICE), event(3))
    assert verdicts(first) == [("accepted", "")] * 2
    assert verdicts(again) == [("duplicate", ""), ("duplicate", ""), ("accepted", "")]
    assert (first.json()["ack_seq"], again.json()["ack_seq"]) == (2, 3)
    assert [held["seq"] for held in listed(service)] == [3, 2, 1]
    assert listed(service)[1]["body"] == DEVICE


def test_answers_stand_in_the_order_of_the_lines_with_their_ids(service: Service) -> None:
    sent = [event(5), event(3), event(4)]
    answers = report(service, *sent).json()["events"]
    assert [(answer["line"], answer["id"]) for answer in answers] == [(n + 1, sent[n]["id"]) for n in range(3)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not json", "line_invalid"),
        (b"[" * 100_000, "line_invalid"),
        (b"\xff\xfe", "line_invalid"),
        (b"[]", "event_invalid"),
        (b"{}", "event_invalid"),
        (event(9, seq=0), "event_invalid"),
        (event(9, seq=1 << 53), "event_invalid"),
        (event(9, seq="9"), "event_invalid"),
        (event(9, seq=True), "event_invalid"),
        (event(9, id="9"), "event_invalid"),
        (event(9, id=str(UUID(int=9, version=4))), "event_invalid"),
        (event(9, at="yesterday"), "event_invalid"),
        (event(9, kiosk="t 7"), "event_invalid"),
        (event(9, more=1), "event_invalid"),
        (event(9, kind="party"), "kind_unknown"),
        (event(9, body={}), "body_invalid"),
        (event(9, body={**RECEIPT, "account": "30012345678"}), "body_invalid"),
        (event(9, kind="device_lost"), "body_invalid"),
        (event(9, kiosk="T-0008"), "another_kiosk"),
    ],
)
def test_a_bad_line_is_rejected_and_the_others_are_taken(
    service: Service, line: dict[str, Any] | bytes, reason: str
) -> None:
    answer = report(service, event(1), line, event(2))
    assert verdicts(answer) == [("accepted", ""), ("rejected", reason), ("accepted", "")]
    assert len(listed(service)) == 2


def test_a_number_or_an_id_that_is_another_event_s_is_said_to_be_taken(service: Service) -> None:
    report(service, event(1), event(2))
    answer = report(service, event(1, id=event(77)["id"]))
    assert (verdicts(answer), answer.json()["ack_seq"]) == ([("rejected", "sequence_taken")], 2)
    assert verdicts(report(service, event(1, kiosk="T-0008"))) == [("rejected", "id_taken")]
    assert verdicts(report(service, event(1, kiosk="T-0008", id=event(78)["id"]))) == [("accepted", "")]


def test_events_are_never_forgotten_nor_taken_again_after_a_restart(tmp_path: Path) -> None:
    with Service(config(tmp_path)) as service:
        report(service, event(1))
    with Service(config(tmp_path)) as service:
        assert verdicts(report(service, event(1))) == [("duplicate", "")]
        assert len(listed(service)) == 1


def test_a_batch_is_refused_whole_for_its_form_only(service: Service) -> None:
    assert report(service, event(1), Content_Type="application/json").status_code == 415
    assert report(service, event(1), Idempotency_Key="").status_code == 400
    assert report(service, event(1), Idempotency_Key="a b").status_code == 400
    assert report(service, b"").status_code == 400
    assert report(service, *[event(n) for n in range(1, 502)]).status_code == 413
    assert report(service, b"x" * (3 << 20)).status_code == 413
    assert listed(service) == []
    assert verdicts(report(service, *[event(n) for n in range(1, 501)])) == [("accepted", "")] * 500


def test_reports_have_a_limit_of_their_own_beside_the_bills() -> None:
    with Service(config(rate_per_min=30, burst=2, clock=lambda: 0.0)) as service:
        assert [report(service, event(n)).status_code for n in (1, 2, 3)] == [200, 200, 429]
        assert requests.get(f"{service.url}/v1/bills/30012345678", timeout=10).status_code == 200
        service.desk.maintenance = True
        waiting = report(service, event(4))
        assert (waiting.status_code, waiting.headers["Retry-After"]) == (503, "30")


def test_nobody_reads_what_came_unless_the_service_was_started_for_it(tmp_path: Path) -> None:
    with Service(config(tmp_path, lists_received=False)) as service:
        assert verdicts(report(service, event(1))) == [("accepted", "")]
        assert requests.get(f"{service.url}/demo/events", timeout=10).status_code == 404
        assert requests.get(f"{service.url}/demo/messages", timeout=10).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_reporting_is_answered(service: Service, method: str) -> None:
    answer = requests.request(method, f"{service.url}/v1/events", timeout=10)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_terminal_s_outbox_arrives_whole_through_a_dead_line_and_a_restart_of_both(tmp_path: Path) -> None:
    journal = JobJournal.file(tmp_path / "journal.db", bytes(32), now=lambda: NOW)
    outbox = Outbox(journal.database, journal.sealing_key, now=lambda: NOW)
    for n in range(700):
        outbox.add(Kind.DEVICE_LOST, {"device": f"reader {n}", "health": "offline"})
    journal.record(JournalEntry("ab" * 16, 1, 1, JobState.UNKNOWN, reason="paper_out"))
    service = Service(config(tmp_path / "service")).start()
    session = HttpSession(service.url)
    courier = Courier(outbox, session, terminal="T-0007", chance=lambda: 0.0)
    assert courier.deliver() == 0.0
    service.stop()
    assert courier.deliver() == 0.0 and outbox.waiting() == 201  # no jitter here: a chance of 0
    journal.close()
    journal = JobJournal.file(tmp_path / "journal.db", bytes(32), now=lambda: NOW)
    outbox = Outbox(journal.database, journal.sealing_key, now=lambda: NOW)
    with Service(config(tmp_path / "service")) as service:
        courier = Courier(outbox, HttpSession(service.url), terminal="T-0007", chance=lambda: 0.0)
        assert [courier.deliver(), courier.deliver()] == [0.0, IDLE_S]
        assert (outbox.waiting(), outbox.dead_letters()) == (0, [])
        kept = listed(service)
    assert [held["seq"] for held in kept] == list(range(701, 501, -1))
    assert kept[0]["body"] == {
        "job": "ab" * 16,
        "number": 1,
        "copy": 1,
        "outcome": "unknown",
        "reason": "paper_out",
    }
    journal.close()


def test_a_terminal_with_a_new_disk_goes_on_after_its_old_numbers(service: Service) -> None:
    for _ in range(2):
        journal = JobJournal.memory()
        outbox = Outbox(journal.database, journal.sealing_key)
        for _ in range(3):
            outbox.add(Kind.DEVICE_BACK, {"device": "printer", "health": "ready"})
        courier = Courier(outbox, HttpSession(service.url), terminal="T-0007")
        while outbox.waiting():
            courier.deliver()
        journal.close()
    assert [held["seq"] for held in listed(service)] == [6, 5, 4, 3, 2, 1]


def test_many_terminals_at_once_lose_nothing(service: Service) -> None:
    def terminal(name: str) -> None:
        for n in range(1, 21):
            id_ = str(uuid7(n, name.encode().rjust(10)))
            report(service, event(n, kiosk=name, id=id_))

    threads = [threading.Thread(target=terminal, args=(f"T-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    kept = {(held["kiosk"], held["seq"]) for held in listed(service)}
    assert kept == {(f"T-{n}", seq) for n in range(8) for seq in range(1, 21)}


def test_nothing_of_a_report_reaches_a_log(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        report(service, event(1), b"30012345678", event(2, body={"account": "30012345678"}))
    lines = [record.getMessage() for record in caplog.records if record.name.startswith(("kiosk", "uvicorn"))]
    assert "POST /v1/events 200" in lines
    assert not any("30012345678" in line or "T-0007" in line for line in lines)


def account(*, reachable: bool) -> str:
    """An invented subscriber with, or without, a mobile on record."""
    book = SubscriberBook(1, 1000)
    for n in range(4, 400):
        current = book.current(n, NOW)["account"]
        if not book.is_withheld(n) and (current.get("mobile_last2") is not None) is reachable:
            return str(current["number"])
    raise LookupError


def messages(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{service.url}/demo/messages", timeout=10).json()["messages"]
    return found


def test_a_bill_asked_for_while_the_service_was_away_is_sent_once(service: Service) -> None:
    number = account(reachable=True)
    wanted = event(1, kind="bill_wanted", body={"account": number, "channel": "sms"})
    assert verdicts(report(service, wanted)) == [("accepted", "")]
    assert verdicts(report(service, wanted, event(2))) == [("duplicate", ""), ("accepted", "")]
    (sent,) = messages(service)
    assert sent["account_end"] == number[-4:]
    link = sent["text"].split()[-1]
    assert requests.get(link, timeout=10).status_code == 200
    assert listed(service)[1]["body"] == {"account": f"…{number[-4:]}", "channel": "sms"}


def test_a_mobile_given_while_the_service_was_away_is_told_how_to_confirm(service: Service) -> None:
    fresh, known = account(reachable=False), account(reachable=True)
    bodies = [{"account": number, "mobile": "0551234567"} for number in (fresh, known)]
    given = [event(n, kind="mobile_given", body=body) for n, body in enumerate(bodies, start=1)]
    assert verdicts(report(service, *given)) == [("accepted", ""), ("rejected", "proof_needed")]
    (sent,) = messages(service)
    assert (sent["account_end"], sent["to"]) == (fresh[-4:], "…67")
    wanted = event(3, kind="bill_wanted", body={"account": fresh, "channel": "sms"})
    assert verdicts(report(service, wanted)) == [("rejected", "no_contact")]  # it is not registered yet


def test_wishes_that_cannot_be_granted_hold_up_nothing(service: Service) -> None:
    number = account(reachable=True)
    bodies = [{"account": "99999999", "channel": "sms"}, *[{"account": number, "channel": "sms"}] * 6]
    wishes = [event(n, kind="bill_wanted", body=body) for n, body in enumerate(bodies, start=1)]
    proof = event(9, kind="proof_used", body={"means": "sms_code", "purpose": "details", "outcome": "right"})
    said = verdicts(report(service, *wishes, proof))
    assert said[0] == ("rejected", "account_unknown")
    assert said[1:] == [("accepted", "")] * 5 + [("rejected", "too_many_tries"), ("accepted", "")]
    assert len(messages(service)) == 5
