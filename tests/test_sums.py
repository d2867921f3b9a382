"""The e-bill's arithmetic: the worked bills hold, and every single broken rule has its own code."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from typing import Any

import pytest
from factories import make_account, make_bill, make_meter, worked_bill, worked_json
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk import ebill, sums
from kiosk.model import (
    Bill,
    Charges,
    DocumentType,
    HistoryMonth,
    Money,
    NotIssued,
    OtherCharge,
    Plan,
    PlanKind,
    Status,
    Tier,
    VatLine,
)


@pytest.mark.parametrize(
    ("letter", "kwh", "vat", "total", "due"),
    [("a", 7639, 23441, 179711, 179711), ("b", 12920, 53331, 408871, 433871), ("c", 1240, 1166, 24486, 24486)],
)
def test_the_worked_bills_add_up(letter: str, kwh: int, vat: int, total: int, due: int) -> None:
    bill = worked_bill(letter)
    assert sums.problems(bill) == ()
    assert (bill.kwh_total, bill.vat[0].amount, bill.current_total, bill.amount_due) == (kwh, vat, total, due)


def test_the_worked_bill_d_has_no_sums() -> None:
    assert isinstance(ebill.read(json.dumps(worked_json("d"))), NotIssued)


def test_bill_a_without_prorated_tiers_adds_up_too() -> None:
    bill = worked_bill("a")
    bill = replace(
        bill,
        tiers=(
            Tier(1, 0, 6000, 6000, "18", Money(108_000)),
            Tier(2, 6000, None, 1639, "30", Money(49_170)),
        ),
        charges=Charges(Money(157_170), Money(1500)),
        vat=(VatLine("15", Money(158_670), Money(23_801)),),
        current_total=Money(182_471),
        amount_due=Money(182_471),
    )
    assert sums.problems(bill) == ()


def test_bill_b_at_the_rates_of_2018_adds_up_too() -> None:
    bill = worked_bill("b")
    bill = replace(
        bill,
        tiers=(
            Tier(1, 0, 6000, 6000, "20", Money(120_000)),
            Tier(2, 6000, None, 6920, "30", Money(207_600)),
        ),
        charges=Charges(Money(327_600), Money(2100)),
        vat=(VatLine("5", Money(329_700), Money(16_485)),),
        current_total=Money(346_185),
        amount_due=Money(346_185 + 41_265 - 16_265),
    )
    assert sums.problems(bill) == ()


@pytest.mark.parametrize(
    ("kwh", "vat", "total"),
    [(0, 150, 1150), (6000, 16_350, 125_350), (6001, 16_355, 125_385)],
    ids=["nothing used", "at the tier's end", "one past it"],
)
def test_the_edges_of_the_residential_tariff(kwh: int, vat: int, total: int) -> None:
    bill = make_bill(kwh=kwh, days=30, breaker_amp=60)
    assert sums.problems(bill) == ()
    assert (bill.vat[0].amount, bill.current_total) == (vat, total)


def test_half_a_halala_rounds_up_where_even_or_float_would_not() -> None:
    assert sums.vat(109_030, "15") == 16_355
    assert sums.vat(156_270, "15") == 23_441
    bill = make_bill(kwh=6001)
    even = replace(bill, vat=(VatLine("15", Money(109_030), Money(16_354)),), current_total=Money(125_384))
    assert sums.problems(replace(even, amount_due=Money(125_384))) == ("BILL_ARITH_VAT_AMOUNT",)


def test_a_balance_in_the_subscribers_favour_becomes_credit() -> None:
    bill = replace(worked_bill("c"), previous_balance=Money(-30_000), amount_due=Money(0), credit=Money(5_514))
    assert sums.problems(bill) == ()
    assert sums.balance(bill) == -5_514


def test_a_meter_that_turned_over_used_what_it_passed() -> None:
    bill = make_bill(kwh=370)
    meter = make_meter(370, reading_previous=999_870, reading_current=240, rollover_at=1_000_000)
    assert sums.problems(replace(bill, meters=(meter,))) == ()
    assert sums.problems(replace(bill, meters=(replace(meter, rollover_at=None),))) == ("BILL_ARITH_METER_KWH",)


def test_a_meter_that_did_not_turn_over_may_still_say_where_it_would() -> None:
    bill = make_bill(kwh=370)
    assert sums.problems(replace(bill, meters=(make_meter(370, rollover_at=1_000_000),))) == ()


def test_several_meters_with_factors_add_up() -> None:
    meters = (make_meter(1200, factor=40), make_meter(300, factor=1), make_meter(0))
    assert sums.problems(make_bill(kwh=1500, meters=meters)) == ()


def test_a_transitional_bill_has_two_vat_lines() -> None:
    bill = make_bill(kwh=6001, issue=date(2020, 7, 28))
    lines = (VatLine("5", Money(54_030), Money(2_702)), VatLine("15", Money(55_000), Money(8_250)))
    total = 109_030 + 2_702 + 8_250
    bill = replace(bill, vat=lines, current_total=Money(total), amount_due=Money(total))
    assert sums.problems(bill) == ()


@pytest.mark.parametrize("with_line", [True, False])
def test_a_charge_at_zero_per_cent_may_stand_in_the_vat_lines_or_not(with_line: bool) -> None:
    bill = make_bill(kwh=1000)
    free = OtherCharge("REFUND", "استرداد", "Refund", Money(-700), "0")
    lines = (*bill.vat, VatLine("0.00", Money(-700), Money(0))) if with_line else bill.vat
    total = Money(bill.current_total - 700)
    bill = replace(
        bill, charges=replace(bill.charges, other=(free,)), vat=lines, current_total=total, amount_due=total
    )
    assert sums.problems(bill) == ()


def test_rates_may_have_decimals() -> None:
    assert sums.price(3, "18.5") == 56
    assert sums.price(1, "0.4999") == 0
    assert sums.vat(1000, "7.55") == 76
    assert sums.price(10**18 - 1, "9999.9999") == 9_999_999_899_999_999_990_000


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.5", 1), ("1.5", 2), ("2.5", 3), ("0.4999999999", 0), ("-0.5", -1), ("-0.4", 0), ("23440.5", 23441)],
)
def test_half_up_rounds_halves_away_from_zero(amount: str, rounded: int) -> None:
    assert sums.half_up(Decimal(amount)) == rounded


def test_the_callers_decimal_context_changes_nothing() -> None:
    with localcontext(prec=2):
        assert sums.vat(156_270, "15") == 23_441
        assert sums.problems(worked_bill("a")) == ()


def test_a_paid_bill_owes_nothing() -> None:
    bill = worked_bill("a")
    paid = replace(bill, status=Status.PAID, amount_due=Money(0))
    assert sums.problems(paid) == ()
    assert sums.problems(replace(bill, status=Status.PAID)) == ("BILL_ARITH_AMOUNT_DUE",)


def test_a_partly_paid_bill_owes_the_rest() -> None:
    bill = make_bill(kwh=1000, payments=5000, status=Status.PARTLY_PAID)
    assert sums.problems(bill) == ()
    assert bill.amount_due == bill.current_total - 5000


def test_a_credit_note_gives_its_total_back() -> None:
    bill = replace(worked_bill("c"), document_type=DocumentType.CREDIT_NOTE)
    note = replace(bill, amount_due=Money(0), credit=bill.current_total)
    assert sums.problems(note) == ()
    assert sums.problems(bill) == ("BILL_ARITH_AMOUNT_DUE", "BILL_ARITH_CREDIT")


@pytest.mark.parametrize(
    ("balance", "payments", "adjustments", "due"),
    [(0, 0, (), 30_000), (5_000, 0, (), 35_000), (5_000, 9_000, (), 30_000), (0, 0, (700, -200), 30_500)],
)
def test_a_fixed_plan_asks_the_fixed_amount_and_arrears(
    balance: int, payments: int, adjustments: tuple[int, ...], due: int
) -> None:
    bill = make_bill(
        kwh=4000, previous_balance=balance, payments=payments, adjustments=adjustments, fixed_amount=30_000
    )
    assert bill.amount_due == due
    assert sums.problems(bill) == ()
    assert sums.problems(replace(bill, plan=Plan(PlanKind.ACTUAL))) == ("BILL_ARITH_AMOUNT_DUE",)


def test_issue_on_another_day_than_the_28th_is_no_problem() -> None:
    assert sums.problems(make_bill(issue=date(2026, 8, 27))) == ()


def test_the_day_of_issue_is_counted_in_riyadh() -> None:
    evening = datetime(2026, 8, 27, 22, 0, tzinfo=UTC)
    bill = replace(worked_bill("a"), issue_at=evening, due_date=date(2026, 8, 28))
    assert sums.issue_day(bill) == date(2026, 8, 28)
    assert sums.problems(bill) == ()
    west = replace(bill, issue_at=evening.astimezone(timezone(timedelta(hours=-8))))
    assert sums.problems(west) == ()


@pytest.mark.parametrize("year", [1900, 2078, 9998])
def test_a_hijri_date_outside_the_tables_is_not_held_against_the_biller(year: int) -> None:
    bill = replace(worked_bill("a"), issue_at=datetime(year, 8, 28, tzinfo=UTC), due_date=None)
    assert sums.problems(bill) == ()


def change_other(bill: Bill, amount: int) -> Charges:
    return replace(bill.charges, other=(OtherCharge("X", "س", "X", Money(amount), "15"),))


def first(rows: tuple[Any, ...], **fields: Any) -> tuple[Any, ...]:
    return (replace(rows[0], **fields), *rows[1:])


BROKEN: list[tuple[str, Any]] = [
    ("BILL_ARITH_ISSUE_HIJRI", lambda b: {"issue_hijri": "1448-03-16"}),
    ("BILL_ARITH_DUE_DATE", lambda b: {"due_date": date(2026, 8, 27)}),
    ("BILL_ARITH_DISCONNECTION_DATE", lambda b: {"disconnection_date": date(2026, 8, 27)}),
    ("BILL_ARITH_PERIOD_DAYS", lambda b: {"period": replace(b.period, days=30)}),
    ("BILL_ARITH_PERIOD_DAYS", lambda b: {"period": replace(b.period, end=b.period.start - timedelta(days=31))}),
    ("BILL_ARITH_METER_KWH", lambda b: {"meters": first(b.meters, reading_current=55_848)}),
    ("BILL_ARITH_METER_KWH", lambda b: {"meters": first(b.meters, factor=2)}),
    ("BILL_ARITH_KWH_METERS", lambda b: {"meters": (*b.meters, make_meter(1))}),
    ("BILL_ARITH_KWH_METERS", lambda b: {"meters": ()}),
    ("BILL_ARITH_KWH_TIERS", lambda b: {"tiers": (*b.tiers[:1], replace(b.tiers[1], kwh=1440, rate="29.9792"))}),
    ("BILL_ARITH_TIER_RANGES", lambda b: {"tiers": first(b.tiers, to_kwh=6199)}),
    ("BILL_ARITH_TIER_RANGES", lambda b: {"tiers": first(b.tiers, to_kwh=None)}),
    ("BILL_ARITH_TIER_RANGES", lambda b: {"tiers": first(b.tiers, from_kwh=1)}),
    ("BILL_ARITH_TIER_RANGES", lambda b: {"tiers": b.tiers[::-1]}),
    ("BILL_ARITH_TIER_RANGES", lambda b: {"tiers": (b.tiers[0], replace(b.tiers[1], to_kwh=7638))}),
    ("BILL_ARITH_TIER_AMOUNT", lambda b: {"tiers": first(b.tiers, rate="18.0001")}),
    ("BILL_ARITH_ENERGY", lambda b: {"charges": Charges(Money(154_771), Money(1499))}),
    ("BILL_ARITH_VAT_AMOUNT", lambda b: {"vat": first(b.vat, rate="14.9")}),
    ("BILL_ARITH_VAT_TAXABLE", lambda b: {"vat": first(b.vat, taxable=Money(156_271))}),
    ("BILL_ARITH_HISTORY", lambda b: {"history": b.history[::-1]}),
    ("BILL_ARITH_HISTORY", lambda b: {"history": b.history[:1] * 2}),
    ("BILL_ARITH_HISTORY", lambda b: {"history": (HistoryMonth("2026-13", 1, Money(1)),)}),
    ("BILL_ARITH_HISTORY", lambda b: {"history": (HistoryMonth("2026-00", 1, Money(1)),)}),
    ("BILL_ARITH_SADAD_NUMBER", lambda b: {"sadad": replace(b.sadad, number="30012345679")}),
    ("BILL_ARITH_SADAD_NUMBER", lambda b: {"account": make_account("030012345678")}),
    ("BILL_ARITH_AMOUNT_DUE", lambda b: {"amount_due": Money(179_710)}),
    ("BILL_ARITH_CREDIT", lambda b: {"credit": Money(1)}),
    ("BILL_ARITH_CURRENT_TOTAL", lambda b: {"current_total": Money(179_712), "amount_due": Money(179_712)}),
    ("BILL_ARITH_AMOUNT_DUE", lambda b: {"payments_received": Money(1)}),
    ("BILL_ARITH_AMOUNT_DUE", lambda b: {"previous_balance": Money(1)}),
]


@pytest.mark.parametrize(
    ("code", "change"), BROKEN, ids=[f"{n}-{code[11:]}" for n, (code, _) in enumerate(BROKEN)]
)
def test_each_broken_rule_has_its_own_code_and_no_other(code: str, change: Any) -> None:
    bill = worked_bill("a")
    assert sums.problems(replace(bill, **change(bill))) == (code,)


def test_an_untaxed_charge_breaks_taxable_and_total() -> None:
    bill = worked_bill("a")
    broken = replace(bill, charges=change_other(bill, 100))
    assert sums.problems(broken) == ("BILL_ARITH_VAT_TAXABLE", "BILL_ARITH_CURRENT_TOTAL")


def test_every_code_can_be_told_apart_by_these_tests() -> None:
    assert {code for code, _ in BROKEN} == set(sums.CODES)


@settings(max_examples=300, deadline=None)
@given(
    kwh=st.integers(0, 300_000),
    days=st.integers(1, 99),
    category=st.sampled_from(["residential", "commercial", "agricultural", "government", "private_health"]),
    breaker=st.sampled_from([40, 60, 100, 400, 630]),
    rate=st.sampled_from(["5", "15"]),
    balance=st.integers(-(10**8), 10**8),
    payments=st.integers(0, 10**8),
    adjustments=st.lists(st.integers(-(10**6), 10**6), max_size=3),
    other=st.lists(st.integers(0, 10**6), max_size=3),
    fixed=st.none() | st.integers(0, 10**6),
    status=st.sampled_from(list(Status)),
)
def test_bills_made_by_other_arithmetic_add_up_here(
    kwh: int,
    days: int,
    category: str,
    breaker: int,
    rate: str,
    balance: int,
    payments: int,
    adjustments: list[int],
    other: list[int],
    fixed: int | None,
    status: Status,
) -> None:
    bill = make_bill(
        kwh=kwh,
        days=days,
        category=category,
        breaker_amp=breaker,
        vat_rate=rate,
        previous_balance=balance,
        payments=payments,
        adjustments=adjustments,
        other=other,
        fixed_amount=fixed,
        status=status,
    )
    assert sums.problems(bill) == ()
