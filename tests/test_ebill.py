"""The wire form: what the contract accepts is read, what it refuses is refused, nothing hostile passes."""

from __future__ import annotations

import copy
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from factories import make_bill, worked, worked_json
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk import ebill, sums, taxqr
from kiosk.ebill import BillInvalid, FieldProblem
from kiosk.model import Bill, NotIssued, Status

CONTRACT = json.loads((Path(ebill.__file__).parent / "ebill-1.schema.json").read_text(encoding="utf-8"))
FORMATS = jsonschema.FormatChecker(["date", "uuid"])


@FORMATS.checks("date-time", raises=ValueError)  # type: ignore[untyped-decorator]
def is_rfc3339(value: object) -> bool:
    if not isinstance(value, str):
        return True
    day, _, clock = value.upper().partition("T")
    assert_parts = re.fullmatch(r"(\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|[+-](\d\d):(\d\d))", clock, re.ASCII)
    if assert_parts is None or not re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII):
        return False
    hour, minute, second, _, *offset = assert_parts.groups()
    date.fromisoformat(day)
    below = zip((hour, minute, second, *(part or "0" for part in offset)), (24, 60, 60, 24, 60), strict=True)
    return all(int(part) < end for part, end in below)


VALIDATOR = jsonschema.Draft202012Validator(CONTRACT, format_checker=FORMATS)


def refusal(document: Any) -> tuple[FieldProblem, ...]:
    """Every problem of a document that must be refused."""
    raw = document if isinstance(document, str | bytes) else json.dumps(document)
    with pytest.raises(BillInvalid) as refused:
        ebill.read(raw)
    return refused.value.problems


def paths(document: Any) -> Iterator[tuple[str | int, ...]]:
    """Every place in a JSON document, outermost first."""
    yield ()
    held = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document if isinstance(document, list) else ())
    )
    for key, value in held:
        yield from ((key, *rest) for rest in paths(value))


def at(document: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


def rich_json() -> dict[str, Any]:
    """A document with something in every list and every optional field."""
    bill = make_bill(
        kwh=9000, other=(500, 250), adjustments=(-300, 40), fixed_amount=30_000, previous_balance=-5, payments=20
    )
    document = ebill.write(bill)
    document["invoice_uuid"] = "6f4d20e0-6bfe-4a80-9389-7dabe6620f12"
    document["disconnection_date"] = "2026-10-27"
    document["issue_hijri"] = "1448-03-15"
    document["meters"].append({**document["meters"][0], "rollover_at": 1_000_000})
    document["account"]["buyer_vat_number"] = "310000000000003"
    return document


@pytest.mark.parametrize("letter", "abcd")
def test_the_worked_bills_come_back_identical(letter: str) -> None:
    assert ebill.write(worked(letter)) == worked_json(letter)
    assert VALIDATOR.is_valid(worked_json(letter))


def test_a_document_is_read_into_typed_values() -> None:
    bill = worked("a")
    assert isinstance(bill, Bill)
    assert bill.account.number.digits == "30012345678"
    assert bill.issue_at == datetime.fromisoformat("2026-08-28T00:05:00+03:00")
    assert bill.status is Status.ISSUED
    assert [tier.amount for tier in bill.tiers] == [111_600, 43_170]
    assert bill.history[12].month == "2025-08"


def test_bytes_and_text_read_alike() -> None:
    text = json.dumps(worked_json("b"), ensure_ascii=False)
    assert ebill.read(text) == ebill.read(text.encode()) == ebill.read(json.dumps(worked_json("b")))


def test_a_bill_not_issued_keeps_what_is_known_of_the_account() -> None:
    document = worked_json("d")
    document["account"] |= {"name_ar": "نورة العتيبي", "verified": False}
    read = ebill.read(json.dumps(document))
    assert isinstance(read, NotIssued)
    assert read.account.name_ar == "نورة العتيبي"
    assert ebill.write(read) == document


def test_a_bill_not_issued_may_carry_the_four_idle_fields_only() -> None:
    idle = {"qr": None, "invoice_uuid": None, "issue_hijri": "1448-03-15", "disconnection_date": "2026-01-01"}
    assert isinstance(ebill.read(json.dumps(worked_json("d") | idle)), NotIssued)
    problems = refusal(worked_json("d") | {"amount_due": 5, "disconnection_date": "soon"})
    assert {problem.path for problem in problems} == {"amount_due", "disconnection_date"}


VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 99, 100, 12, 13, 10**17, -(10**17), [], {}, [{}], [None]),
    *("", "x", "0", "15", "18.5", "1.23456", "12345", "100.5", "5.", "SAR", "sar", "002", "ebill/1", "ebill/2"),
    *("a" * 20, "a" * 21, "ب" * 40, "ب" * 41, "c" * 60, "c" * 61, "د" * 80, "د" * 81, "e" * 160, "e" * 161),
    *("2026-08-28", "2026-02-30", "2024-02-29", "20260828", "2026-8-28", "1467244800", "2026-W35-5", "0000-01-01"),
    *("2026-08-28T00:05:00+03:00", "2026-08-28t00:05:00z", "2026-08-28T00:05:00", "2026-08-28 00:05:00Z"),
    *("2026-08-28T24:00:00Z", "2026-08-28T00:05Z", "2026-08-28T00:05:00.123456789Z", "2026-08-28T00:05:00+0300"),
    *("2026-08-28T00:05:00+24:00", "1448-03-15", "1548-03-15", "1448-23-15", "1448-03-45", "2026-08", "2026-13"),
    *("30012345678", "1234567", "12345678", "1" * 15, "1" * 16, "٣٠٠١٢٣٤٥٦٧٨", "1234567x", "42", "123"),
    *(
        "300000000000003",
        "400000000000003",
        "30000000000003",
        "1010000000",
        "101000000",
        "KFM01",
        "kfm01",
        "K" * 21,
    ),
    *(
        "6f4d20e0-6bfe-4a80-9389-7dabe6620f12",
        "6f4d20e06bfe4a8093897dabe6620f12",
        "6F4D20E0-6BFE-4A80-9389-7DABE662",
    ),
    *("issued", "paid", "not_issued", "actual", "fixed", "estimated", "tax_invoice", "credit_note", "residential"),
    *("Q" * 700, "Q" * 701),
]


@st.composite
def mutants(draw: st.DrawFn, bases: list[dict[str, Any]]) -> dict[str, Any]:
    """A valid document with up to three things dropped, added, moved or replaced."""
    document: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(bases)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(paths(document))))
        place = at(document, path)
        if isinstance(place, dict) and draw(st.booleans()):
            name = draw(st.sampled_from(["extra", "amount_due", "note", "qr", "status", "rollover_at"]))
            place[name] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        elif isinstance(place, list) and place and draw(st.booleans()):
            place.extend(copy.deepcopy(place[:1]) * draw(st.integers(1, 14)))
        elif path:
            parent, key = at(document, path[:-1]), path[-1]
            if draw(st.booleans()):
                del parent[key]
            else:
                parent[key] = copy.deepcopy(draw(st.sampled_from([*VALUES, at(document, path)])))
    return document


def agrees_with_the_contract(document: dict[str, Any]) -> None:
    try:
        read = ebill.read(json.dumps(document))
    except BillInvalid as refused:
        assert not VALIDATOR.is_valid(document), refused.problems
        return
    assert VALIDATOR.is_valid(document), next(VALIDATOR.iter_errors(document)).message
    assert VALIDATOR.is_valid(ebill.write(read))
    assert ebill.read(json.dumps(ebill.write(read))) == read
    # Whatever is accepted can be judged: nothing later in a visit stumbles over an odd but valid bill.
    assert isinstance(read, NotIssued) or set(sums.problems(read)) <= set(sums.CODES)
    assert isinstance(read, NotIssued) or taxqr.check(read.qr, read)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_accepts_and_refuses_exactly_what_the_contract_does(data: st.DataObject) -> None:
    bases = [*(worked_json(letter) for letter in "abcd"), rich_json()]
    agrees_with_the_contract(data.draw(mutants(bases)))


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(max_examples=30_000, deadline=None)
@given(st.data())
def test_accepts_and_refuses_exactly_what_the_contract_does_for_long(data: st.DataObject) -> None:
    bases = [*(worked_json(letter) for letter in "abcd"), rich_json()]
    agrees_with_the_contract(data.draw(mutants(bases)))


@pytest.mark.slow
@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:30])
def test_every_single_replacement_agrees_with_the_contract(value: Any) -> None:
    base = rich_json()
    seen = set()
    for path in paths(base):
        form = tuple("[]" if isinstance(key, int) else key for key in path)
        if not path or form in seen:
            continue
        seen.add(form)
        document = copy.deepcopy(base)
        at(document, path[:-1])[path[-1]] = value
        agrees_with_the_contract(document)


def test_every_single_omission_agrees_with_the_contract() -> None:
    for base in (*(worked_json(letter) for letter in "abd"), rich_json()):
        for path in paths(base):
            if path:
                document = copy.deepcopy(base)
                del at(document, path[:-1])[path[-1]]
                agrees_with_the_contract(document)


def test_every_mistake_is_told_at_once_with_its_path() -> None:
    document = worked_json("a")
    document["document_type"] = "tax_invoice"
    document["plan"] = {"kind": "fixed"}
    document["tiers"][1]["rate"] = "thirty"
    document["meters"][0]["kwh"] = -1
    document["seller"]["vat_number"] = "123"
    document["history"] *= 2
    document["period"]["days"] = "31"
    document["account"]["verified"] = "yes"
    document["current_total"] = 1797.11
    document["charges"] = {"energy": 1, "meter_fee": True}
    document["vat"] = None
    del document["amount_due"]
    document["surprise"] = 1
    assert sorted((problem.path, problem.problem) for problem in refusal(document)) == [
        ("account.buyer_vat_number", "is missing: a tax invoice names its buyer"),
        ("account.verified", "is neither true nor false"),
        ("amount_due", "is missing"),
        ("charges.meter_fee", "is not a whole number"),
        ("charges.other", "is missing"),
        ("current_total", "is not a whole number"),
        ("history", "has too many rows"),
        ("meters[0].kwh", "is too small"),
        ("period.days", "is not a whole number"),
        ("plan.fixed_amount", "is missing: the plan is fixed"),
        ("seller.vat_number", "is not of the form expected"),
        ("surprise", "is no field of ebill/1"),
        ("tiers[1].rate", "is not of the form expected"),
        ("vat", "is not a list"),
    ]


@pytest.mark.parametrize("major", ["ebill/2", "ebill/1.1", "EBILL/1", None, 1, ["ebill/1"]])
def test_another_schema_is_refused_before_its_fields_are_judged(major: Any) -> None:
    assert refusal({"schema": major, "status": "issued"}) == (FieldProblem("schema", "is not ebill/1"),)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "is not JSON at line 1 column 1"),
        (b"<html>", "is not JSON at line 1 column 1"),
        (b'{"schema":"ebill/1",}', "is not JSON at line 1 column 21"),
        (b'{"schema":"ebill/1"} {}', "is not JSON at line 1 column 22"),
        (b'{"schema":"ebill/1"', "is not JSON at line 1 column 20"),
        (b'{"schema":"ebill/1","a":"\n"}', "is not JSON at line 1 column 26"),
        (b"{'schema':1}", "is not JSON at line 1 column 2"),
        (b'{"a":01}', "is not JSON at line 1 column 7"),
        (b'\xef\xbb\xbf{"schema":"ebill/1"}', "is not JSON at line 1 column 1"),
        ('{"schema":"ebill/1"}'.encode("utf-16"), "is not UTF-8"),
        (b'{"schema":"\xc0\xaf"}', "is not UTF-8"),
        (b'{"schema":"\xed\xa0\x80"}', "is not UTF-8"),
        ('{"a":"\ud800"}', "is not UTF-8"),
        (b'{"schema":NaN}', "holds NaN or Infinity, which JSON has not"),
        (b'{"schema":-Infinity}', "holds NaN or Infinity, which JSON has not"),
        (b"[" * 60_000, "is nested too deeply"),
        (b'{"a":' * 12_000, "is nested too deeply"),
        (b'{"kwh_total":' + b"9" * 5_000 + b"}", "holds a number of thousands of digits"),
        (b"[]", "is not a JSON object"),
        (b"null", "is not a JSON object"),
        (b'"ebill/1"', "is not a JSON object"),
        (b" " * 65_537, "is over 65536 bytes"),
    ],
)
def test_what_is_not_strict_json_is_refused(raw: bytes | str, problem: str) -> None:
    assert refusal(raw) == (FieldProblem("", problem),)


def test_the_size_cap_is_the_callers() -> None:
    raw = json.dumps(worked_json("a")).encode()
    assert ebill.read(raw, limit_bytes=len(raw)) == worked("a")
    with pytest.raises(BillInvalid, match=f"is over {len(raw) - 1} bytes"):
        ebill.read(raw, limit_bytes=len(raw) - 1)


@pytest.mark.parametrize("number", ["1.0", "1e2", "1e999", "-1e999", "1E400", "0.1", "true", '"1"', "null", "[1]"])
def test_a_float_is_no_whole_number(number: str) -> None:
    raw = json.dumps(worked_json("a")).replace('"kwh_total": 7639', f'"kwh_total": {number}')
    assert refusal(raw) == (FieldProblem("kwh_total", "is not a whole number"),)


def test_whole_numbers_have_eighteen_digits_at_most() -> None:
    for most in (10**18 - 1, -(10**18) + 1):
        document = worked_json("a") | {"previous_balance": most}
        read = ebill.read(json.dumps(document))
        assert isinstance(read, Bill)
        assert read.previous_balance == most
    for beyond, problem in ((10**18, "is too large"), (-(10**18), "is too small"), (10**40, "is too large")):
        document = worked_json("a") | {"previous_balance": beyond}
        assert refusal(document) == (FieldProblem("previous_balance", problem),)


def test_a_key_that_stands_twice_is_refused_where_it_stands() -> None:
    raw = json.dumps(worked_json("a"))
    raw = raw.replace('"energy": 154770', '"energy": 1, "energy": 154770').replace('"n": 2', '"n": 2, "n": 2')
    raw = raw.replace('"schema":', '"schema": "ebill/1", "schema":')
    problems = refusal(raw)
    assert {problem.path for problem in problems} == {"schema", "charges.energy", "tiers[1].n"}
    assert {problem.problem for problem in problems} == {"stands twice"}


def test_thousands_of_doubled_keys_are_told_without_delay() -> None:
    raw = '{"schema":"ebill/1",' + ",".join(f'"a{n % 2500}":0' for n in range(5000)) + "}"
    assert len(raw) < ebill.LIMIT_BYTES
    assert [problem.problem for problem in refusal(raw)].count("stands twice") == 2500


def test_a_doubled_object_hides_no_doubled_key_elsewhere() -> None:
    raw = '{"schema":"ebill/1","plan":{"kind":1,"kind":2},"plan":{},"period":{"days":1,"days":2}}'
    doubled = {problem.path for problem in refusal(raw) if problem.problem == "stands twice"}
    assert doubled == {"plan", "period.days"}


SECRETS = ["30012345678", "سعد السري", "4012345678", "310000000000003", "zanzibar"]


def spoil_every_value(document: dict[str, Any], secret: str) -> None:
    for path in list(paths(document)):
        if path and path[0] not in ("schema", "status") and not isinstance(at(document, path), dict | list):
            at(document, path[:-1])[path[-1]] = f"{secret}\x1b"


def spoil_every_name(document: dict[str, Any], secret: str) -> None:
    document[secret] = 1
    document["account"][secret.upper() + "!"] = secret
    document["meters"][0][f"{secret}\n"] = {secret: secret}


@pytest.mark.parametrize("secret", SECRETS[:4])
@pytest.mark.parametrize("spoil", [spoil_every_value, spoil_every_name])
def test_no_problem_quotes_what_was_sent(spoil: Callable[[dict[str, Any], str], None], secret: str) -> None:
    document = rich_json()
    spoil(document, secret)
    with pytest.raises(BillInvalid) as refused:
        ebill.read(json.dumps(document))
    told = repr(refused.value) + str(refused.value) + "".join(map(str, refused.value.problems))
    assert len(refused.value.problems) >= 3
    assert secret not in told
    assert told.isascii()
    assert refused.value.__cause__ is None


def test_a_broken_document_is_not_chained_to_the_error() -> None:
    with pytest.raises(BillInvalid) as refused:
        ebill.read('{"account":{"number":"30012345678"')
    assert refused.value.__suppress_context__
    assert "300" not in str(refused.value)


HOSTILE = "\x1b@\x1dV\x00ص\u202eالح\u2066\u2069\u200f\x85\u009b2J\ufeff\U000e0041 \x7fAl\r\nWaha\tCo\u061c"


@pytest.mark.parametrize("name", ["name_ar", "name_en", "address_ar", "address_en"])
def test_words_for_people_are_cleaned_of_controls(name: str) -> None:
    document = worked_json("a")
    document["account"][name] = HOSTILE
    bill = ebill.read(json.dumps(document))
    shown = getattr(bill.account, name)
    assert shown == "@Vصالح 2J Al Waha Co"
    assert not any(unicodedata.category(character) in {"Cc", "Cf"} for character in shown)


def test_words_are_composed_and_their_marks_kept_readable() -> None:
    document = worked_json("a")
    decomposed = unicodedata.normalize("NFD", "أحمد آل José")
    document["account"]["name_ar"] = decomposed
    document["account"]["name_en"] = "Z" + "\u0327\u0301" * 39
    document["account"]["address_ar"] = "می\u200cخواهم شَّٰ"
    account = ebill.read(json.dumps(document)).account
    assert account.name_ar == "أحمد آل José"
    assert account.name_en is not None
    assert len(account.name_en) <= 5
    assert account.address_ar == unicodedata.normalize("NFC", "می\u200cخواهم شَّٰ")


@pytest.mark.parametrize("text", ["\u202e", "\x00\x1b", "\u200f\u200e"])
def test_words_that_are_only_controls_are_refused(text: str) -> None:
    document = worked_json("a")
    document["seller"]["name_ar"] = text
    assert refusal(document) == (FieldProblem("seller.name_ar", "holds nothing to show"),)


def test_words_that_composing_makes_too_long_are_refused() -> None:
    document = worked_json("a")
    document["seller"]["name_en"] = "\u0958" * 80
    assert refusal(document) == (FieldProblem("seller.name_en", "is too long"),)


@pytest.mark.parametrize(
    "hidden", ["\x1b", "\x00", "\n", "\x7f", "\x85", "\u200f", "\u202e", "\u2066", "\u2028", "\ufeff"]
)
@pytest.mark.parametrize("name", ["bill_id", "invoice_number", "tariff_id", "qr"])
def test_identifiers_and_the_tax_qr_hold_no_hidden_character(name: str, hidden: str) -> None:
    assert refusal(worked_json("a") | {name: f"AB{hidden}C"}) == (
        FieldProblem(name, "is not of the form expected"),
    )


def test_a_lone_surrogate_is_no_text() -> None:
    document = worked_json("a") | {"bill_id": "\udfff"}
    document["account"]["name_ar"] = "\ud800"
    problem = "holds text that is not Unicode"
    assert {*refusal(document)} == {FieldProblem("account.name_ar", problem), FieldProblem("bill_id", problem)}
    assert refusal(worked_json("a") | {"\ud800": 1}) == (FieldProblem("", problem),)


def test_a_trailing_line_break_is_no_part_of_a_number() -> None:
    document = worked_json("a")
    document["account"]["number"] += "\n"
    document["seller"]["vat_number"] += "\n"
    document["issue_at"] += "\n"
    document["due_date"] += "\n"
    assert {problem.path for problem in refusal(document)} == {
        "account.number",
        "seller.vat_number",
        "issue_at",
        "due_date",
    }


@pytest.mark.parametrize(
    "text",
    ["2026-06-30T23:59:60Z", "2016-12-31T23:59:60+00:00", "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00Z"],
)
def test_a_time_no_clock_in_riyadh_can_show_is_refused(text: str) -> None:
    assert refusal(worked_json("a") | {"issue_at": text})[0].path == "issue_at"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes | str) -> None:
    with pytest.raises(BillInvalid):
        ebill.read(raw)


@settings(max_examples=200, deadline=None)
@given(
    kwh=st.integers(0, 200_000),
    days=st.integers(1, 99),
    category=st.sampled_from(["residential", "commercial", "industrial", "charity"]),
    balance=st.integers(-(10**9), 10**9),
    other=st.lists(st.integers(-500, 10**6), max_size=4),
    fixed=st.none() | st.integers(0, 10**6),
)
def test_every_bill_comes_back_equal(
    kwh: int, days: int, category: str, balance: int, other: list[int], fixed: int | None
) -> None:
    bill = make_bill(
        kwh=kwh, days=days, category=category, previous_balance=balance, other=other, fixed_amount=fixed
    )
    wire = ebill.write(bill)
    assert ebill.read(json.dumps(wire)) == bill
    assert VALIDATOR.is_valid(wire)
