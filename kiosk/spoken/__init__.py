"""Figures on their way into a spoken sentence, which says in its placeholder how each is to be read.

`{n:day}` counts days, `{kwh:kilowatt_hour}` consumption; `{number:digits}` dictates figure by figure and passes
over whatever is masked; `{n:number}`, `{rate:percent}`, `{day:ordinal}`, `{year:year}` and `{time:time}` read
their kind. In Arabic the case and the gender follow: `{day:ordinal genitive}`, `{n:number feminine}`. Without any
of this a placeholder takes its words as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from kiosk.spoken import arabic as spoken_arabic
from kiosk.spoken import english as spoken_english
from kiosk.spoken.arabic import Case


@dataclass(frozen=True, slots=True)
class Figure:
    """A text of European figures, or words, about to be put into a sentence of `language`."""

    text: str
    language: str

    def __format__(self, how: str) -> str:
        """The figures in words.

        Raises:
            KeyError: the sentence asks for a reading or a noun that is not known.
        """
        kind, _, manner = how.partition(" ")
        if not kind:
            return self.text
        return _read(self.text, kind, _arabic(manner.split()) if self.language == "ar" else _ENGLISH)


@dataclass(frozen=True, slots=True)
class _Grammar:
    """How a language reads; `name` is a noun after a fraction."""

    cardinal: Callable[[int], str]
    ordinal: Callable[[int], str]
    year: Callable[[int], str]
    time: Callable[[int, int], str]
    digit: Callable[[str], str]
    counted: Callable[[int, str], str]
    name: Callable[[str], str]
    pause: str
    point: str
    percent: str


_ENGLISH = _Grammar(
    cardinal=spoken_english.cardinal,
    ordinal=spoken_english.ordinal,
    year=spoken_english.year,
    time=spoken_english.time,
    digit=spoken_english.digit,
    counted=spoken_english.counted,
    name=lambda noun: spoken_english.NOUNS[noun][1],
    pause=", ",
    point=" point ",
    percent=" per cent",
)


def _arabic(manner: list[str]) -> _Grammar:
    feminine = "feminine" in manner
    cases: tuple[Case, ...] = ("accusative", "genitive")
    case: Case = next((each for each in cases if each in manner), "nominative")
    cardinal = partial(spoken_arabic.cardinal, case=case, feminine=feminine)
    return _Grammar(
        cardinal=cardinal,
        ordinal=partial(spoken_arabic.ordinal, case=case, feminine=feminine),
        year=cardinal,
        time=spoken_arabic.time,
        digit=spoken_arabic.digit,
        counted=lambda number, noun: spoken_arabic.counted(number, spoken_arabic.NOUNS[noun], case),
        name=lambda noun: spoken_arabic.NOUNS[noun].singular,
        pause="، ",
        point=" فَاصِلَةٌ ",
        percent=" فِي ٱلْمِئَةِ",
    )


def _read(text: str, kind: str, grammar: _Grammar) -> str:
    match kind:
        case "digits":
            return grammar.pause.join(grammar.digit(c) for c in text if c.isdecimal())
        case "ordinal":
            return grammar.ordinal(int(text))
        case "year":
            return grammar.year(int(text))
        case "time":
            hour, minute = text.split(":")
            return grammar.time(int(hour), int(minute))
        case "number":
            return _number(text, grammar)
        case "percent":
            return _number(text.removesuffix("%"), grammar) + grammar.percent
    if "." in text:
        return f"{_number(text, grammar)} {grammar.name(kind)}"
    return grammar.counted(int(text.replace(",", "")), kind)


def _number(text: str, grammar: _Grammar) -> str:
    """A number, its decimals figure by figure."""
    whole, _, fraction = text.replace(",", "").partition(".")
    said = grammar.cardinal(int(whole))
    return said + grammar.point + " ".join(map(grammar.digit, fraction)) if fraction else said
