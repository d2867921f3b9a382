"""Subscribers' wishes against the real bill service: what comes of each, and what is kept when it is away."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from kiosk.errands import Errands
from kiosk.http import Answer, HttpSession
from kiosk.journal import JobJournal
from kiosk.model import AccountNumber, Category
from kiosk.outbox import Outbox
from kiosk.service import Service, ServiceConfig
from kiosk.service.belonging import Belonging
from kiosk.tally import TRIES_A_DAY, Tally
from kiosk.wire import HttpFault
from kiosk.wishes import (
    BillSent,
    Channel,
    CodeSent,
    ConfirmMobile,
    KeepMobile,
    Kept,
    Outcome,
    OwnAccount,
    Proved,
    Refusal,
    Refused,
    Registered,
    SendBill,
    SendCode,
    SendMobileCode,
    TryCode,
    TryId,
    Wish,
)

NOW = datetime(2026, 9, 15, 9, 20, tzinfo=UTC)
A, B, NO_MOBILE = AccountNumber("30012345678"), AccountNumber("10098765432"), AccountNumber("00412345")
MOBILE = "0551234567"


@pytest.fixture
def service() -> Iterator[Service]:
    config = ServiceConfig(rate_per_min=1e6, burst=100_000, lists_received=True, now=lambda: NOW)
    with Service(config) as service:
        yield service


class Desk:
    """Errands with everything they need, in a folder of their own."""

    def __init__(self, folder: Path, session: Any) -> None:
        self.folder = folder
        self.journal = JobJournal.file(folder / "journal.db", b"k" * 32)
        self.outbox = Outbox(self.journal.database, self.journal.sealing_key)
        self.hurried = 0
        tally = Tally(self.journal, window_s=600.0)
        self.errands = Errands(session, outbox=self.outbox, tally=tally, hurry=self.hurry)

    def hurry(self) -> None:
        self.hurried += 1

    def ask(self, wish: Wish, account: AccountNumber = A) -> Outcome:
        return self.errands.ask(account, wish)

    def kinds(self) -> list[tuple[str, dict[str, Any]]]:
        return [(event.kind, json.loads(event.body)) for event in self.outbox.batch()]

    def on_disk(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.iterdir())


@pytest.fixture
def desk(service: Service, tmp_path: Path) -> Desk:
    return Desk(tmp_path, HttpSession(service.url))


@pytest.fixture
def cut_off(tmp_path: Path) -> Desk:
    """A desk whose service cannot be reached."""
    return Desk(tmp_path, HttpSession("http://127.0.0.1:1"))


def messages(service: Service) -> list[dict[str, str]]:
    found: list[dict[str, str]] = requests.get(f"{service.url}/demo/messages", timeout=10).json()["messages"]
    return found


def code_sent(service: Service) -> str:
    return messages(service)[0]["text"][-6:]


def test_the_bill_goes_to_the_mobile_on_record(service: Service, desk: Desk) -> None:
    assert desk.ask(SendBill(Channel.SMS)) == BillSent("…42")
    assert "/b/" in messages(service)[0]["text"]
    assert desk.ask(SendBill(Channel.SMS), NO_MOBILE) == Refused(Refusal.NO_CONTACT)
    assert desk.kinds() == []


def test_a_code_makes_a_proof_that_names_the_person_s_accounts(service: Service, desk: Desk) -> None:
    assert desk.ask(SendCode()) == CodeSent("…42", 300.0)
    proved = desk.ask(TryCode(code_sent(service)))
    assert isinstance(proved, Proved) and len(proved.proof) == 32
    assert [(own.number, own.category) for own in proved.accounts] == [
        (A, Category.RESIDENTIAL),
        (B, Category.COMMERCIAL),
    ]
    assert proved.accounts[0] == OwnAccount(A, Category.RESIDENTIAL, *addresses(service))
    told = {"means": "sms_code", "purpose": "details", "outcome": "right"}
    assert desk.kinds() == [("proof_used", told)]


def addresses(service: Service) -> tuple[str | None, str | None]:
    account = service.desk.book.current(0, NOW)["account"]
    return account.get("address_ar"), account.get("address_en")


def test_a_wrong_code_is_said_so_and_told_without_a_name(desk: Desk) -> None:
    desk.ask(SendCode())
    assert desk.ask(TryCode("x")) == Refused(Refusal.FAILED)
    assert desk.ask(TryCode("000000")) == Refused(Refusal.WRONG)
    assert desk.kinds() == [("proof_used", {"means": "sms_code", "purpose": "details", "outcome": "wrong"})]


def test_the_id_of_the_subscriber_proves_and_another_does_not(service: Service, desk: Desk) -> None:
    mine = Belonging(service.desk.book).national_id(0)
    assert desk.ask(TryId("1000000008")) == Refused(Refusal.WRONG)
    assert isinstance(desk.ask(TryId(mine)), Proved)
    assert [body["means"] for _, body in desk.kinds()] == ["national_id"] * 2


def test_a_mobile_is_registered_with_a_proof_and_a_code(service: Service, desk: Desk) -> None:
    assert desk.ask(SendMobileCode(MOBILE)) == Refused(Refusal.PROOF_NEEDED)
    desk.ask(SendCode())
    proved = desk.ask(TryCode(code_sent(service)))
    assert isinstance(proved, Proved)
    assert desk.ask(SendMobileCode(MOBILE, proved.proof)) == CodeSent("…67", 300.0)
    assert desk.ask(ConfirmMobile(MOBILE, code_sent(service))) == Registered("…67")
    assert desk.ask(SendBill(Channel.SMS)) == BillSent("…67")


def test_a_first_mobile_needs_no_proof(service: Service, desk: Desk) -> None:
    assert desk.ask(SendMobileCode(MOBILE), NO_MOBILE) == CodeSent("…67", 300.0)
    assert desk.ask(ConfirmMobile(MOBILE, code_sent(service)), NO_MOBILE) == Registered("…67")


def test_the_terminal_counts_tries_itself_also_over_restarts(service: Service, tmp_path: Path) -> None:
    for _ in range(TRIES_A_DAY):
        desk = Desk(tmp_path, HttpSession(service.url))
        assert desk.ask(TryCode("000000")) == Refused(Refusal.WRONG)
        desk.journal.close()
    cut = Desk(tmp_path, HttpSession("http://127.0.0.1:1"))
    assert cut.ask(TryCode("000000")) == Refused(Refusal.NO_MORE)
    assert cut.ask(TryCode("000000"), B) == Refused(Refusal.UNREACHABLE)


def test_too_many_codes_are_said_so(desk: Desk) -> None:
    assert [desk.ask(SendCode()) for _ in range(4)][-1] == Refused(Refusal.NO_MORE)


def test_without_network_the_bill_waits_sealed_and_everything_else_says_so(cut_off: Desk) -> None:
    assert cut_off.ask(SendBill(Channel.EMAIL)) == Kept()
    assert cut_off.ask(KeepMobile(MOBILE)) == Kept()
    assert cut_off.hurried == 2
    for wish in (SendCode(), TryCode("123456"), SendMobileCode(MOBILE), ConfirmMobile(MOBILE, "123456")):
        assert cut_off.ask(wish) == Refused(Refusal.UNREACHABLE)
    assert [kind for kind, _ in cut_off.kinds()] == ["bill_wanted", "mobile_given"]
    kept = cut_off.on_disk()
    assert A.digits.encode() not in kept and MOBILE.encode() not in kept


def test_without_an_address_or_an_outbox_nothing_is_promised() -> None:
    assert Errands(None).ask(A, SendBill(Channel.SMS)) == Refused(Refusal.UNREACHABLE)
    assert Errands(None).ask(A, KeepMobile(MOBILE)) == Refused(Refusal.UNREACHABLE)


class Saying:
    """A service that answers what a test wants."""

    def __init__(self, body: object = None, *, fault: HttpFault | None = None) -> None:
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.fault = fault

    def post(self, *_: object, **__: object) -> Answer:
        if self.fault:
            raise self.fault
        return Answer(200, {}, self.body)

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("status", "problem", "wish", "refusal"),
    [
        (None, "", SendCode(), Refusal.UNREACHABLE),
        (503, "maintenance", SendCode(), Refusal.UNREACHABLE),
        (429, "too_many_requests", SendCode(), Refusal.BUSY),
        (429, "too_many_tries", SendCode(), Refusal.NO_MORE),
        (429, "", SendCode(), Refusal.BUSY),
        (403, "", TryCode("123456"), Refusal.WRONG),
        (403, "", SendMobileCode(MOBILE), Refusal.PROOF_NEEDED),
        (409, "", SendBill(Channel.SMS), Refusal.NO_CONTACT),
        (400, "bad_request", SendCode(), Refusal.FAILED),
        (404, "not_found", SendCode(), Refusal.FAILED),
    ],
)
def test_each_fault_is_what_it_means_to_a_subscriber(
    status: int | None, problem: str, wish: Wish, refusal: Refusal
) -> None:
    fault = HttpFault("x", status=status, problem=problem)
    assert Errands(Saying(fault=fault)).ask(A, wish) == Refused(refusal)


@pytest.mark.parametrize(
    ("wish", "body"),
    [
        (SendCode(), b"nonsense"),
        (SendCode(), []),
        (SendCode(), {"sent_to": "…42"}),
        (SendCode(), {"sent_to": "…42", "valid_s": -1}),
        (SendCode(), {"sent_to": "…42", "valid_s": "inf"}),
        (SendCode(), {"sent_to": 42, "valid_s": 300}),
        (SendBill(Channel.SMS), {}),
        (TryCode("123456"), {"proof": "x" * 32}),
        (TryCode("123456"), {"proof": "x" * 32, "accounts": [{"number": "x"}]}),
        (TryCode("123456"), {"proof": "x", "accounts": [{"number": "1234567", "category": "residential"}]}),
        (TryCode("123456"), {"proof": "x", "accounts": 7}),
        (ConfirmMobile(MOBILE, "123456"), {"registered": None}),
        (SendCode(), b"[" * 100_000),
    ],
)
def test_an_answer_that_breaks_the_contract_is_a_failure_and_no_crash(wish: Wish, body: object) -> None:
    assert Errands(Saying(body)).ask(A, wish) == Refused(Refusal.FAILED)


def test_what_a_service_says_cannot_steer_the_screen() -> None:
    account = {
        "number": A.digits,
        "category": "residential",
        "address_ar": "\u202eر\u0007" * 200,
        "address_en": None,
    }
    proved = Errands(Saying({"proof": "x", "accounts": [account] * 500})).ask(A, TryCode("123456"))
    assert isinstance(proved, Proved) and len(proved.accounts) == 200
    address = proved.accounts[0].address_ar or ""
    assert address == "ر" * len(address) and len(address) == 160


def test_nothing_of_a_wish_reaches_a_log(service: Service, desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        desk.ask(SendCode())
        proved = desk.ask(TryCode(code_sent(service)))
        assert isinstance(proved, Proved)
        desk.ask(SendMobileCode(MOBILE, proved.proof))
        desk.ask(ConfirmMobile(MOBILE, "000000"))
        desk.ask(TryId("1000000008"))
    lines = [record.getMessage() for record in caplog.records if record.name.startswith(("kiosk", "uvicorn"))]
    secrets = (A.digits, B.digits, MOBILE, proved.proof, "1000000008", code_sent(service))
    assert lines and not re.search("|".join(secrets), json.dumps(lines))
