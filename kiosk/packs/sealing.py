"""Objects as they lie on a public server: sealed under the scope's key and named by the hash of what is sealed."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
"""AES-256."""

_MAGIC = b"ebo1"
_NONCE_BYTES = 12
_TAG_BYTES = 16
OVERHEAD_BYTES = len(_MAGIC) + _NONCE_BYTES + _TAG_BYTES
"""How much longer a sealed object is."""


class PackRefused(Exception):
    """Something published is not what its signature, its name or its own figures say; `code` is a word for logs.

    Nothing of it may be shown or kept.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ScopeKey:
    """The key that seals the objects of one scope; never printed."""

    __slots__ = ("_cipher", "_nonces", "_octets")

    def __init__(self, octets: bytes) -> None:
        """Take 32 bytes.

        Raises:
            ValueError: they are not 32.
        """
        if len(octets) != KEY_BYTES:
            raise ValueError("a scope key has 32 bytes")
        self._octets = octets
        self._cipher = AESGCM(octets)
        self._nonces = _derived(octets, b"ebill nonce")

    @classmethod
    def new(cls) -> ScopeKey:
        """A key nobody has."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def parse(cls, held: bytes) -> ScopeKey:
        """The key of a file: 32 bytes, or 64 hexadecimal digits.

        Raises:
            ValueError: it holds neither.
        """
        return cls(held if len(held) == KEY_BYTES else bytes.fromhex(held.decode("ascii").strip()))

    @classmethod
    def parse_all(cls, held: bytes) -> tuple[ScopeKey, ...]:
        """The keys of a file: one as `parse` takes it, or several in hexadecimal digits, one a line.

        Raises:
            ValueError: it holds none, or something else besides.
        """
        if len(held) == KEY_BYTES:
            return (cls(held),)
        keys = tuple(cls.parse(line) for line in held.split())
        if not keys:
            raise ValueError("no scope key")
        return keys

    def text(self) -> str:
        """The key as `parse` takes it."""
        return self._octets.hex() + "\n"

    @property
    def id(self) -> str:
        """What tells keys apart and says nothing of them."""
        return _derived(self._octets, b"ebill key id")[:8].hex()

    def seal(self, plain: bytes) -> bytes:
        """The sealed object; the same for the same bytes, so that nothing is published twice.

        The nonce is a keyed hash of the content: two objects share one when they are the same object.
        """
        nonce = hmac.digest(self._nonces, plain, "sha256")[:_NONCE_BYTES]
        return _MAGIC + nonce + self._cipher.encrypt(nonce, plain, _MAGIC)

    def open(self, sealed: bytes) -> bytes:
        """What was sealed.

        Raises:
            PackRefused: it was not sealed with this key, or altered.
        """
        if not sealed.startswith(_MAGIC) or len(sealed) < OVERHEAD_BYTES:
            raise PackRefused("object_form")
        start = len(_MAGIC) + _NONCE_BYTES
        try:
            return self._cipher.decrypt(sealed[len(_MAGIC) : start], sealed[start:], _MAGIC)
        except InvalidTag:
            raise PackRefused("object_sealed_otherwise") from None

    def keyed_hash(self, octets: bytes) -> str:
        """A hash that says nothing to who has not the key."""
        return hmac.digest(self._nonces, octets, "sha256").hex()


def object_name(sealed: bytes) -> str:
    """The name of a sealed object: its SHA-256 in small hexadecimal digits."""
    return hashlib.sha256(sealed).hexdigest()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, purpose, "sha256")
