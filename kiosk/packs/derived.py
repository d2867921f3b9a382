"""What a bill's other figures already say: tiers, VAT, past amounts and the tax QR, worked out exactly.

A pack leaves these out and a terminal works them out again. Nothing here is trusted: `kiosk.packs.rows` unpacks
every bill it packed, and writes out whatever came back different.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import cast

from kiosk.model import Money, Period, Seller, Tier, VatLine
from kiosk.packs.shared import Band, Form, read_form

_SCALE = 10_000
"""Rates have four decimals at most."""

_HALF = _SCALE // 2

_LONGEST_VALUE = 127
"""Bytes of a tag that all readers take the same way (see `kiosk.taxqr.tlv`)."""

_MOST_MONTHS = 64
_YEAR = 12
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def tiers(bands: Sequence[Band], kwh: int) -> tuple[Tier, ...]:
    """The tiers that `kwh` fill from below."""
    filled = []
    for n, start, end, rate in bands:
        used = (kwh if end is None or kwh < end else end) - start
        filled.append(Tier(n, start, end, used, rate, Money(_half_up(used * _scaled(rate), _SCALE))))
    return tuple(filled)


def vat_line(rate: str, taxable: int) -> VatLine:
    """VAT at `rate` per cent."""
    return VatLine(rate, Money(taxable), Money(_half_up(taxable * _scaled(rate), 100 * _SCALE)))


def tax_qr(seller: Seller, *, issue_at: datetime, total: int, vat: int) -> str | None:
    """The tax QR of phase 1 as billers write it: local time with Z, riyals with two decimals.

    None: the seller's name is too long for one.
    """
    head = _seller_tags(seller)
    if head is None:
        return None
    time = issue_at.isoformat(timespec="seconds")[:19]
    # The standard's form, as `kiosk.taxqr.encode` writes it too, which takes longer than all the rest of a bill.
    tags = (_tag(3, time + "Z"), _tag(4, _riyals(total)), _tag(5, _riyals(vat)))
    return base64.b64encode(head + b"".join(tags)).decode("ascii")


@lru_cache(64)
def _seller_tags(seller: Seller) -> bytes | None:
    name, number = seller.name_ar.encode(), seller.vat_number
    return None if len(name) > _LONGEST_VALUE else bytes((1, len(name))) + name + _tag(2, number)


def _tag(tag: int, text: str) -> bytes:
    return bytes((tag, len(text))) + text.encode("ascii")


@lru_cache(4096)
def issue_hijri(day: date) -> str | None:
    """The day in the Umm al-Qura calendar, YYYY-MM-DD; None beyond its tables."""
    from hijridate import Gregorian

    try:
        return str(Gregorian(day.year, day.month, day.day).to_hijri().isoformat())
    except OverflowError:
        return None


def past_amounts(form: str, period: Period, fee: int) -> PastAmounts:
    """What other months of a subscriber cost by the tariff of a form's text, a bill's fee and its VAT."""
    return _past_amounts(form, period.days if period.start.day == period.end.day else 0, fee)


class PastAmounts:
    """Amounts of past months by one tariff; it says nothing of whose they are. Made by `past_amounts`."""

    __slots__ = ("_bands", "_days", "_fee", "_limits", "_vat")

    def __init__(self, form: Form, *, days: int, fee: int) -> None:
        """`days` is how long a bill's period is; 0: from a day of one month to the same day of the next."""
        self._bands = form.bands
        self._days = days
        self._fee = fee
        self._vat = _scaled(form.vat_rates[0]) if form.vat_rates else 0
        self._limits: dict[tuple[int, int], Sequence[Limits]] = {}

    def amounts(self, newest: int, used: Sequence[int]) -> list[Money]:
        """Halalas with VAT for the kWh of months one before the other; twelve times the year, January is 0."""
        fee, vat, amounts = self._fee, self._vat, []
        for limits, kwh in zip(self._limits_of(newest, len(used)), used, strict=True):
            taxable = fee
            for start, end, rate in limits:
                if kwh <= start:
                    break
                taxable += (((kwh if kwh < end else end) - start) * rate + _HALF) // _SCALE
            amounts.append(taxable + (taxable * vat + 100 * _HALF) // (100 * _SCALE))
        return cast(list[Money], amounts)  # one call instead of twelve: this is a third of what a look-up costs

    def _limits_of(self, newest: int, count: int) -> Sequence[Limits]:
        """The bands of these months: they are pro-rated by their lengths (the utility's public FAQ)."""
        known = self._limits.get((newest, count))
        if known is None:
            if len(self._limits) >= _MOST_MONTHS:
                self._limits.clear()
            lengths = [_days_before(month) for month in range(newest, newest - count, -1)]
            known = [tuple(_stretched(self._bands, self._days or length, length)) for length in lengths]
            self._limits[newest, count] = known
        return known


@lru_cache(1024)
def _past_amounts(form: str, days: int, fee: int) -> PastAmounts:
    return PastAmounts(read_form(form), days=days, fee=fee)


Limits = tuple[tuple[int, int, int], ...]
"""Bands as start, end and rate in 1/10 000 halala; one without an end ends where no bill is."""


def _stretched(bands: tuple[Band, ...], days: int, other: int) -> Iterator[tuple[int, int, int]]:
    for _, start, end, rate in bands:
        last = 2**62 if end is None else _half_up(end * other, days)
        yield _half_up(start * other, days), last, _scaled(rate)


def _days_before(month: int) -> int:
    """From a day of the month before to the same day of this one."""
    year, before = divmod(month - 1, _YEAR)
    leap = before == 1 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _DAYS[before] + leap


@lru_cache(1024)
def _scaled(rate: str) -> int:
    return int(Decimal(rate) * _SCALE)


def _half_up(numerator: int, denominator: int) -> int:
    """The nearest whole number, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def _riyals(halalas: int) -> str:
    return f"{halalas // 100}.{halalas % 100:02d}"
