"""Amounts of money in words, as a careful writer would set them down: for paper now, for speech later.

Arabic counts by rules of its own: the noun after the number is dual for two, plural for three to ten, singular
after that, and three to ten take the gender opposite to the noun's. Words stand in the nominative, without
vowel marks but the tanween on alef.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.model import Money

LANGUAGES = ("ar", "en")
"""The languages amounts can be spelled in."""

LARGEST = Money(99_999_999_999_999)
"""The largest amount that can be spelled, in halalas: under a thousand billion riyals."""


def money(amount: Money, language: str) -> str:
    """`amount` in words: "ألف وسبعمئة وسبعة وتسعون ريالًا وإحدى عشرة هللة".

    Raises:
        ValueError: the amount is negative or beyond `LARGEST`; say "credit" and spell the figure without sign.
        KeyError: a language that is not one of `LANGUAGES`.
    """
    if not 0 <= amount <= LARGEST:
        raise ValueError("only amounts from 0 to LARGEST can be spelled")
    riyals, halalas = divmod(amount, 100)
    spell, joint = {"ar": (_arabic_parts, " و"), "en": (_english_parts, " and ")}[language]
    return joint.join(spell(riyals, halalas))


@dataclass(frozen=True, slots=True)
class _Noun:
    """What is counted; `after_two` has lost its final nun because the next noun follows at once."""

    singular: str
    one: str
    two: str
    after_two: str
    plural: str
    accusative: str
    feminine: bool = False


_RIYAL = _Noun("ريال", "ريال واحد", "ريالان", "ريالان", "ريالات", "ريالًا")
_HALALA = _Noun("هللة", "هللة واحدة", "هللتان", "هللتان", "هللات", "هللة", feminine=True)
_SCALES = (
    (10**9, _Noun("مليار", "مليار", "ملياران", "مليارا", "مليارات", "مليارًا")),
    (10**6, _Noun("مليون", "مليون", "مليونان", "مليونا", "ملايين", "مليونًا")),
    (10**3, _Noun("ألف", "ألف", "ألفان", "ألفا", "آلاف", "ألفًا")),
)
# 3 to 10 in the two genders of the word itself: with ta marbuta they count masculine nouns.
_WITH_TA = ("ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة", "عشرة")
_WITHOUT_TA = ("ثلاث", "أربع", "خمس", "ست", "سبع", "ثماني", "تسع", "عشر")
_TENS = ("عشرون", "ثلاثون", "أربعون", "خمسون", "ستون", "سبعون", "ثمانون", "تسعون")
_HUNDREDS = ("مئة", "مئتان", "ثلاثمئة", "أربعمئة", "خمسمئة", "ستمئة", "سبعمئة", "ثمانمئة", "تسعمئة")


def _arabic_parts(riyals: int, halalas: int) -> Iterator[str]:
    if riyals:
        yield _counted(riyals, _RIYAL)
    if halalas:
        yield _counted(halalas, _HALALA)
    if not riyals and not halalas:
        yield "صفر ريال"


def _counted(number: int, noun: _Noun, *, leads_on: bool = False) -> str:
    """`number` of `noun`; `leads_on` when the next noun follows at once ("ألفا ريال", not "ألفان ريال")."""
    rest = number % 100
    if rest in (1, 2):
        last = noun.one if rest == 1 else noun.after_two if leads_on else noun.two
        return last if number == rest else f"{_counted(number - rest, noun)} و{last}"
    if rest == 0:
        return f"{_number(number, noun, leads_on=True)} {noun.singular}"
    if rest <= 10:
        return f"{_number(number, noun)} {noun.plural}"
    return f"{_number(number, noun)} {noun.singular if leads_on else noun.accusative}"


def _number(number: int, noun: _Noun, *, leads_on: bool = False) -> str:
    parts: list[str] = []
    for size, scale in _SCALES:
        count, number = divmod(number, size)
        if count:
            parts.append(_counted(count, scale, leads_on=leads_on and number == 0))
    hundreds, rest = divmod(number, 100)
    if hundreds:
        parts.append("مئتا" if hundreds == 2 and leads_on and rest == 0 else _HUNDREDS[hundreds - 1])
    if rest:
        parts.append(_below_hundred(rest, feminine=noun.feminine))
    return " و".join(parts)


def _below_hundred(number: int, *, feminine: bool) -> str:
    """3 to 99 in the form that counts a noun of this gender."""
    units = _WITHOUT_TA if feminine else _WITH_TA
    if number <= 10:
        return units[number - 3]
    tens, unit = divmod(number, 10)
    if tens == 1:
        ones = ("إحدى", "اثنتا") if feminine else ("أحد", "اثنا")
        return f"{(*ones, *units)[unit - 1]} {'عشرة' if feminine else 'عشر'}"
    if unit == 0:
        return _TENS[tens - 2]
    ones = ("إحدى", "اثنتان") if feminine else ("واحد", "اثنان")
    # "ثماني" standing free loses its ya and takes a tanween.
    word = "ثمانٍ" if feminine and unit == 8 else (*ones, *units)[unit - 1]
    return f"{word} و{_TENS[tens - 2]}"


_ENGLISH = (
    *("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_ENGLISH_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ENGLISH_SCALES = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"))


def _english_parts(riyals: int, halalas: int) -> Iterator[str]:
    if riyals or not halalas:
        yield f"{_english(riyals) or 'zero'} {'riyal' if riyals == 1 else 'riyals'}"
    if halalas:
        yield f"{_english(halalas)} {'halala' if halalas == 1 else 'halalas'}"


def _english(number: int) -> str:
    parts: list[str] = []
    for size, name in _ENGLISH_SCALES:
        count, number = divmod(number, size)
        if count:
            parts.append(f"{_english(count)} {name}")
    hundreds, rest = divmod(number, 100)
    if hundreds:
        parts.append(f"{_ENGLISH[hundreds]} hundred")
    if rest:
        tens, unit = divmod(rest, 10)
        small = _ENGLISH[rest] if rest < 20 else "-".join(filter(None, (_ENGLISH_TENS[tens - 2], _ENGLISH[unit])))
        parts.append(f"and {small}" if parts else small)
    return " ".join(parts)
