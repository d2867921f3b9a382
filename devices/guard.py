"""The payment-card guard: looks at what was read before any log, trace, store or screen can.

People do present bank cards to a reader that asks for "your card". Whatever looks like one is wiped here, and all
that remains is the word `payment_card`. It looks at structure, issuer and check digit together: ten-digit national
ids and every tenth account number pass the Luhn check alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devices.card_reader import Rejection
from devices.codecs.frames import Frame, Part
from devices.codecs.gs1 import value_spans
from devices.tax_qr import is_tax_qr

Texts = tuple[tuple[str, str], ...]
"""What was read, each with its source. A source may come twice: a tag holds any number of records."""

ACCOUNT_MAX_DIGITS = 15
"""The longest account number (SADAD's customer input field); a longer run of digits is never one."""
_PAN_DIGITS = range(13, 20)
"""ISO/IEC 7812: payment card numbers have 13 to 19 digits."""
_MAX_TEXT = 512
"""No account number, payment slip or link is longer, in bytes."""

_TRACK_1 = re.compile(rb"B *(?P<pan>[0-9][0-9 ]{11,22}[0-9])\^")
"""Format code B and the number, ISO/IEC 7813; some issuers print spaces within the number."""
_TRACK_2 = re.compile(rb"(?P<pan>[0-9]{13,19})=")
_TRACK_3 = re.compile(rb"[0-9]{2}(?P<pan>[0-9]{13,19})=")
"""ISO 4909: a two-digit format code, then the number."""
_STRUCTURED = {"track1": (_TRACK_1,), "track2": (_TRACK_2, _TRACK_3), "track3": (_TRACK_2, _TRACK_3)}

_RUN = re.compile(rb"(?:[0-9]|\xd9[\xa0-\xa9]|\xdb[\xb0-\xb9])(?:[ -]?(?:[0-9]|\xd9[\xa0-\xa9]|\xdb[\xb0-\xb9]))*")
"""Digits of any of the three sets in UTF-8, with single spaces or dashes between them."""
_TEXT = re.compile(rb"(?:[0-9A-Za-z:/?&=._%+\-\x1d]|\xd9[\xa0-\xa9]|\xdb[\xb0-\xb9])*")
_CONTROL = re.compile(rb"[\x00-\x1c\x1e\x1f\x7f]")
"""GS (1Dh) separates the fields of a GS1 code and is the one control character that may come."""

_EUROPEAN = {ord(zero) + value: str(value) for zero in "٠۰" for value in range(10)}


@dataclass(frozen=True, slots=True)
class Guard:
    """What may pass. One rule for every source; no setting and no card map can open it."""

    account_max_digits: int = ACCOUNT_MAX_DIGITS

    def admit(self, frame: Frame) -> Texts | Rejection:
        """The texts of a frame, or why there are none. The frame is wiped either way; never raises."""
        reason = self._reason(frame)
        texts = () if reason else tuple((part.source, _normalised(part.data)) for part in frame.parts)
        frame.wipe()
        return reason or texts

    def _reason(self, frame: Frame) -> Rejection | None:
        if any(self.is_payment_card(part) for part in frame.parts):
            return Rejection.PAYMENT_CARD
        for part in frame.parts:
            if not part.source.startswith("track") and (reason := _text_reason(part.data)):
                return reason
        return None

    def is_payment_card(self, part: Part) -> bool:
        """Whether this is, or holds, the number of a payment card."""
        structured = any(
            _is_card_number(_values(part.data, *found.span("pan")))
            for pattern in _STRUCTURED.get(part.source, ())
            if (found := pattern.match(part.data))
        )
        return structured or any(self._is_bare_card_number(run) for run in _runs(part))

    def _is_bare_card_number(self, digits: list[int]) -> bool:
        """A number by itself: too long for an account, or 15 digits as American Express has them."""
        amex = len(digits) == 15 and digits[:2] in ([3, 4], [3, 7])
        return (amex or len(digits) > self.account_max_digits) and _is_card_number(digits)


def _text_reason(data: bytearray) -> Rejection | None:
    if is_tax_qr(data):
        return Rejection.TAX_QR
    if len(data) > _MAX_TEXT:
        return Rejection.TOO_LONG
    if _CONTROL.search(data):
        return Rejection.CONTROL_CHARS
    return None if _TEXT.fullmatch(data) else Rejection.UNKNOWN_CARD


def _runs(part: Part) -> Iterator[list[int]]:
    """Every run of digits, except that the fields of a GS1 code are looked at one by one without their labels."""
    if part.source == "gs1":
        # Label 415 and a 13-digit place look like a 16-digit card number starting with 4.
        yield from (_values(part.data, *span) for span in value_spans(part.data))
        return
    for run in _RUN.finditer(part.data):
        yield _values(part.data, *run.span())


def _values(data: bytearray, start: int, end: int) -> list[int]:
    """The digits of a slice as numbers, from whichever digit set; no copy of the text comes to be."""
    view = memoryview(data)[start:end]
    return [byte & 0x0F for byte in view if 0x30 <= byte <= 0x39 or 0xA0 <= byte <= 0xB9]


def _is_card_number(digits: list[int]) -> bool:
    return len(digits) in _PAN_DIGITS and _has_payment_issuer(digits) and passes_luhn(digits)


def _has_payment_issuer(digits: list[int]) -> bool:
    """Major industries 3 to 6 of ISO/IEC 7812, Mastercard's 2221 to 2720, mada's own 968201 to 968211."""
    issuer = int("".join(map(str, digits[:6])))
    mada = len(digits) == 16 and 968201 <= issuer <= 968211
    return 3 <= digits[0] <= 6 or 2221 <= issuer // 100 <= 2720 or mada


def passes_luhn(digits: Sequence[int]) -> bool:
    """Whether the last digit is the check digit of ISO/IEC 7812-1 annex B over the others."""
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    total = sum(digits[-1::-2]) + sum(doubled[digit] for digit in digits[-2::-2])
    return total % 10 == 0


def _normalised(data: bytearray) -> str:
    """The text with Arabic-Indic and Persian digits as European ones."""
    return data.decode("utf-8", "replace").translate(_EUROPEAN)
