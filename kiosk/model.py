"""What the terminal knows of a bill: `ebill/1` as frozen values, money in whole halalas.

Nothing here reads or writes: `kiosk.ebill` turns JSON into these values and back, `kiosk.sums` checks
that they add up. The field names are those of the document, so that a reader needs one vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NewType, Self

from kiosk import limits

Money = NewType("Money", int)
"""An amount in halalas, 1/100 riyal. Never a float."""

ACCOUNT_DIGITS = range(8, 16)
"""How long an account number may be, in digits (SADAD's customer input field: 8 to 15)."""

_DIGITS = {ord(c): str(n) for zero in "٠۰" for n, c in enumerate(chr(ord(zero) + i) for i in range(10))}
_IGNORED = dict.fromkeys(map(ord, " -\u00a0\u200e\u200f\u061c\u2066\u2067\u2068\u2069"))


class AccountProblem(StrEnum):
    """Why a text is no account number."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NOT_DIGITS = "not_digits"


class AccountNumberError(ValueError):
    """A text that cannot be an account number; `problem` says why. Its message holds no digit."""

    def __init__(self, problem: AccountProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


class AccountNumber:
    """The number that identifies a subscriber's account: 8 to 15 digits, leading zeros kept.

    Prints masked wherever it is formatted; `digits` hands out the whole number.
    """

    __slots__ = ("_digits",)

    def __init__(self, digits: str) -> None:
        """Take a number already known to be well formed; use `parse` for anything a person or device gave."""
        self._digits = digits

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an account number as typed, scanned or sent.

        European, Arabic-Indic and Persian digits count alike; spaces, dashes and direction marks are dropped.

        Raises:
            AccountNumberError: the text is no account number; show `problem` to who typed it.
        """
        digits = text.translate(_IGNORED).translate(_DIGITS)
        if not digits.isascii() or not (digits.isdigit() or digits == ""):
            raise AccountNumberError(AccountProblem.NOT_DIGITS)
        if len(digits) < ACCOUNT_DIGITS.start:
            raise AccountNumberError(AccountProblem.TOO_SHORT)
        if len(digits) >= ACCOUNT_DIGITS.stop:
            raise AccountNumberError(AccountProblem.TOO_LONG)
        return cls(digits)

    @property
    def digits(self) -> str:
        """The whole number. For the gateway, the store's key and paper; never for a log."""
        return self._digits

    @property
    def masked(self) -> str:
        """All but the last four digits as `*`."""
        return "*" * (len(self._digits) - 4) + self._digits[-4:]

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"AccountNumber({self.masked})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccountNumber) and other._digits == self._digits

    def __hash__(self) -> int:
        return hash((AccountNumber, self._digits))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(pattern="^[0-9]{8,15}$"),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda number: number.digits),
        )


class Category(StrEnum):
    """What the premises are used for: decides the tariff."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    INDUSTRIAL = "industrial"
    AGRICULTURAL = "agricultural"
    GOVERNMENT = "government"
    CHARITY = "charity"
    PRIVATE_HEALTH = "private_health"
    PRIVATE_EDUCATION = "private_education"


class DocumentType(StrEnum):
    """What the bill is to the tax authority."""

    SIMPLIFIED_TAX_INVOICE = "simplified_tax_invoice"
    TAX_INVOICE = "tax_invoice"
    CREDIT_NOTE = "credit_note"
    DEBIT_NOTE = "debit_note"


class Status(StrEnum):
    """Where a bill stands with the biller. `not_issued` is a document of its own: `NotIssued`."""

    ISSUED = "issued"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    SUPERSEDED = "superseded"


class ReadingKind(StrEnum):
    """Who read the meter."""

    ACTUAL = "actual"
    ESTIMATED = "estimated"
    CUSTOMER = "customer"


class PlanKind(StrEnum):
    """Pay what was used, or twelve equal amounts settled once a year."""

    ACTUAL = "actual"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Seller:
    """Who issued the bill; `vat_number` is 15 digits, first and last 3."""

    name_ar: Annotated[str, limits.Text(80)]
    name_en: Annotated[str, limits.Text(80)]
    vat_number: limits.VatNumber
    cr_number: Annotated[str, limits.Form("^[0-9]{10}$")] | None = None
    address_ar: Annotated[str, limits.Text(160)] | None = None
    address_en: Annotated[str, limits.Text(160)] | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Whose bill it is. Names, address and the mobile hint never appear in a repr."""

    number: AccountNumber
    category: Category
    name_ar: Annotated[str, limits.Text(80)] | None = field(default=None, repr=False)
    name_en: Annotated[str, limits.Text(80)] | None = field(default=None, repr=False)
    premise_id: Annotated[str, limits.Token(20)] | None = field(default=None, repr=False)
    address_ar: Annotated[str, limits.Text(160)] | None = field(default=None, repr=False)
    address_en: Annotated[str, limits.Text(160)] | None = field(default=None, repr=False)
    mobile_last2: Annotated[str, limits.Form("^[0-9]{2}$")] | None = field(default=None, repr=False)
    verified: Annotated[bool, limits.Truth()] | None = None
    buyer_vat_number: limits.VatNumber | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Period:
    """The days billed: `end - start` is `days`."""

    start: limits.CalendarDay
    end: limits.CalendarDay
    days: Annotated[int, limits.Whole(1, 99)]


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter's readings; `kwh` = (current - previous, plus `rollover_at` when it turned over) x factor."""

    number: Annotated[str, limits.Form("^[0-9A-Z]{5,20}$")]
    breaker_amp: Annotated[int, limits.Whole(1)]
    factor: Annotated[int, limits.Whole(1)]
    reading_previous: limits.Count
    reading_current: limits.Count
    reading_kind: ReadingKind
    kwh: limits.Count
    rollover_at: Annotated[int, limits.Whole(1)] | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """One slice of the consumption; `rate` is a decimal text in halalas per kWh, `to_kwh` None has no end."""

    n: Annotated[int, limits.Whole(1)]
    from_kwh: limits.Count
    to_kwh: limits.Count | None
    kwh: limits.Count
    rate: Annotated[str, limits.Form(r"^[0-9]{1,4}(\.[0-9]{1,4})?$")]
    amount: Annotated[Money, limits.Whole(0)]


@dataclass(frozen=True, slots=True)
class OtherCharge:
    """A charge besides energy and meter; `vat_rate` in per cent as decimal text."""

    code: Annotated[str, limits.Token(40)]
    label_ar: Annotated[str, limits.Text(80)]
    label_en: Annotated[str, limits.Text(80)]
    amount: Annotated[Money, limits.Whole()]
    vat_rate: limits.Percent


@dataclass(frozen=True, slots=True)
class Charges:
    """What this period cost before VAT."""

    energy: Annotated[Money, limits.Whole(0)]
    meter_fee: Annotated[Money, limits.Whole(0)]
    other: tuple[OtherCharge, ...] = ()


@dataclass(frozen=True, slots=True)
class VatLine:
    """VAT at one rate; `rate` in per cent as decimal text. A transitional bill has two lines."""

    rate: limits.Percent
    taxable: Annotated[Money, limits.Whole()]
    amount: Annotated[Money, limits.Whole()]


@dataclass(frozen=True, slots=True)
class Adjustment:
    """An amount outside this invoice, signed."""

    label_ar: Annotated[str, limits.Text(80)]
    label_en: Annotated[str, limits.Text(80)]
    amount: Annotated[Money, limits.Whole()]


@dataclass(frozen=True, slots=True)
class Plan:
    """How the subscriber pays; the last three matter for `fixed` only. `settlement_month` is 1 to 12."""

    kind: PlanKind
    fixed_amount: Annotated[Money, limits.Whole(0)] | None = None
    settlement_month: Annotated[int, limits.Whole(1, 12)] | None = None
    running_difference: Annotated[Money, limits.Whole()] | None = None


@dataclass(frozen=True, slots=True)
class HistoryMonth:
    """One month of the past; `month` as YYYY-MM, `amount` with VAT."""

    month: Annotated[str, limits.Form("^[0-9]{4}-[0-9]{2}$")]
    kwh: limits.Count
    amount: Annotated[Money, limits.Whole()]


@dataclass(frozen=True, slots=True)
class Sadad:
    """How to pay through SADAD: biller code and the number to enter there."""

    biller: Annotated[str, limits.Token(1000, shortest=0)]
    number: Annotated[str, limits.Token(1000, shortest=0)] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bill:
    """An issued e-bill, whole. The figures are the biller's and are never corrected here."""

    status: Status
    account: Account
    bill_id: Annotated[str, limits.Token(40)]
    invoice_number: Annotated[str, limits.Token(40)]
    document_type: DocumentType
    issue_at: Annotated[datetime, limits.Moment()]
    due_date: limits.CalendarDay | None
    currency: Annotated[str, limits.Form("^SAR$")]
    seller: Seller
    period: Period
    meters: tuple[Meter, ...]
    kwh_total: limits.Count
    tariff_id: Annotated[str, limits.Token(60)]
    tiers: tuple[Tier, ...]
    charges: Charges
    vat: tuple[VatLine, ...]
    current_total: Annotated[Money, limits.Whole()]
    previous_balance: Annotated[Money, limits.Whole()]
    payments_received: Annotated[Money, limits.Whole(0)]
    adjustments: tuple[Adjustment, ...]
    amount_due: Annotated[Money, limits.Whole(0)]
    credit: Annotated[Money, limits.Whole(0)]
    plan: Plan
    history: Annotated[tuple[HistoryMonth, ...], limits.Rows(13)]
    sadad: Sadad
    invoice_uuid: limits.Uuid | None = None
    issue_hijri: limits.HijriDate | None = None
    disconnection_date: limits.CalendarDay | None = None
    qr: limits.TaxQrText | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NotIssued:
    """The answer for a known account whose bill of this month is not out yet."""

    account: Account


Document = Bill | NotIssued


class Source(StrEnum):
    """Where a shown document came from."""

    LIVE = "live"
    STORED = "stored"


@dataclass(frozen=True, slots=True)
class CurrentBill:
    """A document to show: since when it is right (`as_of`, UTC), where from, and the service's app link.

    `link` is the short-lived https address the service sent beside a live answer, unchecked; None when
    there was none or the document is stored.
    """

    bill: Document
    as_of: datetime
    source: Source
    link: str | None = field(default=None, repr=False)
