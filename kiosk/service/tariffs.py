"""What electricity cost on any day: effective-dated tariffs, meter fees and VAT, as data in `tariffs.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any, Self, TypeVar

from kiosk.model import Category

_LIMIT_DAYS = 30
"""The tiers' limits are for 30 days and are pro-rated by the days billed (the utility's public FAQ)."""

_SCALE = 10_000
"""Rates are kept in whole 1/10 000 of a halala or of one per cent: `ebill/1` allows four decimals."""


FeeSteps = tuple[tuple[int | None, int], ...]
"""Meter fees: below so many amperes (None is any), so many halalas a month."""


@dataclass(frozen=True, slots=True)
class Band:
    """One tier of a price: kWh from `start` to `end` (None has no end) cost `rate` halalas each.

    `below` is what all the kWh of the tiers before it cost.
    """

    start: int
    end: int | None
    rate: str
    scaled_rate: int
    below: int


@dataclass(frozen=True, slots=True)
class VatShare:
    """A VAT rate in per cent and the days of the period it covers."""

    rate: str
    scaled_rate: int
    days: int


@dataclass(frozen=True, slots=True)
class Price:
    """What one category pays for one period: pro-rated tiers, meter fees by breaker, VAT by days.

    `only_vat` is the scaled rate where one stands for the whole period (0 before there was VAT), else None.
    """

    tariff_id: str
    days: int
    bands: tuple[Band, ...]
    fees: FeeSteps
    vat_shares: tuple[VatShare, ...]
    only_vat: int | None

    def tiers(self, kwh: int) -> list[tuple[Band, int, int]]:
        """The bands that `kwh` reaches, each with its kWh and its amount in halalas; the first always."""
        reached = []
        for band in self.bands:
            if band.start and kwh <= band.start:
                break
            used = (kwh if band.end is None else min(kwh, band.end)) - band.start
            reached.append((band, used, _half_up(used * band.scaled_rate, _SCALE)))
        return reached

    def vat(self, taxable: int) -> list[tuple[VatShare, int, int]]:
        """`taxable` halalas shared by days among the VAT rates, each with its VAT; empty before there was VAT."""
        lines, rest = [], taxable
        for share in self.vat_shares:
            last = share is self.vat_shares[-1]
            part = rest if last else _half_up(taxable * share.days, self.days)
            rest -= part
            lines.append((share, part, _half_up(part * share.scaled_rate, 100 * _SCALE)))
        return lines

    def total(self, kwh: int, *, fees: int) -> int:
        """Halalas with VAT for `kwh` and for charges before VAT of `fees` halalas."""
        for band in reversed(self.bands):
            if kwh >= band.start:
                break
        # Thirteen months of history pass here for every bill: the two roundings are `_half_up` written out.
        taxable = fees + band.below + ((kwh - band.start) * band.scaled_rate + _SCALE // 2) // _SCALE
        if self.only_vat is not None:
            return taxable + (taxable * self.only_vat + 50 * _SCALE) // (100 * _SCALE)
        return taxable + sum(amount for _share, _part, amount in self.vat(taxable))


@dataclass(frozen=True, slots=True)
class _Tariff:
    id: str
    since: date
    tiers: tuple[tuple[int | None, str], ...]


@dataclass(frozen=True, slots=True)
class _MeterFees:
    since: date
    steps: FeeSteps


@dataclass(frozen=True, slots=True)
class _Vat:
    since: date
    rate: str
    by_days: bool


_Row = TypeVar("_Row", _Tariff, _MeterFees, _Vat)


class Tariffs:
    """The whole price list; ask it for the `Price` of a category and a period."""

    def __init__(
        self, tariffs: Mapping[Category, Sequence[_Tariff]], *, fees: Sequence[_MeterFees], vat: Sequence[_Vat]
    ) -> None:
        self._tariffs = tariffs
        self._fees = fees
        self._vat = vat

    @classmethod
    def load(cls) -> Self:
        """The tariffs that ship with the program."""
        return cls.parse(files(__package__).joinpath("tariffs.toml").read_text(encoding="utf-8"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Tariffs from the text of a file like `tariffs.toml`, rows of one kind in order of `since`."""
        table: dict[str, Any] = tomllib.loads(text)
        tariffs: dict[Category, list[_Tariff]] = {category: [] for category in Category}
        for row in table["tariff"]:
            tiers = tuple((tier.get("to"), tier["rate"]) for tier in row["tiers"])
            for category in row["categories"]:
                tariffs[Category(category)].append(_Tariff(row["id"], row["since"], tiers))
        fees = [
            _MeterFees(row["since"], tuple((step.get("below"), step["fee"]) for step in row["steps"]))
            for row in table["meter_fee"]
        ]
        vat = [_Vat(row["since"], row["rate"], row["by_days"]) for row in table["vat"]]
        return cls(tariffs, fees=fees, vat=vat)

    def price(self, category: Category, *, start: date, end: date) -> Price:
        """What `category` pays for the period from `start` to `end` (`end - start` is its days).

        Raises:
            LookupError: the list does not go back that far.
        """
        days = (end - start).days
        tariff = _in_force(self._tariffs[category], end)
        bands, floor, below = [], 0, 0
        for limit, rate in tariff.tiers:
            ceiling = None if limit is None else _half_up(limit * days, _LIMIT_DAYS)
            bands.append(Band(floor, ceiling, rate, _scaled(rate), below))
            if ceiling is not None:
                below += _half_up((ceiling - floor) * _scaled(rate), _SCALE)
                floor = ceiling
        fees = _in_force(self._fees, end).steps
        shares = self._vat_shares(start, end)
        only_vat = sum(share.scaled_rate for share in shares) if len(shares) < 2 else None
        return Price(tariff.id, days, tuple(bands), fees, shares, only_vat)

    def _vat_shares(self, start: date, end: date) -> tuple[VatShare, ...]:
        now = _newest(self._vat, end)
        if now is None:
            return ()
        # The meter is read in the morning of `end`: the last day that counts is the one before.
        before = (now.since - start).days if now.by_days and start < now.since < end else 0
        shares = [VatShare(now.rate, _scaled(now.rate), (end - start).days - before)]
        earlier = _newest(self._vat, now.since - timedelta(days=1))
        if before and earlier is not None:
            shares.insert(0, VatShare(earlier.rate, _scaled(earlier.rate), before))
        return tuple(shares)


def meter_fee(steps: FeeSteps, breaker_amp: int) -> int:
    """Halalas a month for one meter behind a breaker of `breaker_amp` amperes."""
    return next(fee for below, fee in steps if below is None or breaker_amp < below)


def _in_force(rows: Sequence[_Row], day: date) -> _Row:
    row = _newest(rows, day)
    if row is None:
        raise LookupError(f"no tariff for {day}")
    return row


def _newest(rows: Sequence[_Row], day: date) -> _Row | None:
    return next((row for row in reversed(rows) if row.since <= day), None)


def _scaled(rate: str) -> int:
    return int(Decimal(rate) * _SCALE)


def _half_up(numerator: int, denominator: int) -> int:
    """The nearest whole number, halves up; for numbers that are not negative."""
    return (2 * numerator + denominator) // (2 * denominator)
