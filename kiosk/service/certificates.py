"""Certificates for development: an authority of one's own, the service's certificate, and one for each terminal.

A terminal is known by its certificate's common name. In production the utility's own authority issues them.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

TERMINAL_NAME = re.compile("[A-Z0-9-]{1,16}")
"""What a terminal may be called (`site.terminal` of its settings)."""

_AUTHORITY_DAYS = 3650
_LEAF_DAYS = 398
PAIRED_DAYS = 90
"""A paired terminal renews its certificate by itself, so that one which is lost is soon of no use."""
_CLOCKS_DIFFER = timedelta(days=1)

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of an https service: its certificate with its key, and the authority of the terminals' certificates."""

    certificate: Path
    authority: Path

    @classmethod
    def of(cls, folder: Path) -> Tls:
        """The files that `make` leaves in a folder."""
        return cls(folder / "service.pem", folder / "ca.pem")


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues the certificates of terminals; the key is never printed."""

    key: Key = field(repr=False)
    certificate: x509.Certificate

    @classmethod
    def open(cls, folder: Path | None) -> Authority:
        """The authority of a folder (`ca.pem`, `ca-key.pem`), made there when missing; None has one for now.

        Raises:
            OSError, ValueError: its files cannot be used.
        """
        return _new_authority() if folder is None else _authority(folder)

    @property
    def pem(self) -> str:
        """Its own certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def sha256(self) -> str:
        """The hash that a pairing code names it by."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def certify(self, pem: str, terminal: str) -> str | None:
        """A terminal's certificate for who made the request, whatever name stands in it; None: it is no request."""
        try:
            request = x509.load_pem_x509_csr(pem.encode())
            key = request.public_key()
            if not request.is_signature_valid or not isinstance(key, ec.EllipticCurvePublicKey):
                return None
        except (ValueError, TypeError):
            return None
        made = _certificate(self, terminal, key, names=None, days=PAIRED_DAYS)
        return made.public_bytes(serialization.Encoding.PEM).decode()


def make(folder: Path, *, hosts: Sequence[str], terminals: Sequence[str]) -> list[Path]:
    """Write `ca.pem`, `ca-key.pem`, `service.pem` and `<terminal>.pem`, each certificate with its key behind it.

    What is there already stays: terminals can be added later, and nobody has to trust a new authority.

    Raises:
        ValueError: a terminal's name is none.
        OSError: a file cannot be read or written.
    """
    for name in terminals:
        if not TERMINAL_NAME.fullmatch(name):
            raise ValueError(f"not the name of a terminal: {name!r} (A-Z, 0-9 and -, 16 at most)")
    folder.mkdir(parents=True, exist_ok=True)
    authority = Authority.open(folder)
    made = [folder / "ca.pem"]
    wanted = [("service", x509.SubjectAlternativeName([_host(host) for host in hosts]))]
    for name, names in [*wanted, *((name, None) for name in terminals)]:
        path = folder / f"{name}.pem"
        if not path.exists():
            _write(path, _leaf(authority, name, names=names))
        made.append(path)
    return made


def _authority(folder: Path) -> Authority:
    file, key_file = folder / "ca.pem", folder / "ca-key.pem"
    if file.exists() and key_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        if not isinstance(key, Key):
            raise ValueError("ca-key.pem holds a key of another kind")
        return Authority(key, x509.load_pem_x509_certificate(file.read_bytes()))
    made = _new_authority()
    _write(key_file, _pem(made.key))
    _write(file, made.pem.encode(), mode=0o644)
    return made


def _new_authority() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("e-bill development authority")
    builder = _builder(name, name, key.public_key(), days=_AUTHORITY_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(usage, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())
    return Authority(key, certificate)


def _leaf(authority: Authority, name: str, *, names: x509.SubjectAlternativeName | None) -> bytes:
    """A certificate for a service (it has `names`) or a terminal, with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(authority, name, key.public_key(), names=names, days=_LEAF_DAYS)
    return certificate.public_bytes(serialization.Encoding.PEM) + _pem(key)


def _certificate(
    authority: Authority,
    name: str,
    key: ec.EllipticCurvePublicKey,
    *,
    names: x509.SubjectAlternativeName | None,
    days: int,
) -> x509.Certificate:
    builder = _builder(_name(name), authority.certificate.subject, key, days=days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if names else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = builder.add_extension(issuer, critical=False)
    if names:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(authority.key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=now - _CLOCKS_DIFFER,
        not_valid_after=now + timedelta(days=days),
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Never readable by others, not even while it is written."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
