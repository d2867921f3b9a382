"""The device tables of the settings file: printers, readers, the card map, keyboards, power and switches."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from devices import binding, card_map, dialogues, printer_url, reader_url, sensors, switches, ups
from devices.card_reader import CredentialKind
from devices.escpos import profiles
from devices.near_miss import unknown

_OUR_PRINTERS = ("tcp", "serial", "usb", "file", "simulated")
_OUR_READERS = (*reader_url.LINE_SCHEMES, *reader_url.NODE_SCHEMES, "pcsc", "simulated")


def _usb_id(given: object) -> object:
    """A vendor or product id: 0x0403 as TOML knows it, or "0403" as everybody writes it."""
    if isinstance(given, str):
        return int(given.removeprefix("0x"), 16)
    return given


UsbId = Annotated[int, BeforeValidator(_usb_id), Field(ge=0, le=0xFFFF)]


class MatchSettings(BaseModel):
    """What a device must be to be used, whatever its port is called today."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vid: UsbId | None = None
    pid: UsbId | None = None
    serial: str = ""
    location: str = ""
    interface: str = ""

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.serial or self.location or (self.vid is not None and self.pid is not None)):
            raise ValueError("match needs vid and pid, or serial, or location")
        return self

    def match(self) -> binding.Match:
        """The same as the binding wants it."""
        return binding.Match(**self.model_dump())


class _Device(BaseModel):
    """A table that names a driver by its address; a third party's driver may take keys of its own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(default="", description="how logs and the technician's screen call it")

    @property
    def extra(self) -> Mapping[str, Any]:
        """The keys that only the driver knows."""
        return self.model_extra or {}

    def _refuse_unknown(self, kind: str, scheme: str, *, ours: Iterable[str]) -> None:
        """Refuse an address that no driver answers to, ours or a package's (`devices.<kind>s`)."""
        known = {*ours, *(point.name for point in entry_points(group=f"devices.{kind}s"))}
        if scheme not in known:
            raise ValueError(unknown(f"kind of {kind} address", scheme, known=(f"{name}:" for name in known)))

    def _refuse_extra(self, kind: str) -> None:
        known = type(self).model_fields
        for key in self.extra:
            raise ValueError(unknown(f"key of a {kind}", key, known=known))


class PrinterSettings(_Device):
    """One `[[printer]]` table: the arguments of its driver."""

    url: str = Field(description="tcp://HOST:9100, serial:///dev/ttyUSB0?baud=115200, usb://04b8:0e28, simulated:")
    profile: str = Field(default="generic", description="what kind of printer it is")
    width: int = Field(
        default=576, ge=128, le=1152, multiple_of=8, description="dots across: 576 on 80 mm paper, 384 on 58 mm"
    )
    encoder: Literal["auto", "raster", "lines", "hybrid"] = "auto"
    keeps_logo: bool = Field(default=False, description="keep the head of the receipts in the printer's memory")
    roll_mm: float = Field(default=80_000.0, gt=0, le=1_000_000, description="the length of a full roll")
    near_end_mm: float = Field(
        default=0.0, ge=0, le=100_000, description="what is left when the near-end sensor trips; 0: not measured"
    )

    @model_validator(mode="after")
    def _is_right(self) -> Self:
        scheme = self.url.partition(":")[0]
        if scheme in _OUR_PRINTERS:
            printer_url.parse(self.url)
            profiles.profile(self.profile)
            self._refuse_extra("printer")
        else:
            self._refuse_unknown("printer", scheme, ours=_OUR_PRINTERS)
        return self


class CardReaderSettings(_Device):
    """One `[[card_reader]]` table: the arguments of its driver."""

    url: str = Field(default="", description="serial:///dev/ttyUSB0?baud=9600, socket://HOST:PORT, simulated:")
    match: MatchSettings | None = Field(default=None, description="instead of an address: which device it is")
    codec: str = Field(default="magtek", description="how its bytes are to be read")
    lrc: bool = Field(default=False, description="it sends the check character of each track")
    last_track: int | None = Field(default=None, ge=1, le=3, description="idtech: the highest track it sends")

    @model_validator(mode="after")
    def _is_right(self) -> Self:
        kind = self.scheme
        if kind in _OUR_READERS:
            dialogues.kind(self.codec)
            self._refuse_extra("card_reader")
        else:
            self._refuse_unknown("card_reader", kind, ours=_OUR_READERS)
        if kind in reader_url.LINE_SCHEMES:
            line = reader_url.parse_line(self.url or "serial:")
            if bool(line.address) == (self.match is not None):
                raise ValueError("give either an address in url or match")
        if kind in reader_url.NODE_SCHEMES:
            reader_url.parse_node(self.url, kind=kind, match=self.match)
        return self

    @property
    def scheme(self) -> str:
        """The kind of its address, by which the driver is chosen."""
        return reader_url.scheme(self.url) if self.url else "serial"


class CardMapRule(BaseModel):
    """One `[[card_map]]` table: what one kind of card or code says, and an example to try it on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: card_map.Source
    example: str = Field(description="what a reader would send; tried when the settings are read")
    pattern: str = Field(default="", description="regular expression with a group named account")
    kind: CredentialKind = CredentialKind.ACCOUNT
    ai: str = Field(default="", description="gs1: the field that holds the number")
    require_gln: str = Field(default="", description="gs1: the biller's place, field 415")
    aid: str = Field(default="", description="apdu: the application to select, hex")
    read: str = Field(default="", description="apdu: the command that reads the number, hex")

    @model_validator(mode="after")
    def _works(self) -> Self:
        card_map.CardMap([self.rule()])
        return self

    def rule(self) -> card_map.Rule:
        """The same as the card map wants it."""
        return card_map.Rule(**self.model_dump())


class UpsSettings(BaseModel):
    """The `[ups]` table: where upsd tells of the power supply."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="nut://127.0.0.1/ups")
    name: str = "ups"
    shut_down: tuple[str, ...] = Field(
        default=(), description="the command that ends this machine when the battery is nearly empty"
    )

    @model_validator(mode="after")
    def _is_right(self) -> Self:
        ups.Ups(url=self.url)
        return self


class SwitchesSettings(BaseModel):
    """The `[switches]` table: the board that tells of door, presence and head-phones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="serial:///dev/ttyUSB1?baud=9600")
    name: str = "switches"
    inputs: Mapping[str, sensors.Switch] = Field(default=switches.DEFAULT_INPUTS)

    @model_validator(mode="after")
    def _is_right(self) -> Self:
        switches.Switches(url=self.url)
        return self


class KeyboardSettings(BaseModel):
    """One `[[keyboard]]` table: a keyboard that a technician accepted. All others are kept silent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: MatchSettings
    name: str = ""


class DeviceSettings(BaseModel):
    """All device tables of a settings file; the tables of the program around them are not looked at."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    printer: tuple[PrinterSettings, ...] = ()
    card_reader: tuple[CardReaderSettings, ...] = ()
    card_map: tuple[CardMapRule, ...] = ()
    keyboard: tuple[KeyboardSettings, ...] = ()
    ups: UpsSettings | None = None
    switches: SwitchesSettings | None = None

    @classmethod
    def read(cls, files: Iterable[Path]) -> Self:
        """The device tables of settings files; of each kind, the last file that has any wins.

        Raises:
            DeviceSettingsError: a file cannot be read, or a table is wrong; the message names every mistake.
        """
        merged: dict[str, Any] = {}
        for file in files:
            try:
                merged |= tomllib.loads(file.read_text("utf-8"))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                raise DeviceSettingsError([f"{file}: {error}"]) from None
        try:
            return cls.model_validate(merged)
        except ValidationError as error:
            raise DeviceSettingsError(
                [
                    f"{'.'.join(map(str, found['loc']))}: {found['msg'].removeprefix('Value error, ')}"
                    for found in error.errors(include_input=False, include_url=False)
                ]
            ) from None


class DeviceSettingsError(ValueError):
    """Device tables that cannot be used; `mistakes` has a sentence for each."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))
