"""The parts that millions of bills share, as short texts that a pack holds once and a bill names by number.

Each kind is one JSON array. A number inside an identifier or an address is taken out of the text first, so that
what is left repeats; `Pattern` and `Place` put it back digit by digit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from kiosk.model import Account, Bill, Meter, OtherCharge, PlanKind, ReadingKind, Seller

_REMEMBERED = 4096
"""Parsed texts kept: those of a nation's tariffs, districts and meters fit."""

_LAST_NUMBER = re.compile(r"(.*?)([0-9]{1,18})([^0-9]*)", re.DOTALL)
_NUMBERS = re.compile(r"(?<![0-9])(0|[1-9][0-9]{0,8})(?![0-9])")

Band = tuple[int, int, int | None, str]
"""A tier without its figures: n, from_kwh, to_kwh, rate."""

Pattern = tuple[str, int, str]
"""An identifier without its last number: what stands before, how many digits, what stands after."""


def dumps(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Form:
    """What a biller's bills of one tariff and one length of period have in common."""

    seller: Seller
    currency: str
    biller: str
    tariff_id: str
    bands: tuple[Band, ...]
    vat_rates: tuple[str, ...]


def form_of(bill: Bill) -> Form:
    """The form of a bill."""
    bands = tuple([(tier.n, tier.from_kwh, tier.to_kwh, tier.rate) for tier in bill.tiers])
    rates = tuple([line.rate for line in bill.vat])
    return Form(bill.seller, bill.currency, bill.sadad.biller, bill.tariff_id, bands, rates)


@lru_cache(_REMEMBERED)
def write_form(form: Form) -> str:
    """The text of a form."""
    seller = form.seller
    who = [seller.name_ar, seller.name_en, seller.vat_number]
    who += [seller.cr_number, seller.address_ar, seller.address_en]  # type: ignore[list-item]
    return dumps([who, form.currency, form.biller, form.tariff_id, form.bands, form.vat_rates])


@lru_cache(_REMEMBERED)
def read_form(text: str) -> Form:
    """The form of a text."""
    seller, currency, biller, tariff_id, bands, rates = json.loads(text)
    return Form(Seller(*seller), currency, biller, tariff_id, tuple(map(tuple, bands)), tuple(rates))


@dataclass(frozen=True, slots=True)
class Terms:
    """How a subscriber pays, and the lines besides energy; an adjustment here has no amount yet."""

    plan_kind: PlanKind
    settlement_month: int | None
    other: tuple[OtherCharge, ...]
    adjustments: tuple[tuple[str, str], ...]


def terms_of(bill: Bill) -> Terms:
    """The terms of a bill."""
    labels = tuple([(line.label_ar, line.label_en) for line in bill.adjustments])
    return Terms(bill.plan.kind, bill.plan.settlement_month, bill.charges.other, labels)


@lru_cache(_REMEMBERED)
def write_terms(terms: Terms) -> str:
    """The text of terms."""
    other = [[line.code, line.label_ar, line.label_en, line.amount, line.vat_rate] for line in terms.other]
    return dumps([terms.plan_kind, terms.settlement_month, other, terms.adjustments])


@lru_cache(_REMEMBERED)
def read_terms(text: str) -> Terms:
    """The terms of a text."""
    kind, month, other, labels = json.loads(text)
    return Terms(PlanKind(kind), month, tuple([OtherCharge(*line) for line in other]), tuple(map(tuple, labels)))


@dataclass(frozen=True, slots=True)
class MeterKind:
    """A meter without its number and readings."""

    number: Pattern
    breaker_amp: int
    factor: int
    reading_kind: ReadingKind
    rollover_at: int | None

    def meter(self, number: str, *, previous: int, current: int, kwh: int) -> Meter:
        """The meter with its number and readings."""
        return Meter(
            number, self.breaker_amp, self.factor, previous, current, self.reading_kind, kwh, self.rollover_at
        )


@dataclass(frozen=True, slots=True)
class Meters:
    """The meters of a bill and the fee for them all."""

    fee: int
    kinds: tuple[MeterKind, ...]


def meter_kind(meter: Meter, number: Pattern) -> MeterKind:
    """The kind of a meter whose number follows a pattern."""
    return MeterKind(number, meter.breaker_amp, meter.factor, meter.reading_kind, meter.rollover_at)


@lru_cache(_REMEMBERED)
def write_meters(meters: Meters) -> str:
    """The text of a bill's meters."""
    kinds = [[k.number, k.breaker_amp, k.factor, k.reading_kind, k.rollover_at] for k in meters.kinds]
    return dumps([meters.fee, kinds])


@lru_cache(_REMEMBERED)
def read_meters(text: str) -> Meters:
    """The meters of a text."""
    fee, kinds = json.loads(text)
    return Meters(fee, tuple(map(_read_meter_kind, kinds)))


def _read_meter_kind(row: list[Any]) -> MeterKind:
    (before, width, after), breaker_amp, factor, reading_kind, rollover_at = row
    return MeterKind((before, width, after), breaker_amp, factor, ReadingKind(reading_kind), rollover_at)


def split(identifier: str) -> tuple[Pattern, int]:
    """An identifier as its pattern and its last number; without digits, the number is 0 and has none."""
    found = _LAST_NUMBER.fullmatch(identifier)
    if found is None:
        return (identifier, 0, ""), 0
    before, digits, after = found.groups()
    return (before, len(digits), after), int(digits)


def join(pattern: Pattern, number: int) -> str:
    """The identifier again."""
    before, width, after = pattern
    return f"{before}{number:0{width}d}{after}" if width else before


@lru_cache(_REMEMBERED)
def write_patterns(*patterns: Pattern) -> str:
    """The text of some patterns."""
    return dumps(patterns)


@lru_cache(_REMEMBERED)
def read_patterns(text: str) -> tuple[Pattern, ...]:
    """The patterns of a text."""
    return tuple([(before, width, after) for before, width, after in json.loads(text)])


Words = tuple[str | int, ...]
"""A text with its numbers taken out: each is the place of the number in a list."""


def place_of(account: Account) -> tuple[str, list[int]]:
    """The text of a bill's address and premise, and the numbers taken out of it, the premise's first."""
    numbers: list[int] = []
    premise = None
    if account.premise_id is not None:
        premise, number = split(account.premise_id)
        numbers.append(number)
    first = len(numbers)
    arabic = _take_numbers(account.address_ar, numbers, first)
    english = _take_numbers(account.address_en, numbers, first)
    return _write_place(premise, arabic, english), numbers


@dataclass(frozen=True, slots=True)
class Place:
    """Where a subscriber is, without its numbers; `count` is how many there are."""

    premise: Pattern | None
    arabic: Words | None
    english: Words | None
    count: int

    def premise_id(self, numbers: Sequence[int]) -> str | None:
        """The premise with its number."""
        return None if self.premise is None else join(self.premise, numbers[0])


@lru_cache(_REMEMBERED)
def read_place(text: str) -> Place:
    """The place of a text."""
    premise, arabic, english = json.loads(text)
    places = [word for word in (*(arabic or ()), *(english or ())) if isinstance(word, int)]
    return Place(
        tuple(premise) if premise else None,
        tuple(arabic) if arabic else None,
        tuple(english) if english else None,
        max([*places, 0 if premise else -1]) + 1,
    )


def put_numbers(words: Words | None, numbers: Sequence[int]) -> str | None:
    """The text with its numbers again."""
    if words is None:
        return None
    return "".join([word if isinstance(word, str) else str(numbers[word]) for word in words])


def names_of(arabic: str | None, english: str | None) -> list[str]:
    """Two names of the same people, word beside word: a given name and its spelling are shared together."""
    return [f"{one}\n{other}" for one, other in zip_longest(_words(arabic), _words(english), fillvalue="")]


def read_names(texts: Iterable[str]) -> tuple[str | None, str | None]:
    """The Arabic and the English name."""
    arabic, english = [], []
    for text in texts:
        one, _, other = text.partition("\n")
        if one:
            arabic.append(one)
        if other:
            english.append(other)
    return " ".join(arabic) or None, " ".join(english) or None


def _words(name: str | None) -> Sequence[str]:
    if name is None:
        return ()
    words = name.split(" ")
    return words if all(words) else (name,)


@lru_cache(_REMEMBERED)
def _write_place(premise: Pattern | None, arabic: Words | None, english: Words | None) -> str:
    return dumps([premise, arabic, english])


def _take_numbers(text: str | None, numbers: list[int], first: int) -> Words | None:
    return None if text is None else tuple(_pieces(text, numbers, first))


def _pieces(text: str, numbers: list[int], first: int) -> Iterator[str | int]:
    for n, piece in enumerate(_NUMBERS.split(text)):
        if n % 2:
            number = int(piece)
            if number not in numbers[first:]:
                numbers.append(number)
            yield numbers.index(number, first)
        elif piece:
            yield piece
