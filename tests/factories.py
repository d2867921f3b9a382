"""Bills from few arguments, for every test that needs one. Invented people only.

The arithmetic here is its own (plain integers), so that it can be held against `kiosk.sums`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

from kiosk.model import (
    Account,
    AccountNumber,
    Adjustment,
    Bill,
    Category,
    Charges,
    CurrentBill,
    Document,
    DocumentType,
    HistoryMonth,
    Meter,
    Money,
    NotIssued,
    OtherCharge,
    Period,
    Plan,
    PlanKind,
    ReadingKind,
    Sadad,
    Seller,
    Source,
    Status,
    Tier,
    VatLine,
)

RIYADH = timezone(timedelta(hours=3))

WORKED = {
    "a": "a-residential.json",
    "b": "b-commercial.json",
    "c": "c-first-e-bill-2018.json",
    "d": "d-not-issued.json",
}

SELLER = Seller(
    name_ar="شركة الواحة للكهرباء",
    name_en="Al Waha Electricity",
    vat_number="300000000000003",
    cr_number="1010000000",
    address_ar="الرياض، طريق الملك فهد",
    address_en="King Fahd Road, Riyadh",
)

# Category: (end of the first tier in 30 days or None, halalas per kWh of each tier).
TARIFFS: dict[str, tuple[int | None, tuple[int, ...]]] = {
    "residential": (6000, (18, 30)),
    "commercial": (6000, (22, 32)),
    "agricultural": (6000, (16, 20)),
    "charity": (6000, (16, 20)),
    "industrial": (None, (18,)),
    "government": (None, (32,)),
    "private_health": (None, (21,)),
    "private_education": (None, (21,)),
}

# Largest breaker in amperes: halalas a month; above the last, 30 riyals.
METER_FEES = {60: 1000, 100: 1500, 200: 2100, 300: 2200, 400: 2500}


def worked_json(letter: str) -> dict[str, Any]:
    """The worked bill `a`, `b`, `c` or `d` (not issued) as JSON values, fresh each time."""
    path = Path(__file__).parent / "data" / "bills" / WORKED[letter]
    fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return fields


def worked(letter: str) -> Document:
    """The worked bill as the kiosk reads it."""
    from kiosk import ebill

    return ebill.read(json.dumps(worked_json(letter)))


def worked_bill(letter: str) -> Bill:
    """The worked bill `a`, `b` or `c`, which are issued."""
    document = worked(letter)
    assert isinstance(document, Bill)
    return document


def make_account(number: str = "30012345678", *, category: str = "residential", **fields: Any) -> Account:
    """An account with names; every other field of `Account` by keyword."""
    names = {"name_ar": "سعد أحمد", "name_en": "Saad Ahmed"}
    return Account(number=AccountNumber(number), category=Category(category), **(names | fields))


def make_not_issued(number: str = "30055555555", *, category: str = "residential") -> NotIssued:
    """The answer for an account whose bill is not out yet."""
    return NotIssued(Account(number=AccountNumber(number), category=Category(category)))


def make_tiers(kwh: int, *, days: int = 30, category: str = "residential") -> tuple[Tier, ...]:
    """Tiers of a consumption, the limit prorated by days and rounded half up."""
    limit, rates = TARIFFS[category]
    if limit is None:
        return (Tier(1, 0, None, kwh, str(rates[0]), Money(kwh * rates[0])),)
    end = (limit * days * 2 + 30) // 60
    first = min(kwh, end)
    tiers = [Tier(1, 0, end, first, str(rates[0]), Money(first * rates[0]))]
    if kwh > end:
        tiers.append(Tier(2, end, None, kwh - end, str(rates[1]), Money((kwh - end) * rates[1])))
    return tuple(tiers)


def make_meter(kwh: int, *, factor: int = 1, breaker_amp: int = 60, previous: int = 48210, **fields: Any) -> Meter:
    """A meter whose readings give `kwh`, which must be a multiple of `factor`; any field of `Meter` by keyword."""
    meter = Meter(
        number="KFM2017009912",
        breaker_amp=breaker_amp,
        factor=factor,
        reading_previous=previous,
        reading_current=previous + kwh // factor,
        reading_kind=ReadingKind.ACTUAL,
        kwh=kwh,
    )
    return replace(meter, **fields)


def make_history(months: int, *, last: date, kwh: int = 2000) -> tuple[HistoryMonth, ...]:
    """`months` rows, newest first, ending with the month of `last`."""
    rows = []
    for back in range(months):
        year, month = divmod(last.year * 12 + last.month - 1 - back, 12)
        used = kwh + 37 * back
        rows.append(HistoryMonth(f"{year:04}-{month + 1:02}", used, Money(used * 18 + 1000)))
    return tuple(rows)


def make_bill(
    *,
    kwh: int = 1240,
    days: int = 30,
    category: str = "residential",
    breaker_amp: int = 60,
    factor: int = 1,
    number: str = "30012345678",
    issue: date = date(2026, 8, 28),
    vat_rate: str = "15",
    previous_balance: int = 0,
    payments: int = 0,
    adjustments: Sequence[int] = (),
    other: Sequence[int] = (),
    fixed_amount: int | None = None,
    status: Status = Status.ISSUED,
    history: int = 13,
    **fields: Any,
) -> Bill:
    """An issued bill that adds up; money in halalas.

    `adjustments` and `other` are amounts (`other` taxed at `vat_rate`); `history` counts months; any further
    keyword replaces that field of `Bill` as it is, right or wrong.
    """
    tiers = make_tiers(kwh, days=days, category=category)
    energy = sum(tier.amount for tier in tiers)
    fee = next((fee for most, fee in METER_FEES.items() if breaker_amp <= most), 3000)
    taxable = energy + fee + sum(other)
    vat = (taxable * int(vat_rate) * 2 + 100) // 200
    carried = previous_balance - payments + sum(adjustments)
    balance = taxable + vat + carried
    due = max(balance, 0) if fixed_amount is None else fixed_amount + max(carried, 0)
    end = issue - timedelta(days=3)
    bill = Bill(
        status=status,
        account=make_account(number, category=category),
        bill_id=f"T-{issue:%Y-%m}",
        invoice_number=f"INV-{issue:%Y-%m}-000042",
        document_type=DocumentType.SIMPLIFIED_TAX_INVOICE,
        issue_at=datetime.combine(issue, time(0, 5), RIYADH),
        due_date=issue + timedelta(days=30),
        currency="SAR",
        seller=SELLER,
        period=Period(end - timedelta(days=days), end, days),
        meters=(make_meter(kwh, factor=factor, breaker_amp=breaker_amp),),
        kwh_total=kwh,
        tariff_id=f"sa-{category}",
        tiers=tiers,
        charges=Charges(
            Money(energy),
            Money(fee),
            tuple(OtherCharge(f"C{n}", "رسوم أخرى", "Other", Money(a), vat_rate) for n, a in enumerate(other)),
        ),
        vat=(VatLine(vat_rate, Money(taxable), Money(vat)),),
        current_total=Money(taxable + vat),
        previous_balance=Money(previous_balance),
        payments_received=Money(payments),
        adjustments=tuple(Adjustment("تسوية", "Adjustment", Money(amount)) for amount in adjustments),
        amount_due=Money(0 if status is Status.PAID else due),
        credit=Money(max(-balance, 0)),
        plan=Plan(PlanKind.ACTUAL)
        if fixed_amount is None
        else Plan(PlanKind.FIXED, Money(fixed_amount), issue.month, Money(0)),
        history=make_history(history, last=issue, kwh=kwh),
        sadad=Sadad("002", number),
    )
    return replace(bill, **fields)


def make_current(bill: Document | None = None, *, source: Source = Source.LIVE, **fields: Any) -> CurrentBill:
    """A document as the bill service hands it over; live, and right as of an hour after issue, unless told."""
    as_of = fields.pop("as_of", datetime(2026, 8, 27, 22, 5, tzinfo=UTC))
    return CurrentBill(make_bill() if bill is None else bill, as_of, source, **fields)
