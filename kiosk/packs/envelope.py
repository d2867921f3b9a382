"""What operations sign, as it lies on a server or a stick: one JSON file with the signed bytes and their signature."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.packs.sealing import PackRefused

_PEM_END = b"-----END PUBLIC KEY-----"


class Trust:
    """The public keys a terminal believes, by their ids: one, or an old and a new one side by side."""

    def __init__(self, keys: Iterable[Ed25519PublicKey]) -> None:
        self._keys = {key_id(key): key for key in keys}

    @classmethod
    def parse(cls, pem: bytes) -> Trust:
        """The keys of a PEM file.

        Raises:
            ValueError: it holds none, or something else.
        """
        blocks = [block + _PEM_END for block in pem.split(_PEM_END)[:-1]]
        keys = [serialization.load_pem_public_key(block) for block in blocks]
        ours = [key for key in keys if isinstance(key, Ed25519PublicKey)]
        if not ours or len(ours) != len(keys):
            raise ValueError("no Ed25519 public key in PEM")
        return cls(ours)

    def check(self, key: str, *, signature: bytes, signed: bytes) -> None:
        """Return when `signed` was signed with a believed key.

        Raises:
            PackRefused: it was not.
        """
        if key not in self._keys:
            raise PackRefused("signed_by_another_key")
        try:
            self._keys[key].verify(signature, signed)
        except InvalidSignature:
            raise PackRefused("signature") from None


def key_id(key: Ed25519PublicKey) -> str:
    """What a signature names its key by."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def seal(fields: Mapping[str, Any], key: Ed25519PrivateKey) -> bytes:
    """The file of some fields, signed."""
    signer = key_id(key.public_key())
    signed = json.dumps({**fields, "key_id": signer}, sort_keys=True, separators=(",", ":")).encode()
    envelope = {"key_id": signer, "signed": _base64(signed), "signature": _base64(key.sign(signed))}
    return json.dumps(envelope, indent=1).encode() + b"\n"


def unseal(file: bytes, trust: Trust, *, what: str) -> Mapping[str, Any]:
    """The fields of a file that was signed by who is believed.

    `what` begins the codes of its refusals: `<what>_form`, `<what>_fields`.

    Raises:
        PackRefused: it was not, or is no such file.
    """
    envelope = _json(file, f"{what}_form")
    try:
        key, *encoded = (envelope[name] for name in ("key_id", "signed", "signature"))
        signed, signature = (base64.b64decode(text, validate=True) for text in encoded)
    except (KeyError, TypeError, ValueError):
        raise PackRefused(f"{what}_form") from None
    trust.check(str(key), signature=signature, signed=signed)
    return _json(signed, f"{what}_fields")


def utc_text(moment: datetime) -> str:
    """A moment as signed files write it, in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _json(octets: bytes, code: str) -> Mapping[str, Any]:
    try:
        fields = json.loads(octets)
    except (ValueError, RecursionError):
        raise PackRefused(code) from None
    if not isinstance(fields, dict):
        raise PackRefused(code)
    return fields
