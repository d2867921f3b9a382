"""What the terminal says, in each language: sentences from plain files, and numbers, money and dates in them.

A catalogue is `assets/catalogues/<language>.toml`; one key holds one sentence, or the plural forms of one. Every
placeholder is isolated on its way into a sentence, so that a number never disturbs the order of Arabic words.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self

from kiosk.model import Money
from kiosk.resources import asset
from kiosk.typography import RTL_LANGUAGES, iso

RIYADH = timezone(timedelta(hours=3), "Asia/Riyadh")
"""The time of every date shown: Saudi Arabia has one zone and no summer time."""

CORRECTIONS = "catalogues"
"""In the state folder: a site's own sentences, one catalogue a language."""

OWN_NAMES: Mapping[str, str] = {
    "ar": "العربية",
    "en": "English",
    "ur": "اردو",
    "hi": "हिन्दी",
    "bn": "বাংলা",
    "fil": "Filipino",
}
"""Each language's name in itself, for the buttons that choose it."""

PLURAL_FORMS = ("zero", "one", "two", "few", "many", "other")
"""The plural categories of Unicode CLDR; a sentence gives those its language needs, always `other`, and in any
language `zero` where none is said in words of its own ("due today")."""

Digits = Literal["latin", "arabic_indic", "native", "words"]
"""How figures are given: European ones; Arabic-Indic ones in Arabic and Urdu; each language's own; or in words for
a voice, the sentences around them as `catalogues/speech` has them."""

# CLDR's numbering systems "arab" and "arabext" (U+066C groups, U+066B parts the decimals), "deva" and "beng".
# Thousands are grouped by three in every language, as on the receipt: 100,000 and not 1,00,000.
_OWN_DIGITS = {
    "ar": str.maketrans("0123456789,.", "٠١٢٣٤٥٦٧٨٩٬٫"),
    "ur": str.maketrans("0123456789,.", "۰۱۲۳۴۵۶۷۸۹٬٫"),
    "hi": str.maketrans("0123456789", "०१२३४५६७८९"),
    "bn": str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯"),
}

Entry = str | Mapping[str, str]

Day = date  # Catalogue has a method of the name


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The sentences of one language. `digits` other than latin counts where the language has its own."""

    language: str
    entries: Mapping[str, Entry] = field(repr=False)
    digits: Digits = "latin"

    @classmethod
    def load(cls, language: str, *, digits: Digits = "latin", corrections: Path | None = None) -> Self:
        """Read the catalogue of `language`; a file is read once.

        `corrections` is a folder of catalogues with the sentences that a site says otherwise.

        Raises:
            FileNotFoundError: there is no catalogue for this language, or none for a voice.
        """
        entries = _entries(language)
        if corrections is not None:
            entries = {**entries, **_corrected(corrections / f"{language}.toml")}
        if digits == "words":
            entries = {**entries, **_entries(f"speech/{language}")}
        return cls(language, entries, digits)

    @property
    def rtl(self) -> bool:
        """Whether the language is written from right to left."""
        return self.language in RTL_LANGUAGES

    def text(self, key: str, **placeholders: str) -> str:
        """The sentence `key` with its placeholders, each isolated.

        Raises:
            KeyError: no such sentence, or a placeholder is missing.
        """
        return self._fill(str(self.entries[key]), placeholders)

    def plural(self, key: str, n: int, **placeholders: str) -> str:
        """The sentence `key` in the form that `n` needs; `{n}` in it is the number.

        Raises:
            KeyError: no such sentence, or a placeholder is missing.
        """
        forms = self.entries[key]
        assert isinstance(forms, Mapping), f"{key} has no plural forms"
        category = "zero" if n == 0 and "zero" in forms else plural_form(self.language, n)
        return self._fill(forms.get(category, forms["other"]), {"n": self.count(n), **placeholders})

    def number(self, text: str) -> str:
        """A text of European figures in this catalogue's digits, for a placeholder."""
        own = self.digits == "native" or (self.digits == "arabic_indic" and self.rtl)
        return text.translate(_OWN_DIGITS.get(self.language, {})) if own else text

    def figures(self, text: str) -> str:
        """As `number`, isolated to stand alone on a screen."""
        return iso(self.number(text))

    def money(self, amount: Money) -> str:
        """Riyals with two decimals, no sign of the currency: `1,797.11`, `-300.00`; named for a voice."""
        if self.digits == "words":
            said = self.riyals(amount)
            return said if amount >= 0 else self.text("speech.in_favour", amount=said)
        riyals, halalas = divmod(abs(amount), 100)
        return self.number(f"{'-' if amount < 0 else ''}{riyals:,}.{halalas:02}")

    def count(self, n: int) -> str:
        """A whole number with its thousands grouped: `7,639`."""
        return self.number(f"{n:,}")

    def riyals(self, amount: Money) -> str:
        """An amount as a person says it, figures kept: "1,797 riyals and 11 halalas". Its sign is not said."""
        riyals, halalas = divmod(abs(amount), 100)
        if not halalas:
            return self.plural("money.riyals", riyals)
        if not riyals:
            return self.plural("money.halalas", halalas)
        parts = {"riyals": self.plural("money.riyals", riyals), "halalas": self.plural("money.halalas", halalas)}
        return self.text("money.both", **parts)

    def date(self, day: Day) -> str:
        """A day with its month in words: `28 August 2026`."""
        return self._day("date.full", day.day, self.month_name(day.month), year=day.year)

    def day_month(self, day: Day) -> str:
        """A day without its year: `28 August`."""
        return self._day("date.day_month", day.day, self.month_name(day.month), year=day.year)

    def month(self, month: str) -> str:
        """A month given as YYYY-MM: `August 2026`."""
        day = Day.fromisoformat(f"{month}-01")
        return self._day("date.month", day.day, self.month_name(day.month), year=day.year)

    def month_name(self, month: int) -> str:
        """A month, 1 to 12, without its year: `August`."""
        return self.text(f"month.{month}")

    def month_short(self, month: str) -> str:
        """A month given as YYYY-MM for under a bar: `Aug`."""
        return self.text(f"month_short.{int(month[5:7])}")

    def hijri(self, day: Day) -> str:
        """The same day in the Umm al-Qura calendar; empty outside the years it is defined for."""
        from hijridate import Gregorian

        try:
            hijri = Gregorian(day.year, day.month, day.day).to_hijri()
        except OverflowError:
            return ""
        return self._day("date.hijri", hijri.day, self.text(f"hijri_month.{hijri.month}"), year=hijri.year)

    def time(self, at: datetime) -> str:
        """The hour and minute in Riyadh: `14:05`."""
        return self.number(f"{at.astimezone(RIYADH):%H:%M}")

    def days(self, n: int) -> str:
        """A number of days: "31 days"."""
        return self.plural("days", n)

    def due(self, due: Day, *, today: Day) -> str:
        """When a bill is due, as a person says it: "due in 12 days", "due tomorrow", "3 days overdue"."""
        left = (due - today).days
        return self.plural("due.in", left) if left >= 0 else self.plural("due.over", -left)

    def ago(self, seconds: float) -> str:
        """How long ago: in minutes below an hour, in hours below two days, else in days."""
        minutes = max(int(seconds // 60), 0)
        if minutes < 60:
            return self.plural("ago.minutes", minutes)
        hours = minutes // 60
        return self.plural("ago.hours", hours) if hours < 48 else self.plural("ago.days", hours // 24)

    def _fill(self, sentence: str, placeholders: Mapping[str, str]) -> str:
        if self.digits == "words":
            return self._read(sentence, placeholders)
        return sentence.format_map({name: iso(value) for name, value in placeholders.items()})

    def _read(self, sentence: str, placeholders: Mapping[str, str]) -> str:
        """Fill a spoken sentence, which says how each of its figures is read."""
        from kiosk.spoken import Figure

        return sentence.format_map({name: Figure(value, self.language) for name, value in placeholders.items()})

    def _day(self, key: str, day: int, month: str, *, year: int) -> str:
        # Not isolated piece by piece: an isolate of isolates has no letter of its own to tell its direction by.
        parts = {"day": self.number(str(day)), "month": month, "year": self.number(str(year))}
        sentence = str(self.entries[key])
        return self._read(sentence, parts) if self.digits == "words" else sentence.format_map(parts)


def plural_form(language: str, n: int) -> str:
    """The CLDR plural category of the whole number `n` in `language`; languages not listed count like English."""
    match language:
        case "ar":
            return _arabic_form(n)
        case "hi" | "bn":
            return "one" if n <= 1 else "other"
        case "fil":
            # Which numbers end in a vowel when spoken (limang segundo, apat na segundo).
            return "other" if n % 10 in (4, 6, 9) else "one"
    return "one" if n == 1 else "other"


def _arabic_form(n: int) -> str:
    if n <= 2:
        return PLURAL_FORMS[n]
    match n % 100:
        case 0 | 1 | 2:
            return "other"
        case rest if rest <= 10:
            return "few"
    return "many"


@lru_cache
def _entries(language: str) -> Mapping[str, Entry]:
    table = tomllib.loads((asset("catalogues") / f"{language}.toml").read_text("utf-8"))
    table.pop("glossary", None)  # for who writes the sentences, never said
    return dict(_flatten(table, ""))


@lru_cache
def _corrected(path: Path) -> Mapping[str, Entry]:
    """A site's own sentences; none where there is no such file, or it cannot be read (it was checked when it came)."""
    try:
        return entries_of(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def entries_of(text: str) -> Mapping[str, Entry]:
    """The sentences of a catalogue's text, by key.

    Raises:
        ValueError: it is no catalogue.
    """
    try:
        return dict(_flatten(tomllib.loads(text), ""))
    except (TypeError, AttributeError, RecursionError):
        raise ValueError("no catalogue") from None


def _flatten(table: Mapping[str, Any], prefix: str) -> list[tuple[str, Entry]]:
    flat: list[tuple[str, Entry]] = []
    for key, value in table.items():
        if isinstance(value, str) or "other" in value:
            flat.append((prefix + key, value))
        else:
            flat += _flatten(value, f"{prefix}{key}.")
    return flat
