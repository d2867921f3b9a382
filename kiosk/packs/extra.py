"""What the typed columns of a bill cannot hold: the texts it shares, and a string of numbers in a fixed order."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from kiosk.model import (
    Account,
    AccountNumber,
    Adjustment,
    Bill,
    Charges,
    Meter,
    Money,
    Period,
    Plan,
    Sadad,
    Tier,
    VatLine,
)
from kiosk.packs import derived, history, shared
from kiosk.packs.figures import CATEGORIES, DOCUMENT_TYPES, STATUSES, Figures, account_digits, day_of, moment_of
from kiosk.packs.octets import Reader, Writer

PARTS = 5
"""How many shared texts a bill has besides the words of its names."""

# Bits of the number that the string begins with; the rare ones high, so that it mostly is one byte.
_KNOWN_VERIFIED = 1
_VERIFIED = 2
_MOBILE = 4
_HIJRI = 8
_QR_FOLLOWS = 16
_QR = 32
_DISCONNECTION = 64
_UUID = 128
_BUYER = 256
_OTHER_INVOICE_NUMBER = 512
_FIXED_AMOUNT = 1024
_RUNNING_DIFFERENCE = 2048


def write(bill: Bill) -> tuple[tuple[str, ...], bytes]:
    """The texts a bill shares (`PARTS`, then its names' words) and its string of numbers."""
    out, account = Writer(), bill.account
    bill_id, number = shared.split(bill.bill_id)
    invoice, invoice_number = shared.split(bill.invoice_number)
    uuid, qr = _uuid_octets(bill.invoice_uuid), _qr_octets(bill.qr)
    marks = _account_marks(account) | _plan_marks(bill.plan) | (_UUID if uuid else 0)
    marks |= 0 if number == invoice_number else _OTHER_INVOICE_NUMBER
    marks |= 0 if bill.issue_hijri is None else _HIJRI
    marks |= 0 if bill.disconnection_date is None else _DISCONNECTION
    if qr:
        marks |= _QR_FOLLOWS if bill.qr == _following_qr(bill) else _QR
    out.number(marks)
    out.number(number)
    if number != invoice_number:
        out.number(invoice_number)
    place = _write_account(account, out)
    meters = _write_meters(bill, out)
    _write_money(bill, out)
    if bill.disconnection_date is not None:
        out.signed((bill.disconnection_date - (bill.due_date or bill.issue_at.date())).days)
    out.octets += uuid
    if marks & _QR:
        out.text(qr)
    form, terms = shared.write_form(shared.form_of(bill)), shared.write_terms(shared.terms_of(bill))
    names = shared.names_of(account.name_ar, account.name_en)
    return (form, terms, shared.write_patterns(bill_id, invoice), meters, place, *names), bytes(out.octets)


def _account_marks(account: Account) -> int:
    marks = 0 if account.verified is None else _KNOWN_VERIFIED | (_VERIFIED if account.verified else 0)
    marks |= 0 if account.mobile_last2 is None else _MOBILE
    return marks | (0 if account.buyer_vat_number is None else _BUYER)


def _plan_marks(plan: Plan) -> int:
    marks = 0 if plan.fixed_amount is None else _FIXED_AMOUNT
    return marks | (0 if plan.running_difference is None else _RUNNING_DIFFERENCE)


def _write_account(account: Account, out: Writer) -> str:
    place, numbers = shared.place_of(account)
    for number in numbers:
        out.number(number)
    for digits in (account.mobile_last2, account.buyer_vat_number):
        if digits is not None:
            out.number(int(digits))
    return place


def _write_meters(bill: Bill, out: Writer) -> str:
    kinds = []
    for n, meter in enumerate(bill.meters, 1):
        pattern, number = shared.split(meter.number)
        kinds.append(shared.meter_kind(meter, pattern))
        out.number(number)
        out.number(meter.reading_previous)
        if n < len(bill.meters):
            out.number(meter.kwh)
    return shared.write_meters(shared.Meters(bill.charges.meter_fee, tuple(kinds)))


def _write_money(bill: Bill, out: Writer) -> None:
    if bill.plan.fixed_amount is not None:
        out.number(bill.plan.fixed_amount)
    if bill.plan.running_difference is not None:
        out.signed(bill.plan.running_difference)
    for adjustment in bill.adjustments:
        out.signed(adjustment.amount)
    for line in bill.vat[:-1]:
        out.signed(line.taxable)


def read(figures: Figures, *, texts: Sequence[str], extra: bytes, past_months: bytes) -> tuple[Bill, bytes]:
    """The bill again, with its history from `past_months`, and what stands behind the string of numbers.

    Raises:
        ValueError, LookupError, TypeError: these parts make no bill.
    """
    unpacking = _Unpacking(figures, texts, Reader(extra))
    return unpacking.bill(past_months), unpacking.source.rest()


class _Unpacking:
    """Reads the string of numbers: the methods must be called in the order of the fields in it."""

    __slots__ = ("_figures", "_form", "_marks", "_meters", "_terms", "_texts", "source")

    def __init__(self, figures: Figures, texts: Sequence[str], source: Reader) -> None:
        self.source = source
        self._figures = figures
        self._texts = texts
        self._form = shared.read_form(texts[0])
        self._terms = shared.read_terms(texts[1])
        self._meters = shared.read_meters(texts[3])
        self._marks = source.number()

    def bill(self, past_months: bytes) -> Bill:
        figures, form = self._figures, self._form
        bill_id, invoice_number = self._identifiers()
        account, meters = self._account(), self._meter_lines()
        plan, adjustments = self._plan(), self._adjustments()
        charges, tiers = self._charges()
        vat = self._vat(charges)
        issue_at, due = moment_of(figures.issued), None if figures.due is None else day_of(figures.due)
        period = self._period()
        past = derived.past_amounts(self._texts[0], period, charges.meter_fee)
        return Bill(
            status=STATUSES[figures.status],
            account=account,
            bill_id=bill_id,
            invoice_number=invoice_number,
            document_type=DOCUMENT_TYPES[figures.document_type],
            issue_at=issue_at,
            due_date=due,
            currency=form.currency,
            seller=form.seller,
            period=period,
            meters=meters,
            kwh_total=figures.kwh,
            tariff_id=form.tariff_id,
            tiers=tiers,
            charges=charges,
            vat=vat,
            current_total=Money(figures.current_total),
            previous_balance=Money(figures.previous_balance),
            payments_received=Money(figures.payments_received),
            adjustments=adjustments,
            amount_due=Money(figures.amount_due),
            credit=Money(figures.credit),
            plan=plan,
            history=history.unpack(past_months, figures=figures, issue_at=issue_at, past=past),
            sadad=Sadad(form.biller, account.number.digits),
            issue_hijri=derived.issue_hijri(issue_at.date()) if self._marks & _HIJRI else None,
            disconnection_date=self._disconnection(issue_at, due),
            invoice_uuid=str(UUID(bytes=self.source.take(16))) if self._marks & _UUID else None,
            qr=self._qr(issue_at, vat),
        )

    def _identifiers(self) -> tuple[str, str]:
        bill_id, invoice = shared.read_patterns(self._texts[2])
        number = other = self.source.number()
        if self._marks & _OTHER_INVOICE_NUMBER:
            other = self.source.number()
        return shared.join(bill_id, number), shared.join(invoice, other)

    def _account(self) -> Account:
        marks, source, place = self._marks, self.source, shared.read_place(self._texts[4])
        numbers = source.numbers(place.count)
        name_ar, name_en = shared.read_names(self._texts[PARTS:])
        return Account(
            AccountNumber(account_digits(self._figures.account)),
            CATEGORIES[self._figures.category],
            name_ar,
            name_en,
            place.premise_id(numbers),
            shared.put_numbers(place.arabic, numbers),
            shared.put_numbers(place.english, numbers),
            f"{source.number():02d}" if marks & _MOBILE else None,
            bool(marks & _VERIFIED) if marks & _KNOWN_VERIFIED else None,
            f"{source.number():015d}" if marks & _BUYER else None,
        )

    def _meter_lines(self) -> tuple[Meter, ...]:
        source, left, lines = self.source, self._figures.kwh, []
        last = len(self._meters.kinds)
        for n, kind in enumerate(self._meters.kinds, 1):
            number, previous = shared.join(kind.number, source.number()), source.number()
            kwh = left if n == last else source.number()
            left -= kwh
            current = previous + kwh // kind.factor - (kind.rollover_at or 0)
            lines.append(kind.meter(number, previous=previous, current=current, kwh=kwh))
        return tuple(lines)

    def _plan(self) -> Plan:
        marks, source, terms = self._marks, self.source, self._terms
        fixed = Money(source.number()) if marks & _FIXED_AMOUNT else None
        difference = Money(source.signed()) if marks & _RUNNING_DIFFERENCE else None
        return Plan(terms.plan_kind, fixed, terms.settlement_month, difference)

    def _adjustments(self) -> tuple[Adjustment, ...]:
        return tuple([Adjustment(*labels, Money(self.source.signed())) for labels in self._terms.adjustments])

    def _charges(self) -> tuple[Charges, tuple[Tier, ...]]:
        tiers = derived.tiers(self._form.bands, self._figures.kwh)
        energy = sum([tier.amount for tier in tiers])
        return Charges(Money(energy), Money(self._meters.fee), self._terms.other), tiers

    def _vat(self, charges: Charges) -> tuple[VatLine, ...]:
        left = charges.energy + charges.meter_fee + sum([line.amount for line in charges.other])
        lines = []
        for n, rate in enumerate(self._form.vat_rates, 1):
            taxable = left if n == len(self._form.vat_rates) else self.source.signed()
            left -= taxable
            lines.append(derived.vat_line(rate, taxable))
        return tuple(lines)

    def _period(self) -> Period:
        start, end = day_of(self._figures.period_from), day_of(self._figures.period_to)
        return Period(start, end, (end - start).days)

    def _disconnection(self, issue_at: datetime, due: date | None) -> date | None:
        if not self._marks & _DISCONNECTION:
            return None
        return (due or issue_at.date()) + timedelta(self.source.signed())

    def _qr(self, issue_at: datetime, vat: tuple[VatLine, ...]) -> str | None:
        if self._marks & _QR:
            return base64.b64encode(self.source.text()).decode("ascii")
        if not self._marks & _QR_FOLLOWS:
            return None
        total, seller = self._figures.current_total, self._form.seller
        return derived.tax_qr(seller, issue_at=issue_at, total=total, vat=sum([line.amount for line in vat]))


def _following_qr(bill: Bill) -> str | None:
    vat = sum([line.amount for line in bill.vat])
    return derived.tax_qr(bill.seller, issue_at=bill.issue_at, total=bill.current_total, vat=vat)


def _uuid_octets(text: str | None) -> bytes:
    """The 16 bytes of a UUID; empty when there is none, or none in the usual small letters."""
    octets = b"" if text is None else UUID(text).bytes
    return octets if octets and str(UUID(bytes=octets)) == text else b""


def _qr_octets(text: str | None) -> bytes:
    """What a QR's Base64 stands for; empty when there is none, or it is no Base64 of the usual form."""
    try:
        octets = base64.b64decode(text or "", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return octets if base64.b64encode(octets).decode("ascii") == text else b""
