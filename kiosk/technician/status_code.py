"""The readiness report in a QR: small enough for a phone, signed by the terminal, and needing no network.

Operations scan it from the out-of-service screen and read it with `ebill-kiosk check --verify`.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.health import Verdict
from kiosk.technician.identity import Identity

PREFIX = "EBS1/"
LONGEST_TEXT = 1000
"""Characters: a QR of version 20 at level M, which phones still read off a screen at arm's length."""

_SIGNATURE_BYTES = 64
_PLAIN_LIMIT = 16 << 10
_FIELDS = ("terminal", "at", "version", "ready", "failed", "warnings", "age_s", "certificate_days", "audit", "key")
_MOST_NAMES = 12


class StatusRefused(Exception):
    """A text is no status of a terminal, or not the terminal's whose key was given; `code` is a word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def signed(report: Mapping[str, Any], identity: Identity) -> str:
    """The report in short, signed: letters and digits of QR's alphanumeric mode only."""
    days = [held["days"] for held in report["certificates"] if held["days"] is not None]
    values = [
        report["terminal"],
        report["at"],
        report["version"],
        report["ready"],
        _names(report, Verdict.FAILED),
        _names(report, Verdict.WARNING),
        report["data"]["age_s"],
        min(days, default=None),
        report["audit"],
        report["key"],
    ]
    plain = zlib.compress(json.dumps(values, separators=(",", ":")).encode(), 9)
    octets = identity.sign(PREFIX.encode() + plain) + plain
    return PREFIX + base64.b32encode(octets).decode().rstrip("=")


def verify(text: str, public_pem: bytes) -> dict[str, Any]:
    """What a status says, when the terminal of this key made it.

    Raises:
        StatusRefused: `not_a_status`, `not_a_key`, or `signature`: it is another terminal's, or altered.
    """
    try:
        key = serialization.load_pem_public_key(public_pem)
    except ValueError:
        raise StatusRefused("not_a_key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise StatusRefused("not_a_key")
    text = "".join(text.split()).upper()
    if not text.startswith(PREFIX) or len(text) > 2 * LONGEST_TEXT:
        raise StatusRefused("not_a_status")
    letters = text.removeprefix(PREFIX)
    try:
        octets = base64.b32decode(letters + "=" * (-len(letters) % 8))
        key.verify(octets[:_SIGNATURE_BYTES], PREFIX.encode() + octets[_SIGNATURE_BYTES:])
        return dict(zip(_FIELDS, _plain(octets[_SIGNATURE_BYTES:]), strict=True))
    except (binascii.Error, zlib.error, ValueError, TypeError):
        raise StatusRefused("not_a_status") from None
    except InvalidSignature:
        raise StatusRefused("signature") from None


def _names(report: Mapping[str, Any], verdict: Verdict) -> list[str]:
    names = [check["name"] for check in report["checks"] if check["verdict"] == verdict]
    return names[:_MOST_NAMES]


def _plain(packed: bytes) -> list[Any]:
    unpacking = zlib.decompressobj()
    plain = unpacking.decompress(packed, _PLAIN_LIMIT)
    values = json.loads(plain)
    if not isinstance(values, list):
        raise ValueError("no list")
    return values
