"""The typed columns of a bill: what is worth asking SQL for, as whole numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple

from kiosk.model import Bill, Category, DocumentType, Status


class Figures(NamedTuple):
    """A bill's columns, named as they are in the store.

    Money in halalas, days since 1970-01-01, `issued` in seconds since then. The account's number has a 1 before
    its digits, so that leading zeros count; the three words are places in `STATUSES`, `DOCUMENT_TYPES` and
    `CATEGORIES`.
    """

    account: int
    status: int
    document_type: int
    category: int
    issued: int
    due: int | None
    period_from: int
    period_to: int
    kwh: int
    current_total: int
    previous_balance: int
    payments_received: int
    amount_due: int
    credit: int


FIELDS = [*Figures._fields, "extra", "history"]
"""All columns of a bill, in order; the last two are bytes."""

# Packs hold the places of these words: a new word goes to the end.
STATUSES = tuple(Status)
DOCUMENT_TYPES = tuple(DocumentType)
CATEGORIES = tuple(Category)

_STATUS_PLACES = {word: place for place, word in enumerate(STATUSES)}
_DOCUMENT_TYPE_PLACES = {word: place for place, word in enumerate(DOCUMENT_TYPES)}
_CATEGORY_PLACES = {word: place for place, word in enumerate(CATEGORIES)}

_RIYADH = timezone(timedelta(hours=3))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_SECOND = timedelta(seconds=1)


def figures_of(bill: Bill) -> Figures:
    """The columns of a bill."""
    return Figures(
        account_key(bill.account.number.digits),
        _STATUS_PLACES[bill.status],
        _DOCUMENT_TYPE_PLACES[bill.document_type],
        category_place(bill.account.category),
        (bill.issue_at - _EPOCH) // _SECOND,
        None if bill.due_date is None else day_number(bill.due_date),
        day_number(bill.period.start),
        day_number(bill.period.end),
        bill.kwh_total,
        bill.current_total,
        bill.previous_balance,
        bill.payments_received,
        bill.amount_due,
        bill.credit,
    )


def account_key(digits: str) -> int:
    """An account's digits as a number that keeps leading zeros."""
    return int("1" + digits)


def account_digits(key: int) -> str:
    """The digits of an account's key."""
    return str(key)[1:]


def category_place(category: Category) -> int:
    """The place of a category in `CATEGORIES`."""
    return _CATEGORY_PLACES[category]


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_DAY


def day_of(number: int) -> date:
    """The day again."""
    return date.fromordinal(number + _EPOCH_DAY)


def moment_of(seconds: int) -> datetime:
    """A moment in Riyadh's time, from seconds since 1970."""
    return datetime.fromtimestamp(seconds, _RIYADH)
