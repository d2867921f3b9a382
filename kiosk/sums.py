"""Does a bill add up? Every rule of the e-bill's arithmetic, each with its own code.

The biller is the authority: a bill that breaks a rule is shown with the biller's figures, never corrected. The
codes go to the log, and what the terminal would derive from the figures (chart, comparisons) is left out. What is
merely unusual, such as an issue day other than the 28th, is no problem here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta, timezone
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import pairwise

from kiosk.model import Bill, DocumentType, Meter, Money, PlanKind, Status, Tier

RIYADH = timezone(timedelta(hours=3))
"""Asia/Riyadh: no summer time."""

# 18-digit amounts times eight-digit rates are exact in 26 digits, whatever the caller's context is.
_EXACT = Context(prec=40)


def problems(bill: Bill) -> tuple[str, ...]:
    """The code of every broken rule, `BILL_ARITH_...`, in the order of the document; empty when all adds up.

    Pure and a matter of microseconds. Each code is reported once, however many lines break its rule.
    """
    return tuple(code for code, holds in _RULES.items() if not holds(bill))


def half_up(amount: Decimal) -> Money:
    """The nearest whole halala, halves away from zero (ZATCA XML Implementation Standard, rounding)."""
    return Money(int(amount.to_integral_value(rounding=ROUND_HALF_UP)))


def price(quantity: int, rate: str) -> Money:
    """`quantity` times `rate`, a decimal text, in whole halalas."""
    return half_up(_EXACT.multiply(Decimal(quantity), Decimal(rate)))


def vat(taxable: int, rate: str) -> Money:
    """VAT on `taxable` halalas at `rate` per cent."""
    return half_up(_EXACT.multiply(Decimal(taxable), Decimal(rate)).scaleb(-2, _EXACT))


def balance(bill: Bill) -> int:
    """What the subscriber owes after everything, in halalas; below zero is owed to the subscriber."""
    return bill.current_total + _carried(bill)


def _carried(bill: Bill) -> int:
    adjustments = sum(adjustment.amount for adjustment in bill.adjustments)
    return bill.previous_balance - bill.payments_received + adjustments


def issue_day(bill: Bill) -> date:
    """The day of issue as a subscriber in the kingdom counts it."""
    return bill.issue_at.astimezone(RIYADH).date()


def _issue_hijri(bill: Bill) -> bool:
    if bill.issue_hijri is None:
        return True
    from hijridate import Gregorian

    day = issue_day(bill)
    try:
        return str(Gregorian(day.year, day.month, day.day).to_hijri().isoformat()) == bill.issue_hijri
    except OverflowError:
        # The Umm al-Qura tables end in 2077: a date beyond them cannot be held against the biller.
        return True


def _due_date(bill: Bill) -> bool:
    return bill.due_date is None or bill.due_date >= issue_day(bill)


def _disconnection_date(bill: Bill) -> bool:
    return bill.disconnection_date is None or bill.disconnection_date >= issue_day(bill)


def _period_days(bill: Bill) -> bool:
    return (bill.period.end - bill.period.start).days == bill.period.days


def _meter_kwh(bill: Bill) -> bool:
    return all(meter.kwh == _used(meter) for meter in bill.meters)


def _used(meter: Meter) -> int:
    turned = meter.rollover_at if meter.rollover_at and meter.reading_current < meter.reading_previous else 0
    return (meter.reading_current - meter.reading_previous + turned) * meter.factor


def _kwh_meters(bill: Bill) -> bool:
    return bill.kwh_total == sum(meter.kwh for meter in bill.meters)


def _kwh_tiers(bill: Bill) -> bool:
    return bill.kwh_total == sum(tier.kwh for tier in bill.tiers)


def _tier_ranges(bill: Bill) -> bool:
    tiers = bill.tiers
    joined = all(upper.from_kwh == lower.to_kwh for lower, upper in pairwise(tiers))
    return joined and (not tiers or tiers[0].from_kwh == 0) and all(map(_fits_range, tiers))


def _fits_range(tier: Tier) -> bool:
    return tier.to_kwh is None or tier.kwh <= tier.to_kwh - tier.from_kwh


def _tier_amount(bill: Bill) -> bool:
    return all(tier.amount == price(tier.kwh, tier.rate) for tier in bill.tiers)


def _energy(bill: Bill) -> bool:
    return bill.charges.energy == sum(tier.amount for tier in bill.tiers)


def _vat_amount(bill: Bill) -> bool:
    return all(line.amount == vat(line.taxable, line.rate) for line in bill.vat)


def _vat_taxable(bill: Bill) -> bool:
    """Lines and charges at 0 % stay out on both sides: a biller may leave them out of the VAT lines."""
    other = sum(charge.amount for charge in bill.charges.other if Decimal(charge.vat_rate))
    taxed = sum(line.taxable for line in bill.vat if Decimal(line.rate))
    return taxed == bill.charges.energy + bill.charges.meter_fee + other


def _current_total(bill: Bill) -> bool:
    charges = bill.charges
    net = charges.energy + charges.meter_fee + sum(charge.amount for charge in charges.other)
    return bill.current_total == net + sum(line.amount for line in bill.vat)


def _amount_due(bill: Bill) -> bool:
    return bill.amount_due == _expected_due(bill)


def _expected_due(bill: Bill) -> int:
    if bill.status is Status.PAID or bill.document_type is DocumentType.CREDIT_NOTE:
        return 0
    if bill.plan.kind is PlanKind.FIXED and bill.plan.fixed_amount is not None:
        return bill.plan.fixed_amount + max(_carried(bill), 0)
    return max(balance(bill), 0)


def _credit(bill: Bill) -> bool:
    if bill.document_type is DocumentType.CREDIT_NOTE:
        return bill.credit == bill.current_total
    return bill.credit == max(-balance(bill), 0)


def _history(bill: Bill) -> bool:
    months = [row.month for row in bill.history]
    falling = all(later > earlier for later, earlier in pairwise(months))
    return falling and all("01" <= month[5:] <= "12" for month in months)


def _sadad_number(bill: Bill) -> bool:
    return bill.sadad.number == bill.account.number.digits


_RULES: dict[str, Callable[[Bill], bool]] = {
    "BILL_ARITH_ISSUE_HIJRI": _issue_hijri,
    "BILL_ARITH_DUE_DATE": _due_date,
    "BILL_ARITH_DISCONNECTION_DATE": _disconnection_date,
    "BILL_ARITH_PERIOD_DAYS": _period_days,
    "BILL_ARITH_METER_KWH": _meter_kwh,
    "BILL_ARITH_KWH_METERS": _kwh_meters,
    "BILL_ARITH_KWH_TIERS": _kwh_tiers,
    "BILL_ARITH_TIER_RANGES": _tier_ranges,
    "BILL_ARITH_TIER_AMOUNT": _tier_amount,
    "BILL_ARITH_ENERGY": _energy,
    "BILL_ARITH_VAT_AMOUNT": _vat_amount,
    "BILL_ARITH_VAT_TAXABLE": _vat_taxable,
    "BILL_ARITH_CURRENT_TOTAL": _current_total,
    "BILL_ARITH_AMOUNT_DUE": _amount_due,
    "BILL_ARITH_CREDIT": _credit,
    "BILL_ARITH_HISTORY": _history,
    "BILL_ARITH_SADAD_NUMBER": _sadad_number,
}

CODES = tuple(_RULES)
"""Every code `problems` can give."""
