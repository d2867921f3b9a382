import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.words import LARGEST, money

ARABIC = [
    (0, "صفر ريال"),
    (1_00, "ريال واحد"),
    (2_00, "ريالان"),
    (3_00, "ثلاثة ريالات"),
    (8_00, "ثمانية ريالات"),
    (10_00, "عشرة ريالات"),
    (11_00, "أحد عشر ريالًا"),
    (12_00, "اثنا عشر ريالًا"),
    (13_00, "ثلاثة عشر ريالًا"),
    (18_00, "ثمانية عشر ريالًا"),
    (20_00, "عشرون ريالًا"),
    (21_00, "واحد وعشرون ريالًا"),
    (22_00, "اثنان وعشرون ريالًا"),
    (28_00, "ثمانية وعشرون ريالًا"),
    (99_00, "تسعة وتسعون ريالًا"),
    (100_00, "مئة ريال"),
    (101_00, "مئة ريال وريال واحد"),
    (102_00, "مئة ريال وريالان"),
    (103_00, "مئة وثلاثة ريالات"),
    (111_00, "مئة وأحد عشر ريالًا"),
    (200_00, "مئتا ريال"),
    (202_00, "مئتا ريال وريالان"),
    (250_00, "مئتان وخمسون ريالًا"),
    (300_00, "ثلاثمئة ريال"),
    (811_00, "ثمانمئة وأحد عشر ريالًا"),
    (1_000_00, "ألف ريال"),
    (1_001_00, "ألف ريال وريال واحد"),
    (1_003_00, "ألف وثلاثة ريالات"),
    (1_100_00, "ألف ومئة ريال"),
    (1_200_00, "ألف ومئتا ريال"),
    (1_797_11, "ألف وسبعمئة وسبعة وتسعون ريالًا وإحدى عشرة هللة"),
    (2_000_00, "ألفا ريال"),
    (2_250_00, "ألفان ومئتان وخمسون ريالًا"),
    (3_000_00, "ثلاثة آلاف ريال"),
    (4_338_71, "أربعة آلاف وثلاثمئة وثمانية وثلاثون ريالًا وإحدى وسبعون هللة"),
    (10_000_00, "عشرة آلاف ريال"),
    (11_000_00, "أحد عشر ألف ريال"),
    (11_797_00, "أحد عشر ألفًا وسبعمئة وسبعة وتسعون ريالًا"),
    (22_000_00, "اثنان وعشرون ألف ريال"),
    (100_000_00, "مئة ألف ريال"),
    (102_000_00, "مئة ألف وألفا ريال"),
    (103_000_00, "مئة وثلاثة آلاف ريال"),
    (200_000_00, "مئتا ألف ريال"),
    (200_500_00, "مئتا ألف وخمسمئة ريال"),
    (999_999_99, "تسعمئة وتسعة وتسعون ألفًا وتسعمئة وتسعة وتسعون ريالًا وتسع وتسعون هللة"),
    (1_000_000_00, "مليون ريال"),
    (2_000_000_00, "مليونا ريال"),
    (2_000_200_00, "مليونان ومئتا ريال"),
    (3_000_000_00, "ثلاثة ملايين ريال"),
    (11_000_500_00, "أحد عشر مليونًا وخمسمئة ريال"),
    (1, "هللة واحدة"),
    (2, "هللتان"),
    (3, "ثلاث هللات"),
    (8, "ثماني هللات"),
    (10, "عشر هللات"),
    (11, "إحدى عشرة هللة"),
    (12, "اثنتا عشرة هللة"),
    (18, "ثماني عشرة هللة"),
    (20, "عشرون هللة"),
    (21, "إحدى وعشرون هللة"),
    (22, "اثنتان وعشرون هللة"),
    (28, "ثمانٍ وعشرون هللة"),
    (244_86, "مئتان وأربعة وأربعون ريالًا وست وثمانون هللة"),
    (11_50, "أحد عشر ريالًا وخمسون هللة"),
    (1_01, "ريال واحد وهللة واحدة"),
]

ENGLISH = [
    (0, "zero riyals"),
    (1, "one halala"),
    (50, "fifty halalas"),
    (1_00, "one riyal"),
    (2_02, "two riyals and two halalas"),
    (19_21, "nineteen riyals and twenty-one halalas"),
    (100_00, "one hundred riyals"),
    (101_00, "one hundred and one riyals"),
    (1_001_00, "one thousand and one riyals"),
    (1_797_11, "one thousand seven hundred and ninety-seven riyals and eleven halalas"),
    (20_000_00, "twenty thousand riyals"),
    (
        123_456_78,
        "one hundred and twenty-three thousand four hundred and fifty-six riyals and seventy-eight halalas",
    ),
    (1_000_000_00, "one million riyals"),
]


@pytest.mark.parametrize(("amount", "text"), ARABIC)
def test_arabic_amounts_follow_the_grammar(amount, text):
    assert money(amount, "ar") == text


@pytest.mark.parametrize(("amount", "text"), ENGLISH)
def test_english_amounts_read_naturally(amount, text):
    assert money(amount, "en") == text


@pytest.mark.parametrize("amount", [-1, LARGEST + 1])
def test_an_amount_that_cannot_be_spelled_is_refused(amount):
    with pytest.raises(ValueError, match="only amounts"):
        money(amount, "ar")


def test_a_language_without_words_is_refused():
    with pytest.raises(KeyError):
        money(100, "fr")


ONES = ("واحد", "ريالان", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة", "عشرة")
TENS = ("عشرون", "ثلاثون", "أربعون", "خمسون", "ستون", "سبعون", "ثمانون", "تسعون")
HUNDREDS = ("مئة", "مئتان", "ثلاثمئة", "أربعمئة", "خمسمئة", "ستمئة", "سبعمئة", "ثمانمئة", "تسعمئة")
UNITS = dict(zip(ONES, range(1, 11), strict=True)) | dict(zip(TENS, range(20, 100, 10), strict=True))
UNITS |= dict(zip(HUNDREDS, range(100, 1000, 100), strict=True)) | {"مئتا": 200}
UNITS |= {"أحد": 1, "اثنا": 2, "اثنان": 2, "عشر": 10}
SCALES = dict.fromkeys(("ألف", "ألفًا", "آلاف"), 10**3) | dict.fromkeys(("مليون", "مليونًا", "ملايين"), 10**6)
SCALES |= dict.fromkeys(("مليار", "مليارًا", "مليارات"), 10**9)
DUALS = {"ألفان": 2000, "ألفا": 2000, "مليونان": 2 * 10**6, "مليونا": 2 * 10**6}
DUALS |= {"ملياران": 2 * 10**9, "مليارا": 2 * 10**9}


def bare(word):
    """The word without a leading "and"."""
    return word if word == "واحد" else word.removeprefix("و")


def arabic_riyals(text):
    """Read a number of riyals back, by a way that shares nothing with the speller."""
    total = group = 0
    for word in map(bare, text.split()):
        if word in SCALES:
            total += (group or 1) * SCALES[word]
            group = 0
        elif word in DUALS:
            total += DUALS[word]
        elif word in UNITS:
            group += UNITS[word]
        else:
            assert word in ("ريال", "ريالًا", "ريالات", "صفر"), word
    return total + group


@settings(max_examples=500, deadline=None)
@given(st.integers(0, LARGEST // 100) | st.integers(0, 10**6))
def test_arabic_words_read_back_as_the_amount(riyals):
    assert arabic_riyals(money(riyals * 100, "ar")) == riyals


@settings(max_examples=200, deadline=None)
@given(st.integers(1, LARGEST // 100), st.integers(1, 99), st.sampled_from([("ar", " و"), ("en", " and ")]))
def test_halalas_follow_the_riyals(riyals, halalas, joined):
    language, joint = joined
    whole = money(riyals * 100 + halalas, language)
    assert whole == money(riyals * 100, language) + joint + money(halalas, language)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, LARGEST // 100))
def test_the_noun_agrees_with_the_last_two_digits(riyals):
    nouns = {0: "ريال", 1: "واحد", 2: "ريالان", **dict.fromkeys(range(3, 11), "ريالات")}
    assert bare(money(riyals * 100, "ar").split()[-1]) == nouns.get(riyals % 100, "ريالًا")


def test_no_two_amounts_have_the_same_words():
    for language in ("ar", "en"):
        amounts = [*range(2_500), *range(2_500, 2_500_000, 997)]
        assert len({money(a, language) for a in amounts}) == len(amounts)
