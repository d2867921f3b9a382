"""What each setting may be: the types and limits that `kiosk.settings_mistakes` holds settings files against."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from devices.near_miss import near_miss
from kiosk.keypad import KEY_NAMES
from kiosk.resources import asset

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


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


def _once(names: list[str]) -> list[str]:
    if len(set(names)) != len(names):
        raise ValueError("names a region twice")
    return names


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
    digits: Literal["latin", "arabic_indic", "native"]
    currency: Literal["sign", "letters"]
    place: Annotated[str, Field(pattern="^[A-Z0-9-]{0,16}$")]


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
    prints_a_day: Annotated[int, Field(ge=1, le=100)]
    wrong_numbers: Annotated[int, Field(ge=3, le=50)]
    queue_days: Annotated[int, Field(ge=0, le=31)]


class _Store(_Table):
    scope: Literal["none", "seen", "regions", "all"]
    regions: Annotated[list[Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]], AfterValidator(_once)]
    accounts: Annotated[int, Field(ge=100, le=1_000_000)]

    @model_validator(mode="after")
    def _names_its_regions(self) -> Self:
        if self.scope == "regions" and not self.regions:
            raise ValueError('has scope "regions" and names none: regions = ["riyadh"]')
        return self


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


class _Retention(_Table):
    bills_days: Annotated[int, Field(ge=1, le=400)]
    regions_days: Annotated[int, Field(ge=1, le=400)]
    receipts_days: Annotated[int, Field(ge=1, le=4000)]
    letters_days: Annotated[int, Field(ge=1, le=400)]
    audit_days: Annotated[int, Field(ge=30, le=4000)]
    logs_days: Annotated[int, Field(ge=1, le=400)]
    damaged_days: Annotated[int, Field(ge=1, le=400)]


class _Maintenance(_Table):
    trust: Annotated[str, AfterValidator(_existing_file)]
    idle_s: Annotated[float, Field(ge=60, le=900)]
    usb: Annotated[str, Field(pattern="^(/[!-~]*)?$", max_length=200)]


def _strong(hashed: str) -> str:
    """An Argon2id hash no weaker than OWASP's least (19 MiB, two passes): one of the enrolment's own is stronger."""
    found = re.fullmatch(r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=\d{1,3}\$[\w+/=]+\$[\w+/=]+", hashed)
    if hashed and (found is None or int(found[1]) < 19456 or int(found[2]) < 2):
        raise ValueError("is no strong Argon2id hash; make one with `ebill-kiosk technician enrol`")
    return hashed


def _day(text: str) -> str:
    if text:
        date.fromisoformat(text)
    return text


class _Technician(_Table):
    number: Annotated[str, Field(pattern="^[0-9]{1,6}$")]
    role: Literal["paper", "setup", "admin"]
    pin: Annotated[str, AfterValidator(_strong)] = ""
    card: Annotated[str, Field(pattern="^([0-9a-f]{4})?$")] = ""
    totp: Annotated[str, Field(pattern=r"^(\d{1,3}\.\d{5,7}\.\d{1,3}\.[A-Za-z0-9_=-]{60,200})?$")] = ""
    until: Annotated[str, AfterValidator(_day)] = ""

    @model_validator(mode="after")
    def _has_two_factors(self) -> Self:
        if bool(self.pin) != bool(self.card):
            raise ValueError("pin and card belong together")
        if not (self.pin or self.totp):
            raise ValueError("needs pin and card, or totp: one factor is not enough")
        return self


class Whole(_Table):
    gateway: _Gateway
    site: _Site
    screen: _Screen
    visit: _Visit
    store: _Store
    speech: _Speech
    sound: _Sound
    keys: _Keys
    retention: _Retention
    maintenance: _Maintenance
    printer: list[dict[str, Any]] = []
    card_reader: list[dict[str, Any]] = []
    card_map: list[dict[str, Any]] = []
    keyboard: list[dict[str, Any]] = []
    technician: list[dict[str, Any]] = []
    ups: dict[str, Any] | None = None
    switches: dict[str, Any] | None = None


@cache
def listed() -> Mapping[str, type[BaseModel]]:
    """What the tables consist of whose meaning others know: lists of them, and `[ups]` and `[switches]`."""
    from devices import settings as tables

    return {
        "printer": tables.PrinterSettings,
        "card_reader": tables.CardReaderSettings,
        "card_map": tables.CardMapRule,
        "keyboard": tables.KeyboardSettings,
        "ups": tables.UpsSettings,
        "switches": tables.SwitchesSettings,
        "technician": _Technician,
    }
