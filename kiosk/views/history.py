"""Thirteen months of consumption: the bars, and what changed since last month and last year, in a sentence."""

from __future__ import annotations

from kiosk.i18n import RIYADH, Catalogue
from kiosk.model import Bill, HistoryMonth, Money
from kiosk.viewmodel import Bar, Chart

_MONTHS = 13


def bill_month(bill: Bill) -> str:
    """The month a bill is called by, YYYY-MM: that of its issue."""
    return f"{bill.issue_at.astimezone(RIYADH):%Y-%m}"


def chart(bill: Bill, words: Catalogue) -> Chart | None:
    """The bill's month and the twelve before it; None when there is nothing to compare or nothing was used."""
    used = _used(bill)
    months = [_before(bill_month(bill), back) for back in reversed(range(_MONTHS))]
    tallest = max(used.get(month, 0) for month in months)
    if tallest == 0 or sum(month in used for month in months) < 2:
        return None
    year_ago = months[0]
    return Chart(
        title=words.text("bill.chart_title"),
        bars=tuple(
            Bar(
                label=words.month_short(month),
                figures=words.figures(f"{used[month]:,}") if month in used else "",
                part=used.get(month, 0) / tallest,
                is_current=month == months[-1],
                is_year_ago=month == year_ago and month in used,
            )
            for month in months
        ),
        legend_current=words.text("bill.chart_current"),
        legend_year_ago=words.month(year_ago) if year_ago in used else "",
    )


def change(bill: Bill, words: Catalogue) -> str:
    """How this month compares with the one before and with the same month a year before; empty without both."""
    used = _used(bill)
    month = bill_month(bill)
    last, year_ago = _before(month, 1), _before(month, 12)
    said: list[str] = []
    for other, name in ((last, words.month_name(int(last[5:]))), (year_ago, words.month(year_ago))):
        if other in used:
            place = "then" if said else "first"
            said.append(_compared(place, bill.kwh_total - used[other], name, words=words))
    return " ".join(said)


def dearer(bill: Bill, words: Catalogue) -> str:
    """How much of a bill that rose was used at the highest price; empty where it did not rise, or not by that."""
    last = _last(bill)
    dearest = max(bill.tiers, key=lambda tier: tier.n, default=None)
    if last is None or dearest is None or dearest.n == 1 or dearest.kwh == 0:
        return ""
    if bill.amount_due <= last.amount or bill.kwh_total <= last.kwh:
        return ""
    figures = {"kwh": words.count(dearest.kwh), "n": words.count(dearest.n), "rate": words.number(dearest.rate)}
    return words.text("bill.change.tier", **figures)


def carried(bill: Bill, words: Catalogue) -> str:
    """How much of what is due comes from earlier bills; empty where none does, or nothing is due."""
    amount = Money(bill.previous_balance - bill.payments_received)
    owed = amount > 0 and bill.amount_due > 0
    return words.text("bill.change.carried", amount=words.riyals(amount)) if owed else ""


def _last(bill: Bill) -> HistoryMonth | None:
    before = _before(bill_month(bill), 1)
    return next((row for row in bill.history if row.month == before), None)


def _compared(place: str, difference: int, month: str, *, words: Catalogue) -> str:
    if difference == 0:
        return words.text(f"bill.change.{place}_same", month=month)
    way = "more" if difference > 0 else "less"
    return words.text(f"bill.change.{place}_{way}", month=month, kwh=words.count(abs(difference)))


def _used(bill: Bill) -> dict[str, int]:
    """kWh by month; the bill's own figure stands for its month."""
    return {row.month: row.kwh for row in bill.history} | {bill_month(bill): bill.kwh_total}


def _before(month: str, back: int) -> str:
    year, index = divmod(int(month[:4]) * 12 + int(month[5:7]) - 1 - back, 12)
    return f"{year:04}-{index + 1:02}"
