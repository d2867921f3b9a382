"""The technician's settings: layered TOML files read into frozen values, every mistake named at once.

Reading a file for the first time needs the validator (`kiosk.settings_check`, 0.1 s of imports). What passed it
is remembered in the state folder under the files' digest, so that an unchanged terminal starts without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from kiosk import __version__
from kiosk.resources import config_file

OVERLAY = "settings.toml"
"""The technician's own layer, in the state folder; wins over every other file."""

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
    digits: Literal["latin", "arabic_indic"]
    currency: Literal["sign", "letters"]


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
    wrong_numbers: int


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What is kept for when the network is away."""

    scope: Literal["none", "seen", "regions", "all"]
    accounts: int
    days: int


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
"""A checked table such as `[[printer]]` or `[ups]`, as `devices.settings` takes it."""


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
    printer: tuple[DeviceTable, ...] = ()
    card_reader: tuple[DeviceTable, ...] = ()
    card_map: tuple[DeviceTable, ...] = ()
    keyboard: tuple[DeviceTable, ...] = ()
    ups: DeviceTable | None = None
    switches: DeviceTable | None = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a settings file: where, what, and what was probably meant.

    `line` 0: not in a line; `key` "-": the file itself.
    """

    file: str
    line: int
    key: str
    problem: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        what = self.problem if self.key == "-" else f"{self.key}: {self.problem}"
        return f"{where}: {what}" + (f" ({self.hint})" if self.hint else "")


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
    """Read the packaged defaults, then `files`, then the technician's overlay in `state`; later ones win.

    `overrides` (table -> key -> value) wins over all; the command line's `--gateway` comes this way.

    Raises:
        SettingsError: with every mistake of every file; tell the technician.
    """
    layers = _layers(layer_files(files, state=state))
    digest = _digest(layers, overrides)
    remembered = state / _REMEMBERED if state else None
    settings = _recall(remembered, digest)
    if settings is None:
        from kiosk.settings_check import check

        settings = check(layers, overrides=overrides)
        _remember(remembered, digest, settings)
    return settings


def layer_files(files: Sequence[Path] = (), *, state: Path | None = None) -> list[Path]:
    """The files `load` reads, weakest first."""
    overlay = [state / OVERLAY] if state and (state / OVERLAY).exists() else []
    return [config_file("kiosk.toml"), *files, *overlay]


def near_miss(word: str, known: Sequence[str]) -> str:
    """`did you mean "x"?` for a mistyped word, else empty."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else ""


def as_tables(settings: Settings) -> dict[str, Any]:
    """The settings as nested plain values, the shape of the TOML file."""
    return asdict(settings)


def _layers(paths: Sequence[Path]) -> list[Layer]:
    layers, mistakes = [], []
    for path in paths:
        try:
            with path.open("rb") as file:
                raw = file.read(_LARGEST_FILE + 1)
            layers.append(Layer(str(path), raw.decode()))
            if len(raw) > _LARGEST_FILE:
                mistakes.append(Mistake(str(path), 0, "-", f"is over {_LARGEST_FILE >> 10} KB"))
        except OSError as error:
            mistakes.append(Mistake(str(path), 0, "-", error.strerror or "cannot be read"))
        except UnicodeDecodeError:
            mistakes.append(Mistake(str(path), 0, "-", "is not UTF-8 text"))
    if mistakes:
        raise SettingsError(mistakes)
    return layers


def _digest(layers: Sequence[Layer], overrides: Mapping[str, Any] | None) -> str:
    whole = json.dumps([__version__, [(a.name, a.text) for a in layers], overrides], default=str)
    return sha256(whole.encode()).hexdigest()


def _recall(path: Path | None, digest: str) -> Settings | None:
    if path is None:
        return None
    try:
        kept = json.loads(path.read_bytes())
        return _rebuild(kept["settings"]) if kept["digest"] == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # never checked, or damaged: check again


def _rebuild(tables: dict[str, Any]) -> Settings:
    site: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in tables["site"].items()}
    return Settings(
        gateway=GatewaySettings(**tables["gateway"]),
        site=SiteSettings(**site),
        screen=ScreenSettings(**tables["screen"]),
        visit=VisitSettings(**tables["visit"]),
        store=StoreSettings(**tables["store"]),
        speech=SpeechSettings(**tables["speech"]),
        sound=SoundSettings(**tables["sound"]),
        keys=KeySettings(**{act: tuple(keys) for act, keys in tables["keys"].items()}),
        printer=tuple(tables["printer"]),
        card_reader=tuple(tables["card_reader"]),
        card_map=tuple(tables["card_map"]),
        keyboard=tuple(tables["keyboard"]),
        ups=tables["ups"],
        switches=tables["switches"],
    )


def _remember(path: Path | None, digest: str, settings: Settings) -> None:
    if path is None:
        return
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps({"digest": digest, "settings": as_tables(settings)}), "utf-8")
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)  # a full or read-only disk costs the next start 0.1 s, nothing else
