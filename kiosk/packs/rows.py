"""One document as a row: typed columns for what is worth asking SQL for, the rest in as few bytes as it takes.

`pack` leaves out what follows from other figures and what bills share (`kiosk.packs.derived`, `.shared`), unpacks
what it packed, and adds every field that came back different as JSON. So a row gives its document back exactly,
whatever the biller wrote, and an unusual document is merely longer.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, fields
from typing import Any

from kiosk import ebill
from kiosk.model import Account, AccountNumber, Bill, Document, NotIssued
from kiosk.packs import derived, extra, history, shared
from kiosk.packs.figures import CATEGORIES, Figures, account_digits, account_key, category_place, figures_of

_FIELDS = tuple(field.name for field in fields(Bill))
_JSON_LIMIT = ebill.LIMIT_BYTES


class RowUnreadable(ValueError):
    """A row that holds no document of this version of the format. Quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class BillRow:
    """A bill: its figures, the texts it shares with others, the string of its other numbers, its history."""

    figures: Figures
    texts: tuple[str, ...]
    extra: bytes
    history: bytes

    @property
    def account(self) -> int:
        """The account's key."""
        return self.figures.account


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A known account whose bill is not out yet; `extra` is JSON of what more is known of it, or empty."""

    account: int
    category: int
    extra: bytes


def pack(document: Document) -> BillRow | WaitingRow:
    """The row of a document."""
    if isinstance(document, NotIssued):
        return _pack_waiting(document)
    texts, numbers = extra.write(document)
    past = derived.past_amounts(texts[0], document.period, document.charges.meter_fee)
    row = BillRow(figures_of(document), texts, numbers, history.pack(document, past))
    otherwise = _otherwise(document, row)
    return BillRow(row.figures, texts, numbers + otherwise, row.history) if otherwise else row


def unpack(row: BillRow | WaitingRow) -> Document:
    """The document of a row.

    Raises:
        RowUnreadable: it holds none.
    """
    try:
        return _unpack_waiting(row) if isinstance(row, WaitingRow) else _unpack_bill(row)
    except (ValueError, LookupError, TypeError, OverflowError, zlib.error):
        raise RowUnreadable("not a row of this format") from None


def _pack_waiting(document: NotIssued) -> WaitingRow:
    account = document.account
    known = ebill.write(document)["account"]
    del known["number"], known["category"]
    more = shared.dumps(known).encode() if known else b""
    return WaitingRow(account_key(account.number.digits), category_place(account.category), more)


def _unpack_waiting(row: WaitingRow) -> NotIssued:
    number, category = AccountNumber(account_digits(row.account)), CATEGORIES[row.category]
    if not row.extra:
        return NotIssued(Account(number, category))
    return NotIssued(Account(number, category, **json.loads(row.extra)))


def _unpack_bill(row: BillRow) -> Bill:
    bill, rest = extra.read(row.figures, texts=row.texts, extra=row.extra, past_months=row.history)
    return _corrected(bill, rest) if rest else bill


def _otherwise(bill: Bill, row: BillRow) -> bytes:
    """Compressed JSON of the fields that `row` does not give back as they are; empty when there are none."""
    copy = _unpack_bill(row)
    # Moments are equal whatever their offsets are, and the offset is on the wire too.
    same_offset = copy.issue_at.utcoffset() == bill.issue_at.utcoffset()
    if copy == bill and same_offset:
        return b""
    differing = [name for name in _FIELDS if getattr(copy, name) != getattr(bill, name)]
    if not same_offset:
        differing.append("issue_at")
    written = ebill.write(bill)
    return zlib.compress(shared.dumps({name: written[name] for name in differing}).encode(), 9)


def _corrected(bill: Bill, otherwise: bytes) -> Bill:
    inflating = zlib.decompressobj()
    corrections: dict[str, Any] = json.loads(inflating.decompress(otherwise, _JSON_LIMIT))
    document = ebill.read(shared.dumps(ebill.write(bill) | corrections), limit_bytes=2 * _JSON_LIMIT)
    if isinstance(document, Bill):
        return document
    raise RowUnreadable("corrections made it no bill")
