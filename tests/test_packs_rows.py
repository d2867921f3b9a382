from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from factories import make_bill, make_meter, make_not_issued, make_tiers, worked, worked_json
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kiosk import ebill
from kiosk.ebill import BillInvalid
from kiosk.model import Account, AccountNumber, Bill, Category, Document, HistoryMonth, Money, NotIssued
from kiosk.packs.octets import Reader, Truncated, Writer
from kiosk.packs.rows import BillRow, RowUnreadable, WaitingRow, pack, unpack
from kiosk.service.subscribers import SubscriberBook

BOOK = SubscriberBook(7, 9_000_000)
# The first e-bills, two VAT rates on one bill, the first tax QR, a short month, a long one.
MONTHS = ("2018-01", "2020-07", "2021-12", "2026-03", "2026-08")
LONG_QR = "AQ" + "A" * 690 + "AA=="


def comes_back(document: Document) -> BillRow | WaitingRow:
    """The row of a document that it gives back, as a value and as it is on the wire."""
    row = pack(document)
    again = unpack(row)
    assert again == document
    assert ebill.write(again) == ebill.write(document)
    return row


def invented(month: str, count: int, *, step: int) -> Iterator[Document]:
    for index in range(0, count * step, step):
        yield ebill.read(json.dumps(BOOK.bill(index, month)))


@pytest.mark.parametrize("letter", ["a", "b", "c", "d"])
def test_the_worked_bills_come_back(letter: str) -> None:
    comes_back(worked(letter))


@pytest.mark.parametrize("month", MONTHS)
def test_every_invented_bill_comes_back(month: str) -> None:
    for document in invented(month, 60, step=149_993):
        comes_back(document)


def test_an_invented_bill_takes_few_bytes_and_nothing_is_written_out() -> None:
    rows = [row for row in map(pack, invented("2026-08", 300, step=29_989)) if isinstance(row, BillRow)]
    assert sum(len(row.extra) + len(row.history) for row in rows) / len(rows) < 55
    assert max(len(row.extra) for row in rows) < 70


@pytest.mark.parametrize(
    "fields",
    [
        {"history": 0},
        {"history": 1},
        {"other": (5000, -300)},
        {"adjustments": (-1000, 10**18 - 1)},
        {"fixed_amount": 25000},
        {"previous_balance": -30000},
        {"kwh": 0},
        {"kwh": 10**12},
        {"category": "industrial"},
        {"bill_id": "no digits", "invoice_number": "0007"},
        {"bill_id": "1" * 40, "invoice_number": "x" + "9" * 19 + "y"},
        {"invoice_uuid": "493cced1-a2b3-4cac-9b6e-ad93140712ba"},
        {"invoice_uuid": "493CCED1-A2B3-4CAC-9B6E-AD93140712BA"},
        {"qr": ""},
        {"qr": "not Base64"},
        {"qr": LONG_QR},
        {"due_date": None, "disconnection_date": date(2026, 10, 5)},
        {"disconnection_date": date(1999, 1, 1)},
        {"issue_at": datetime(2026, 8, 27, 21, 5, tzinfo=UTC)},
        {"issue_at": datetime(2, 1, 1, tzinfo=UTC)},
        {"issue_at": datetime(2026, 8, 28, 0, 5, 0, 123456, tzinfo=UTC), "issue_hijri": "1448-03-15"},
        {"issue_hijri": "1400-19-39"},
        {"meters": ()},
        {"meters": (make_meter(700), make_meter(540, number="00012", factor=40))},
        {"meters": (make_meter(1240, rollover_at=100_000, reading_current=5),)},
        {"tiers": ()},
        {"tiers": make_tiers(9000)},
        {"vat": ()},
        {"kwh_total": 5},
        {"amount_due": Money(10**18 - 1)},
        {"history": 13, "issue": date(2026, 3, 31)},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_an_unusual_bill_comes_back(fields: dict[str, Any]) -> None:
    comes_back(make_bill(**fields))


@pytest.mark.parametrize(
    "months",
    [
        [("2026-08", 1240, 27853), ("2026-06", 10, 5)],
        [("2026-07", 70_000, -5)],
        [("2026-08", 1, 1)],
        [("9999-99", 2**40, 0)],
        [("2026-08", 1240, 3), ("2026-07", 2**32, 4)],
    ],
)
def test_a_history_with_gaps_wrong_months_or_huge_figures_comes_back(months: list[tuple[str, int, int]]) -> None:
    rows = tuple(HistoryMonth(month, kwh, Money(amount)) for month, kwh, amount in months)
    comes_back(replace(make_bill(), history=rows))


def test_a_history_that_follows_from_the_tariff_costs_two_bytes_a_month() -> None:
    row = comes_back(worked("a"))
    assert isinstance(row, BillRow)
    assert len(row.history) < 2 * 13 + 20
    follows = comes_back(make_bill(history=0, qr=None))
    assert isinstance(follows, BillRow) and follows.history == b""


@pytest.mark.parametrize("name", ["سعد  أحمد", " سعد", "a b c d e f g h", "سعد أحمد محمد"])
def test_names_come_back_letter_by_letter(name: str) -> None:
    bill = make_bill()
    for fields in ({"name_ar": name}, {"name_en": name}, {"name_ar": None, "name_en": name}, {"name_en": None}):
        comes_back(replace(bill, account=replace(bill.account, **fields)))


@pytest.mark.parametrize(
    "address", ["حي الملز 0012، مبنى 7", "12 12 13", "99999999999", "no number", "7", "١٢ شارع", "12abc34"]
)
def test_addresses_come_back_digit_by_digit(address: str) -> None:
    bill = make_bill()
    for fields in (
        {"address_ar": address},
        {"address_ar": address, "address_en": "Building 7, Street 12"},
        {"address_en": address, "premise_id": "0040"},
    ):
        comes_back(replace(bill, account=replace(bill.account, **fields)))


@pytest.mark.parametrize("number", ["00000000", "012345678", "999999999999999"])
def test_leading_zeros_of_an_account_come_back(number: str) -> None:
    comes_back(make_bill(number=number))
    comes_back(make_not_issued(number))


def test_all_that_a_waiting_account_says_comes_back() -> None:
    account = Account(
        AccountNumber("30012345678"),
        Category.CHARITY,
        name_ar="جمعية",
        premise_id="7",
        mobile_last2="01",
        verified=False,
    )
    comes_back(NotIssued(account))


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in items:
        yield from _leaves(held, (*path, key))


def _set(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


WORDS = st.one_of(
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20),
    st.from_regex(r"[0-9A-Z]{5,16}", fullmatch=True),
    st.sampled_from(["2024-02-29", "2026-08-28T00:05:00Z", "2026-08-28T01:05:00.5+03:00", "paid", "15", "0.5"]),
)
NUMBERS = st.one_of(st.integers(-5, 100_000), st.integers(-(10**18) + 1, 10**18 - 1), st.integers(0, 10**12))


def _other(value: Any) -> st.SearchStrategy[Any]:
    """Something that might stand in the place of a value."""
    match value:
        case bool() | None:
            return st.one_of(st.none(), st.booleans(), WORDS)
        case int():
            return NUMBERS
        case str():
            return st.one_of(WORDS, WORDS, st.none())
        case list():
            return st.sampled_from([[], value[::-1], value[:1], value + value[:1]])
        case _:
            return st.just(value)


@st.composite
def mutated(draw: st.DrawFn) -> Document | None:
    """A worked bill with some of its values replaced by others; None when that is no bill any more."""
    fields = worked_json(draw(st.sampled_from("abc")))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(list(_leaves(fields))[1:]))
        before = fields
        for key in path:
            before = before[key]
        _set(fields, path, draw(_other(before)))
    try:
        return ebill.read(json.dumps(fields))
    except BillInvalid:
        return None


@settings(max_examples=400, deadline=None)
@given(mutated())
@example(None)
def test_a_mutated_bill_that_is_still_a_bill_comes_back(document: Document | None) -> None:
    if document is not None:
        comes_back(document)


@pytest.mark.slow
@settings(max_examples=12_000, deadline=None)
@given(mutated())
def test_any_mutated_bill_comes_back(document: Document | None) -> None:
    if document is not None:
        comes_back(document)


@pytest.mark.slow
def test_ten_thousand_invented_bills_of_every_month_come_back() -> None:
    for month in MONTHS:
        for document in invented(month, 2000, step=4493):
            comes_back(document)


@given(st.lists(st.integers(0, 10**19)), st.lists(st.integers(-(10**19), 10**19)))
def test_numbers_come_back(plain: list[int], signed: list[int]) -> None:
    out = Writer()
    for number in plain:
        out.number(number)
    for number in signed:
        out.signed(number)
    source = Reader(bytes(out.octets))
    assert [source.number() for _ in plain] == plain
    assert [source.signed() for _ in signed] == signed
    assert source.rest() == b""
    with pytest.raises(Truncated):
        source.number()


def test_a_row_of_garbage_is_refused_and_nothing_else_happens() -> None:
    chance, row = random.Random(5), pack(worked("a"))
    assert isinstance(row, BillRow)
    for _ in range(3000):
        extra, history = bytearray(row.extra), bytearray(row.history)
        for octets in (extra, history):
            if chance.random() < 0.7:
                octets[chance.randrange(len(octets))] = chance.randrange(256)
        end = chance.randrange(len(extra) + 1)
        texts = row.texts if chance.random() < 0.9 else row.texts[1:]
        broken = BillRow(row.figures, texts, bytes(extra[:end]) + chance.randbytes(3), bytes(history))
        try:
            assert isinstance(unpack(broken), Bill)
        except RowUnreadable:
            continue
    with pytest.raises(RowUnreadable):
        unpack(replace(row, figures=row.figures._replace(category=99)))
    with pytest.raises(RowUnreadable):
        unpack(WaitingRow(130012345678, 0, b"[]"))


def test_a_long_row_of_corrections_does_not_unpack_without_end() -> None:
    import zlib

    row = pack(make_bill())
    assert isinstance(row, BillRow)
    bomb = zlib.compress(b'{"qr":"' + b"A" * 50_000_000 + b'"}', 9)
    with pytest.raises(RowUnreadable):
        unpack(replace(row, extra=row.extra + bomb))


def test_periods_of_any_length_come_back() -> None:
    bill = make_bill(days=45)
    comes_back(replace(bill, period=replace(bill.period, end=bill.period.end + timedelta(days=9000), days=3)))
