"""How figures, dates and times are written on a receipt: European digits, the same in both languages."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from kiosk.model import Money, Period

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


def hijri(at: date) -> str:
    """The day in the Umm al-Qura calendar: `15/03/1448`; empty outside the years it is defined for."""
    from hijridate import Gregorian

    try:
        found = Gregorian(at.year, at.month, at.day).to_hijri()
    except OverflowError:
        return ""
    return f"{found.day:02}/{found.month:02}/{found.year}"


def hijri_of(iso_date: str) -> str:
    """A Hijri day given as YYYY-MM-DD, written as days are here."""
    return "/".join(reversed(iso_date.split("-")))


def period(of: Period) -> str:
    """First and last day, the first without its year where both are in the same."""
    first = day(of.start) if of.start.year != of.end.year else f"{of.start:%d/%m}"
    return f"{first} - {day(of.end)}"
