"""Numbers, dates and times as a voice reads them, in English and in fully vowelled Arabic."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vowels import bare, unvowelled

from kiosk import words
from kiosk.model import Money
from kiosk.spoken import Figure
from kiosk.spoken.arabic import NOUNS, Case, counted, joined, linked


def same(said: str, expected: str) -> bool:
    """Equal letter by letter, whatever the order in which marks on one letter were typed."""
    return unicodedata.normalize("NFC", said) == unicodedata.normalize("NFC", expected)


@pytest.mark.parametrize(
    ("figures", "how", "english", "arabic"),
    [
        ("0", "day", "zero days", "صِفْرُ يَوْمٍ"),
        ("1", "day", "one day", "يَوْمٌ وَاحِدٌ"),
        ("2", "day", "two days", "يَوْمَانِ"),
        ("3", "day", "three days", "ثَلَاثَةُ أَيَّامٍ"),
        ("8", "second", "eight seconds", "ثَمَانِي ثَوَانٍ"),
        ("11", "day", "eleven days", "أَحَدَ عَشَرَ يَوْمًا"),
        ("12", "minute", "twelve minutes", "اِثْنَتَا عَشْرَةَ دَقِيقَةً"),
        ("31", "day", "thirty-one days", "وَاحِدٌ وَثَلَاثُونَ يَوْمًا"),
        ("100", "day", "one hundred days", "مِئَةُ يَوْمٍ"),
        ("102", "hour", "one hundred and two hours", "مِئَةُ سَاعَةٍ وَسَاعَتَانِ"),
        ("2,000", "riyal", "two thousand riyals", "أَلْفَا رِيَالٍ"),
        (
            "7,639",
            "kilowatt_hour",
            "seven thousand six hundred and thirty-nine kilowatt-hours",
            "سَبْعَةُ آلَافٍ وَسِتُّمِئَةٍ وَتِسْعَةٌ وَثَلَاثُونَ كِيلُووَاط سَاعَة",
        ),
        ("18.5", "halala", "eighteen point five halalas", "ثَمَانِيَةَ عَشَرَ فَاصِلَةٌ خَمْسَةٌ هَلَلَة"),
        ("15%", "percent", "fifteen per cent", "خَمْسَةَ عَشَرَ فِي ٱلْمِئَةِ"),
        ("*******678", "digits", "six, seven, eight", "سِتَّةٌ، سَبْعَةٌ، ثَمَانِيَةٌ"),
        ("9200 0", "digits", "nine, two, zero, zero, zero", "تِسْعَةٌ، اِثْنَانِ، صِفْرٌ، صِفْرٌ، صِفْرٌ"),
        ("12.05", "number", "twelve point zero five", "اِثْنَا عَشَرَ فَاصِلَةٌ صِفْرٌ خَمْسَةٌ"),
        ("14:05", "time", "two oh five in the afternoon", "ٱلسَّاعَةَ ٱلثَّانِيَةَ وَخَمْسَ دَقَائِقَ مَسَاءً"),
        ("09:30", "time", "nine thirty in the morning", "ٱلسَّاعَةَ ٱلتَّاسِعَةَ وَٱلنِّصْفَ صَبَاحًا"),
        ("00:00", "time", "twelve o'clock in the morning", "ٱلسَّاعَةَ ٱلثَّانِيَةَ عَشْرَةَ صَبَاحًا"),
        ("19:15", "time", "seven fifteen in the evening", "ٱلسَّاعَةَ ٱلسَّابِعَةَ وَٱلرُّبْعَ مَسَاءً"),
        ("1", "ordinal", "first", "ٱلْأَوَّلُ"),
        ("12", "ordinal", "twelfth", "ٱلثَّانِيَ عَشَرَ"),
        ("20", "ordinal", "twentieth", "ٱلْعِشْرُونَ"),
        ("31", "ordinal", "thirty-first", "ٱلْحَادِي وَٱلثَّلَاثُونَ"),
        ("2005", "year", "two thousand and five", "أَلْفَانِ وَخَمْسَةٌ"),
        ("1405", "year", "fourteen oh five", "أَلْفٌ وَأَرْبَعُمِئَةٍ وَخَمْسَةٌ"),
        ("2026", "", "2026", "2026"),
    ],
)
def test_figures_are_read_as_the_sentence_asks(figures: str, how: str, english: str, arabic: str) -> None:
    assert format(Figure(figures, "en"), how) == english
    assert same(format(Figure(figures, "ar"), how), arabic)


@pytest.mark.parametrize(
    ("figures", "how", "arabic"),
    [
        ("28", "ordinal genitive", "ٱلثَّامِنِ وَٱلْعِشْرِينَ"),
        ("2", "ordinal feminine", "ٱلثَّانِيَةُ"),
        ("1", "ordinal feminine", "ٱلْأُولَى"),
        ("2026", "year genitive", "أَلْفَيْنِ وَسِتَّةٍ وَعِشْرِينَ"),
        ("8", "number genitive", "ثَمَانِيَةٍ"),
        ("8", "number feminine", "ثَمَانٍ"),
        ("12", "day genitive", "اِثْنَيْ عَشَرَ يَوْمًا"),
        ("537", "kilowatt_hour accusative", "خَمْسَمِئَةٍ وَسَبْعَةً وَثَلَاثِينَ كِيلُووَاط سَاعَة"),
        ("800", "day accusative", "ثَمَانِمِئَةِ يَوْمٍ"),
        ("3000", "riyal genitive", "ثَلَاثَةِ آلَافِ رِيَالٍ"),
        ("21", "hour accusative", "إِحْدَى وَعِشْرِينَ سَاعَةً"),
    ],
)
def test_arabic_figures_take_the_case_and_the_gender_of_their_place(figures: str, how: str, arabic: str) -> None:
    assert same(format(Figure(figures, "ar"), how), arabic)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 10**6) | st.integers(0, 10**13))
def test_the_voice_and_the_paper_spell_the_same_amount(halalas: int) -> None:
    riyals, rest = divmod(halalas, 100)
    parts = [counted(riyals, NOUNS["riyal"], "nominative")] if riyals or not rest else []
    parts += [counted(rest, NOUNS["halala"], "nominative")] if rest else []
    assert bare(joined(*parts)) == bare(words.money(Money(halalas), "ar"))


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 10**9),
    st.sampled_from([name for name, noun in NOUNS.items() if not noun.fixed]),
    st.sampled_from(("nominative", "accusative", "genitive")),
)
def test_every_arabic_number_is_fully_vowelled(number: int, noun: str, case: Case) -> None:
    assert unvowelled(counted(number, NOUNS[noun], case)) == []


@pytest.mark.parametrize(
    ("put_together", "said"),
    [
        ("خِلَالَ اِثْنَيْ عَشَرَ", "خِلَالَ ٱثْنَيْ عَشَرَ"),
        ("رِيَالٌ وَاِثْنَتَانِ", "رِيَالٌ وَٱثْنَتَانِ"),
        ("صِفْرٌ، اِثْنَانِ", "صِفْرٌ، اِثْنَانِ"),
        ("سِبْتَمْبَر، ٱلسَّاعَةَ", "سِبْتَمْبَر، اَلسَّاعَةَ"),
        ("ٱلشَّرِيحَةُ ٱلْأُولَى", "اَلشَّرِيحَةُ ٱلْأُولَى"),
        ("وَاحِدٌ وَاَلْيَوْمَ", "وَاحِدٌ وَاَلْيَوْمَ"),
    ],
)
def test_a_wasl_is_said_after_a_pause_and_swallowed_after_a_word(put_together: str, said: str) -> None:
    assert linked(put_together) == said


def test_an_unknown_reading_is_a_mistake_in_the_catalogue() -> None:
    with pytest.raises(KeyError):
        format(Figure("3", "en"), "furlong")
