"""The role of a card reader (or scanner): whatever identifies a subscriber without typing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn, Protocol


class ReaderHealth(StrEnum):
    """What a reader is fit for now."""

    STARTING = "starting"
    ONLINE = "online"
    BUSY = "busy"
    ABSENT = "absent"
    DENIED = "denied"
    FAULT = "fault"
    DISABLED = "disabled"


class Rejection(StrEnum):
    """Why something presented identified nobody; each has its own sentence on the screen."""

    PAYMENT_CARD = "payment_card"
    UNREADABLE = "unreadable"
    PARTIAL = "partial"
    WRONG_WAY = "wrong_way"
    UNKNOWN_CARD = "unknown_card"
    TOO_LONG = "too_long"
    CONTROL_CHARS = "control_chars"
    COLLISION = "collision"
    TAX_QR = "tax_qr"
    REPEATED = "repeated"
    """It was presented before, a moment ago, and led nowhere."""


class CredentialKind(StrEnum):
    """What a presented thing proves."""

    ACCOUNT = "account"
    NATIONAL_ID = "national_id"
    CARD_UID = "card_uid"
    TECHNICIAN = "technician"
    PAIRING = "pairing"


class Credential:
    """What a subscriber presented, already mapped by the card map. Prints masked; `take` hands it out once."""

    __slots__ = ("_value", "kind", "source")

    def __init__(self, kind: CredentialKind, value: str, *, source: str) -> None:
        """`source` names where on the card or code it came from (`track2`, `barcode`, ...)."""
        self.kind = kind
        self.source = source
        self._value = value

    def take(self) -> str:
        """The value, once; empty ever after."""
        value, self._value = self._value, ""
        return value

    @property
    def masked(self) -> str:
        """All but the last four characters as `*`; empty when taken."""
        return "*" * max(len(self._value) - 4, 0) + self._value[-4:] if len(self._value) > 4 else ""

    def __repr__(self) -> str:
        return f"Credential({self.kind}, {self.masked}, source={self.source})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a credential is not to be copied or stored")


@dataclass(frozen=True, slots=True)
class Presented:
    """A readable card or code while the reader was armed; times are monotonic seconds."""

    device: str
    credential: Credential
    first_byte_at: float
    decoded_at: float


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something was presented that identifies nobody. Holds no digit of it."""

    device: str
    reason: Rejection
    at: float


@dataclass(frozen=True, slots=True)
class Removed:
    """A card left the reader (contactless, chip and motorised readers only)."""

    device: str
    at: float


@dataclass(frozen=True, slots=True)
class ReaderChanged:
    """A reader's health changed; `detail` is for the technician and holds no card data."""

    device: str
    health: ReaderHealth
    detail: str = ""


ReaderEvent = Presented | Rejected | Removed | ReaderChanged


class CardReader(Protocol):
    """A reader. Data counts only while armed; unarmed it is dropped and counted. Methods: any thread."""

    @property
    def name(self) -> str:
        """How settings and logs call it."""

    def start(self, sink: Callable[[ReaderEvent], None]) -> None:
        """Open and watch; `sink` is called from the reader's own thread."""

    def arm(self, armed: bool) -> None:
        """Count data from now on, or stop counting it."""

    def health(self) -> ReaderHealth:
        """As last known; never raises."""

    def close(self) -> None:
        """Stop and release the device; calling twice is fine."""


class CardReaderError(Exception):
    """A reader cannot be used as configured; `health` says what a technician should look at."""

    def __init__(self, health: ReaderHealth, detail: str) -> None:
        super().__init__(f"card reader {health}: {detail}")
        self.health = health
