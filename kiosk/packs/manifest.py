"""The one mutable file of a scope: what is published, signed, with a number that only rises and a last day."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, TypeAdapter, ValidationError

from kiosk.packs.envelope import Trust, seal, unseal, utc_text
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


def sign(manifest: Manifest, key: Ed25519PrivateKey) -> bytes:
    """The file a server offers."""
    return seal({"schema": SCHEMA, **_plain(asdict(manifest))}, key)


def verify(file: bytes, trust: Trust) -> Manifest:
    """The manifest of a file that was signed by who is believed.

    Raises:
        PackRefused: it was not, or is no manifest this program understands.
    """
    fields = unseal(file, trust, what="manifest")
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


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(Manifest)
