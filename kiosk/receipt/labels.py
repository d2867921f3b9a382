"""The words on a receipt, each in every language the terminal speaks.

Paper carries two: the subscriber's first, Arabic beside it, and English beside Arabic. They are the words of the
screens (the glossaries of the catalogues), shortened where a line of paper is.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from kiosk.model import DocumentType, ReadingKind, Status
from kiosk.typography import is_rtl, iso


@dataclass(frozen=True, slots=True)
class Say:
    """The same words in the languages of the paper; what came with a bill is there in Arabic and English only."""

    ar: str
    en: str
    ur: str = ""
    hi: str = ""
    bn: str = ""
    fil: str = ""

    def of(self, language: str) -> str:
        """The words in `language`; where it has none, in the one of Arabic and English that reads the same way."""
        return getattr(self, language, "") or (self.ar if is_rtl(language) else self.en)


LANGUAGES = tuple(field.name for field in fields(Say))
"""The languages a receipt can be in."""

DEMO = Say("عرض تجريبي", "DEMO", "ڈیمو", "डेमो", "ডেমো", "DEMO")
BILL_COPY = Say("نسخة الفاتورة", "Bill copy", "بل کی نقل", "बिल की कॉपी", "বিলের কপি", "Kopya ng bill")
NOT_PROOF = Say(
    "ليس إثباتًا للسداد",
    "Not proof of payment",
    "ادائیگی کا ثبوت نہیں",
    "भुगतान का सबूत नहीं",
    "পরিশোধের প্রমাণ নয়",
    "Hindi patunay ng bayad",
)
COPY = Say("نسخة", "COPY", "نقل", "कॉपी", "কপি", "KOPYA")

DOCUMENTS = {
    DocumentType.SIMPLIFIED_TAX_INVOICE: Say(
        "فاتورة ضريبية مبسطة",
        "Simplified tax invoice",
        "سادہ ٹیکس بل",
        "सरल टैक्स बिल",
        "সরল কর বিল",
        "Simpleng tax bill",
    ),
    DocumentType.TAX_INVOICE: Say("فاتورة ضريبية", "Tax invoice", "ٹیکس بل", "टैक्स बिल", "কর বিল", "Tax bill"),
    DocumentType.CREDIT_NOTE: Say(
        "إشعار دائن", "Credit note", "کریڈٹ نوٹ", "क्रेडिट नोट", "ক্রেডিট নোট", "Credit note"
    ),
    DocumentType.DEBIT_NOTE: Say("إشعار مدين", "Debit note", "ڈیبٹ نوٹ", "डेबिट नोट", "ডেবিট নোট", "Debit note"),
}
# That an issued bill waits to be paid is said by its amount.
STATUSES = {
    Status.PARTLY_PAID: Say(
        "مسددة جزئيًا", "Partly paid", "کچھ ادا ہوا", "कुछ भुगतान हुआ", "আংশিক পরিশোধ", "May bayad na"
    ),
    Status.PAID: Say(
        "مسددة حسب سجل الشركة",
        "Paid, as recorded",
        "کمپنی کے ریکارڈ میں ادا",
        "कंपनी के रिकॉर्ड में चुकता",
        "কোম্পানির হিসাবে পরিশোধিত",
        "Bayad na ayon sa rekord",
    ),
    Status.SUPERSEDED: Say(
        "حلّت محلها فاتورة أحدث",
        "Replaced by a newer bill",
        "نیا بل آ چکا ہے",
        "नया बिल आ चुका है",
        "নতুন বিল এসেছে",
        "May mas bagong bill",
    ),
}
READINGS = {
    ReadingKind.ESTIMATED: Say(
        "قراءة تقديرية",
        "Estimated reading",
        "تخمینی ریڈنگ",
        "अनुमानित रीडिंग",
        "আনুমানিক রিডিং",
        "Tantiyang reading",
    ),
    ReadingKind.CUSTOMER: Say(
        "قراءة المشترك",
        "Subscriber's reading",
        "صارف کی ریڈنگ",
        "उपभोक्ता की रीडिंग",
        "গ্রাহকের রিডিং",
        "Reading ng subscriber",
    ),
}

# The letterhead stands in Arabic and English on every receipt: a printer may keep it in its memory.
VAT_NUMBER = Say("الرقم الضريبي", "VAT")
CR_NUMBER = Say("السجل التجاري", "CR")
BUYER_VAT = Say(
    "الرقم الضريبي للمشترك",
    "Buyer's VAT no.",
    "صارف کا ٹیکس نمبر",
    "उपभोक्ता का वैट नंबर",
    "গ্রাহকের ভ্যাট নম্বর",
    "VAT no. ng buyer",
)

AMOUNT_DUE = Say("المبلغ المستحق", "Amount due", "واجب الادا رقم", "देय राशि", "প্রদেয় অর্থ", "Halagang babayaran")
CREDIT = Say("رصيد لصالحك", "Credit", "آپ کی جمع رقم", "आपका जमा बैलेंस", "আপনার জমা", "Credit ninyo")
CREDITED = Say(
    "المبلغ المقيّد لصالحك",
    "Credited to you",
    "آپ کو ملنے والی رقم",
    "आपको मिली राशि",
    "আপনার নামে জমা",
    "Na-credit sa inyo",
)
NOTHING_DUE = Say(
    "لا يوجد مبلغ مستحق",
    "Nothing to pay",
    "کچھ ادا نہیں کرنا",
    "कुछ देना नहीं है",
    "কোনো টাকা বাকি নেই",
    "Walang babayaran",
)
DO_NOT_PAY = Say(
    "لا تسدد مبلغ هذه الفاتورة",
    "Do not pay the amount of this bill",
    "اس بل کی رقم ادا نہ کریں",
    "इस बिल की राशि न चुकाएँ",
    "এই বিলের অর্থ পরিশোধ করবেন না",
    "Huwag bayaran ang bill na ito",
)
DUE_DATE = Say("تاريخ الاستحقاق", "Due date", "آخری تاریخ", "आखिरी तारीख", "শেষ তারিখ", "Due date")
DISCONNECTION = Say(
    "تاريخ الفصل",
    "Disconnection date",
    "بجلی کاٹنے کی تاریخ",
    "बिजली काटने की तारीख",
    "সংযোগ কাটার তারিখ",
    "Petsa ng putol",
)

ACCOUNT = Say("رقم الحساب", "Account number", "اکاؤنٹ نمبر", "अकाउंट नंबर", "অ্যাকাউন্ট নম্বর", "Account number")
SUBSCRIBER = Say("اسم المشترك", "Subscriber", "صارف", "उपभोक्ता", "গ্রাহক", "Subscriber")
ADDRESS = Say("العنوان", "Address", "پتہ", "पता", "ঠিকানা", "Address")
PREMISE = Say("رقم الموقع", "Premise", "جگہ کا نمبر", "जगह का नंबर", "স্থানের নম্বর", "Premise")
INVOICE = Say("رقم الفاتورة", "Bill number", "بل نمبر", "बिल नंबर", "বিল নম্বর", "Bill number")
ISSUED = Say(
    "تاريخ الإصدار", "Issue date", "جاری ہونے کی تاریخ", "जारी होने की तारीख", "বিলের তারিখ", "Petsa ng bill"
)
HIJRI = Say("الموافق هجريًا", "Hijri date", "ہجری تاریخ", "हिजरी तारीख", "হিজরি তারিখ", "Petsang Hijri")
PERIOD = Say("فترة الفاتورة", "Billing period", "بل کی مدت", "बिल की अवधि", "বিলের সময়কাল", "Billing period")
DAYS = Say("عدد الأيام", "Days", "دنوں کی تعداد", "दिनों की संख्या", "কত দিন", "Bilang ng araw")
STATUS = Say("حالة الفاتورة", "Status", "بل کی حالت", "बिल की स्थिति", "বিলের অবস্থা", "Status")
ERA = Say("هـ", "AH", "ھ", "हिजरी", "হিজরি", "AH")
AS_OF = Say("حتى تاريخ", "As of", "اس وقت تک", "इस समय तक", "এই সময় পর্যন্ত", "Hanggang")
STORED = Say(
    "آخر فاتورة محفوظة",
    "Last stored bill",
    "آخری محفوظ بل",
    "आखिरी सहेजा हुआ बिल",
    "শেষ সংরক্ষিত বিল",
    "Huling naka-save na bill",
)

CONSUMPTION = Say("كمية الاستهلاك", "Consumption", "بجلی کا استعمال", "बिजली की खपत", "বিদ্যুৎ ব্যবহার", "Konsumo")
METER = Say("رقم العداد", "Meter number", "میٹر نمبر", "मीटर नंबर", "মিটার নম্বর", "Meter number")
PREVIOUS_READING = Say(
    "القراءة السابقة", "Previous reading", "پچھلی ریڈنگ", "पिछली रीडिंग", "আগের রিডিং", "Nakaraang reading"
)
CURRENT_READING = Say(
    "القراءة الحالية",
    "Current reading",
    "موجودہ ریڈنگ",
    "मौजूदा रीडिंग",
    "বর্তমান রিডিং",
    "Kasalukuyang reading",
)
FACTOR = Say("معامل الضرب", "Multiplication factor", "ضارب", "गुणक", "গুণক", "Multiplier")
BREAKER = Say("القاطع", "Breaker", "بریکر", "ब्रेकर", "ব্রেকার", "Breaker")

CHARGES = Say(
    "التفاصيل بالريال",
    "Charges in SAR",
    "رقم کی تفصیل، ریال میں",
    "राशि का विवरण, रियाल में",
    "হিসাব, রিয়ালে",
    "Detalye, sa riyal",
)
ENERGY = Say("قيمة الاستهلاك", "Energy", "بجلی کی قیمت", "बिजली का मूल्य", "বিদ্যুতের দাম", "Kuryente")
METER_FEE = Say(
    "رسوم خدمة العداد",
    "Meter service fee",
    "میٹر سروس فیس",
    "मीटर सेवा शुल्क",
    "মিটার সার্ভিস ফি",
    "Meter service fee",
)
TAXABLE = Say(
    "الخاضع للضريبة",
    "Taxable amount",
    "قابل ٹیکس رقم",
    "कर योग्य राशि",
    "করযোগ্য অর্থ",
    "Halagang may buwis",
)
CURRENT_TOTAL = Say(
    "الإجمالي شامل الضريبة",
    "Total with VAT",
    "ٹیکس سمیت کل",
    "वैट सहित कुल",
    "ভ্যাটসহ মোট",
    "Kabuuan na may VAT",
)
PREVIOUS_BALANCE = Say(
    "رصيد سابق", "Previous balance", "سابقہ بیلنس", "पिछला बैलेंस", "আগের ব্যালেন্স", "Nakaraang balanse"
)
PAYMENTS = Say(
    "مدفوعات مستلمة",
    "Payments received",
    "وصول شدہ ادائیگیاں",
    "मिले हुए भुगतान",
    "পাওয়া পরিশোধ",
    "Natanggap na bayad",
)
FIXED_PLAN = Say(
    "قسط الفاتورة الثابتة",
    "Fixed bill",
    "مقررہ بل کی قسط",
    "तय बिल की किस्त",
    "নির্দিষ্ট বিলের কিস্তি",
    "Hulog sa fixed plan",
)
RUNNING_DIFFERENCE = Say(
    "الفرق المتراكم", "Running difference", "جمع شدہ فرق", "जमा हुआ अंतर", "জমে থাকা পার্থক্য", "Naipong diperensiya"
)
SETTLEMENT = Say(
    "شهر التسوية", "Settlement month", "حساب کا مہینہ", "हिसाब का महीना", "হিসাবের মাস", "Buwan ng pagtutuos"
)

HISTORY = Say(
    "الاستهلاك في 13 شهرًا (ك.و.س)",
    "13 months (kWh)",
    "13 مہینوں کے یونٹ",
    "13 महीनों के यूनिट",
    "13 মাসের ইউনিট",
    "13 buwan (kWh)",
)

TAX_QR = Say("الرمز الضريبي", "Tax QR code", "ٹیکس کا کوڈ", "टैक्स का कोड", "করের কোড", "Tax QR code")
APP_QR = Say("افتحها في التطبيق", "Open it in the app", "ایپ میں کھولیں", "ऐप में खोलें", "অ্যাপে খুলুন", "Buksan sa app")
APP_PAY = Say(
    "افتحها وسددها في التطبيق",
    "Open and pay in the app",
    "ایپ میں کھولیں اور ادا کریں",
    "ऐप में खोलें और चुकाएँ",
    "অ্যাপে খুলে পরিশোধ করুন",
    "Buksan at bayaran sa app",
)

NOT_ISSUED = Say(
    "لم تصدر فاتورة هذا الشهر بعد",
    "This month's bill is not issued yet",
    "اس مہینے کا بل ابھی جاری نہیں ہوا",
    "इस महीने का बिल अभी जारी नहीं हुआ है",
    "এই মাসের বিল এখনও আসেনি",
    "Wala pa ang bill ng buwang ito",
)
ISSUE_DAY = Say(
    "تصدر الفواتير في اليوم 28 من كل شهر",
    "Bills are issued on the 28th of each month",
    "بل ہر مہینے کی 28 تاریخ کو جاری ہوتے ہیں",
    "बिल हर महीने की 28 तारीख को जारी होते हैं",
    "বিল প্রতি মাসের 28 তারিখে আসে",
    "Lumalabas ang bill tuwing ika-28 ng buwan",
)

RECEIPT = Say("الإيصال والجهاز", "Receipt, terminal", "رسید، مشین", "रसीद, मशीन", "রসিদ, মেশিন", "Resibo, makina")
PRINTED = Say("وقت الطباعة", "Printed at", "پرنٹ کا وقت", "प्रिंट का समय", "প্রিন্টের সময়", "Oras ng print")
CALL_CENTRE = Say("مركز خدمة المشتركين", "Call centre", "کال سینٹر", "कॉल सेंटर", "কল সেন্টার", "Call center")


def tier(n: int, kwh: str, rate: str) -> Say:
    """A tier's line: how much of it was used and what a kilowatt-hour costs in it, in riyals.

    Beside Arabic the other language says that, whichever it is.
    """
    used = f"{kwh} x {rate}"
    return Say(
        f"الشريحة {n}",
        f"Tier {n}: {used}",
        f"سلیب {n}: {iso(used)}",
        f"स्लैब {n}: {used}",
        f"ধাপ {n}: {used}",
        f"Antas {n}: {used}",
    )


def vat(rate: str) -> Say:
    """The line of VAT; the rate in per cent stands once, in figures that both languages share."""
    return Say(
        "ضريبة القيمة المضافة",
        f"VAT {rate}%",
        f"ویلیو ایڈڈ ٹیکس {rate} فیصد",
        f"वैट {rate}%",
        f"ভ্যাট {rate}%",
        f"VAT {rate}%",
    )


def sadad(biller: str) -> Say:
    """The way to pay, through SADAD; the account number follows."""
    return Say(
        f"السداد عبر سداد {biller}",
        f"Pay: SADAD {biller}",
        f"سداد سے ادائیگی {biller}",
        f"SADAD {biller} से भुगतान",
        f"SADAD {biller} দিয়ে পরিশোধ",
        f"Bayad: SADAD {biller}",
    )
