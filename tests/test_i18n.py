"""Numbers, money, dates and ages as each language writes them."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime

import pytest

from kiosk.i18n import Catalogue, plural_form
from kiosk.model import Money
from kiosk.typography import iso

AR, EN = Catalogue.load("ar"), Catalogue.load("en")


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
    ("language", "one"),
    [
        ("en", {1}),
        ("ur", {1}),
        ("hi", {0, 1}),
        ("bn", {0, 1}),
        ("fil", {0, 1, 2, 3, 5, 7, 8, 10, 11, 12, 13, 15, 17, 18}),
    ],
)
def test_the_other_languages_count_in_two_forms(language: str, one: set[int]) -> None:
    assert {n for n in range(20) if plural_form(language, n) == "one"} == one


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


@pytest.mark.parametrize(
    ("language", "day", "hijri"),
    [
        ("ur", "28 اگست 2026", "15 ربیع الاول 1448 ہجری"),
        ("hi", "28 अगस्त 2026", "15 रबीउल अव्वल 1448 हिजरी"),
        ("bn", "28 আগস্ট 2026", "15 রবিউল আউয়াল 1448 হিজরি"),
        ("fil", "Agosto 28, 2026", "15 Rabi al-Awwal 1448 AH"),
    ],
)
def test_dates_are_written_as_each_language_writes_them(language: str, day: str, hijri: str) -> None:
    words, issued = Catalogue.load(language), date(2026, 8, 28)
    assert (words.date(issued), words.hijri(issued)) == (day, unicodedata.normalize("NFC", hijri))


def test_a_day_outside_the_hijri_tables_has_no_hijri_date() -> None:
    assert EN.hijri(date(2300, 1, 1)) == ""


def test_the_time_shown_is_the_time_in_riyadh() -> None:
    assert EN.time(datetime(2026, 8, 28, 22, 5, tzinfo=UTC)) == "01:05"


def test_a_date_inside_an_arabic_sentence_keeps_an_arabic_letter_of_its_own() -> None:
    """An isolate takes its direction from its own first letter, never from an isolate within it."""
    said = AR.text("bill.note.disconnection", date=AR.date(date(2026, 9, 27)))
    assert iso("27 سبتمبر 2026") in said


def test_arabic_indic_figures_are_a_setting_of_the_arabic_and_the_urdu_screen() -> None:
    def figures(language: str) -> str:
        return Catalogue.load(language, digits="arabic_indic").money(Money(179711))

    assert figures("ar") == "١٬٧٩٧٫١١"
    assert figures("ur") == "۱٬۷۹۷٫۱۱"
    assert {figures(language) for language in ("en", "hi", "bn", "fil")} == {"1,797.11"}
    assert Catalogue.load("ar", digits="arabic_indic").date(date(2026, 8, 28)) == "٢٨ أغسطس ٢٠٢٦"


@pytest.mark.parametrize(
    ("language", "figures"), [("ar", "١٬٧٩٧٫١١"), ("hi", "१,७९७.११"), ("bn", "১,৭৯৭.১১"), ("fil", "1,797.11")]
)
def test_native_figures_are_each_languages_own(language: str, figures: str) -> None:
    assert Catalogue.load(language, digits="native").money(Money(179711)) == figures


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        Catalogue.load("xx")


def _bare(text: str) -> str:
    return re.sub("[\u200e\u2066-\u2069]", "", text)
