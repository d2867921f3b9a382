"""What the terminal says: complete in every language, isolated, in words people use, and drawable."""

from __future__ import annotations

import re
import string
import unicodedata
from datetime import UTC, date, datetime

import pytest

from kiosk.fonts import font, missing
from kiosk.i18n import OWN_NAMES, PLURAL_FORMS, Catalogue, plural_form
from kiosk.model import Money
from kiosk.typography import iso

AR, EN = Catalogue.load("ar"), Catalogue.load("en")
BOTH = pytest.mark.parametrize("catalogue", [AR, EN], ids=["ar", "en"])

GLOSSARY = {
    "common.call": ("مركز خدمة المشتركين", "call centre"),
    "keypad.title": ("رقم الحساب", "account number"),
    "bill.amount_due": ("المبلغ المستحق", "amount due"),
    "bill.due_date": ("تاريخ الاستحقاق", "due date"),
    "bill.credit": ("رصيد لصالحك", "credit"),
    "bill.fact.period": ("فترة الفاتورة", "billing period"),
    "bill.fact.consumption": ("كمية الاستهلاك", "consumption"),
    "bill.reading.previous": ("القراءة السابقة", "previous reading"),
    "bill.reading.current": ("القراءة الحالية", "current reading"),
    "bill.reading.factor": ("معامل الضرب", "multiplication factor"),
    "bill.reading.breaker": ("القاطع", "breaker"),
    "bill.tier.name": ("الشريحة", "tier"),
    "bill.line.meter_fee": ("رسوم خدمة العداد", "meter service fee"),
    "bill.line.vat": ("ضريبة القيمة المضافة", "vat"),
    "bill.line.previous_balance": ("رصيد سابق", "previous balance"),
    "bill.note.estimated": ("قراءة تقديرية", "estimated reading"),
    "bill.note.not_proof": ("ليس إثباتًا للسداد", "not proof of payment"),
    "bill.age.recent": ("آخر فاتورة محفوظة، حتى تاريخ", "last stored bill, as of"),
    "bill.print": ("اطبع الإيصال", "print receipt"),
    "take_receipt.title": ("خذ الإيصال", "take your receipt"),
    "common.finish": ("إنهاء", "finish"),
    "still_there.title": ("هل ما زلت هنا؟", "still there?"),
    "out_of_service.title": ("خارج الخدمة", "out of service"),
    "card.title": ("مرّر البطاقة", "present your card"),
}


def sentences(catalogue: Catalogue) -> list[tuple[str, str]]:
    """Every sentence with its key; a plural's forms as `key/form`."""
    flat: list[tuple[str, str]] = []
    for key, entry in catalogue.entries.items():
        flat += [(key, entry)] if isinstance(entry, str) else [(f"{key}/{form}", t) for form, t in entry.items()]
    return flat


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_language_says_the_same_things_with_the_same_placeholders() -> None:
    def shape(catalogue: Catalogue) -> dict[str, set[str]]:
        return {
            key: placeholders(entry if isinstance(entry, str) else entry["other"])
            for key, entry in catalogue.entries.items()
        }

    assert shape(AR) == shape(EN)


@BOTH
def test_plural_sentences_have_the_forms_their_language_needs(catalogue: Catalogue) -> None:
    needed = {plural_form(catalogue.language, n) for n in range(200)}
    for key, entry in catalogue.entries.items():
        if not isinstance(entry, str):
            assert needed <= set(entry), key
            assert set(entry) <= set(PLURAL_FORMS), key


@BOTH
def test_every_placeholder_comes_out_isolated(catalogue: Catalogue) -> None:
    for key, entry in catalogue.entries.items():
        if key.startswith("date."):
            continue
        if isinstance(entry, str):
            given = {name: f"<{name}>" for name in placeholders(entry)}
            said = catalogue.text(key, **given)
        else:
            given = {name: f"<{name}>" for name in placeholders(entry["other"]) - {"n"}}
            said = catalogue.plural(key, 12, **given)
            given["n"] = "12"
        assert all(iso(value) in said for value in given.values()), key


@BOTH
def test_figures_are_never_written_into_a_sentence(catalogue: Catalogue) -> None:
    assert [key for key, text in sentences(catalogue) if re.search(r"\d", re.sub(r"\{\w+\}", "", text))] == []


@BOTH
def test_the_screen_font_can_draw_every_sentence(catalogue: Catalogue) -> None:
    face = font(catalogue.language, 400, 20)
    assert [key for key, text in sentences(catalogue) if missing(text, face)] == []
    assert not missing(OWN_NAMES[catalogue.language], face)


@BOTH
def test_sentences_use_plain_letters_and_plain_punctuation_only(catalogue: Catalogue) -> None:
    for key, text in sentences(catalogue):
        odd = {c for c in text if unicodedata.category(c)[0] not in "LNZMP" or c in "…–—«»‹›"}
        assert not odd, f"{key}: {odd}"


def test_arabic_carries_no_vowel_marks_but_the_tanween_of_its_spelling() -> None:
    for key, text in sentences(AR):
        marks = {c for c in text.replace("مرّر", "") if unicodedata.category(c) == "Mn"}
        assert marks <= {"\N{ARABIC FATHATAN}"}, key


@pytest.mark.parametrize("key", GLOSSARY)
def test_the_glossary_has_one_word_for_one_thing(key: str) -> None:
    arabic, english = GLOSSARY[key]
    assert arabic in str(AR.entries[key])
    assert english in str(EN.entries[key]).lower()


@pytest.mark.parametrize(
    ("n", "form"),
    [
        (0, "zero"),
        (1, "one"),
        (2, "two"),
        (3, "few"),
        (10, "few"),
        (11, "many"),
        (99, "many"),
        (100, "other"),
        (102, "other"),
        (103, "few"),
        (1797, "many"),
    ],
)
def test_arabic_counts_in_six_forms(n: int, form: str) -> None:
    assert plural_form("ar", n) == form


@pytest.mark.parametrize(
    ("days", "arabic", "english"),
    [
        (0, "آخر موعد اليوم", "due today"),
        (1, "آخر موعد غدًا", "due tomorrow"),
        (2, "خلال يومين", "due in 2 days"),
        (3, "خلال 3 أيام", "due in 3 days"),
        (12, "خلال 12 يومًا", "due in 12 days"),
        (100, "خلال 100 يوم", "due in 100 days"),
        (-1, "متأخرة منذ أمس", "1 day overdue"),
        (-12, "متأخرة منذ 12 يومًا", "12 days overdue"),
    ],
)
def test_a_due_date_is_said_as_a_person_says_it(days: int, arabic: str, english: str) -> None:
    today = date(2026, 9, 15)
    due = date.fromordinal(today.toordinal() + days)
    assert _bare(AR.due(due, today=today)) == arabic
    assert _bare(EN.due(due, today=today)) == english


@pytest.mark.parametrize(
    ("seconds", "arabic", "english"),
    [
        (5, "الآن", "just now"),
        (60, "قبل دقيقة", "1 minute ago"),
        (3 * 3600, "قبل 3 ساعات", "3 hours ago"),
        (30 * 3600, "قبل 30 ساعة", "30 hours ago"),
        (3 * 86400, "قبل 3 أيام", "3 days ago"),
        (-30, "الآن", "just now"),
    ],
)
def test_an_age_is_said_in_the_unit_that_fits(seconds: float, arabic: str, english: str) -> None:
    assert _bare(AR.ago(seconds)) == arabic
    assert _bare(EN.ago(seconds)) == english


@pytest.mark.parametrize(
    ("halalas", "arabic", "english"),
    [
        (0, "0 ريال", "0 riyals"),
        (5, "5 هللات", "5 halalas"),
        (100, "ريال واحد", "1 riyal"),
        (200, "ريالان", "2 riyals"),
        (179711, "1,797 ريالًا و11 هللة", "1,797 riyals and 11 halalas"),
    ],
)
def test_money_is_said_with_its_unit_in_the_right_form(halalas: int, arabic: str, english: str) -> None:
    assert _bare(AR.riyals(Money(halalas))) == arabic
    assert _bare(EN.riyals(Money(halalas))) == english


@pytest.mark.parametrize(
    ("halalas", "figures"), [(0, "0.00"), (5, "0.05"), (179711, "1,797.11"), (-30000, "-300.00"), (-5, "-0.05")]
)
def test_money_in_figures_is_exact(halalas: int, figures: str) -> None:
    assert EN.money(Money(halalas)) == figures


def test_dates_use_the_saudi_month_names_and_the_umm_al_qura_calendar() -> None:
    issued = date(2026, 8, 28)
    assert (AR.date(issued), EN.date(issued)) == ("28 أغسطس 2026", "28 August 2026")
    assert (AR.hijri(issued), EN.hijri(issued)) == ("15 ربيع الأول 1448 هـ", "15 Rabi' al-Awwal 1448 AH")
    assert (AR.month("2026-01"), EN.month_short("2026-01")) == ("يناير 2026", "Jan")


def test_a_day_outside_the_hijri_tables_has_no_hijri_date() -> None:
    assert EN.hijri(date(2300, 1, 1)) == ""


def test_the_time_shown_is_the_time_in_riyadh() -> None:
    assert EN.time(datetime(2026, 8, 28, 22, 5, tzinfo=UTC)) == "01:05"


def test_a_date_inside_an_arabic_sentence_keeps_an_arabic_letter_of_its_own() -> None:
    """An isolate takes its direction from its own first letter, never from an isolate within it."""
    said = AR.text("bill.note.disconnection", date=AR.date(date(2026, 9, 27)))
    assert iso("27 سبتمبر 2026") in said


def test_arabic_indic_figures_are_a_setting_of_the_arabic_screen() -> None:
    indic = Catalogue.load("ar", digits="arabic_indic")
    assert indic.money(Money(179711)) == "١٬٧٩٧٫١١"
    assert indic.date(date(2026, 8, 28)) == "٢٨ أغسطس ٢٠٢٦"
    assert not missing(indic.money(Money(-123456789)), font("ar", 400, 20))
    assert Catalogue.load("en", digits="arabic_indic").money(Money(179711)) == "1,797.11"


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        Catalogue.load("xx")


def _bare(text: str) -> str:
    return re.sub("[\u2066-\u2069]", "", text)
