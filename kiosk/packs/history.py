"""The months of a bill's history: two bytes for what was used, none for an amount that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from struct import Struct

from kiosk.model import Bill, HistoryMonth, Money
from kiosk.packs.derived import PastAmounts
from kiosk.packs.figures import Figures
from kiosk.packs.octets import Reader, Writer

_COUNT = 0x0F
_WIDE = 0x10
"""Four bytes a month: somebody used 65 536 kWh or more."""

_OTHER_AMOUNTS = 0x20
_STARTS_ELSEWHERE = 0x40
"""The first row is not this bill's own month, kWh and total."""

_NARROW = tuple(Struct(f"<{count}H") for count in range(16))
_BROAD = tuple(Struct(f"<{count}I") for count in range(16))


def pack(bill: Bill, past: PastAmounts) -> bytes:
    """The history in bytes; empty when there is none, or none that fits this form."""
    rows = bill.history
    if not rows:
        return b""
    own = _month(bill.issue_at)
    first = _ordinal(rows[0].month)
    if tuple([row.month for row in rows]) != _texts(first, len(rows)):
        return b""
    starts_here = first == own and (rows[0].kwh, rows[0].amount) == (bill.kwh_total, bill.current_total)
    rest = rows[1:] if starts_here else rows
    used = [row.kwh for row in rest]
    most = max(used, default=0)
    if most >= 1 << 32 or abs(first - own) > 1000:
        return b""
    others = _differences(rest, first - starts_here, past)
    out = Writer()
    marks = (_WIDE if most > 0xFFFF else 0) | (_OTHER_AMOUNTS if any(others) else 0)
    out.octets.append(len(rows) | marks | (0 if starts_here else _STARTS_ELSEWHERE))
    if not starts_here:
        out.signed(own - first)
    out.octets += (_BROAD if marks & _WIDE else _NARROW)[len(used)].pack(*used)
    if marks & _OTHER_AMOUNTS:
        out.number(sum([1 << n for n, other in enumerate(others) if other]))
        for other in filter(None, others):
            out.signed(other)
    return bytes(out.octets)


def unpack(octets: bytes, *, figures: Figures, issue_at: datetime, past: PastAmounts) -> tuple[HistoryMonth, ...]:
    """The rows again, for the bill of these figures.

    Raises:
        Truncated: the bytes hold no history.
    """
    if not octets:
        return ()
    source = Reader(octets)
    marks = source.take(1)[0]
    count, first = marks & _COUNT, _month(issue_at)
    rows = []
    if marks & _STARTS_ELSEWHERE:
        first -= source.signed()
    else:
        rows.append(HistoryMonth(_texts(first, 1)[0], figures.kwh, Money(figures.current_total)))
        count, first = count - 1, first - 1
    packed = (_BROAD if marks & _WIDE else _NARROW)[count]
    used = packed.unpack(source.take(packed.size))
    others = source.number() if marks & _OTHER_AMOUNTS else 0
    amounts = past.amounts(first, used)
    for n in range(count if others else 0):
        if others >> n & 1:
            amounts[n] = Money(amounts[n] + source.signed())
    rows.extend(map(HistoryMonth, _texts(first, count), used, amounts))
    return tuple(rows)


def _differences(rows: Sequence[HistoryMonth], first: int, past: PastAmounts) -> list[int]:
    """What each amount is above the one that follows from its kWh."""
    following = past.amounts(first, [row.kwh for row in rows])
    return [row.amount - amount for row, amount in zip(rows, following, strict=True)]


def _month(moment: datetime) -> int:
    return moment.year * 12 + moment.month - 1


def _ordinal(text: str) -> int:
    return int(text[:4]) * 12 + int(text[5:]) - 1


@lru_cache(1024)
def _texts(first: int, count: int) -> tuple[str, ...]:
    """The names of so many months, one before the other."""
    return tuple([f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(first, first - count, -1)])
