"""What a bill is made of: readings, tiers, charges, VAT, what was carried over, and the months before."""

from __future__ import annotations

from collections.abc import Iterator

from devices.page import Tile
from kiosk.model import Bill, Meter, Money, PlanKind
from kiosk.receipt import labels as say
from kiosk.receipt.figures import money, rate
from kiosk.receipt.labels import Say
from kiosk.receipt.pictures import Bar, bar
from kiosk.receipt.sheet import Row, Sheet
from kiosk.receipt.type import LABEL, QUIET, STRONG, set_line
from kiosk.sums import issue_day
from kiosk.typography import plain

_CHART = 72
"""The height of the tallest month, 9 mm: three strips of 24 dots."""

_FIGURES, _NAMES = 32, 34
"""The room over the tallest month for its consumption, and under all of them for their names."""


def consumption(sheet: Sheet, bill: Bill, *, readings: bool) -> None:
    """What was used, and the readings that say so."""
    rows = [Row(say.CONSUMPTION, f"{bill.kwh_total:,} kWh", STRONG)]
    if readings:
        rows += (row for meter in bill.meters for row in _meter(meter, alone=len(bill.meters) == 1))
    sheet.rule()
    sheet.gap(8)
    sheet.table(rows, figures=True)
    sheet.gap(3)


def _meter(meter: Meter, *, alone: bool) -> Iterator[Row]:
    yield Row(say.METER, plain(meter.number), value_style=None if alone else STRONG)
    yield Row(say.PREVIOUS_READING, f"{meter.reading_previous:,}")
    yield Row(say.CURRENT_READING, f"{meter.reading_current:,}")
    if meter.factor != 1:
        yield Row(say.FACTOR, f"{meter.factor:,}")
    if not alone:
        yield Row(say.CONSUMPTION, f"{meter.kwh:,} kWh")
    yield Row(say.BREAKER, f"{meter.breaker_amp:,} A")
    if meter.reading_kind in say.READINGS:
        yield Row(say.READINGS[meter.reading_kind], "")


def charges(sheet: Sheet, bill: Bill) -> None:
    """Every line from the tiers to the amount due, figures in one column."""
    sheet.rule()
    sheet.gap(8)
    sheet.pair(say.CHARGES)
    sheet.gap(4)
    column = sheet.table([*_own_lines(bill), *_carried(bill)], figures=True)
    sheet.rule()
    sheet.gap(6)
    final = (
        Row(say.CREDIT, money(bill.credit), STRONG)
        if bill.credit
        else Row(say.AMOUNT_DUE, money(bill.amount_due), STRONG)
    )
    sheet.table([final], figures=True, column=column)
    sheet.gap(3)


def _own_lines(bill: Bill) -> Iterator[Row]:
    for tier in bill.tiers:
        yield Row(say.tier(tier.n, f"{tier.kwh:,}", rate(tier.rate)), money(tier.amount), both=True)
    if not bill.tiers:
        yield Row(say.ENERGY, money(bill.charges.energy))
    yield Row(say.METER_FEE, money(bill.charges.meter_fee))
    for other in bill.charges.other:
        yield Row(Say(plain(other.label_ar), plain(other.label_en)), money(other.amount), own=False)
    for line in bill.vat:
        yield Row(say.TAXABLE, money(line.taxable))
        yield Row(say.vat(plain(line.rate)), money(line.amount), both=True)
    yield Row(say.CURRENT_TOTAL, money(bill.current_total), value_style=STRONG)


def _carried(bill: Bill) -> Iterator[Row]:
    yield Row(say.PREVIOUS_BALANCE, money(bill.previous_balance))
    if bill.payments_received:
        yield Row(say.PAYMENTS, money(Money(-bill.payments_received)))
    for adjustment in bill.adjustments:
        labels = Say(plain(adjustment.label_ar), plain(adjustment.label_en))
        yield Row(labels, money(adjustment.amount), own=False)
    if bill.plan.kind is PlanKind.FIXED:
        yield from _fixed(bill)


def _fixed(bill: Bill) -> Iterator[Row]:
    plan = bill.plan
    if plan.fixed_amount is not None:
        yield Row(say.FIXED_PLAN, money(plan.fixed_amount), STRONG)
    if plan.running_difference is not None:
        yield Row(say.RUNNING_DIFFERENCE, money(plan.running_difference))
    if plan.settlement_month is not None:
        yield Row(say.SETTLEMENT, f"{plan.settlement_month:02}")


def history(sheet: Sheet, bill: Bill) -> None:
    """Thirteen months of consumption as bars, time running as the language reads; nothing with fewer than two."""
    months = _months(bill)
    used = [kwh for _, kwh in months if kwh]
    if len(used) < 2:
        return
    sheet.rule()
    sheet.gap(8)
    sheet.pair(say.HISTORY, LABEL, QUIET)
    sheet.gap(4)
    pitch = sheet.width // len(months)
    top = sheet.y + _FIGURES
    for index, (month, kwh) in enumerate(months):
        at = len(months) - 1 - index if sheet.rtl else index
        kind: Bar = "current" if index == len(months) - 1 else "year_ago" if index == 0 else "past"
        centre = at * pitch + pitch // 2
        _centred(sheet, month, centre, top + _CHART + 26)
        if kwh is not None:
            _bar(sheet, kwh, kind, centre=centre, top=top, part=kwh / max(used))
    sheet.y = top + _CHART + _NAMES
    sheet.gap(6)


def _months(bill: Bill) -> list[tuple[str, int | None]]:
    """The thirteen months up to the bill's, oldest first: their number and kWh, None where no row came."""
    day = issue_day(bill)
    last = day.year * 12 + day.month - 1
    known = {row.month: row.kwh for row in bill.history} | {f"{day:%Y-%m}": bill.kwh_total}
    names = [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(last - 12, last + 1)]
    return [(name[5:], known.get(name)) for name in names]


def _bar(sheet: Sheet, kwh: int, kind: Bar, *, centre: int, top: int, part: float) -> None:
    width = sheet.width // 13 * 5 // 9 // 2 * 2
    height = max(round(part * _CHART), 2)
    rows = bar(width, height, kind)
    sheet.pieces.append(Tile(centre - width // 2, top + _CHART - height, width, height, rows))
    if kind != "past":
        _centred(sheet, f"{kwh:,}", centre, top + _FIGURES - 40)


def _centred(sheet: Sheet, text: str, centre: int, baseline: int) -> None:
    setting = set_line(text, QUIET, language="en")
    x = min(max(centre - setting.width // 2, 0), sheet.width - setting.width)
    sheet.pieces.append(setting.place(x, baseline))
