"""What an account's rows come to: newer ones over older ones, and what of it is news."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import attrgetter

from kiosk.packs.rows import BillRow, WaitingRow
from kiosk.packs.shards import Gone, Row

_account = attrgetter("account")


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one account: its last bill, and that the next one is not out yet."""

    bill: BillRow | None = None
    waiting: WaitingRow | None = None

    def after(self, rows: Iterable[Row]) -> Standing:
        """What stands after newer rows in their order. A bill ends waiting; waiting keeps the last bill."""
        bill, waiting = self.bill, self.waiting
        for row in rows:
            match row:
                case BillRow():
                    bill, waiting = row, None
                case WaitingRow():
                    waiting = row
                case Gone():
                    bill = waiting = None
        return Standing(bill, waiting)

    def rows(self) -> Iterator[Row]:
        """The rows that say this."""
        yield from filter(None, (self.bill, self.waiting))

    def news(self, before: Standing) -> Iterator[Row]:
        """The rows that turn what stood `before` into this."""
        if self == before:
            return
        left_bill = before.bill is not None and self.bill is None
        if left_bill or (before.waiting and not self.waiting and self.bill is None):
            yield Gone(_known_account(before))
        bill_is_news = self.bill != before.bill or (before.waiting is not None and self.waiting is None)
        if self.bill is not None and bill_is_news:
            yield self.bill
        if self.waiting is not None and (self.waiting != before.waiting or bill_is_news):
            yield self.waiting


def changes(*layers: Iterable[Row]) -> Iterator[Row]:
    """The rows of all layers, ascending by account, with one change for each account.

    The layers ascend by account and come oldest first. Of several rows of an account the last one counts, as in
    `Standing.after`; an account that was gone in between says so first.
    """
    for account, group in groupby(merge(*layers, key=_account), key=_account):
        rows = list(group)
        after = Standing().after(rows)
        if after.bill is None and any(isinstance(row, Gone) for row in rows):
            yield Gone(account)
        yield from after.rows()


@dataclass(slots=True)
class Tally:
    """How many accounts the newer rows of a merge left with a document."""

    accounts: int = 0


def news(standing: Iterable[Row], newer: Sequence[Iterable[Row]], tally: Tally) -> Iterator[Row]:
    """What `newer` says that `standing` does not, ascending by account.

    All iterables ascend by account; `newer` ones are in the order they came.
    """
    marked = merge(
        ((row, False) for row in standing), ((row, True) for row in merge(*newer, key=_account)), key=_place
    )
    for _, group in groupby(marked, key=_place):
        pairs = list(group)
        rows = [row for row, is_newer in pairs if is_newer]
        if not rows:
            continue
        before = Standing().after([row for row, is_newer in pairs if not is_newer])
        after = before.after(rows)
        tally.accounts += after != Standing()
        yield from after.news(before)


def merged(*layers: Iterable[Row]) -> Iterator[Row]:
    """What stands in the end, ascending by account; the layers ascend by account and come oldest first."""
    for _, group in groupby(merge(*layers, key=_account), key=_account):
        yield from Standing().after(group).rows()


def _place(pair: tuple[Row, bool]) -> int:
    return pair[0].account


def _known_account(standing: Standing) -> int:
    return next(standing.rows()).account
