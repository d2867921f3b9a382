"""Checks settings files against the settings' types and finds, for every mistake, the line it stands on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from kiosk.keypad import KEY_NAMES
from kiosk.resources import asset
from kiosk.settings import (
    GatewaySettings,
    KeySettings,
    Layer,
    Mistake,
    ScreenSettings,
    Settings,
    SettingsError,
    SiteSettings,
    SoundSettings,
    SpeechSettings,
    StoreSettings,
    VisitSettings,
    near_miss,
)

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check(layers: Sequence[Layer], *, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Merge the layers (later ones win) and check the result.

    Raises:
        SettingsError: with every mistake found, each at the layer and line that caused it.
    """
    parsed = list(_parse(layers))
    if overrides:
        parsed.append((Layer("command line", ""), dict(overrides)))
    merged = _merge([tables for _, tables in parsed])
    problems = list(_problems(merged))
    if problems:
        raise SettingsError([_mistake(path, problem, hint, parsed=parsed) for path, problem, hint in problems])
    return _settings(_Whole.model_validate(merged), merged)


def _parse(layers: Sequence[Layer]) -> Iterator[tuple[Layer, dict[str, Any]]]:
    mistakes = []
    for layer in layers:
        try:
            yield layer, tomllib.loads(layer.text)
        except tomllib.TOMLDecodeError as error:
            at = re.search(r"line (\d+)", str(error))
            problem = re.sub(r"\s*\(at .*\)$", "", str(error))
            mistakes.append(Mistake(layer.name, int(at[1]) if at else 0, "-", f"is not TOML: {problem}"))
        except RecursionError:
            mistakes.append(Mistake(layer.name, 0, "-", "is nested too deeply"))
    if mistakes:
        raise SettingsError(mistakes)


def _merge(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for table in tables:
        for key, value in table.items():
            if isinstance(value, dict) and isinstance(merged.get(key), dict):
                merged[key] = {**merged[key], **value}
            else:
                merged[key] = value
    return merged


def _names_host(parts: SplitResult) -> bool:
    """Whether there is a host, with a port that can be, and nobody's name or a space before or in it."""
    try:
        return bool(parts.hostname and parts.port != 0) and not re.search(r"[@\s]", parts.netloc)
    except ValueError:
        return False


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError("http is for loopback only; use https")
    if url and (parts.scheme not in ("http", "https") or not _names_host(parts)):
        raise ValueError('is no address, e.g. "https://bills.example.sa"')
    if parts.query or parts.fragment:
        raise ValueError("must hold no question mark and no #")
    return url


def _https(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme != "https" or not _names_host(parts)):
        raise ValueError('is no https address, e.g. "https://app.example.sa/bill"')
    return url


def _existing_file(name: str) -> str:
    if name and not Path(name).is_file():
        raise ValueError("names no file on this machine")
    return name


def _known_languages(codes: list[str]) -> list[str]:
    known = sorted(path.stem for path in asset("catalogues").glob("*.toml"))
    for code in codes:
        if code not in known:
            raise ValueError(f'"{code}" has no catalogue; there are {", ".join(known)}')
    if len(set(codes)) != len(codes):
        raise ValueError("names a language twice")
    return codes


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Gateway(_Table):
    url: Annotated[str, AfterValidator(_address)]
    ca: Annotated[str, AfterValidator(_existing_file)]
    client_certificate: Annotated[str, AfterValidator(_existing_file)]
    trust: Annotated[str, AfterValidator(_existing_file)]
    deadline_s: Annotated[float, Field(ge=0.5, le=30)]


class _Site(_Table):
    terminal: Annotated[str, Field(pattern="^[A-Z0-9-]{1,16}$")]
    privacy: Literal["open", "default", "strict"]
    languages: Annotated[list[str], Field(min_length=1), AfterValidator(_known_languages)]
    call_centre: Annotated[str, Field(pattern=r"^\+?[0-9]{3,15}$")]
    app_link: Annotated[str, Field(max_length=200), AfterValidator(_https)]
    app_hosts: list[Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]{1,5})?$")]]
    digits: Literal["latin", "arabic_indic"]
    currency: Literal["sign", "letters"]


class _Screen(_Table):
    width_mm: Annotated[float, Field(ge=80, le=2000)]
    height_mm: Annotated[float, Field(ge=80, le=2000)]
    distance_mm: Annotated[float, Field(ge=200, le=2000)]
    mount_mm: Annotated[float, Field(ge=0, le=2000)]
    text_size: Annotated[int, Field(ge=1, le=4)]
    theme: Literal["default", "high", "low", "dark"]


class _Visit(_Table):
    idle_s: Annotated[float, Field(ge=20, le=600)]
    answer_s: Annotated[float, Field(ge=5, le=120)]
    prints: Annotated[int, Field(ge=1, le=10)]
    wrong_numbers: Annotated[int, Field(ge=3, le=50)]


class _Store(_Table):
    scope: Literal["none", "seen", "regions", "all"]
    accounts: Annotated[int, Field(ge=100, le=1_000_000)]
    days: Annotated[int, Field(ge=1, le=400)]


class _Speech(_Table):
    enabled: bool
    voice_ar: Annotated[str, Field(pattern="^[a-zA-Z0-9+_/-]{1,40}$")]
    voice_en: Annotated[str, Field(pattern="^[a-zA-Z0-9+_/-]{1,40}$")]
    rate: Annotated[int, Field(ge=1, le=6)]
    volume: Annotated[int, Field(ge=1, le=5)]


class _Sound(_Table):
    ticks: bool
    tones: bool


def _key(name: str) -> str:
    if name not in KEY_NAMES:
        raise ValueError(f'"{name}" is no key; {near_miss(name, KEY_NAMES) or "e.g. tab, f5, pad_plus"}')
    return name


_KeyList = list[Annotated[str, AfterValidator(_key)]]


class _Keys(_Table):
    next: _KeyList
    previous: _KeyList
    right: _KeyList
    left: _KeyList
    press: _KeyList
    delete: _KeyList
    back: _KeyList
    speech: _KeyList
    repeat: _KeyList
    slower: _KeyList
    faster: _KeyList
    softer: _KeyList
    louder: _KeyList
    item_back: _KeyList
    item_on: _KeyList
    hide: _KeyList

    @model_validator(mode="after")
    def _each_key_does_one_thing(self) -> Self:
        given = [key for keys in self.model_dump().values() for key in keys]
        for key in given:
            if given.count(key) > 1:
                raise ValueError(f'"{key}" is given two things to do')
        return self


class _Whole(_Table):
    gateway: _Gateway
    site: _Site
    screen: _Screen
    visit: _Visit
    store: _Store
    speech: _Speech
    sound: _Sound
    keys: _Keys
    printer: list[dict[str, Any]] = []
    card_reader: list[dict[str, Any]] = []
    card_map: list[dict[str, Any]] = []
    keyboard: list[dict[str, Any]] = []
    ups: dict[str, Any] | None = None
    switches: dict[str, Any] | None = None


@cache
def _device_tables() -> dict[str, type[BaseModel]]:
    """The tables that `devices` knows the meaning of; those of one part by name, lists of them too."""
    from devices import settings as tables

    return {
        "printer": tables.PrinterSettings,
        "card_reader": tables.CardReaderSettings,
        "card_map": tables.CardMapRule,
        "keyboard": tables.KeyboardSettings,
        "ups": tables.UpsSettings,
        "switches": tables.SwitchesSettings,
    }


Problem = tuple[tuple[str | int, ...], str, str]
"""Path of the key, what is wrong with it, a hint (may be empty)."""


def _problems(merged: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _model_problems(_Whole, merged, under=())
    for name, model in _device_tables().items():
        given = merged.get(name)
        if isinstance(given, list):
            for index, table in enumerate(given):
                yield from _model_problems(model, table, under=(name, index))
        elif isinstance(given, dict) and name in ("ups", "switches"):
            yield from _model_problems(model, given, under=(name,))


def _model_problems(model: type[BaseModel], value: object, *, under: tuple[str | int, ...]) -> Iterator[Problem]:
    try:
        model.model_validate(value)
    except ValidationError as error:
        for found in error.errors(include_input=False, include_url=False):
            path = (*under, *found["loc"])
            if found["type"] == "extra_forbidden":
                yield path, "is no known key", near_miss(str(path[-1]), _siblings(model, found["loc"]))
            else:
                is_table = found["type"] in ("model_type", "model_attributes_type")
                yield path, f"must be a table: [{path[-1]}]" if is_table else _sentence(found["msg"]), ""


def _siblings(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    for step in path[:-1]:
        field = model.model_fields.get(str(step))
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return []
        model = field.annotation
    return list(model.model_fields)


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _mistake(
    path: tuple[str | int, ...],
    problem: str,
    hint: str,
    *,
    parsed: Sequence[tuple[Layer, Mapping[str, Any]]],
) -> Mistake:
    layer = next((layer for layer, tables in reversed(parsed) if _holds(tables, path)), parsed[0][0])
    return Mistake(layer.name, _line(layer.text, path), _dotted(path), problem, hint)


def _holds(tables: Any, path: tuple[str | int, ...]) -> bool:
    for step in path[:2]:
        if isinstance(step, int):
            return True
        if not isinstance(tables, Mapping) or step not in tables:
            return False
        tables = tables[step]
    return True


def _dotted(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _line(text: str, path: tuple[str | int, ...]) -> int:
    """The line of a key: its `[table]` (the n-th of a list of tables), then the key inside it."""
    table, index = str(path[0]), next((step for step in path[1:2] if isinstance(step, int)), 0)
    keys = [str(step) for step in path[1:] if not isinstance(step, int)]
    inside, seen, header = False, -1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        head = re.match(r"\s*(\[\[?)\s*([\w.]+)\s*\]\]?", line)
        if head:
            inside = head[2] == table
            seen += inside
            inside = inside and (head[1] == "[" or seen == index)
            header = number if inside else header
        elif _sets(line, keys[0] if inside and keys else "" if header else table):
            return number
    return header


def _sets(line: str, key: str) -> bool:
    return bool(key) and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[.=]""", line) is not None


def _settings(whole: _Whole, merged: Mapping[str, Any]) -> Settings:
    site = whole.site.model_dump()
    site |= {"languages": tuple(whole.site.languages), "app_hosts": tuple(whole.site.app_hosts)}
    return Settings(
        gateway=GatewaySettings(**whole.gateway.model_dump()),
        site=SiteSettings(**site),
        screen=ScreenSettings(**whole.screen.model_dump()),
        visit=VisitSettings(**whole.visit.model_dump()),
        store=StoreSettings(**whole.store.model_dump()),
        speech=SpeechSettings(**whole.speech.model_dump()),
        sound=SoundSettings(**whole.sound.model_dump()),
        keys=KeySettings(**{act: tuple(keys) for act, keys in whole.keys.model_dump().items()}),
        printer=tuple(merged.get("printer", ())),
        card_reader=tuple(merged.get("card_reader", ())),
        card_map=tuple(merged.get("card_map", ())),
        keyboard=tuple(merged.get("keyboard", ())),
        ups=merged.get("ups"),
        switches=merged.get("switches"),
    )


def parse_value(text: str) -> Any:
    """A value as TOML reads it (`2.5`, `true`, `["ar"]`); anything else is taken as a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
