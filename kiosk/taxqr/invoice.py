"""A biller's UBL 2.1 invoice file: what a tax QR must agree with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from kiosk.taxqr.canonical import CAC, CBC, INVOICE, Element, hashed_form, parse
from kiosk.taxqr.tlv import Reason, TaxQr, TaxQrInvalid, decode
from kiosk.taxqr.verdicts import (
    Outcome,
    Rule,
    Verdict,
    amount,
    compare,
    complete,
    invoice_hash,
    signature,
    wall_clock,
)

_TOTALS = (CAC, "LegalMonetaryTotal")


@dataclass(frozen=True, slots=True)
class Invoice:
    """The figures of an invoice file; None is what it does not say. Amounts are in riyals.

    Attributes:
        type_name: `01...` is a standard, `02...` a simplified invoice (KSA-2).
        issued_at: `YYYY-MM-DDTHH:MM:SS`, local time.
        digest: SHA-256 of the file as the tax authority hashes it, 32 bytes.
    """

    number: str | None
    type_name: str | None
    issued_at: str | None
    seller: str | None
    vat_number: str | None
    tax_exclusive: Decimal | None
    tax_inclusive: Decimal | None
    tax: Decimal | None
    qr: str | None = field(repr=False)
    digest: bytes = field(repr=False)

    @property
    def is_simplified(self) -> bool:
        return (self.type_name or "").startswith("02")


def read_xml(data: bytes) -> Invoice:
    """Read an invoice, credit or debit note (UBL 2.1, all three are `Invoice` documents here) from its file.

    Raises:
        TaxQrInvalid: not XML, hostile XML, or not an invoice; `reason` says which.
    """
    root = parse(data)
    if root.key != (INVOICE, "Invoice"):
        raise TaxQrInvalid(Reason.NOT_AN_INVOICE)
    seller = ((CAC, "AccountingSupplierParty"), (CAC, "Party"))
    code = next(root.all((CBC, "InvoiceTypeCode")), None)
    return Invoice(
        number=root.first((CBC, "ID")),
        type_name=code.attributes.get("name") if code else None,
        issued_at=wall_clock(f"{root.first((CBC, 'IssueDate'))}T{root.first((CBC, 'IssueTime'))}"),
        seller=root.first(*seller, (CAC, "PartyLegalEntity"), (CBC, "RegistrationName")),
        vat_number=root.first(*seller, (CAC, "PartyTaxScheme"), (CBC, "CompanyID")),
        tax_exclusive=_riyals(root, _TOTALS, (CBC, "TaxExclusiveAmount")),
        tax_inclusive=_riyals(root, _TOTALS, (CBC, "TaxInclusiveAmount")),
        tax=_riyals(root, (CAC, "TaxTotal"), (CBC, "TaxAmount")),
        qr=_qr(root),
        digest=hashlib.sha256(hashed_form(root)).digest(),
    )


def _riyals(root: Element, *path: tuple[str, str]) -> Decimal | None:
    """The first amount there in SAR: a foreign invoice states its VAT in both currencies."""
    for element in root.all(*path):
        if element.attributes.get("currencyID", "SAR") == "SAR":
            return amount(element.text)
    return None


def _qr(root: Element) -> str | None:
    for reference in root.all((CAC, "AdditionalDocumentReference")):
        if reference.first((CBC, "ID")) == "QR":
            return reference.first((CAC, "Attachment"), (CBC, "EmbeddedDocumentBinaryObject"))
    return None


def examine(invoice: Invoice) -> tuple[TaxQr | None, tuple[Verdict, ...]]:
    """The invoice's QR, None when it has none that can be read, and every verdict."""
    if not invoice.qr:
        missing = Outcome.FAILS if invoice.is_simplified else Outcome.UNKNOWN
        return None, (Verdict(Rule.PRESENT, missing, "the invoice holds no QR"), _sums(invoice))
    try:
        qr = decode(invoice.qr)
    except TaxQrInvalid as error:
        return None, (Verdict(Rule.READABLE, Outcome.FAILS, str(error)), _sums(invoice))
    return qr, tuple(_verdicts(qr, invoice))


def _verdicts(qr: TaxQr, invoice: Invoice) -> Iterator[Verdict]:
    where = "the invoice"
    yield complete(qr)
    yield compare(Rule.SELLER_VAT, qr.vat_number, invoice.vat_number, where=where)
    yield compare(Rule.ISSUED_AT, wall_clock(qr.timestamp), invoice.issued_at, where=where)
    yield compare(Rule.TOTAL, amount(qr.total), invoice.tax_inclusive, where=where)
    yield compare(Rule.VAT, amount(qr.vat), invoice.tax, where=where)
    yield _sums(invoice)
    signed = signature(qr)
    if signed is not None:
        yield _hash(qr, invoice)
        yield signed


def _sums(invoice: Invoice) -> Verdict:
    net, tax, total = invoice.tax_exclusive, invoice.tax, invoice.tax_inclusive
    if net is None or tax is None or total is None:
        return Verdict(Rule.SUMS, Outcome.UNKNOWN, "the invoice does not state its totals in SAR")
    if net + tax == total:
        return Verdict(Rule.SUMS, Outcome.HOLDS)
    return Verdict(Rule.SUMS, Outcome.FAILS, f"{net} without VAT and {tax} VAT are not {total}")


def _hash(qr: TaxQr, invoice: Invoice) -> Verdict:
    if invoice_hash(qr) == invoice.digest:
        return Verdict(Rule.HASH, Outcome.HOLDS)
    return Verdict(Rule.HASH, Outcome.FAILS, "tag 6 is not the hash of this invoice: one of them was changed")
