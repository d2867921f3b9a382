"""Arabic numbers, days and times as a newsreader says them: fully vowelled, in the case and gender they stand in.

A voice guesses unvowelled Arabic wrong, so every vowel is written here, wasl included (`ٱ`). The rules of counting
are those of `kiosk.words`, which spells the same amounts for paper, where no vowel is needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Case = Literal["nominative", "accusative", "genitive"]
"""The case a number or a noun stands in; the sentence around it decides."""

_SHORT: Mapping[Case, str] = {"nominative": "ُ", "accusative": "َ", "genitive": "ِ"}
_TANWEEN: Mapping[Case, str] = {"nominative": "ٌ", "accusative": "ً", "genitive": "ٍ"}


@dataclass(frozen=True, slots=True)
class Noun:
    """What is counted: stems without their case ending.

    `diptote` plurals end in fatha after a number. A `fixed` word of foreign origin never changes. A number word
    (`counts`) says one without "one": a thousand is just `ألف`.
    """

    singular: str
    plural: str
    feminine: bool = False
    diptote: bool = False
    fixed: bool = False
    counts: bool = False


NOUNS: Mapping[str, Noun] = {
    "riyal": Noun("رِيَال", "رِيَالَات"),
    "halala": Noun("هَلَلَة", "هَلَلَات", feminine=True),
    "day": Noun("يَوْم", "أَيَّام"),
    "hour": Noun("سَاعَة", "سَاعَات", feminine=True),
    "minute": Noun("دَقِيقَة", "دَقَائِق", feminine=True, diptote=True),
    "second": Noun("ثَانِيَة", "ثَوَان", feminine=True),
    "figure": Noun("رَقْم", "أَرْقَام"),
    "kilowatt_hour": Noun("كِيلُووَاط سَاعَة", "كِيلُووَاط سَاعَة", fixed=True),
    "ampere": Noun("أَمْبِير", "أَمْبِير", fixed=True),
}
"""Everything the terminal counts, by the name a sentence asks for it."""

_SCALES = (
    (10**9, Noun("مِلْيَار", "مِلْيَارَات", counts=True)),
    (10**6, Noun("مِلْيُون", "مَلَايِين", diptote=True, counts=True)),
    (10**3, Noun("أَلْف", "آلَاف", counts=True)),
)
# 3 to 10 in the two genders of the word itself: with ta marbuta they count masculine nouns.
_WITH_TA = ("ثَلَاثَة", "أَرْبَعَة", "خَمْسَة", "سِتَّة", "سَبْعَة", "ثَمَانِيَة", "تِسْعَة", "عَشَرَة")
_WITHOUT_TA = ("ثَلَاث", "أَرْبَع", "خَمْس", "سِتّ", "سَبْع", "ثَمَانِي", "تِسْع", "عَشْر")
_TENS = ("عِشْر", "ثَلَاث", "أَرْبَع", "خَمْس", "سِتّ", "سَبْع", "ثَمَان", "تِسْع")
_DIGITS = ("صِفْر", "وَاحِد", "اِثْنَان", *_WITH_TA[:7])

_ORDINALS = (
    *("أَوَّل", "ثَانِي", "ثَالِث", "رَابِع", "خَامِس", "سَادِس", "سَابِع", "ثَامِن", "تَاسِع", "عَاشِر"),
    *("حَادِي", "ثَانِي"),  # as in eleventh and twelfth
)
_SUN = "تثدذرزسشصضطظلن"


def counted(number: int, noun: Noun, case: Case, *, leads_on: bool = False) -> str:
    """`number` of `noun`: "ثَلَاثَةُ أَيَّامٍ"; `leads_on` when the next noun follows at once ("أَلْفَا رِيَالٍ")."""
    if noun.fixed:
        one = number == 1
        return f"{noun.singular} وَاحِد" if one else f"{cardinal(number, case, leads_on=True)} {noun.singular}"
    rest = number % 100
    if rest in (1, 2):
        last = _one(noun, case, leads_on) if rest == 1 else _dual(noun.singular, case, leads_on)
        return last if number == rest else joined(counted(number - rest, noun, case), last)
    said = cardinal(number, case, feminine=noun.feminine, leads_on=rest <= 10)
    if rest > 10:
        return f"{said} {_ending(noun.singular, 'accusative', leads_on)}"
    if rest:
        plural = noun.plural + ("ِ" if leads_on else "َ" if noun.diptote else "ٍ")
        return f"{said} {plural}"
    return f"{said} {_ending(noun.singular, 'genitive', leads_on)}"


def cardinal(number: int, case: Case, *, feminine: bool = False, leads_on: bool = False) -> str:
    """The number alone, `feminine` as what it counts; `leads_on` when what it counts follows at once."""
    if number == 0:
        return _ending("صِفْر", case, leads_on)
    parts: list[str] = []
    for size, scale in _SCALES:
        count, number = divmod(number, size)
        if count:
            parts.append(counted(count, scale, case, leads_on=leads_on and number == 0))
    hundreds, rest = divmod(number, 100)
    if hundreds:
        parts.append(_hundreds(hundreds, case, leads_on and rest == 0))
    if rest:
        parts.append(_below_hundred(rest, case, feminine, leads_on))
    return joined(*parts)


def ordinal(number: int, case: Case, *, feminine: bool = False) -> str:
    """1 to 99 with the article: "ٱلثَّامِنِ وَٱلْعِشْرِينَ"."""
    if number == 1:
        return "ٱلْأُولَى" if feminine else f"ٱلْأَوَّل{_SHORT[case]}"
    tens, unit = divmod(number, 10)
    if number <= 10:
        return _ranked(number, case, feminine)
    if tens == 1:
        return f"{_ranked(10 + unit if unit <= 2 else unit, 'accusative', feminine)} {_teen(feminine)}"
    ten = _with_article(_plural_ten(tens, case))
    return joined(_ranked(11 if unit == 1 else unit, case, feminine), ten) if unit else ten


def time(hour: int, minute: int) -> str:
    """A time of day on the twelve-hour clock: "ٱلسَّاعَةَ ٱلثَّانِيَةَ وَخَمْسَ دَقَائِقَ مَسَاءً"."""
    twelve = (hour - 1) % 12 + 1
    named = "ٱلْوَاحِدَةَ" if twelve == 1 else ordinal(twelve, "accusative", feminine=True)
    past = {0: (), 15: ("ٱلرُّبْعَ",), 30: ("ٱلنِّصْفَ",)}.get(minute, (counted(minute, NOUNS["minute"], "accusative"),))
    return f"ٱلسَّاعَةَ {joined(named, *past)} {'صَبَاحًا' if hour < 12 else 'مَسَاءً'}"


def digit(figure: str) -> str:
    """One figure as it is dictated."""
    return _DIGITS[int(figure)] + ("ِ" if figure == "2" else "ٌ")


def joined(*parts: str) -> str:
    """Parts with "and" between them; a wasl loses its vowel to it."""
    return re.sub("(?<=وَ)ا[ُِ]", "ٱ", " وَ".join(parts))


def linked(sentence: str) -> str:
    """A sentence made of parts with each wasl as it is said: with its vowel after a pause, else without."""
    sentence = re.sub(r"(?<=[^\s،:.؟] )ا[َُِ]|(?<=وَ)ا[ُِ]", "ٱ", sentence)
    return re.sub(r"(^|[،:.؟] )ٱل", r"\1اَل", sentence)


def _ending(stem: str, case: Case, leads_on: bool) -> str:
    if leads_on:
        return stem + _SHORT[case]
    if case == "accusative" and not stem.endswith("ة"):
        return f"{stem}ًا"
    return stem + _TANWEEN[case]


def _one(noun: Noun, case: Case, leads_on: bool) -> str:
    if noun.counts:
        return _ending(noun.singular, case, leads_on)
    one = "وَاحِدَة" if noun.feminine else "وَاحِد"
    return f"{_ending(noun.singular, case, False)} {_ending(one, case, False)}"


def _dual(singular: str, case: Case, leads_on: bool) -> str:
    stem = singular[:-1] + "ت" if singular.endswith("ة") else singular
    return stem + ("َا" if case == "nominative" else "َيْ") + ("" if leads_on else "نِ")


def _hundreds(hundreds: int, case: Case, leads_on: bool) -> str:
    if hundreds == 1:
        return _ending("مِئَة", case, leads_on)
    if hundreds == 2:
        return _dual("مِئَة", case, leads_on)
    unit = "ثَمَانِ" if hundreds == 8 else _WITHOUT_TA[hundreds - 3] + _SHORT[case]
    return unit + _ending("مِئَة", "genitive", leads_on)


def _below_hundred(number: int, case: Case, feminine: bool, leads_on: bool) -> str:
    tens, unit = divmod(number, 10)
    if number <= 10:
        return _unit(number, case, feminine, leads_on)
    if tens == 1:
        first = {1: ("أَحَدَ", "إِحْدَى"), 2: (_two(case, False)[:-2], _two(case, True)[:-2])}.get(unit)
        said = first[feminine] if first else _unit(unit, "accusative", feminine, True)
        return f"{said} {_teen(feminine)}"
    ten = _plural_ten(tens, case)
    if unit == 0:
        return ten
    return joined("إِحْدَى" if feminine and unit == 1 else _unit(unit, case, feminine, False), ten)


def _unit(number: int, case: Case, feminine: bool, leads_on: bool) -> str:
    """1 to 10; "ثماني" standing free loses its ya and takes a tanween."""
    if number == 2:
        return _two(case, feminine)
    if number == 1:
        return _ending("وَاحِدَة" if feminine else "وَاحِد", case, leads_on)
    if number == 8 and feminine:
        if case == "accusative":
            return "ثَمَانِيَ" if leads_on else "ثَمَانِيًا"
        return "ثَمَانِي" if leads_on else "ثَمَانٍ"
    return _ending((_WITHOUT_TA if feminine else _WITH_TA)[number - 3], case, leads_on)


def _two(case: Case, feminine: bool) -> str:
    return _dual("اِثْنَت" if feminine else "اِثْن", case, False)


def _teen(feminine: bool) -> str:
    return "عَشْرَةَ" if feminine else "عَشَرَ"


def _plural_ten(tens: int, case: Case) -> str:
    return _TENS[tens - 2] + ("ُونَ" if case == "nominative" else "ِينَ")


def _ranked(number: int, case: Case, feminine: bool) -> str:
    """An ordinal up to the twelfth's first word, with its article. A final ya carries fatha only."""
    stem = _ORDINALS[number - 1]
    if feminine:
        return _with_article(f"{stem}َة{_SHORT[case]}")
    if stem.endswith("ي"):
        return _with_article(stem + ("َ" if case == "accusative" else ""))
    return _with_article(stem + _SHORT[case])


def _with_article(word: str) -> str:
    if word[0] in _SUN:
        return f"ٱل{word[0]}ّ{word[1:]}"
    return f"ٱلْ{word}"
