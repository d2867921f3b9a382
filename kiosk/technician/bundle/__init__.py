"""What operations send on a stick: settings, sentences, bills, or the opening of a lock; data only, and signed.

A bundle is one ZIP file, `NAME.ebk`. Its first member, `bundle.json`, is signed and lists every other one with its size
and hash, for whom the bundle is, until when, and a serial number that only rises. Nothing of it is ever written to a
path of its own: members are read by name, each held against the list before a byte of it counts.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.packs.envelope import Trust, seal, unseal, utc_text
from kiosk.packs.manifest import LIMIT_BYTES as MANIFEST_LIMIT
from kiosk.packs.manifest import OBJECT_LIMIT_BYTES
from kiosk.packs.sealing import PackRefused

SUFFIX = ".ebk"
SCHEMA = "kiosk-bundle/1"
INDEX = "bundle.json"

FILE_LIMIT = 2 << 30
"""Bytes of a whole bundle: the bills of the nation have 645 MB."""

MOST_MEMBERS = 40_000
_INDEX_LIMIT = 16 << 20

_SETTINGS_LIMIT = 1 << 20
_SENTENCES_LIMIT = 256 << 10

KINDS: Mapping[str, tuple[re.Pattern[str], int]] = {
    "settings": (re.compile(r"settings\.json"), _SETTINGS_LIMIT),
    "sentences": (re.compile(r"catalogues/[a-z]{2,3}\.toml"), _SENTENCES_LIMIT),
    "manifest": (re.compile(r"packs/v1/sync/[a-z0-9][a-z0-9-]{0,39}/manifest"), MANIFEST_LIMIT),
    "object": (re.compile(r"packs/v1/objects/[0-9a-f]{64}"), OBJECT_LIMIT_BYTES),
}
"""What a member may be called, and how long it may be. What is none of these is not taken."""

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that ZIP knows: the same content makes the same file."""


class BundleRefused(Exception):
    """Nothing of a bundle is taken; `code` is a word that a screen has a sentence for.

    `not_a_bundle`, `too_big`, `signed_by_another_key`, `signature`, `bundle_form`, `bundle_fields`, `foreign` (for
    another terminal or place), `expired`, `old` (the serial number was used), `unknown_member`, `unlisted_member`,
    `missing_member`, `altered_member`, `link`, `encrypted`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the signed list has it."""

    name: str
    bytes: int
    sha256: str

    @property
    def kind(self) -> str:
        """Its kind, a key of `KINDS`; empty for none."""
        return next((kind for kind, (name, _) in KINDS.items() if name.fullmatch(self.name)), "")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose signature, list and members' sizes are right; times in UTC, as text.

    `terminal` or `place` says for whom it is, the other is empty. `unlocks`: it opens the lock after too many tries.
    """

    path: Path
    serial: int
    issued_at: str
    expires: str
    terminal: str
    place: str
    unlocks: bool
    members: tuple[Member, ...]

    def read(self, member: Member) -> bytes:
        """A member, whole, when it has the size and hash that was signed.

        Raises:
            BundleRefused: `altered_member`, or the file is gone.
        """
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(member.name) as source:
                content = _capped(source, member.bytes)
        except (zipfile.BadZipFile, zlib.error, OSError, KeyError, EOFError, NotImplementedError, RuntimeError):
            raise BundleRefused("altered_member") from None
        if len(content) != member.bytes or hashlib.sha256(content).hexdigest() != member.sha256:
            raise BundleRefused("altered_member")
        return content

    def of_kind(self, kind: str) -> list[Member]:
        """The members of one kind."""
        return [member for member in self.members if member.kind == kind]

    @property
    def scopes(self) -> list[str]:
        """The scopes whose bills it has."""
        return [member.name.split("/")[3] for member in self.of_kind("manifest")]


def find(stick: Path) -> list[Path]:
    """The bundles on a stick, in its first folder only."""
    return sorted(path for path in stick.glob(f"*{SUFFIX}") if path.is_file() and not path.is_symlink())


def read(path: Path, trust: Trust) -> Bundle:
    """A bundle, when it was signed by who is believed and holds exactly what its list says.

    Raises:
        BundleRefused: it was not, or does not.
    """
    try:
        if path.stat().st_size > FILE_LIMIT:
            raise BundleRefused("too_big")
        with zipfile.ZipFile(path) as archive:
            found = {info.filename: info for info in _infos(archive)}
            with archive.open(found.pop(INDEX)) as source:
                index = _capped(source, _INDEX_LIMIT)
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        KeyError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ):
        raise BundleRefused("not_a_bundle") from None
    try:
        fields = unseal(index, trust, what="bundle")
    except PackRefused as refused:
        raise BundleRefused(refused.code) from None
    bundle = _bundle(path, fields)
    _hold_against(bundle.members, found)
    return bundle


def check(bundle: Bundle, *, terminal: str, place: str, now: datetime, last_serial: int) -> None:
    """Return when a bundle is for this terminal, now.

    Raises:
        BundleRefused: `foreign`, `expired` or `old`.
    """
    if not (bundle.terminal == terminal or (place and bundle.place == place)):
        raise BundleRefused("foreign")
    if bundle.expires < utc_text(now):
        raise BundleRefused("expired")
    if bundle.serial <= last_serial:
        raise BundleRefused("old")


def make(
    path: Path,
    members: Mapping[str, bytes | Path],
    *,
    key: Ed25519PrivateKey,
    serial: int,
    issued_at: datetime,
    expires: datetime,
    terminal: str = "",
    place: str = "",
    unlocks: bool = False,
) -> Bundle:
    """Write a bundle; for operations.

    Raises:
        ValueError: a member's name or size is none that terminals take, or it is for nobody.
        OSError: it cannot be written.
    """
    if bool(terminal) == bool(place):
        raise ValueError("a bundle is for one terminal or for one place")
    listed = [_listed(name, content) for name, content in sorted(members.items())]
    fields = {
        "schema": SCHEMA,
        "serial": serial,
        "issued_at": utc_text(issued_at),
        "expires": utc_text(expires),
        "terminal": terminal,
        "place": place,
        "unlocks": unlocks,
        "members": {member.name: {"bytes": member.bytes, "sha256": member.sha256} for member in listed},
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, INDEX, seal(fields, key))
        for member in listed:
            _add(archive, member.name, _octets(members[member.name]))
    return _bundle(path, fields)


def _infos(archive: zipfile.ZipFile) -> Iterable[zipfile.ZipInfo]:
    """The archive's members, none of which is a link, a folder, encrypted, or there twice."""
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise BundleRefused("too_big")
    if len({info.filename for info in infos}) != len(infos):
        raise BundleRefused("unlisted_member")
    for info in infos:
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise BundleRefused("link")
        if info.flag_bits & 0x1:
            raise BundleRefused("encrypted")
    return infos


def _hold_against(members: Iterable[Member], found: dict[str, zipfile.ZipInfo]) -> None:
    for member in members:
        if not member.kind:
            raise BundleRefused("unknown_member")
        if member.bytes > KINDS[member.kind][1]:
            raise BundleRefused("too_big")
        info = found.pop(member.name, None)
        if info is None:
            raise BundleRefused("missing_member")
        if info.file_size != member.bytes:
            raise BundleRefused("altered_member")
    if found:
        raise BundleRefused("unlisted_member")


def _bundle(path: Path, fields: Mapping[str, Any]) -> Bundle:
    try:
        members = tuple(
            Member(str(name), _whole(held["bytes"]), str(held["sha256"]))
            for name, held in fields["members"].items()
        )
        texts = [fields[name] for name in ("issued_at", "expires", "terminal", "place")]
        if fields["schema"] != SCHEMA or not all(isinstance(text, str) for text in texts):
            raise BundleRefused("bundle_fields")
        issued_at, expires, terminal, place = texts
        return Bundle(
            path,
            _whole(fields["serial"]),
            issued_at=issued_at,
            expires=expires,
            terminal=terminal,
            place=place,
            unlocks=fields["unlocks"] is True,
            members=members,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BundleRefused("bundle_fields") from None


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 60:
        raise ValueError("no whole number")
    return value


def _capped(source: IO[bytes], most: int) -> bytes:
    """Up to `most` bytes, and one more where there are more; a bomb is never unpacked."""
    content = source.read(most + 1)
    if len(content) > most:
        raise BundleRefused("too_big")
    return content


def _listed(name: str, content: bytes | Path) -> Member:
    octets = _octets(content)
    member = Member(name, len(octets), hashlib.sha256(octets).hexdigest())
    if not member.kind:
        raise ValueError(f"terminals take no member called {name}")
    if member.bytes > KINDS[member.kind][1]:
        raise ValueError(f"{name} is longer than terminals take")
    return member


def _octets(content: bytes | Path) -> bytes:
    return content.read_bytes() if isinstance(content, Path) else content


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _FIXED_TIME)
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    archive.writestr(info, content)


def signed_settings(
    tables: Mapping[str, Any], *, key: Ed25519PrivateKey, now: datetime, expires: datetime
) -> bytes:
    """The member `settings.json`: settings as `kiosk.settings_fleet` takes them."""
    fields = {
        "schema": "kiosk-config/1",
        "issued_at": utc_text(now),
        "expires": utc_text(expires),
        "settings": json.loads(json.dumps(tables)),
    }
    return seal(fields, key)
