"""From a subscriber's months to the `ebill/1` of one of them, as it goes on the wire."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from hijridate import Gregorian

from kiosk.model import Category, DocumentType
from kiosk.service import months
from kiosk.service.ledger import Balance, Contract, Extra, Ledger, Payer
from kiosk.service.mixing import mix
from kiosk.service.people import Holder
from kiosk.service.premises import Meter, Premises
from kiosk.service.tariffs import Price

SELLER = {
    "name_ar": "شركة الواحة للكهرباء",
    "name_en": "Al Waha Electricity",
    "vat_number": "300000000000003",
    "cr_number": "1010000000",
    "address_ar": "الرياض، طريق الملك فهد",
    "address_en": "King Fahd Road, Riyadh",
}
"""The invented biller of the worked bills."""

_TAX_QR_SINCE = "2021-12-04"
"""The first day that invoices carry a tax QR (ZATCA, phase 1)."""

_SELLER_TAGS = b"".join(
    bytes((tag, len(value))) + value
    for tag, value in ((1, SELLER["name_ar"].encode()), (2, SELLER["vat_number"].encode("ascii")))
)
_HISTORY_MONTHS = 13
_DUE_AFTER = timedelta(days=30)
"""As on the worked bills."""

_DISCONNECTED_AFTER = timedelta(days=7)
"""After the due date of a bill with others open before it."""

_PROTECTED = (Category.GOVERNMENT, Category.PRIVATE_HEALTH, Category.CHARITY)
"""Who gets no disconnection date in this invention."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One invented subscriber: the place in the book, the account's digits, who, where and how they pay."""

    index: int
    number: str
    holder: Holder
    premises: Premises
    contract: Contract


def not_issued(subscriber: Subscriber) -> dict[str, Any]:
    """The answer for a known account without a bill: no amounts, no name."""
    account = {"number": subscriber.number, "category": subscriber.premises.category.value}
    return {"schema": "ebill/1", "status": "not_issued", "account": account}


def issued(subscriber: Subscriber, ledger: Ledger, *, month: int, minute: int) -> dict[str, Any]:
    """The bill of a month, issued `minute` minutes into its 28th."""
    dates = _dates(month, subscriber.premises.read_day)
    issue_time = f"{dates.issue}T{minute // 60:02d}:{minute % 60:02d}:00"
    credit_note = ledger.is_credit_note(month)
    balance = ledger.balance(month)
    reference = f"{months.text(month)}-{subscriber.index:09d}"
    invoice, vat = _invoice(subscriber.premises, ledger, month)
    return {
        "schema": "ebill/1",
        "status": _status(subscriber.contract.payer, balance, credit_note=credit_note),
        "document_type": _document_type(subscriber.holder, credit_note=credit_note),
        "invoice_uuid": _uuid(subscriber.contract.key, month),
        "currency": "SAR",
        "seller": dict(SELLER),
        "disconnection_date": dates.disconnection if _is_warned(subscriber, ledger.unpaid_months(month)) else None,
        "previous_balance": balance.previous,
        "payments_received": balance.payments,
        "adjustments": [_adjustment(extra) for extra in balance.adjustments],
        "credit": balance.credit,
        "plan": _plan(ledger, month),
        "bill_id": f"{'CN' if credit_note else 'EB'}-{reference}",
        "invoice_number": f"{'CRN' if credit_note else 'INV'}-{reference}",
        "issue_at": f"{issue_time}+03:00",
        "issue_hijri": dates.hijri,
        "due_date": None if credit_note else dates.due,
        "account": _account(subscriber),
        "period": {"start": dates.start, "end": dates.end, "days": dates.days},
        **invoice,
        "amount_due": balance.due,
        "history": _history(subscriber.contract, ledger, month),
        "sadad": {"biller": "002", "number": subscriber.number},
        "qr": _tax_qr(issue_time, invoice["current_total"], vat),
    }


def _invoice(premises: Premises, ledger: Ledger, month: int) -> tuple[dict[str, Any], int]:
    """The part of a bill that is the month's invoice, and its VAT."""
    price, kwh = ledger.price(month), ledger.kwh(month)
    charges = ledger.charges(month)
    meter_fee = ledger.fees(month)
    tiers = price.tiers(kwh)
    energy = sum([amount for _band, _used, amount in tiers])
    vat = price.vat(energy + meter_fee + sum([charge.amount for charge in charges]))
    fields = {
        "meters": [_meter(meter, month) for meter in premises.meters],
        "kwh_total": kwh,
        "tariff_id": price.tariff_id,
        "tiers": [
            {"n": n, "from_kwh": band.start, "to_kwh": band.end, "kwh": used, "rate": band.rate, "amount": amount}
            for n, (band, used, amount) in enumerate(tiers, 1)
        ],
        "charges": {
            "energy": energy,
            "meter_fee": meter_fee,
            "other": [_charge(extra, price) for extra in charges],
        },
        "vat": [{"rate": share.rate, "taxable": part, "amount": amount} for share, part, amount in vat],
        "current_total": ledger.total(month),
    }
    return fields, sum([amount for _share, _part, amount in vat])


@dataclass(frozen=True, slots=True)
class _Dates:
    """The days of one bill as `ebill/1` writes them."""

    start: str
    end: str
    days: int
    issue: str
    hijri: str
    due: str
    disconnection: str


@lru_cache(maxsize=1000)
def _dates(month: int, read_day: int) -> _Dates:
    start, end = months.day_in(month - 1, read_day), months.day_in(month, read_day)
    issue = months.day_in(month, months.ISSUE_DAY)
    due = issue + _DUE_AFTER
    return _Dates(
        start.isoformat(),
        end.isoformat(),
        (end - start).days,
        issue.isoformat(),
        Gregorian.fromdate(issue).to_hijri().isoformat(),
        due.isoformat(),
        (due + _DISCONNECTED_AFTER).isoformat(),
    )


def _status(payer: Payer, balance: Balance, *, credit_note: bool) -> str:
    if payer is Payer.PARTLY:
        return "partly_paid"
    return "paid" if payer in (Payer.PAID, Payer.AHEAD) and not credit_note and balance.due == 0 else "issued"


def _document_type(holder: Holder, *, credit_note: bool) -> str:
    if credit_note:
        return DocumentType.CREDIT_NOTE.value
    business = holder.buyer_vat_number is not None
    return (DocumentType.TAX_INVOICE if business else DocumentType.SIMPLIFIED_TAX_INVOICE).value


def _uuid(key: int, month: int) -> str | None:
    """One in twenty bills has a UUID (version 4 by its bits), the others leave it out."""
    high = mix(key ^ ~month)
    if high % 20:
        return None
    low = mix(high)
    high = high & ~0xF000 | 0x4000
    low = low & ~(0xC << 60) | (0x8 << 60)
    text = f"{high:016x}{low:016x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _is_warned(subscriber: Subscriber, unpaid: int) -> bool:
    return unpaid > 0 and subscriber.premises.category not in _PROTECTED


def _adjustment(extra: Extra) -> dict[str, Any]:
    return {"label_ar": extra.label_ar, "label_en": extra.label_en, "amount": extra.amount}


def _charge(extra: Extra, price: Price) -> dict[str, Any]:
    return {
        "code": extra.code,
        "label_ar": extra.label_ar,
        "label_en": extra.label_en,
        "amount": extra.amount,
        "vat_rate": price.vat_shares[0].rate,
    }


def _plan(ledger: Ledger, month: int) -> dict[str, Any]:
    amount = ledger.fixed_amount(month)
    if amount is None:
        return {"kind": "actual"}
    return {
        "kind": "fixed",
        "fixed_amount": amount,
        "settlement_month": ledger.settlement_month,
        "running_difference": ledger.running_difference(month),
    }


def _account(subscriber: Subscriber) -> dict[str, Any]:
    holder = subscriber.holder
    return {
        "number": subscriber.number,
        "name_ar": holder.name_ar,
        "name_en": holder.name_en,
        "category": subscriber.premises.category.value,
        "premise_id": holder.premise_id,
        "address_ar": holder.address_ar,
        "address_en": holder.address_en,
        "mobile_last2": holder.mobile_last2,
        "verified": {"300": True, "100": False}.get(subscriber.number[:3]),
        "buyer_vat_number": holder.buyer_vat_number,
    }


def _meter(meter: Meter, month: int) -> dict[str, Any]:
    before, now = meter.units(month - 1, month)
    previous, current = before % meter.modulus, now % meter.modulus
    return {
        "number": meter.number,
        "breaker_amp": meter.breaker_amp,
        "factor": meter.factor,
        "reading_previous": previous,
        "reading_current": current,
        "reading_kind": meter.reading_kind(month).value,
        "rollover_at": meter.modulus if current < previous else None,
        "kwh": (now - before) * meter.factor,
    }


def _history(contract: Contract, ledger: Ledger, month: int) -> list[dict[str, Any]]:
    """This month and up to twelve before it, newest first; some accounts' records were not brought over."""
    if mix(contract.key) % 50 == 0:
        return []
    past = ledger.history(month, most=_HISTORY_MONTHS)
    return [{"month": months.text(each), "kwh": kwh, "amount": amount} for each, kwh, amount in past]


def _tax_qr(issue_time: str, total: int, vat: int) -> str | None:
    """The five tags of phase 1 (seller, VAT number, local time with Z, total, VAT) as Base64 of TLV."""
    if issue_time < _TAX_QR_SINCE:
        return None
    tlv = bytearray(_SELLER_TAGS)
    for tag, text in ((3, issue_time + "Z"), (4, _riyals(total)), (5, _riyals(vat))):
        tlv += bytes((tag, len(text))) + text.encode("ascii")
    return base64.b64encode(tlv).decode("ascii")


def _riyals(halalas: int) -> str:
    return f"{halalas // 100}.{halalas % 100:02d}"
