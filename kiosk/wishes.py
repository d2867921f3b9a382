"""What a subscriber can ask of the utility at a terminal besides the bill, and what comes of it.

Values only. What is secret (a code, a proof, an ID, a mobile) stays out of every repr.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from kiosk.model import AccountNumber, Category

CODE_DIGITS = 6
"""How long a one-time code is (the service's contract)."""

MOBILE_DIGITS = 14
"""The most that is typed of a mobile: 00966 and nine digits."""

MOBILE_START = "05"
"""How a Saudi mobile begins when it is dialled at home."""

_MOBILE = re.compile("(?:00966|966|0)?(5[0-9]{8})")


class Channel(StrEnum):
    """How a bill is sent."""

    SMS = "sms"
    EMAIL = "email"


class Refusal(StrEnum):
    """Why a wish was not fulfilled.

    WRONG: the code or the ID is not the right one. NO_MORE: nothing more of the kind for this account today.
    """

    UNREACHABLE = "unreachable"
    BUSY = "busy"
    FAILED = "failed"
    WRONG = "wrong"
    NO_MORE = "no_more"
    NO_CONTACT = "no_contact"
    PROOF_NEEDED = "proof_needed"


@dataclass(frozen=True, slots=True)
class SendBill:
    """The bill, to where the biller reaches the subscriber."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class SendCode:
    """A one-time code to the mobile on record."""


@dataclass(frozen=True, slots=True)
class TryCode:
    """A proof by the code that was sent."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TryId:
    """A proof by the number in the bar code of an ID."""

    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SendMobileCode:
    """A code to a mobile (`05` and eight digits) that is to get the next bills; `proof` may be empty."""

    mobile: str = field(repr=False)
    proof: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ConfirmMobile:
    """The mobile registered, by the code that was sent to it."""

    mobile: str = field(repr=False)
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeepMobile:
    """The mobile handed over later: the biller then says to it how it is confirmed."""

    mobile: str = field(repr=False)


Wish = SendBill | SendCode | TryCode | TryId | SendMobileCode | ConfirmMobile | KeepMobile


@dataclass(frozen=True, slots=True)
class BillSent:
    """The bill is on its way; `hint` is what may be shown of where to."""

    hint: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """The wish waits on this terminal, sealed, until the service is back."""


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A code is on its way and good for `valid_s` seconds; `hint` as in `BillSent`."""

    hint: str = field(repr=False)
    valid_s: float


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """One of the accounts of a person who proved to hold it; an address is None where none is on record."""

    number: AccountNumber
    category: Category
    address_ar: str | None = field(default=None, repr=False)
    address_en: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Proved:
    """The person is the subscriber, of all these accounts; `proof` shows it to the service for a while."""

    proof: str = field(repr=False)
    accounts: tuple[OwnAccount, ...]


@dataclass(frozen=True, slots=True)
class Registered:
    """The mobile gets the next bills; `hint` as in `BillSent`."""

    hint: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing came of it."""

    refusal: Refusal


Outcome = BillSent | Kept | CodeSent | Proved | Registered | Refused


def mobile_of(typed: str) -> str:
    """A Saudi mobile as `05` and eight digits, however it was typed; empty when it is none."""
    found = _MOBILE.fullmatch(typed)
    return f"0{found[1]}" if found else ""
