"""The fleet's settings: signed by operations, newer than those before them, and right before they are kept."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kiosk.durable import write_whole
from kiosk.packs.envelope import Trust, unseal, utc_text
from kiosk.packs.sealing import PackRefused
from kiosk.settings import FLEET, Layer, Mistake, SettingsError, layer_files, read_layers

SCHEMA = "kiosk-config/1"

LIMIT_BYTES = 1 << 20
"""The longest file taken; a hundred technicians have 50 kB."""

_KEPT_LOCAL = (("site", "terminal"), ("maintenance", "trust"))
"""What only somebody at the terminal may set: who it is, and whom it believes."""

_SENTENCES = {
    "signed_by_another_key": "is signed by a key that maintenance.trust does not name",
    "signature": "was altered after it was signed",
    "no_trust": "is not believed: maintenance.trust is not set",
    "expired": "is past its last day",
    "rolled_back": "is older than what is in force",
    "local_key": "sets what is only set at the terminal: site.terminal or maintenance.trust",
}


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """What a signed file says; times as they stand in it, in UTC."""

    issued_at: str
    expires: str
    tables: Mapping[str, Any]


class FleetRefused(Exception):
    """Signed settings that may not be used; `code` is a word, the message a sentence."""

    def __init__(self, code: str) -> None:
        super().__init__(_SENTENCES.get(code, f"is no file of signed settings ({code})"))
        self.code = code


def verify(file: bytes, trust: Trust) -> FleetSettings:
    """The settings of a file that was signed by who is believed.

    Raises:
        FleetRefused: it was not, or is no such file.
    """
    try:
        fields = unseal(file, trust, what="settings")
    except PackRefused as refused:
        raise FleetRefused(refused.code) from None
    issued, expires, tables = fields.get("issued_at"), fields.get("expires"), fields.get("settings")
    if fields.get("schema") != SCHEMA or not isinstance(tables, dict):
        raise FleetRefused("settings_fields")
    if not (isinstance(issued, str) and isinstance(expires, str)):
        raise FleetRefused("settings_fields")
    for table, key in _KEPT_LOCAL:
        if isinstance(tables.get(table), dict) and key in tables[table]:
            raise FleetRefused("local_key")
    return FleetSettings(issued, expires, tables)


def adopt(file: bytes, *, files: Sequence[Path], state: Path, now: datetime) -> FleetSettings:
    """Keep signed settings, so that the next start has them; `files` are the site's.

    Raises:
        FleetRefused: they may not be used; what was in force stays.
        SettingsError: they are signed, and wrong on this terminal; what was in force stays.
        OSError: they are not kept.
    """
    from kiosk.settings_mistakes import check

    below, unread = read_layers([path for path in layer_files(files, state=state) if path.name != FLEET])
    trust = _trust(below)
    if trust is None:
        raise FleetRefused("no_trust")
    found = verify(file, trust)
    if found.expires < utc_text(now):
        raise FleetRefused("expired")
    if found.issued_at < _issued(state / FLEET, trust):
        raise FleetRefused("rolled_back")
    check([*below, _layer(str(state / FLEET), found)], known=unread)
    write_whole(state / FLEET, file)
    return found


def opened(layers: Sequence[Layer]) -> list[Layer]:
    """The layers with the fleet's as the text of its settings, when it is signed by who the others trust.

    Raises:
        SettingsError: it is not.
    """
    below = [layer for layer in layers if Path(layer.name).name != FLEET]
    for layer in layers:
        if Path(layer.name).name == FLEET:
            try:
                trust = _trust(below)
                if trust is None:
                    raise FleetRefused("no_trust")
                below.append(_layer(layer.name, verify(layer.text.encode(), trust)))
            except FleetRefused as refused:
                raise SettingsError([Mistake(layer.name, 0, "-", str(refused))]) from None
    return below


def trusted(path: str) -> Trust | None:
    """The keys of the file that `maintenance.trust` names; None when it names none, or holds none."""
    try:
        return Trust.parse(Path(path).read_bytes()) if path else None
    except (OSError, ValueError):
        return None


def _trust(layers: Sequence[Layer]) -> Trust | None:
    named = ""
    for layer in layers:
        try:
            maintenance = tomllib.loads(layer.text).get("maintenance")
        except (tomllib.TOMLDecodeError, RecursionError):
            continue  # told of by the check of all layers
        if isinstance(maintenance, dict):
            named = maintenance.get("trust", named)
    return trusted(named) if isinstance(named, str) else None


def _issued(path: Path, trust: Trust) -> str:
    try:
        return verify(path.read_bytes(), trust).issued_at
    except (OSError, FleetRefused):
        return ""


def _layer(name: str, found: FleetSettings) -> Layer:
    import tomlkit

    try:
        return Layer(name, tomlkit.dumps(dict(found.tables)))
    except (TypeError, ValueError, RecursionError):
        raise FleetRefused("settings_fields") from None  # JSON knows what TOML does not: null, for one
