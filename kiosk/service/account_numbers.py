"""Which account numbers the invented subscribers have: any of millions found at once, in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.service.mixing import Permutation

MOST_SUBSCRIBERS = 30_000_000
"""What the shortest series (three in a hundred of six free digits) has room for."""

_BLOCK = 100

_SERIES = (
    # prefix, free digits, how many of a hundred subscribers. 300 marks a verified meter and 100 one that is
    # not; lengths are SADAD's 8 to 15 digits. No two series share both a length and a prefix.
    ("300", 8, 58),
    ("100", 8, 22),
    ("00", 6, 3),
    ("0", 8, 2),
    ("4", 9, 3),
    ("300", 9, 3),
    ("100", 10, 3),
    ("0300", 10, 2),
    ("300", 12, 4),
)

_STRIDE = 37
"""Coprime to the block, so that neighbours come from different series."""


@dataclass(frozen=True, slots=True)
class _Series:
    prefix: str
    free: int
    share: int
    first: int
    order: Permutation


class AccountNumbers:
    """The account numbers of `count` subscribers; the first ones are given."""

    def __init__(self, seed: int, count: int, *, given: Sequence[str] = ()) -> None:
        if not len(given) <= count <= MOST_SUBSCRIBERS:
            raise ValueError(f"subscribers must be {len(given)} to {MOST_SUBSCRIBERS}")
        self._count = count
        self._series: list[_Series] = []
        first = 0
        for n, (prefix, free, share) in enumerate(_SERIES):
            order = Permutation(seed * len(_SERIES) + n, digits=free)
            self._series.append(_Series(prefix, free, share, first, order))
            first += share
        self._by_slot = [series for series in self._series for _ in range(series.share)]
        self._numbers: dict[int, str] = {}
        self._indexes: dict[str, int | None] = {}
        for index, number in enumerate(given):
            self._give(index, number)

    def number(self, index: int) -> str:
        """The digits of subscriber `index`'s account.

        Raises:
            IndexError: there is no such subscriber.
        """
        if not 0 <= index < self._count:
            raise IndexError(f"subscriber {index} of {self._count}")
        return self._numbers.get(index) or self._natural(index)

    def index(self, number: str) -> int | None:
        """Whose account `number` is; None when it is nobody's or no account number at all."""
        index = self._indexes[number] if number in self._indexes else self._natural_index(number)
        return index if index is not None and index < self._count else None

    def _give(self, index: int, number: str) -> None:
        """Let subscriber `index` have `number`; whoever had it takes theirs in exchange."""
        former = self._indexes[number] if number in self._indexes else self._natural_index(number)
        mine = self._numbers.get(index) or self._natural(index)
        self._indexes[mine] = former
        if former is not None:
            self._numbers[former] = mine
        self._numbers[index], self._indexes[number] = number, index

    def _natural(self, index: int) -> str:
        block, slot = divmod(index, _BLOCK)
        rank = slot * _STRIDE % _BLOCK
        series = self._by_slot[rank]
        place = series.order.forward(block * series.share + rank - series.first)
        return f"{series.prefix}{place:0{series.free}d}"

    def _natural_index(self, number: str) -> int | None:
        if not (number.isascii() and number.isdigit()):
            return None
        for series in self._series:
            if len(number) == len(series.prefix) + series.free and number.startswith(series.prefix):
                place = series.order.backward(int(number[len(series.prefix) :]))
                block, rank = divmod(place, series.share)
                slot = (rank + series.first) * pow(_STRIDE, -1, _BLOCK) % _BLOCK
                return block * _BLOCK + slot
        return None
