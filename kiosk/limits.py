"""What `ebill/1` allows in each field: marks on the model's types that cost nothing until a bill is read.

A mark turns into a pydantic-core schema only when `kiosk.ebill` asks for one, so the model and all that imports
it start without pydantic. Messages never quote what was found: it may be somebody's number.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

LARGEST = 10**18 - 1
"""The largest whole number of a bill, either sign: it fits 64 bits and an exact Decimal product."""

_BREAKS = "\t\n\v\f\r\x85\u2028\u2029"
# C0 and C1 controls; soft hyphen; bidi marks, embeddings, overrides and isolates; BOM; annotation marks; tags.
# U+200C and U+200D stay: Persian and Urdu words are spelled with them.
_HIDDEN = (
    "\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f"
)
_MARKS = (
    "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_BREAK_RUN = re.compile(f"[{_BREAKS}]+")
_HIDDEN_RUN = re.compile(f"[{_HIDDEN}]+")
# Arabic stacks three at most (shadda, vowel, small alef); a pile of eighty would be drawn over the rows around it.
_PILE = re.compile(f"([{_MARKS}]{{4}})[{_MARKS}]+")
_UNCLEAN = re.compile(f"[{_HIDDEN}]|[{_MARKS}]{{5}}")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def clean(text: str) -> str:
    """The text as it may be shown and printed.

    In NFC; line breaks and tabs are one space, controls and direction marks gone, piles of marks cut to four.
    """
    if not _UNCLEAN.search(text) and unicodedata.is_normalized("NFC", text):
        return text
    text = _HIDDEN_RUN.sub("", _BREAK_RUN.sub(" ", text))
    return _PILE.sub(r"\1", unicodedata.normalize("NFC", text))


@dataclass(frozen=True, slots=True)
class Text:
    """Words for people, 1 to `longest` characters. They are cleaned, not refused, and must then still fit.

    Billers' names carry stray direction marks; refusing the bill for them would punish the subscriber.
    """

    longest: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(
            self._cleaned, core_schema.str_schema(strict=True, min_length=1, max_length=self.longest)
        )

    def _cleaned(self, text: str) -> str:
        cleaned = clean(text)
        if not 1 <= len(cleaned) <= self.longest:
            raise ValueError("holds nothing to show" if not cleaned else "is too long")
        return cleaned


@dataclass(frozen=True, slots=True)
class Token:
    """A text for machines, kept byte for byte; control and format characters are refused, not dropped.

    Dropping them could make two identifiers one, and would print another tax QR than the biller sent.
    """

    longest: int
    shortest: int = 1

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.str_schema(
            strict=True,
            min_length=self.shortest,
            max_length=self.longest,
            pattern=r"^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$",
        )


@dataclass(frozen=True, slots=True)
class Form:
    """A text of one regular form; `pattern` is anchored and means the same to Python, Rust and ECMA-262."""

    pattern: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.str_schema(strict=True, pattern=self.pattern)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number of at most 18 digits; a JSON `1.0`, `true` or `"1"` is none."""

    least: int = -LARGEST
    most: int = LARGEST

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.int_schema(strict=True, ge=self.least, le=self.most)


@dataclass(frozen=True, slots=True)
class Truth:
    """A JSON `true` or `false` and nothing that resembles one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.bool_schema(strict=True)


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of at most `most` rows."""

    most: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {**handler(source), "max_length": self.most}


@dataclass(frozen=True, slots=True)
class Day:
    """A date as YYYY-MM-DD. Pydantic's own takes Unix times as well."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            _read_day, serialization=core_schema.plain_serializer_function_ser_schema(date.isoformat)
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and time of RFC 3339 with its offset from UTC.

    A leap second is refused, and so are the years 1 and 9999: there, telling the time in Riyadh overflows.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            _read_moment, serialization=core_schema.plain_serializer_function_ser_schema(datetime.isoformat)
        )


def _read_day(value: object) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("is not a date (YYYY-MM-DD)")


def _read_moment(value: object) -> datetime:
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value.upper())
        except ValueError:
            moment = datetime.min
        if 1 < moment.year < 9999:
            return moment
    raise ValueError("is not a date and time with its offset (RFC 3339)")


Count = Annotated[int, Whole(0)]
"""How many of something: never negative."""

VatNumber = Annotated[str, Form("^3[0-9]{13}3$")]
"""A Saudi VAT number: 15 digits, first and last 3 (BR-KSA-40)."""

Percent = Annotated[str, Form(r"^[0-9]{1,2}(\.[0-9]{1,2})?$")]
"""A VAT rate in per cent as decimal text."""

Uuid = Annotated[str, Form("^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$")]

HijriDate = Annotated[str, Form("^1[34][0-9]{2}-[01][0-9]-[0-3][0-9]$")]
"""YYYY-MM-DD of the Umm al-Qura calendar."""

CalendarDay = Annotated[date, Day()]

TaxQrText = Annotated[str, Token(700, shortest=0)]
"""A tax QR's text: the tax authority allows 700 characters of Base64."""
