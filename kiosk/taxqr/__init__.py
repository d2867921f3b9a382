"""The tax authority's QR on a bill: read it, and say whether it agrees with the bill or with the biller's invoice.

The terminal never signs and never alters a QR: it prints what the biller sent. These checks tell a technician
whether the biller or the terminal is at fault. Nothing here does I/O.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from kiosk.model import Bill, DocumentType
from kiosk.taxqr.invoice import Invoice, examine, read_xml
from kiosk.taxqr.tlv import Encoding, Reason, TaxQr, TaxQrInvalid, decode, encode
from kiosk.taxqr.verdicts import Outcome, Rule, Verdict, amount, compare, complete, signature

__all__ = [
    "Encoding",
    "Invoice",
    "Outcome",
    "Reason",
    "Rule",
    "TaxQr",
    "TaxQrInvalid",
    "Verdict",
    "check",
    "decode",
    "encode",
    "fails",
    "read_xml",
    "report",
    "report_xml",
]

REQUIRED_SINCE = date(2021, 12, 4)
"""From this day on a simplified tax invoice must carry a QR (ZATCA, generation phase)."""


def check(text: str | None, bill: Bill) -> tuple[Verdict, ...]:
    """Every verdict on a bill's tax QR; log the `code` of those that fail. Never raises.

    The total with VAT is held against the current period's: a previous balance is no part of the tax invoice.
    """
    if text is None:
        return _absent(bill)
    try:
        qr = decode(text)
    except TaxQrInvalid as error:
        return (Verdict(Rule.READABLE, Outcome.FAILS, str(error)),)
    return (*_own_verdicts(qr), *_bill_verdicts(qr, bill))


def fails(verdicts: tuple[Verdict, ...]) -> bool:
    """Whether any rule is broken. What could not be compared breaks none."""
    return any(verdict.outcome is Outcome.FAILS for verdict in verdicts)


def report(text: str, bill: Bill | None = None) -> dict[str, Any]:
    """What a tax QR says and whether it holds, as JSON values; against a bill when there is one.

    Keys: `encoding`, `phase`, `fields` (bytes as Base64), `verdicts` (`rule`, `outcome`, `reason`), `holds`.

    Raises:
        TaxQrInvalid: the text is no tax QR.
    """
    qr = decode(text)
    return _report(qr, (*_own_verdicts(qr), *(_bill_verdicts(qr, bill) if bill else ())))


def report_xml(data: bytes) -> dict[str, Any]:
    """The same for a biller's UBL 2.1 invoice file, with its figures under `invoice`.

    A file whose QR is missing or unreadable is reported, with `fields` null.

    Raises:
        TaxQrInvalid: the file is no invoice.
    """
    invoice = read_xml(data)
    qr, verdicts = examine(invoice)
    return {"invoice": _values(invoice)} | _report(qr, verdicts)


def _absent(bill: Bill) -> tuple[Verdict, ...]:
    simplified = bill.document_type is DocumentType.SIMPLIFIED_TAX_INVOICE
    if simplified and bill.issue_at.date() >= REQUIRED_SINCE:
        return (Verdict(Rule.PRESENT, Outcome.FAILS, f"a simplified invoice has one since {REQUIRED_SINCE}"),)
    return (Verdict(Rule.PRESENT, Outcome.UNKNOWN, "the bill holds no tax QR, and need not"),)


def _own_verdicts(qr: TaxQr) -> Iterator[Verdict]:
    yield complete(qr)
    signed = signature(qr)
    if signed is not None:
        yield signed


def _bill_verdicts(qr: TaxQr, bill: Bill) -> Iterator[Verdict]:
    vat = sum(line.amount for line in bill.vat)
    yield compare(Rule.SELLER_VAT, qr.vat_number, bill.seller.vat_number, where="the bill")
    yield compare(Rule.TOTAL, amount(qr.total), Decimal(bill.current_total).scaleb(-2), where="the bill")
    yield compare(Rule.VAT, amount(qr.vat), Decimal(vat).scaleb(-2), where="the bill")


def _report(qr: TaxQr | None, verdicts: tuple[Verdict, ...]) -> dict[str, Any]:
    said = _values(qr) if qr else {}
    encoding = said.pop("encoding", None)
    return {
        "encoding": encoding,
        "phase": qr.phase if qr else None,
        "fields": said or None,
        "verdicts": [
            {"rule": verdict.rule.value, "outcome": verdict.outcome.value, "reason": verdict.reason}
            for verdict in verdicts
        ],
        "holds": not fails(verdicts),
    }


def _values(held: TaxQr | Invoice) -> dict[str, Any]:
    return {field.name: _json(getattr(held, field.name)) for field in fields(held)}


def _json(value: object) -> str | None:
    match value:
        case None:
            return None
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return str(value)
