"""What is checked of a tax QR, and what came of it."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from kiosk.taxqr.tlv import TaxQr

_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
_WALL_CLOCK = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)")
_HASH_BYTES = 32


class Rule(StrEnum):
    """What a verdict is about."""

    PRESENT = "present"
    READABLE = "readable"
    COMPLETE = "complete"
    SELLER_VAT = "seller_vat"
    ISSUED_AT = "issued_at"
    TOTAL = "total"
    VAT = "vat"
    SUMS = "sums"
    HASH = "hash"
    SIGNATURE = "signature"


class Outcome(StrEnum):
    """Whether a rule holds. `unknown` is no fault: there was nothing to compare with."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule, what came of it, and why in English for technicians; empty where there is nothing to add.

    `reason` may quote figures of the bill, so log `code` and never `reason`.
    """

    rule: Rule
    outcome: Outcome
    reason: str = ""

    @property
    def code(self) -> str:
        """For the log: `TAXQR_TOTAL`, ..."""
        return f"TAXQR_{self.rule.name}"


def compare(rule: Rule, said: object, expected: object, *, where: str) -> Verdict:
    """Holds when both are equal; `where` names what the QR was held against."""
    if expected is None:
        return Verdict(rule, Outcome.UNKNOWN, f"{where} does not say")
    if said == expected:
        return Verdict(rule, Outcome.HOLDS)
    return Verdict(
        rule, Outcome.FAILS, f"the QR says {said if said is not None else 'nothing'}, {where} {expected}"
    )


def complete(qr: TaxQr) -> Verdict:
    """Tags 1 to 5 must be there and 2 to 5 well formed; of 6, 7 and 8 all or none."""
    said = (qr.seller, qr.vat_number, qr.timestamp, qr.total, qr.vat)
    missing = [str(tag) for tag, value in enumerate(said, start=1) if not value]
    if qr.phase == 2:
        signed = (qr.invoice_hash, qr.signature, qr.public_key)
        missing += [str(tag) for tag, value in enumerate(signed, start=6) if not value]
    if missing:
        return Verdict(Rule.COMPLETE, Outcome.FAILS, f"missing or empty tags: {', '.join(missing)}")
    formed = {
        2: re.fullmatch("3[0-9]{13}3", qr.vat_number or ""),
        3: wall_clock(qr.timestamp),
        4: amount(qr.total),
        5: amount(qr.vat),
    }
    wrong = [str(tag) for tag, value in formed.items() if value is None]
    if wrong:
        return Verdict(Rule.COMPLETE, Outcome.FAILS, f"not of the form expected: tags {', '.join(wrong)}")
    return Verdict(Rule.COMPLETE, Outcome.HOLDS)


def amount(text: str | None) -> Decimal | None:
    """A decimal text in riyals as a number (`10250`, `0`, `0.6`, `0.60` are all in use); None when it is none."""
    return Decimal(text) if text is not None and _AMOUNT.fullmatch(text) else None


def wall_clock(text: str | None) -> str | None:
    """`YYYY-MM-DDTHH:MM:SS` of a timestamp, whatever offset it claims; None when it is none.

    Billers write local time and append a Z all the same (the tax authority's own samples do).
    """
    found = _WALL_CLOCK.match(text or "")
    if found is None:
        return None
    clock = found[2] if len(found[2]) == 8 else f"{found[2]}:00"
    return f"{found[1]}T{clock}"


def signature(qr: TaxQr) -> Verdict | None:
    """Whether tag 7 is the signature of tag 6 by the key in tag 8; None for a QR of phase 1, which has none.

    ECDSA with SHA-256 on secp256k1 over the 32 bytes of the hash. Whose key it is (tag 9) takes the tax
    authority's certificate to tell, which a terminal does not have.
    """
    if qr.phase == 1:
        return None
    digest, signed, key = invoice_hash(qr), _raw(qr.signature), _raw(qr.public_key)
    if digest is None or not signed or not key:
        return Verdict(Rule.SIGNATURE, Outcome.FAILS, "tags 6, 7 and 8 do not hold a hash, a signature and a key")
    return _verify(digest, signed, key)


def _verify(digest: bytes, signed: bytes, key: bytes) -> Verdict:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        public = load_der_public_key(key)
    except (ValueError, UnsupportedAlgorithm):
        return Verdict(Rule.SIGNATURE, Outcome.FAILS, "tag 8 is no public key")
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256K1):
        return Verdict(Rule.SIGNATURE, Outcome.FAILS, "the key in tag 8 is not on the curve secp256k1")
    try:
        public.verify(signed, digest, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return Verdict(Rule.SIGNATURE, Outcome.FAILS, "tag 7 is not the signature of tag 6 by the key in tag 8")
    return Verdict(Rule.SIGNATURE, Outcome.HOLDS)


def invoice_hash(qr: TaxQr) -> bytes | None:
    """The 32 bytes of tag 6, however they are written; None when they are not there."""
    raw = _raw(qr.invoice_hash)
    return raw if raw is not None and len(raw) == _HASH_BYTES else None


def _raw(value: bytes | None) -> bytes | None:
    """The bytes of a tag that billers write raw or as Base64 text.

    Neither a key nor a signature in DER can be taken for Base64: their lengths and integers are no letters.
    """
    if value is None or len(value) == _HASH_BYTES:
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return value
