"""What the invented subscribers consume: categories, meters and registers that run on from month to month.

A register is a function of the month, not a sum over the months before: any month costs the same, and what one
bill ends with the next begins with.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import accumulate
from typing import Any, Self

from kiosk.model import Category, ReadingKind
from kiosk.service import months
from kiosk.service.mixing import Dice, mix, throws

_WEATHERS = 8
"""Different runs of hot and mild months, so that neighbours differ and no year repeats the last."""

_QUANTILES = (0, 100, 250, 500, 750, 900, 970, 1000)
"""Where the values of `kwh` in `premises.toml` lie, per mille of the subscribers."""

_BREAKERS = (20, 30, 40, 60, 70, 100, 150, 200, 300, 400, 500, 600, 800, 1000, 1600, 2000, 2500, 4000)

_KWH_PER_AMPERE = 80
"""What a breaker carries a month at a household's load: the worked residential bill has 7 639 kWh behind 100 A."""

_CT_FROM_AMPERE = 200
"""From here up meters measure through current transformers of `breaker / 5`, as on the worked commercial bill."""


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter: its register counts in units of `factor` kWh and turns over at `modulus`.

    `run` holds what a mean month of 1000 would have counted since `months.FIRST`.
    """

    number: str
    breaker_amp: int
    factor: int
    modulus: int
    start: int
    mean_kwh: int
    jitter: int
    key: int
    run: Sequence[int]

    def units(self, first: int, last: int) -> list[int]:
        """What the meter has counted when it is read in each month from `first` to `last`, turns included.

        It grows from month to month.
        """
        start, mean_kwh, scale, jitter = self.start, self.mean_kwh, 1000 * self.factor, self.jitter
        run = self.run[first - months.FIRST : last + 1 - months.FIRST]
        if not jitter:
            return [start + mean_kwh * counted // scale for counted in run]
        noise: list[int] = []
        for year in range(first // 12, last // 12 + 1):
            noise += throws(self.key + year)[:12]
        return [
            start + mean_kwh * counted // scale + (throw * jitter >> 16)
            for counted, throw in zip(run, noise[first % 12 :], strict=False)
        ]

    def reading_kind(self, month: int) -> ReadingKind:
        """Who read the meter in `month`: seldom nobody, more seldom the subscriber."""
        throw = mix(self.key - month) % 1000
        if throw < 110:
            return ReadingKind.ESTIMATED
        return ReadingKind.CUSTOMER if throw < 125 else ReadingKind.ACTUAL


@dataclass(frozen=True, slots=True)
class Premises:
    """Where electricity goes: what it is used for, and the meters there. Read on `read_day` of each month."""

    category: Category
    read_day: int
    meters: tuple[Meter, ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    category: Category
    kwh: tuple[int, ...]
    year: str


class Neighbourhood:
    """The premises of all subscribers under one seed."""

    def __init__(self, seed: int, table: Mapping[str, Any]) -> None:
        self._seed = seed
        self._years: dict[str, list[int]] = table["year"]
        self._runs: dict[tuple[str, int], list[int]] = {}
        self._kinds: list[_Kind] = []
        for name, row in table["category"].items():
            kind = _Kind(Category(name), tuple(row["kwh"]), row["year"])
            self._kinds.extend([kind] * row["share"])

    @classmethod
    def load(cls, seed: int) -> Self:
        """The neighbourhood that ships with the program."""
        return cls(seed, tomllib.loads(files(__package__).joinpath("premises.toml").read_text(encoding="utf-8")))

    def premises(self, dice: Dice, *, key: int, climate: str) -> Premises:
        """The premises of the subscriber of `key`, in a city of that climate."""
        kind = dice.pick(self._kinds)
        year = kind.year or ("abroad" if dice.chance(30) else climate)
        run = self._run(year, dice.below(_WEATHERS))
        mean_kwh = 0 if dice.chance(20) else _quantile(kind.kwh, dice.below(1000))
        shares = _shares(dice, at_home=kind.category is Category.RESIDENTIAL)
        trough, peak = min(self._years[year]), max(self._years[year])
        meters = [
            _meter(dice, key=mix(key + n), mean_kwh=mean_kwh * share // 100, run=run, trough=trough, peak=peak)
            for n, share in enumerate(shares)
        ]
        return Premises(kind.category, 18 + dice.below(10), tuple(meters))

    def _run(self, year: str, weather: int) -> list[int]:
        """What a mean month of 1000 counts from `months.FIRST` to each month."""
        run = self._runs.get((year, weather))
        if run is None:
            weights = self._years[year]
            sky = mix(self._seed * _WEATHERS + weather)
            run = list(
                accumulate(
                    weights[month % 12] * (900 + mix(sky + month) % 201) // 1000
                    for month in range(months.FIRST, months.LAST + 1)
                )
            )
            self._runs[year, weather] = run
        return run


def _quantile(values: Sequence[int], per_mille: int) -> int:
    upper = next(n for n, mark in enumerate(_QUANTILES) if mark > per_mille)
    low, high = _QUANTILES[upper - 1], _QUANTILES[upper]
    return values[upper - 1] + (values[upper] - values[upper - 1]) * (per_mille - low) // (high - low)


def _shares(dice: Dice, *, at_home: bool) -> tuple[int, ...]:
    """How the consumption spreads over the meters, in per cent; most premises have one."""
    throw = dice.below(1000) + (0 if at_home else 40)
    if throw < 950:
        return (100,)
    return (65, 35) if throw < 985 else (55, 30, 15)


def _meter(dice: Dice, *, key: int, mean_kwh: int, run: Sequence[int], trough: int, peak: int) -> Meter:
    peak_kwh = mean_kwh * peak // 1000
    breaker = next((amp for amp in _BREAKERS if amp * _KWH_PER_AMPERE >= peak_kwh), _BREAKERS[-1])
    factor = breaker // 5 if breaker >= _CT_FROM_AMPERE else 1
    modulus = 10 ** (5 if dice.chance(250) else 6)
    # Small enough beside the smallest month that no register ever runs backwards.
    jitter = mean_kwh * trough // (5000 * factor)
    number = (
        ("CT" + dice.digits(8))
        if factor > 1
        else ("KFM2" + dice.digits(9) if dice.chance(700) else dice.digits(9))
    )
    start = dice.below(60_000) * (modulus // 100_000)
    return Meter(number, breaker, factor, modulus, start, mean_kwh, jitter, key, run)
