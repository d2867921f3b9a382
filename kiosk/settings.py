"""The technician's settings: layered TOML files read into frozen values, every mistake named at once.

Reading a file for the first time needs the validator (`kiosk.settings_check`, 0.1 s of imports). What passed it
is remembered in the state folder under the files' digest, so that an unchanged terminal starts without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from kiosk import __version__
from kiosk.resources import config_file

OVERLAY = "settings.toml"
"""The technician's own layer, in the state folder; wins over every file but the fleet's."""

FLEET = "settings.fleet.json"
"""The settings that operations signed, in the state folder, as they came; they win over all files."""

_REMEMBERED = "settings.checked.json"

_LARGEST_FILE = 256 << 10
"""Bytes; the annotated file of every setting has four thousand."""


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Where bills come from; file names are empty when not used."""

    url: str
    ca: str
    client_certificate: str
    trust: str
    deadline_s: float


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What the terminal is called, speaks, shows and points to."""

    terminal: str
    privacy: Literal["open", "default", "strict"]
    languages: tuple[str, ...]
    call_centre: str
    app_link: str
    app_hosts: tuple[str, ...]
    digits: Literal["latin", "arabic_indic", "native"]
    currency: Literal["sign", "letters"]
    place: str


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """The panel as it hangs, in millimetres, and how it greets."""

    width_mm: float
    height_mm: float
    distance_mm: float
    mount_mm: float
    text_size: int
    theme: Literal["default", "high", "low", "dark"]


@dataclass(frozen=True, slots=True)
class VisitSettings:
    """Patience and limits of a visit."""

    idle_s: float
    answer_s: float
    prints: int
    prints_a_day: int
    wrong_numbers: int
    queue_days: int


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What is kept for when the network is away; `regions` are names of published scopes."""

    scope: Literal["none", "seen", "regions", "all"]
    regions: tuple[str, ...]
    accounts: int


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How many days everything that is kept is kept; what is younger than its days is never deleted for age."""

    bills_days: int
    regions_days: int
    receipts_days: int
    letters_days: int
    audit_days: int
    logs_days: int
    damaged_days: int


@dataclass(frozen=True, slots=True)
class MaintenanceSettings:
    """Whom technicians' bundles and the fleet's settings are believed from, and how technicians work."""

    trust: str
    idle_s: float
    usb: str


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """The voice: espeak-ng's name of each language's voice, and how it begins with every subscriber."""

    enabled: bool
    voice_ar: str
    voice_en: str
    rate: int
    volume: int


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """What is heard besides the voice: a tick for each key, and the chime and the low tone."""

    ticks: bool
    tones: bool


@dataclass(frozen=True, slots=True)
class KeySettings:
    """What the keys of a tactile keypad do: for each act of `kiosk.keypad.Act` the names of its keys."""

    next: tuple[str, ...]
    previous: tuple[str, ...]
    right: tuple[str, ...]
    left: tuple[str, ...]
    press: tuple[str, ...]
    delete: tuple[str, ...]
    back: tuple[str, ...]
    speech: tuple[str, ...]
    repeat: tuple[str, ...]
    slower: tuple[str, ...]
    faster: tuple[str, ...]
    softer: tuple[str, ...]
    louder: tuple[str, ...]
    item_back: tuple[str, ...]
    item_on: tuple[str, ...]
    hide: tuple[str, ...]


DeviceTable = Mapping[str, Any]
"""A checked table such as `[[printer]]`, `[ups]` or `[[technician]]`; who uses it knows its meaning."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked. The device tables keep the shape of the file: `devices` owns their meaning."""

    gateway: GatewaySettings
    site: SiteSettings
    screen: ScreenSettings
    visit: VisitSettings
    store: StoreSettings
    speech: SpeechSettings
    sound: SoundSettings
    keys: KeySettings
    retention: RetentionSettings
    maintenance: MaintenanceSettings
    printer: tuple[DeviceTable, ...] = ()
    card_reader: tuple[DeviceTable, ...] = ()
    card_map: tuple[DeviceTable, ...] = ()
    keyboard: tuple[DeviceTable, ...] = ()
    technician: tuple[DeviceTable, ...] = ()
    ups: DeviceTable | None = None
    switches: DeviceTable | None = None


_TABLES: Mapping[str, type] = {
    "gateway": GatewaySettings,
    "site": SiteSettings,
    "screen": ScreenSettings,
    "visit": VisitSettings,
    "store": StoreSettings,
    "speech": SpeechSettings,
    "sound": SoundSettings,
    "keys": KeySettings,
    "retention": RetentionSettings,
    "maintenance": MaintenanceSettings,
}

LISTS = ("printer", "card_reader", "card_map", "keyboard", "technician")
"""The lists of tables: a later file's replaces an earlier one's whole."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a settings file: where, what, what was probably meant, and how it is written rightly.

    `line` 0: not in a line; `key` "-": the file itself.
    """

    file: str
    line: int
    key: str
    problem: str
    hint: str = ""
    example: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        what = self.problem if self.key == "-" else f"{self.key}: {self.problem}"
        more = "; ".join(filter(None, (self.hint, f"e.g. {self.example}" if self.example else "")))
        return f"{where}: {what}" + (f" ({more})" if more else "")


class SettingsError(Exception):
    """The settings cannot be used; `mistakes` holds every one of them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class Layer:
    """One settings text and the name its mistakes are reported under."""

    name: str
    text: str


def load(
    files: Sequence[Path] = (), *, state: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> Settings:
    """Read the packaged defaults, `files`, then the technician's overlay and the fleet's signed settings in
    `state`; later ones win.

    `overrides` (table -> key -> value) wins over all; the command line's `--gateway` comes this way.

    Raises:
        SettingsError: with every mistake of every file; tell the technician.
    """
    layers, unread = read_layers(layer_files(files, state=state))
    digest = _digest(layers, overrides)
    remembered = state / _REMEMBERED if state else None
    settings = None if unread else _recall(remembered, digest)
    if settings is None:
        from kiosk.settings_fleet import opened
        from kiosk.settings_mistakes import check

        settings = check(opened(layers), overrides=overrides, known=unread)
        _remember(remembered, digest, settings)
    return settings


def layer_files(files: Sequence[Path] = (), *, state: Path | None = None) -> list[Path]:
    """The files `load` reads, weakest first."""
    own = [state / name for name in (OVERLAY, FLEET) if (state / name).exists()] if state else []
    return [config_file("kiosk.toml"), *files, *own]


def as_tables(settings: Settings) -> dict[str, Any]:
    """The settings as nested plain values, the shape of the TOML file."""
    return asdict(settings)


def from_tables(tables: Mapping[str, Any]) -> Settings:
    """The settings of checked tables; lists become tuples.

    Raises:
        KeyError, TypeError, AttributeError: they are not whole: check them.
    """
    made: dict[str, Any] = {
        name: kind(**{key: tuple(held) if isinstance(held, list) else held for key, held in tables[name].items()})
        for name, kind in _TABLES.items()
    }
    lists: dict[str, Any] = {name: tuple(tables.get(name, ())) for name in LISTS}
    return Settings(**made, **lists, ups=tables.get("ups"), switches=tables.get("switches"))


def read_layers(paths: Sequence[Path]) -> tuple[list[Layer], list[Mistake]]:
    """The texts of files, as they stand there, and which of them cannot be read, or are no text or too long."""
    layers, mistakes = [], []
    for path in paths:
        try:
            with path.open("rb") as file:
                raw = file.read(_LARGEST_FILE + 1)
            if len(raw) > _LARGEST_FILE:
                mistakes.append(Mistake(str(path), 0, "-", f"is over {_LARGEST_FILE >> 10} KB"))
            else:
                layers.append(Layer(str(path), raw.decode()))
        except OSError as error:
            mistakes.append(Mistake(str(path), 0, "-", error.strerror or "cannot be read"))
        except UnicodeDecodeError:
            mistakes.append(Mistake(str(path), 0, "-", "is not UTF-8 text"))
    return layers, mistakes


def _digest(layers: Sequence[Layer], overrides: Mapping[str, Any] | None) -> str:
    whole = json.dumps([__version__, [(a.name, a.text) for a in layers], overrides], default=str)
    return sha256(whole.encode()).hexdigest()


def _recall(path: Path | None, digest: str) -> Settings | None:
    if path is None:
        return None
    try:
        kept = json.loads(path.read_bytes())
        return from_tables(kept["settings"]) if kept["digest"] == digest else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # never checked, or damaged: check again


def _remember(path: Path | None, digest: str, settings: Settings) -> None:
    if path is None:
        return
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps({"digest": digest, "settings": as_tables(settings)}), "utf-8")
        fresh.replace(path)
    except (OSError, TypeError, ValueError):
        # A full disk, or a value of a foreign driver that JSON cannot hold, costs the next start 0.1 s, nothing else.
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
