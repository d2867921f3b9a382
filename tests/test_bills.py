from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from factories import make_bill, make_not_issued
from fault_server import FaultServer, Peer, answer, unknown_account

from kiosk import ebill
from kiosk.bills import BillService
from kiosk.database import StoreFull, StoreUnavailable
from kiosk.gateway import (
    AccountNotFound,
    AnswerUnusable,
    Fetched,
    GatewayError,
    GatewayUnreachable,
    HttpGateway,
    Unchanged,
)
from kiosk.model import AccountNumber, Bill, CurrentBill, Document, Money, Source
from kiosk.store import Store

NOW = datetime(2026, 8, 29, 9, 0, tzinfo=UTC)
BILL = make_bill()
ACCOUNT = BILL.account.number
KEY = bytes(range(32))


@dataclass
class FakeGateway:
    """Answers with `next` and remembers the etags it was asked with; an error is raised."""

    next: Fetched | Unchanged | GatewayError
    etags: list[str | None] = field(default_factory=list)

    def fetch(self, account: AccountNumber, *, etag: str | None) -> Fetched | Unchanged:
        self.etags.append(etag)
        if isinstance(self.next, GatewayError):
            raise self.next
        return self.next


class BrokenStore(Store):
    """A store whose every call fails with `fault`, until `fault` is None."""

    fault: Exception | None = None

    def stored(self, account: AccountNumber) -> Any:
        if self.fault:
            raise self.fault
        return super().stored(account)

    previous = stored

    def keep(self, account: AccountNumber, document: Document, **facts: Any) -> None:
        if self.fault:
            raise self.fault
        super().keep(account, document, **facts)


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store.memory(now=lambda: NOW)
    yield store
    store.close()


def fetched(
    document: Document = BILL, *, hours_ago: int = 1, etag: str | None = '"v1"', link: str | None = None
) -> Fetched:
    return Fetched(document, NOW - timedelta(hours=hours_ago), etag, link)


def service(gateway: FakeGateway, store: Store) -> BillService:
    return BillService(gateway, store, now=lambda: NOW)


def test_what_was_fetched_is_shown_live_and_found_stored(store: Store) -> None:
    bills = service(FakeGateway(fetched(link="https://app.example.sa/b/x")), store)
    assert bills.stored(ACCOUNT) is None
    hour_ago = NOW - timedelta(hours=1)
    assert bills.refresh(ACCOUNT) == CurrentBill(BILL, hour_ago, Source.LIVE, "https://app.example.sa/b/x")
    assert bills.stored(ACCOUNT) == CurrentBill(BILL, hour_ago, Source.STORED, None)


def test_an_unchanged_bill_is_right_as_of_now_again(store: Store) -> None:
    gateway = FakeGateway(fetched(hours_ago=48))
    bills = service(gateway, store)
    bills.refresh(ACCOUNT)
    gateway.next = Unchanged(NOW, "https://app.example.sa/b/y")
    assert bills.refresh(ACCOUNT) == CurrentBill(BILL, NOW, Source.LIVE, "https://app.example.sa/b/y")
    assert bills.stored(ACCOUNT) == CurrentBill(BILL, NOW, Source.STORED)
    bills.refresh(ACCOUNT)
    assert gateway.etags == [None, '"v1"', '"v1"']


def test_an_unchanged_bill_never_grows_older(store: Store) -> None:
    gateway = FakeGateway(fetched(hours_ago=1))
    bills = service(gateway, store)
    bills.refresh(ACCOUNT)
    gateway.next = Unchanged(NOW - timedelta(days=20))
    assert bills.refresh(ACCOUNT).as_of == NOW - timedelta(hours=1)


def test_a_bill_awaited_is_shown_beside_the_last_one(store: Store) -> None:
    july, awaited = make_bill(issue=date(2026, 7, 28)), make_not_issued(ACCOUNT.digits)
    gateway = FakeGateway(fetched(july, hours_ago=500))
    bills = service(gateway, store)
    bills.refresh(ACCOUNT)
    assert bills.previous(ACCOUNT) is None
    gateway.next = fetched(awaited, etag=None)
    assert bills.refresh(ACCOUNT).bill == awaited
    assert bills.stored(ACCOUNT) == CurrentBill(awaited, NOW - timedelta(hours=1), Source.STORED)
    assert bills.previous(ACCOUNT) == CurrentBill(july, NOW - timedelta(hours=500), Source.STORED)
    gateway.next = fetched(BILL)
    bills.refresh(ACCOUNT)
    assert gateway.etags == [None, '"v1"', None]
    assert bills.previous(ACCOUNT) is None


@pytest.mark.parametrize(
    "error", [GatewayUnreachable("refused"), AnswerUnusable("wrong_account"), AccountNotFound("http_404")]
)
def test_a_failed_refresh_says_why_and_changes_nothing_stored(store: Store, error: GatewayError) -> None:
    gateway = FakeGateway(fetched())
    bills = service(gateway, store)
    bills.refresh(ACCOUNT)
    gateway.next = error
    with pytest.raises(type(error), match=error.code):
        bills.refresh(ACCOUNT)
    assert bills.stored(ACCOUNT) == CurrentBill(BILL, NOW - timedelta(hours=1), Source.STORED)


def test_wrong_sums_are_logged_once_without_whose_they_are(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    wrong = replace(BILL, amount_due=Money(BILL.amount_due + 1))
    gateway = FakeGateway(fetched(wrong))
    bills = service(gateway, store)
    for _ in range(3):
        assert bills.refresh(ACCOUNT).bill == wrong
    gateway.next = fetched(replace(wrong, bill_id="other"))
    bills.refresh(ACCOUNT)
    assert len(caplog.messages) == 2
    assert all("BILL_ARITH_" in line for line in caplog.messages)
    for secret in (ACCOUNT.digits, BILL.bill_id, BILL.account.name_en, BILL.invoice_number):
        assert secret is not None and secret not in caplog.text


def test_a_bill_that_adds_up_is_not_spoken_of(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    service(FakeGateway(fetched()), store).refresh(ACCOUNT)
    assert caplog.messages == []


@pytest.mark.parametrize("fault", [StoreFull(), StoreUnavailable("store_busy")])
def test_a_broken_store_costs_stored_bills_but_no_visit(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    store = BrokenStore.memory(now=lambda: NOW)
    store.fault = fault
    bills = service(FakeGateway(fetched()), store)
    for _ in range(2):
        assert bills.stored(ACCOUNT) is None
        assert bills.previous(ACCOUNT) is None
        assert bills.refresh(ACCOUNT).bill == BILL
    store.fault = None
    bills.refresh(ACCOUNT)
    assert bills.stored(ACCOUNT) is not None
    assert caplog.messages == [f"store fault: {fault}", "store works again"]
    store.close()


def test_unchanged_without_being_asked_is_no_answer(store: Store) -> None:
    with pytest.raises(AnswerUnusable, match="unchanged_unasked"):
        service(FakeGateway(Unchanged(NOW)), store).refresh(ACCOUNT)


def test_a_live_answer_is_never_from_the_future(store: Store) -> None:
    assert service(FakeGateway(fetched(hours_ago=-5)), store).refresh(ACCOUNT).as_of == NOW


class BillDesk:
    """A little bill service over real HTTP: whatever is in `documents`, with an etag by content."""

    def __init__(self, *documents: Bill) -> None:
        self.documents = {bill.account.number.digits: bill for bill in documents}
        self.unchanged = 0

    def __call__(self, peer: Peer) -> None:
        while head := peer.head():
            digits = head.split(b" ", 2)[1].rsplit(b"/", 1)[1].decode()
            bill = self.documents.get(digits)
            if bill is None:
                peer.send(unknown_account())
                continue
            etag = f'"{hash(bill)}"'
            if f"If-None-Match: {etag}".encode() in head:
                self.unchanged += 1
                peer.send(answer(b"", status="304 Not Modified", Content_Length=None, ETag=etag))
            else:
                peer.send(answer(json.dumps(ebill.write(bill)).encode(), ETag=etag))


def test_with_the_service_killed_in_a_visit_a_known_account_still_gets_its_bill(tmp_path: Path) -> None:
    path = tmp_path / "seen.db"
    with FaultServer(BillDesk(BILL)) as server:
        gateway = HttpGateway(server.url, deadline_s=2, chance=lambda: 0.0)
        bills = BillService(gateway, Store.file(path, KEY), now=lambda: datetime.now(UTC))
        live = bills.refresh(ACCOUNT)
        with pytest.raises(AccountNotFound):
            bills.refresh(AccountNumber("30077777777"))
    started = time.monotonic()
    with pytest.raises(GatewayUnreachable):
        bills.refresh(ACCOUNT)
    assert bills.stored(ACCOUNT) == CurrentBill(BILL, live.as_of, Source.STORED)
    with pytest.raises(GatewayUnreachable):
        bills.refresh(AccountNumber("30077777777"))
    assert time.monotonic() - started < 4
    assert bills.stored(AccountNumber("30077777777")) is None
    bills._store.close()
    again = BillService(gateway, Store.file(path, KEY), now=lambda: datetime.now(UTC))
    assert again.stored(ACCOUNT) == CurrentBill(BILL, live.as_of, Source.STORED)
    again._store.close()


def test_a_changed_bill_replaces_the_stored_one_and_an_unchanged_one_is_not_sent(tmp_path: Path) -> None:
    store = Store.file(tmp_path / "seen.db", KEY)
    desk = BillDesk(BILL)
    with FaultServer(desk) as server:
        gateway = HttpGateway(server.url, deadline_s=2)
        bills = BillService(gateway, store, now=lambda: datetime.now(UTC))
        first = bills.refresh(ACCOUNT)
        second = bills.refresh(ACCOUNT)
        assert (second.bill, second.source, desk.unchanged) == (BILL, Source.LIVE, 1)
        assert second.as_of > first.as_of
        paid = make_bill(payments=5000)
        desk.documents[ACCOUNT.digits] = paid
        assert bills.refresh(ACCOUNT).bill == paid
        gateway.close()
    stored = bills.stored(ACCOUNT)
    assert stored is not None and stored.bill == paid
    store.close()


def test_a_rejected_document_is_not_kept(tmp_path: Path) -> None:
    store = Store.file(tmp_path / "seen.db", KEY)
    other = AccountNumber("30077777777")
    desk = BillDesk(BILL)
    desk.documents[other.digits] = BILL
    with FaultServer(desk) as server:
        gateway = HttpGateway(server.url, deadline_s=2)
        bills = BillService(gateway, store, now=lambda: datetime.now(UTC))
        with pytest.raises(AnswerUnusable, match="wrong_account"):
            bills.refresh(other)
        gateway.close()
    assert bills.stored(other) is None and bills.stored(ACCOUNT) is None
    assert store.info().documents == 0
    store.close()
