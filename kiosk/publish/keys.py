"""The utility's keys for issue day: one signs manifests, one seals objects; both made when they are missing."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.packs.envelope import Trust
from kiosk.packs.sealing import ScopeKey


class KeyUnusable(Exception):
    """A key file is there and holds no such key, or cannot be read or made. The message names the file."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What a publisher has: never printed."""

    signer: Ed25519PrivateKey = field(repr=False)
    scope: ScopeKey = field(repr=False)

    @classmethod
    def open(cls, path: Path) -> Self:
        """The keys of `path` (Ed25519, PEM) and `path.scope`; made with mode 0600 when missing.

        `path.pub` is written whenever it is not there: terminals get it, and `path.scope`.

        Raises:
            KeyUnusable: tell who runs this.
        """
        signer, scope_path, public_path = _signer(path), _beside(path, ".scope"), _beside(path, ".pub")
        try:
            scope = ScopeKey.parse(_held(scope_path, ScopeKey.new().text().encode()))
        except ValueError:
            raise KeyUnusable(f"{scope_path} holds no scope key (64 hexadecimal digits)") from None
        _held(public_path, _public_pem(signer), mode=0o644)
        return cls(signer, scope)

    @property
    def trust(self) -> Trust:
        """What this publisher's own manifests are checked with."""
        return Trust([self.signer.public_key()])


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _signer(path: Path) -> Ed25519PrivateKey:
    made = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    held = _held(path, made)
    try:
        key = serialization.load_pem_private_key(held, password=None)
    except (ValueError, TypeError):
        raise KeyUnusable(f"{path} holds no private key in PEM without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{path} holds a key, but not for Ed25519")
    return key


def _public_pem(signer: Ed25519PrivateKey) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return signer.public_key().public_bytes(encoding, form)


def _held(path: Path, content: bytes, *, mode: int = 0o600) -> bytes:
    """What the file holds; `content`, when it has just been made."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        pass
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be made: {error.strerror}") from None
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be read: {error.strerror}") from None
