"""Figures, dates and words of the phone page in both languages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from importlib.resources import files
from typing import Any, Literal

from hijridate import Gregorian

from kiosk.service import months

Language = Literal["ar", "en"]

LANGUAGES: tuple[Language, Language] = ("ar", "en")
"""Of the page; the first is the default."""

# The sign of the riyal (U+20C1), which hardly any phone's font has yet: two bent uprights and three slanted bars.
_RIYAL = (
    '<svg viewBox="0 0 88 100" role="img" aria-label="{label}"><path d="'
    "M22 9 32 0v62c0 6-3 11-8 14L0 81c1-4 2-8 4-12l18-4zM42 16l10-9v61l36-8c0 4-2 8-4 12L42 81z"
    'M2 57c1-4 2-8 4-12l82-18c-1 4-2 8-4 12zM46 100c1-4 2-8 4-12l38-8c-1 4-2 8-4 12z"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Text:
    """One language of the page. Everything it returns is safe to stand in HTML."""

    language: Language
    words: Mapping[str, str]
    month_names: tuple[str, ...]

    def word(self, key: str, **values: str) -> str:
        """The word or sentence of a key; `values` are HTML already."""
        return self.words[key].format(**values)

    def money(self, halalas: int) -> str:
        """An amount with the riyal sign to the left of the number, in every language."""
        sign = "−" if halalas < 0 else ""
        riyals, rest = divmod(abs(halalas), 100)
        label = "ريال" if self.language == "ar" else "SAR"
        return f'<span class="money">{_RIYAL.format(label=label)}{sign}{riyals:,}.{rest:02d}</span>'

    def number(self, value: int) -> str:
        """A whole number with thousands marked."""
        return f'<span class="figure">{value:,}</span>'

    def day(self, day: date) -> str:
        """A day as `27 September 2026`."""
        return f"<span>{day.day} {self.month_names[day.month - 1]} {day.year}</span>"

    def hijri(self, day: date) -> str:
        """The same day in the Umm al-Qura calendar."""
        hijri = Gregorian.fromdate(day).to_hijri()
        suffix = "هـ" if self.language == "ar" else "AH"
        return f"<span>{hijri.day} {hijri.month_name(self.language)} {hijri.year} {suffix}</span>"

    def time(self, moment: datetime) -> str:
        """A time of day in Riyadh as `14:05`."""
        return f'<span class="figure">{moment.astimezone(months.RIYADH):%H:%M}</span>'

    def days(self, count: int) -> str:
        """So many days, in the form the number asks for."""
        return self._counted("days", count)

    def due(self, day: date, today: date) -> str:
        """How far off the due date is, in words."""
        left = (day - today).days
        if left < 0:
            return self.word("overdue")
        if left < 2:
            return self.word("due_today" if left == 0 else "due_tomorrow")
        return self._counted("due", left)

    def either(self, fields: Mapping[str, Any], key: str) -> str:
        """The field in this language, or in the other when it is missing; empty when both are."""
        other = LANGUAGES[1 - LANGUAGES.index(self.language)]
        return escape(fields.get(f"{key}_{self.language}") or fields.get(f"{key}_{other}") or "")

    def _counted(self, key: str, count: int) -> str:
        # Arabic's plural rule of Unicode CLDR; English words are the same for all but one.
        if count == 1:
            form = "one"
        elif count == 2:
            form = "two"
        elif 3 <= count % 100 <= 10:
            form = "few"
        else:
            form = "many" if count % 100 > 10 else "other"
        return self.word(f"{key}_{form}", n=f'<span class="figure">{count}</span>')


def load() -> dict[str, Text]:
    """Both languages, by their codes."""
    table = tomllib.loads(files(__package__).joinpath("page_words.toml").read_text(encoding="utf-8"))
    return {language: Text(language, table[language], tuple(table["months"][language])) for language in LANGUAGES}


def masked_name(name: str) -> str:
    """A name as a stranger may see it: each word's first letter."""
    return escape(" ".join(f"{word[0]}***" for word in name.split()))


def masked_account(number: str) -> str:
    """An account number as a stranger may see it: its last four digits."""
    return f'<span class="figure">{"*" * 4}{number[-4:]}</span>'
