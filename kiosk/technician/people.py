"""Who the technicians are, as the settings know them: hashes only, and every way in needs two factors.

A card and a PIN are hashed together, so that neither can be guessed alone. The secret of one-time codes is sealed
under the PIN: opening it is the check. Both cost 64 MiB and a fifth of a second a try (Argon2id, RFC 9106).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Self

from kiosk.technician.roles import Role

PIN_DIGITS = 6
CODE_DIGITS = 8
"""Of a challenge and of the response to it."""

_TAG_HEX = 4
"""Sixteen bits of a card's hash find the technician; too few to guess the card by."""

_STEP_S = 30
_STEPS_OFF = 1
"""One-time codes of the step before and after count too: 30 s of clock error."""

_SALT_BYTES = 16
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Cost:
    """What one try costs: RFC 9106's second recommended option, 0.2 s on two slow cores."""

    passes: int = 3
    memory_kib: int = 65536
    lanes: int = 4


@dataclass(frozen=True, slots=True)
class Technician:
    """One `[[technician]]` table. `until`: the last day it counts, None for ever; `card` and `totp` may be empty."""

    number: str
    role: Role
    pin: str = field(default="", repr=False)
    card: str = ""
    totp: str = field(default="", repr=False)
    until: date | None = None

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Self:
        """The technician of a checked table."""
        until = table.get("until")
        return cls(
            str(table["number"]),
            Role(table["role"]),
            pin=str(table.get("pin", "")),
            card=str(table.get("card", "")),
            totp=str(table.get("totp", "")),
            until=date.fromisoformat(until) if until else None,
        )

    def counts_on(self, day: date) -> bool:
        """Whether the technician may still come in."""
        return self.until is None or day <= self.until

    def has_card(self, card: str) -> bool:
        """Whether this may be the technician's card: right for theirs, rarely for another."""
        return bool(self.card) and hmac.compare_digest(self.card, card_tag(card))

    def knows(self, card: str, pin: str) -> bool:
        """Whether card and PIN are right, together."""
        return bool(self.pin) and _verified(self.pin, _secret(self.number, pin, card))

    def open_totp(self, pin: str) -> bytes | None:
        """The secret of the technician's one-time codes; None when the PIN is wrong."""
        return _unseal(self.totp, _secret(self.number, pin)) if self.totp else None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A technician made now: the table for the settings, and what is told once and kept nowhere else.

    `totp_secret` is base32 for an authenticator app and for operations, who answer challenges with it; `totp_uri`
    is what such an app scans. Both are empty without one-time codes.
    """

    table: Mapping[str, str]
    pin: str = field(repr=False)
    totp_secret: str = field(default="", repr=False)
    totp_uri: str = field(default="", repr=False)


class WeakPin(ValueError):
    """A PIN that many would choose; the message says why."""


def technicians(tables: Iterable[Mapping[str, Any]]) -> tuple[Technician, ...]:
    """The technicians of the settings (`Settings.technician`)."""
    return tuple(Technician.of(table) for table in tables)


def enrol(
    number: str,
    role: Role,
    *,
    pin: str | None = None,
    card: str = "",
    codes: bool = True,
    until: date | None = None,
    cost: Cost | None = None,
) -> Enrolled:
    """A new technician. Without `pin` a random one is drawn; `card` is what a reader says of their card.

    Raises:
        WeakPin: choose another PIN.
        ValueError: the number is none, or there is neither a card nor codes: one factor is not enough.
    """
    if not re.fullmatch("[0-9]{1,6}", number):
        raise ValueError("a technician's number has 1 to 6 digits")
    if not card and not codes:
        raise ValueError("a technician needs a card or one-time codes besides the PIN")
    if pin is None:
        pin = random_pin()
    check_pin(pin)
    cost = cost or Cost()
    table = {"number": number, "role": role.value}
    secret, uri = "", ""
    if card:
        table |= {"card": card_tag(card), "pin": _hashed(_secret(number, pin, card), cost)}
    if codes:
        raw = secrets.token_bytes(20)
        secret, uri = base64.b32encode(raw).decode(), _totp_uri(raw, number)
        table |= {"totp": _seal(raw, _secret(number, pin), cost)}
    if until:
        table |= {"until": until.isoformat()}
    return Enrolled(table, pin, secret, uri)


def random_pin() -> str:
    """A PIN that is not weak."""
    while True:
        pin = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"
        if not _weakness(pin):
            return pin


def check_pin(pin: str) -> None:
    """Return when a PIN may be used.

    Raises:
        WeakPin: it may not.
    """
    problem = _weakness(pin)
    if problem:
        raise WeakPin(problem)


def card_tag(card: str) -> str:
    """What finds the technician of a card."""
    return hashlib.sha256(b"ebill technician card\0" + card.encode()).hexdigest()[:_TAG_HEX]


def step_of_code(secret: bytes, code: str, *, now: datetime) -> int | None:
    """The time step that a one-time code (RFC 6238, six digits, 30 s) is of; None when it is wrong now."""
    from pyotp import TOTP

    totp = TOTP(base64.b32encode(secret).decode())
    present = int(now.timestamp()) // _STEP_S
    for step in range(present - _STEPS_OFF, present + _STEPS_OFF + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            return step
    return None


def response(secret: bytes, challenge: str, *, terminal: str) -> str:
    """What operations answer to a terminal's challenge: eight digits of an HMAC, cut as RFC 4226 (5.3) does."""
    digest = hmac.digest(secret, f"ebill challenge\0{terminal}\0{challenge}".encode(), "sha256")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def waste_a_try(cost: Cost | None = None) -> None:
    """Take as long as a check does, so that an unknown number is not told by its quick refusal."""
    _derived(b"nobody", bytes(_SALT_BYTES), cost or Cost())


def _weakness(pin: str) -> str:
    if not re.fullmatch(rf"[0-9]{{{PIN_DIGITS}}}", pin):
        return f"a PIN has {PIN_DIGITS} digits"
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    if steps in ({0}, {1}, {9}):
        return "a PIN is no row of digits"
    if pin[:2] * 3 == pin or pin[:3] * 2 == pin or pin == pin[::-1] or len(set(pin)) < 3:
        return "a PIN does not repeat itself"
    return ""


def _secret(number: str, pin: str, card: str = "") -> bytes:
    return f"{number}\0{pin}\0{card}".encode()


def _hashed(secret: bytes, cost: Cost) -> str:
    from argon2 import PasswordHasher

    return PasswordHasher(cost.passes, cost.memory_kib, cost.lanes).hash(secret)


def _verified(hashed: str, secret: bytes) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(hashed, secret)
    except (InvalidHashError, VerificationError):
        return False


def _derived(secret: bytes, salt: bytes, cost: Cost) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(secret, salt, cost.passes, cost.memory_kib, cost.lanes, 32, Type.ID)


def _seal(plain: bytes, secret: bytes, cost: Cost) -> str:
    """`passes.memory.lanes.` and, in base64, salt, nonce and the AES-256-GCM of `plain`."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(_derived(secret, salt, cost)).encrypt(nonce, plain, None)
    text = base64.urlsafe_b64encode(salt + nonce + sealed).decode()
    return f"{cost.passes}.{cost.memory_kib}.{cost.lanes}.{text}"


def _unseal(sealed: str, secret: bytes) -> bytes | None:
    from argon2.exceptions import HashingError
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        passes, memory, lanes, text = sealed.split(".")
        octets = base64.urlsafe_b64decode(text)
        salt, rest = octets[:_SALT_BYTES], octets[_SALT_BYTES:]
        key = _derived(secret, salt, Cost(int(passes), int(memory), int(lanes)))
        return AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], None)
    except (ValueError, InvalidTag, HashingError):
        return None


def _totp_uri(raw: bytes, number: str) -> str:
    from pyotp import TOTP

    totp = TOTP(base64.b32encode(raw).decode())
    return totp.provisioning_uri(name=f"technician {number}", issuer_name="ebill-kiosk")
