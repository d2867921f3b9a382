"""How figures, dates and times are written on a receipt: European digits, the same in both languages."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from kiosk.model import Money, Period
from kiosk.receipt_labels import Say

RIYADH = timezone(timedelta(hours=3))
"""Asia/Riyadh: no summer time."""


def money(amount: Money) -> str:
    """Riyals with two decimals: `1,797.11`, `-300.00`."""
    riyals, halalas = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{riyals:,}.{halalas:02}"


def rate(halalas: str) -> str:
    """A price per kilowatt-hour, given in halalas, in riyals: `0.18`."""
    return f"{Decimal(halalas).scaleb(-2):f}"


def day(at: date) -> str:
    """A day as written in the kingdom: `28/08/2026`."""
    return f"{at:%d/%m/}{at.year:04}"


def moment(at: datetime) -> str:
    """A day and the time in Riyadh: `28/08/2026 00:05`."""
    local = at.astimezone(RIYADH)
    return f"{day(local.date())} {local:%H:%M}"


def hijri(at: date) -> Say | None:
    """The day in the Umm al-Qura calendar; None outside the years it is defined for."""
    from hijridate import Gregorian

    try:
        found = Gregorian(at.year, at.month, at.day).to_hijri()
    except OverflowError:
        return None
    return hijri_text(f"{found.year}-{found.month:02}-{found.day:02}")


def hijri_text(iso_date: str) -> Say:
    """A Hijri day given as YYYY-MM-DD: `15/03/1448`, with the era in either language."""
    year, month, day_of_month = iso_date.split("-")
    written = f"{day_of_month}/{month}/{year}"
    return Say(f"{written} هـ", f"{written} AH")


def period(of: Period) -> str:
    """First and last day, the first without its year where both are in the same."""
    first = day(of.start) if of.start.year != of.end.year else f"{of.start:%d/%m}"
    return f"{first} - {day(of.end)}"
