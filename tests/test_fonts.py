"""Every language has a face that is here, is the file it was, and draws its letters as tall as the others."""

from __future__ import annotations

import pytest

from kiosk.fonts import FACES, covers, font, missing

SCREEN = sorted(language for medium, language in FACES if medium == "screen")
WEIGHTS = (400, 500, 600, 700)

SAMPLES = {
    "ar": "المبلغ المستحق ٠١٢٣٤٥٦٧٨٩ ٫ ٬",
    "ur": "واجب الادا رقم ٹ ڈ ڑ ں ے ۔ ۰۱۲۳۴۵۶۷۸۹ ٫ ٬",
    "hi": "बिल की राशि ज़ड़ढ़ क्षत्रज्ञश्र । ०१२३४५६७८९",
    "bn": "বিলের পরিমাণ ড়ঢ়য় ক্ষত্রজ্ঞশ্র । ০১২৩৪৫৬৭৮৯",
    "en": "Amount due",
    "fil": "Halagang babayaran ñ",
}


@pytest.mark.parametrize("language", SCREEN)
@pytest.mark.parametrize("weight", WEIGHTS)
def test_each_weight_draws_its_script_and_the_latin_and_figures_among_it(language: str, weight: int) -> None:
    face = font(language, weight, 20)
    assert missing(SAMPLES[language] + " SADAD SEC kWh 0123456789 1,797.11 15% -*/:()", face) == ""


@pytest.mark.parametrize("language", SCREEN)
def test_a_capital_is_no_lower_than_in_the_first_face_at_the_same_size(language: str) -> None:
    def capital(code: str) -> int:
        return -int(font(code, 400, 400).getbbox("I", anchor="ls")[1])

    assert capital("ar") - 1 <= capital(language) <= capital("ar") * 1.03


@pytest.mark.parametrize("language", SCREEN)
def test_weights_differ_and_grow(language: str) -> None:
    ink = [sum(font(language, weight, 60).getmask("H").histogram()[128:]) for weight in WEIGHTS]
    assert ink == sorted(ink)
    assert len(set(ink)) == len(WEIGHTS)


def test_a_script_that_a_face_does_not_have_is_named_letter_by_letter() -> None:
    assert missing("SEC বাবা", font("ar", 400, 20)) == "ব\N{BENGALI VOWEL SIGN AA}"
    assert not covers("हिन्दी", font("en", 400, 20))
