"""Taking a bundle: what it holds counts from now on, and the bundle never again."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from string import Formatter

from kiosk import settings_fleet
from kiosk.audit import Audit
from kiosk.durable import SlotsDamaged, TwoSlots, write_whole
from kiosk.i18n import CORRECTIONS, Catalogue, Entry, entries_of
from kiosk.packs.envelope import Trust
from kiosk.packs.manifest import PackObject
from kiosk.settings import Settings
from kiosk.sync import Keys, synchronise
from kiosk.sync.source import ManifestFile, ObjectMissing, checked
from kiosk.technician.attempts import Attempts
from kiosk.technician.bundle import Bundle, BundleRefused, check

logger = logging.getLogger(__name__)

FILE = "bundle-serial"


@dataclass(frozen=True, slots=True)
class Applied:
    """What a bundle changed: `settings` count from the next start; `bills` are now stored."""

    settings: bool = False
    sentences: tuple[str, ...] = ()
    bills: int = 0
    unlocked: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The terminal that takes a bundle. `packs` is what bills are verified and opened with, None where it has none."""

    settings: Settings
    state: Path
    audit: Audit
    files: Sequence[Path] = ()
    packs: Keys | None = field(default=None, repr=False)


def last_serial(state: Path) -> int:
    """The serial number of the last bundle taken; a record that cannot be read lets none in.

    Raises:
        BundleRefused: `old`.
    """
    try:
        held = TwoSlots(state / FILE).read()
        return int(json.loads(held)["serial"]) if held else 0
    except (SlotsDamaged, OSError, ValueError, KeyError, TypeError):
        raise BundleRefused("old") from None


def apply(bundle: Bundle, place: Place, *, by: str, now: datetime) -> Applied:
    """Take a bundle that `read` gave; everything is looked at before anything is changed.

    A bundle that was interrupted half way may be taken again: only when all of it is in is its serial number used.

    Raises:
        BundleRefused: nothing was changed.
        FleetRefused, SettingsError, SyncFault, PackRefused, ScopeKeyWrong, NoRoom, StoreError, OSError: as the part
            that failed says; what stood before it in the bundle counts.
    """
    site = place.settings.site
    check(bundle, terminal=site.terminal, place=site.place, now=now, last_serial=last_serial(place.state))
    if bundle.scopes and place.packs is None:
        raise BundleRefused("no_pack_keys")
    sentences = {member.name: bundle.read(member) for member in bundle.of_kind("sentences")}
    for name, content in sentences.items():
        check_sentences(Path(name).stem, content)
    settings = [bundle.read(member) for member in bundle.of_kind("settings")]
    for file in settings:
        settings_fleet.adopt(file, files=place.files, state=place.state, now=now)
    for name, content in sentences.items():
        (place.state / CORRECTIONS).mkdir(mode=0o700, exist_ok=True)
        write_whole(place.state / CORRECTIONS / Path(name).name, content)
    bills = sum(_bills(bundle, scope, place, now) for scope in bundle.scopes)
    if bundle.unlocks:
        Attempts(place.state).reset()
    TwoSlots(place.state / FILE).put(json.dumps({"serial": bundle.serial}).encode())
    place.audit.add("bundle_applied", who=by, serial=bundle.serial, members=len(bundle.members))
    return Applied(bool(settings), tuple(Path(name).stem for name in sentences), bills, bundle.unlocks)


def check_sentences(language: str, content: bytes) -> None:
    """Return when sentences may take the place of ours: keys we have, with the same placeholders.

    Raises:
        BundleRefused: `sentences`.
    """
    try:
        given, ours = entries_of(content.decode()), Catalogue.load(language).entries
    except (OSError, ValueError):
        raise BundleRefused("sentences") from None
    for key, entry in given.items():
        if key not in ours or _shape(entry) != _shape(ours[key]):
            logger.warning("sentence_refused: %s", key[:80])
            raise BundleRefused("sentences")


def trusted(settings: Settings) -> Trust:
    """Whom bundles are believed from.

    Raises:
        BundleRefused: `signed_by_another_key`: nobody is.
    """
    trust = settings_fleet.trusted(settings.maintenance.trust)
    if trust is None:
        raise BundleRefused("signed_by_another_key")
    return trust


class BundleSource:
    """The bills of a bundle, as `kiosk.sync` fetches them."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._members = {member.name: member for member in bundle.members}

    def manifest(self, scope: str, etag: str | None) -> ManifestFile | None:
        """As `PackSource.manifest`."""
        return ManifestFile(self._read(f"packs/v1/sync/{scope}/manifest"), None)

    def object(self, item: PackObject) -> bytes:
        """As `PackSource.object`."""
        return checked(self._read(f"packs/v1/objects/{item.sha256}"), item)

    def close(self) -> None:
        """Nothing is kept open."""

    def _read(self, name: str) -> bytes:
        if name not in self._members:
            raise ObjectMissing("file_missing")
        return self._bundle.read(self._members[name])


def _bills(bundle: Bundle, scope: str, place: Place, now: datetime) -> int:
    assert place.packs is not None
    source = BundleSource(bundle)
    return synchronise(source, folder=place.state, scope=scope, keys=place.packs, now=lambda: now).bills


def _shape(entry: Entry) -> tuple[bool, frozenset[str]]:
    """Whether it has plural forms, and which placeholders are in it."""
    texts = [entry] if isinstance(entry, str) else list(entry.values())
    try:
        names = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name is not None}
    except (ValueError, TypeError):
        raise BundleRefused("sentences") from None
    return isinstance(entry, str), frozenset(names)
