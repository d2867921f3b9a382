"""The short-lived addresses behind which a phone sees a bill: who asks is known by the token alone.

A token is sealed, not kept: it says whose bill it opens and until when, in one block that only who holds the key can
write or read. So every process of the service opens what another one issued, and nothing is left of a link that
nobody opened.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from string import ascii_letters

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

TOKEN_LENGTH = 26
"""Letters of a token: at five bits a letter the 128 bits of a block."""

# Letters only: no run of digits that could be taken for an account number.
_ALPHABET = ascii_letters[:32]
_VALUE = {letter: value for value, letter in enumerate(_ALPHABET)}

_SUBSCRIBER_BITS = 32
_EXPIRES_BITS = 42
"""Milliseconds since 1970, until the year 2109."""

_COUNT_BITS = 20
"""Two tokens of one bill and one moment are not the same."""

_NOUGHT_BITS = 128 - _SUBSCRIBER_BITS - _EXPIRES_BITS - _COUNT_BITS
"""A block that was not sealed with the key has something else there. Together with a moment within a quarter of an hour
and the number of a subscriber that exists, a guess is right once in 2**65."""


@dataclass(frozen=True, slots=True)
class Link:
    """Whose bill a token opens, and until when."""

    subscriber: int
    expires: datetime


class Links:
    """Seals tokens and opens them. May be made in one thread and used in another, but by one at a time."""

    def __init__(self, key: bytes) -> None:
        """Take a key of 16 bytes. Whoever holds another opens nothing."""
        # One block, never two: there is no pattern of blocks that this mode could show.
        cipher = Cipher(algorithms.AES(key), modes.ECB())  # nosec B305
        self._seal, self._unseal = cipher.encryptor(), cipher.decryptor()
        self._count = secrets.randbits(_COUNT_BITS)

    def issue(self, subscriber: int, *, now: datetime, ttl_s: float) -> str:
        """A new token for a subscriber's bill, good for `ttl_s` seconds."""
        value = subscriber << _EXPIRES_BITS | _milliseconds(now + timedelta(seconds=ttl_s))
        self._count = (self._count + 1) % (1 << _COUNT_BITS)
        value = (value << _COUNT_BITS | self._count) << _NOUGHT_BITS
        block = int.from_bytes(self._seal.update(value.to_bytes(16)))
        return "".join(_ALPHABET[block >> 5 * place & 31] for place in reversed(range(TOKEN_LENGTH)))

    def opened(self, token: str, *, now: datetime) -> Link | None:
        """What a token opens; None when it has expired or never was one."""
        block = _block(token)
        if block is None:
            return None
        value = int.from_bytes(self._unseal.update(block))
        if value & (1 << _NOUGHT_BITS) - 1:
            return None
        subscriber, expires = divmod(value >> _NOUGHT_BITS + _COUNT_BITS, 1 << _EXPIRES_BITS)
        if expires <= _milliseconds(now):
            return None
        return Link(subscriber, datetime.fromtimestamp(expires / 1000, UTC))


def _block(token: str) -> bytes | None:
    if len(token) != TOKEN_LENGTH:
        return None
    value = 0
    for letter in token:
        if letter not in _VALUE:
            return None
        value = value << 5 | _VALUE[letter]
    return value.to_bytes(16) if value < 1 << 128 else None


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
