"""The one mutable file of a scope: what is published, signed, with a number that only rises and a last day."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, TypeAdapter, ValidationError

from kiosk.packs.figures import FIELDS
from kiosk.packs.sealing import PackRefused
from kiosk.packs.shards import RAW_LIMIT_BYTES

SCHEMA = "ebill-snapshot/1"

LIMIT_BYTES = 8 << 20
"""The longest manifest file read. 180 shards and a month of quarter-hourly deltas are under 1 MB."""

OBJECT_LIMIT_BYTES = 16 << 20
"""The longest object taken. Ours have 4 MB."""

VALID_FOR = timedelta(days=60)
"""A terminal cut off from news holds on for a bill's month and the one after it."""

_ObjectName = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=0, lt=1 << 40)]
_PEM_END = b"-----END PUBLIC KEY-----"


@dataclass(frozen=True, slots=True)
class PackObject:
    """One object: its name, its length sealed and unpacked, how many rows it holds."""

    sha256: _ObjectName
    bytes: Annotated[int, Field(ge=0, le=OBJECT_LIMIT_BYTES)]
    raw: Annotated[int, Field(ge=0, le=RAW_LIMIT_BYTES)]
    rows: Annotated[int, Field(ge=0, le=1 << 24)]


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed after the snapshot: the `seq`-th change since, right since `as_of`."""

    seq: Annotated[int, Field(ge=1, lt=1 << 31)]
    as_of: datetime
    object: PackObject


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a scope consists of.

    `generation` rises with every manifest; `base` is the generation its snapshot was cut in, right since
    `as_of`. `scope_key_id` tells which key its objects are sealed under.
    """

    scope: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    generation: Annotated[int, Field(ge=1, lt=1 << 60)]
    base: Annotated[int, Field(ge=1, lt=1 << 60)]
    as_of: datetime
    issued_at: datetime
    expires: datetime
    scope_key_id: str
    fields: list[str]
    snapshot: Annotated[list[PackObject], Field(max_length=20_000)]
    deltas: Annotated[list[Delta], Field(max_length=20_000)]

    @property
    def rows(self) -> int:
        """How many rows the snapshot has."""
        return sum(item.rows for item in self.snapshot)


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


def sign(manifest: Manifest, key: Ed25519PrivateKey) -> bytes:
    """The file a server offers."""
    fields = {"schema": SCHEMA, **_plain(asdict(manifest)), "key_id": key_id(key.public_key())}
    signed = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    return _envelope(key_id(key.public_key()), signed, key.sign(signed))


def verify(file: bytes, trust: Trust) -> Manifest:
    """The manifest of a file that was signed by who is believed.

    Raises:
        PackRefused: it was not, or is no manifest this program understands.
    """
    envelope = _json(file, "manifest_form")
    try:
        key, *encoded = (envelope[name] for name in ("key_id", "signed", "signature"))
        signed, signature = (base64.b64decode(text, validate=True) for text in encoded)
    except (KeyError, TypeError, ValueError):
        raise PackRefused("manifest_form") from None
    trust.check(str(key), signature=signature, signed=signed)
    fields = _json(signed, "manifest_fields")
    if fields.get("schema") != SCHEMA:
        raise PackRefused("schema")
    try:
        manifest: Manifest = _adapter().validate_python(fields)
    except ValidationError:
        raise PackRefused("manifest_fields") from None
    if manifest.fields != FIELDS:
        raise PackRefused("fields")
    if [delta.seq for delta in manifest.deltas] != list(range(1, len(manifest.deltas) + 1)):
        raise PackRefused("manifest_fields")
    return manifest


def utc_text(moment: datetime) -> str:
    """A moment as manifests write it, in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _envelope(key: str, signed: bytes, signature: bytes) -> bytes:
    fields = {"key_id": key, "signed": _base64(signed), "signature": _base64(signature)}
    return json.dumps(fields, indent=1).encode() + b"\n"


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(held) for name, held in value.items()}
        case list():
            return [_plain(held) for held in value]
        case datetime():
            return utc_text(value)
        case _:
            return value


def _json(octets: bytes, code: str) -> Mapping[str, Any]:
    try:
        fields = json.loads(octets)
    except (ValueError, RecursionError):
        raise PackRefused(code) from None
    if not isinstance(fields, dict):
        raise PackRefused(code)
    return fields


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(Manifest)
