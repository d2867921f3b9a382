"""English numbers, days and times as a person says them."""

from __future__ import annotations

from collections.abc import Mapping

from kiosk import words
from kiosk.model import Money

NOUNS: Mapping[str, tuple[str, str]] = {
    "riyal": ("riyal", "riyals"),
    "halala": ("halala", "halalas"),
    "day": ("day", "days"),
    "hour": ("hour", "hours"),
    "minute": ("minute", "minutes"),
    "second": ("second", "seconds"),
    "figure": ("digit", "digits"),
    "kilowatt_hour": ("kilowatt-hour", "kilowatt-hours"),
    "ampere": ("ampere", "amperes"),
}
"""Everything the terminal counts, one and several, by the name a sentence asks for it."""

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth"} | {
    "nine": "ninth",
    "twelve": "twelfth",
}


def counted(number: int, noun: str) -> str:
    """`number` of a noun of `NOUNS`: "three days"."""
    return f"{cardinal(number)} {NOUNS[noun][number != 1]}"


def cardinal(number: int) -> str:
    """A whole number up to some billions: "seven thousand six hundred and thirty-nine"."""
    return words.money(Money(number * 100), "en").rpartition(" ")[0]  # English counts riyals as it counts all


def ordinal(number: int) -> str:
    """1 to 99: "twenty-eighth"."""
    head, dash, last = cardinal(number).rpartition("-")
    ranked = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return head + dash + ranked


def year(number: int) -> str:
    """A year in pairs: "twenty twenty-six", "two thousand and five", "fourteen oh eight"."""
    century, rest = divmod(number, 100)
    if century % 10 == 0 and rest < 10:
        return cardinal(number)
    tail = "hundred" if rest == 0 else f"oh {cardinal(rest)}" if rest < 10 else cardinal(rest)
    return f"{cardinal(century)} {tail}"


def time(hour: int, minute: int) -> str:
    """A time of day on the twelve-hour clock: "two oh five in the afternoon"."""
    part = "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
    past = "o'clock" if minute == 0 else f"oh {cardinal(minute)}" if minute < 10 else cardinal(minute)
    return f"{cardinal((hour - 1) % 12 + 1)} {past} in the {part}"


def digit(figure: str) -> str:
    """One figure as it is dictated."""
    return _DIGITS[int(figure)]
