"""The words on a receipt, each in Arabic and English: paper carries both, the subscriber's language first."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.model import DocumentType, ReadingKind, Status


@dataclass(frozen=True, slots=True)
class Say:
    """The same words in both languages of the paper."""

    ar: str
    en: str

    def of(self, language: str) -> str:
        """The words in `language`; every language but Arabic gets the English ones."""
        return self.ar if language == "ar" else self.en


DEMO = Say("عرض تجريبي", "DEMO")
BILL_COPY = Say("نسخة الفاتورة", "Bill copy")
NOT_PROOF = Say("ليس إثباتًا للسداد", "Not proof of payment")
COPY = Say("نسخة", "COPY")

DOCUMENTS = {
    DocumentType.SIMPLIFIED_TAX_INVOICE: Say("فاتورة ضريبية مبسطة", "Simplified tax invoice"),
    DocumentType.TAX_INVOICE: Say("فاتورة ضريبية", "Tax invoice"),
    DocumentType.CREDIT_NOTE: Say("إشعار دائن", "Credit note"),
    DocumentType.DEBIT_NOTE: Say("إشعار مدين", "Debit note"),
}
# That an issued bill waits to be paid is said by its amount.
STATUSES = {
    Status.PARTLY_PAID: Say("مسددة جزئيًا", "Partly paid"),
    Status.PAID: Say("مسددة حسب سجل الشركة", "Paid, as recorded"),
    Status.SUPERSEDED: Say("حلّت محلها فاتورة أحدث", "Replaced by a newer bill"),
}
READINGS = {
    ReadingKind.ESTIMATED: Say("قراءة تقديرية", "Estimated reading"),
    ReadingKind.CUSTOMER: Say("قراءة المشترك", "Subscriber's reading"),
}

VAT_NUMBER = Say("الرقم الضريبي", "VAT number")
CR_NUMBER = Say("السجل التجاري", "CR number")
BUYER_VAT = Say("الرقم الضريبي للمشترك", "Buyer's VAT no.")

AMOUNT_DUE = Say("المبلغ المستحق", "Amount due")
CREDIT = Say("رصيد لصالحك", "Credit")
CREDITED = Say("المبلغ المقيّد لصالحك", "Credited to you")
NOTHING_DUE = Say("لا يوجد مبلغ مستحق", "Nothing to pay")
DO_NOT_PAY = Say("لا تسدد مبلغ هذه الفاتورة", "Do not pay the amount of this bill")
DUE_DATE = Say("تاريخ الاستحقاق", "Due date")
DISCONNECTION = Say("تاريخ الفصل", "Disconnection date")

ACCOUNT = Say("رقم الحساب", "Account number")
SUBSCRIBER = Say("اسم المشترك", "Subscriber")
ADDRESS = Say("العنوان", "Address")
PREMISE = Say("رقم الموقع", "Premise")
INVOICE = Say("رقم الفاتورة", "Bill number")
ISSUED = Say("تاريخ الإصدار", "Issue date")
HIJRI = Say("الموافق هجريًا", "Hijri date")
PERIOD = Say("فترة الفاتورة", "Billing period")
DAYS = Say("عدد الأيام", "Days")
STATUS = Say("حالة الفاتورة", "Status")
ERA = Say("هـ", "AH")
AS_OF = Say("حتى تاريخ", "As of")
STORED = Say("آخر فاتورة محفوظة", "Last stored bill")

CONSUMPTION = Say("كمية الاستهلاك", "Consumption")
METER = Say("رقم العداد", "Meter number")
PREVIOUS_READING = Say("القراءة السابقة", "Previous reading")
CURRENT_READING = Say("القراءة الحالية", "Current reading")
FACTOR = Say("معامل الضرب", "Multiplication factor")
BREAKER = Say("القاطع", "Breaker")

CHARGES = Say("التفاصيل بالريال", "Charges in SAR")
ENERGY = Say("قيمة الاستهلاك", "Energy")
METER_FEE = Say("رسوم خدمة العداد", "Meter service fee")
TAXABLE = Say("الخاضع للضريبة", "Taxable amount")
CURRENT_TOTAL = Say("الإجمالي شامل الضريبة", "Total with VAT")
PREVIOUS_BALANCE = Say("رصيد سابق", "Previous balance")
PAYMENTS = Say("مدفوعات مستلمة", "Payments received")
FIXED_PLAN = Say("قسط الفاتورة الثابتة", "Fixed bill")
RUNNING_DIFFERENCE = Say("الفرق المتراكم", "Running difference")
SETTLEMENT = Say("شهر التسوية", "Settlement month")

HISTORY = Say("الاستهلاك في 13 شهرًا (ك.و.س)", "13 months (kWh)")

PAY = Say("طريقة السداد", "How to pay")

TAX_QR = Say("الرمز الضريبي", "Tax QR code")
APP_QR = Say("افتحها في التطبيق", "Open it in the app")

NOT_ISSUED = Say("لم تصدر فاتورة هذا الشهر بعد", "This month's bill is not issued yet")
ISSUE_DAY = Say("تصدر الفواتير في اليوم 28 من كل شهر", "Bills are issued on the 28th of each month")

RECEIPT = Say("الإيصال والجهاز", "Receipt, terminal")
PRINTED = Say("وقت الطباعة", "Printed at")
CALL_CENTRE = Say("مركز خدمة المشتركين", "Call centre")


def tier(n: int, kwh: str, rate: str) -> Say:
    """A tier's line: how much of it was used and what a kilowatt-hour costs in it, in riyals."""
    return Say(f"الشريحة {n}", f"Tier {n}: {kwh} x {rate}")


def vat(rate: str) -> Say:
    """The line of VAT; the rate in per cent stands once, in figures that both languages share."""
    return Say("ضريبة القيمة المضافة", f"VAT {rate}%")


def sadad(biller: str) -> Say:
    """The way through SADAD; the account number follows."""
    return Say(f"سداد {biller}", f"SADAD biller {biller}")
