"""Months as whole numbers, and the days that follow from them: meter reading on one day, bills out on the 28th."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from functools import cache

_MONTH = re.compile("[0-9]{4}-(0[1-9]|1[0-2])")

RIYADH = timezone(timedelta(hours=3))
"""The Kingdom's clock, all year."""

ISSUE_DAY = 28
"""Bills are issued on the 28th of every month, to follow the salaries."""

FIRST_E_BILL = 2018 * 12
"""January 2018, the first month there is a bill for."""

FIRST = FIRST_E_BILL - 3 * 12
"""The first month with consumption: three years of history before the first bill."""

LAST = 2060 * 12 - 1
"""December 2059, the last month there is a bill for."""


def ordinal(text: str) -> int:
    """The number of a month written `YYYY-MM`: twelve times the year, and January is 0.

    Raises:
        ValueError: no such month.
    """
    if not _MONTH.fullmatch(text):
        raise ValueError("a month is written YYYY-MM")
    return int(text[:4]) * 12 + int(text[5:]) - 1


def month_of(day: date) -> int:
    """The number of the month `day` is in."""
    return day.year * 12 + day.month - 1


@cache
def text(month: int) -> str:
    """A month as `YYYY-MM`."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def day_in(month: int, day: int) -> date:
    """The `day` (1 to 28) of a month."""
    return date(month // 12, month % 12 + 1, day)


def issued_at(month: int, minute: int) -> datetime:
    """The moment `minute` minutes into the issue day of a month, Riyadh time."""
    return datetime(month // 12, month % 12 + 1, ISSUE_DAY, minute // 60, minute % 60, tzinfo=RIYADH)
