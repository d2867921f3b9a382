"""Who this terminal is to others: an Ed25519 key of its own, and the certificate of a pairing."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import NameOID

from kiosk.durable import write_whole

FILE = "terminal.key"
_CREDENTIAL = "terminal-key"


class IdentityUnusable(Exception):
    """The terminal's key cannot be read or made; the message says why and holds none of it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The terminal's own key, which signs its reports and requests; never printed."""

    key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def open(cls, state: Path) -> Self:
        """The key of systemd's credential `terminal-key` where there is one, else of the state folder, made there.

        Raises:
            IdentityUnusable: tell the technician.
        """
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        credential = Path(folder, _CREDENTIAL) if folder else None
        path = credential if credential is not None and credential.exists() else state / FILE
        try:
            if path == state / FILE and not path.exists():
                write_whole(path, _private_pem(Ed25519PrivateKey.generate()))
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except OSError as error:
            raise IdentityUnusable(f"{path.name}: {error.strerror}") from None
        except (ValueError, TypeError):
            raise IdentityUnusable(f"{path.name} holds no key") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise IdentityUnusable(f"{path.name} holds a key, but not for Ed25519")
        return cls(key)

    @property
    def public_pem(self) -> str:
        """The public key in PEM, for who verifies."""
        return public_pem(self.key.public_key())

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that name the key; they say nothing of it."""
        raw = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return hashlib.sha256(raw).hexdigest()[:16]

    def sign(self, octets: bytes) -> bytes:
        """The 64 bytes of a signature."""
        return self.key.sign(octets)


@dataclass(frozen=True, slots=True)
class Request:
    """A certificate to be asked for: `pem` goes to the service, `key_pem` stays and is never printed."""

    pem: str
    key_pem: bytes = field(repr=False)


def public_pem(key: Ed25519PublicKey) -> str:
    """A public key in PEM."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def certificate_request(terminal: str) -> Request:
    """A fresh key for TLS (P-256, which every server takes) and the request for its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, terminal)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return Request(request.public_bytes(serialization.Encoding.PEM).decode(), _private_pem(key))


def certificate_end(pem: bytes) -> datetime:
    """The last moment of the first certificate in a PEM file, in UTC.

    Raises:
        ValueError: it holds none.
    """
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc.astimezone(UTC)


def text_of(octets: bytes) -> str:
    """Bytes in base64, for JSON."""
    return base64.b64encode(octets).decode("ascii")


def _private_pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
