"""Where a printer is, as one line of a settings file: `tcp://10.0.0.9:9100`, `serial:///dev/ttyUSB0?baud=115200`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from devices.near_miss import unknown

# The port that printers listen on for raw data (JetDirect).
RAW_PORT = 9100
_BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A printer with a network card."""

    host: str
    port: int = RAW_PORT

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SerialAddress:
    """A printer on a serial line; `rtscts` is hardware flow control, without which long jobs overrun it."""

    path: str
    baud: int = 9600
    rtscts: bool = True
    parity: Literal["N", "E", "O"] = "N"
    bits: Literal[7, 8] = 8

    @property
    def bits_per_byte(self) -> int:
        """Bits on the wire for one byte: a start and a stop bit, and the parity bit where there is one."""
        return self.bits + 2 + (self.parity != "N")

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """A printer on USB, by vendor and product id and, where two are alike, serial number (empty: any)."""

    vendor: int
    product: int
    serial: str = ""

    def __str__(self) -> str:
        return f"{self.vendor:04x}:{self.product:04x}"


@dataclass(frozen=True, slots=True)
class FileAddress:
    """A file that holds the last receipt's bytes, or a one-way device node."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class SimulatedAddress:
    """The simulated printer; pictures of what it printed go to `folder` (None: nowhere)."""

    folder: Path | None = None

    def __str__(self) -> str:
        return "simulated"


Address = TcpAddress | SerialAddress | UsbAddress | FileAddress | SimulatedAddress


class PrinterUrlInvalid(ValueError):
    """A printer's address cannot be read; the message says what is wrong and shows one that is right."""


def parse(url: str) -> Address:
    """What a printer's address says.

    Raises:
        PrinterUrlInvalid: wrong scheme, part or option; names the near miss.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise PrinterUrlInvalid(f'"{url}" is no address: {error}') from None
    reader = _READERS.get(parts.scheme)
    if reader is None:
        known = unknown("kind of printer address", parts.scheme, known=_READERS)
        raise PrinterUrlInvalid(f"{known}. Example: tcp://192.168.1.50:9100")
    return reader(parts)


def _tcp(parts: SplitResult) -> Address:
    _options(parts, known=())
    try:
        port = parts.port
    except ValueError:
        port = 0
    if not parts.hostname or port == 0 or parts.path not in ("", "/"):
        raise PrinterUrlInvalid(
            "a network printer is written tcp://HOST:PORT, for example tcp://192.168.1.50:9100"
        )
    return TcpAddress(parts.hostname, port or RAW_PORT)


def _serial(parts: SplitResult) -> Address:
    if parts.netloc or not parts.path.startswith("/"):
        raise PrinterUrlInvalid("a serial printer is written serial:///dev/ttyUSB0?baud=115200&rtscts=1")
    options = _options(parts, known=("baud", "bits", "parity", "rtscts"))
    return SerialAddress(
        unquote(parts.path),
        baud=int(_one_of(options, "baud", "9600", allowed=map(str, _BAUDS))),
        rtscts=_one_of(options, "rtscts", "1", allowed=("0", "1")) == "1",
        parity="N" if (p := _one_of(options, "parity", "N", allowed="NEO")) == "N" else "E" if p == "E" else "O",
        bits=7 if _one_of(options, "bits", "8", allowed="78") == "7" else 8,
    )


def _usb(parts: SplitResult) -> Address:
    found = re.fullmatch(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})", parts.netloc)
    if found is None or parts.path not in ("", "/"):
        raise PrinterUrlInvalid(
            "a USB printer is written usb://VENDOR:PRODUCT in hex, for example usb://04b8:0e28"
        )
    options = _options(parts, known=("serial",))
    return UsbAddress(int(found[1], 16), int(found[2], 16), options.get("serial", ""))


def _file(parts: SplitResult) -> Address:
    _options(parts, known=())
    if parts.netloc not in ("", "localhost") or not parts.path.strip("/"):
        raise PrinterUrlInvalid("a file is written file:///path/to/receipt.bin, with three strokes")
    return FileAddress(Path(unquote(parts.path)))


def _simulated(parts: SplitResult) -> Address:
    _options(parts, known=())
    if parts.netloc:
        raise PrinterUrlInvalid("the simulated printer is written simulated: or simulated:/folder/for/pictures")
    return SimulatedAddress(Path(unquote(parts.path)) if parts.path else None)


_READERS: Mapping[str, Callable[[SplitResult], Address]] = {
    "tcp": _tcp,
    "serial": _serial,
    "usb": _usb,
    "file": _file,
    "simulated": _simulated,
}


def _options(parts: SplitResult, *, known: tuple[str, ...]) -> Mapping[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    for key in options:
        if key not in known:
            raise PrinterUrlInvalid(unknown(f"option of a {parts.scheme} address", key, known=known))
    return options


def _one_of(options: Mapping[str, str], key: str, default: str, *, allowed: Iterable[str]) -> str:
    choices = list(allowed)
    value = options.get(key, default)
    if value not in choices:
        raise PrinterUrlInvalid(f'{key} cannot be "{value}": one of {", ".join(choices)}')
    return value
