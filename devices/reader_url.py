"""Where a card reader is, as one line of a settings file: `serial:///dev/ttyUSB0?baud=9600`, `socket://host:port`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from devices.near_miss import unknown

LINE_SCHEMES = ("serial", "socket", "rfc2217")
"""Kinds of address that are a line of bytes; `serial` also without an address, bound by `match`."""
NODE_SCHEMES = ("evdev", "hidraw")
"""Kinds of address that are an input device of this machine; without an address, bound by `match`."""
_BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
_OPTIONS = ("baud", "bits", "parity", "rtscts", "ign_set_control")


class ReaderUrlError(ValueError):
    """A reader's address cannot be read; the message says what is wrong and shows one that is right."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of bytes: a device node, a pseudo-terminal, or a serial port behind the network.

    `address` is a path, or a whole `socket://` or `rfc2217://` address; empty when `match` is to find the path.
    """

    address: str
    baud: int = 9600
    bits: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    rtscts: bool = False

    @property
    def is_local(self) -> bool:
        """Whether this is a node on this machine, whose coming and going can be seen."""
        return "://" not in self.address

    def __str__(self) -> str:
        return self.address


def scheme(url: str) -> str:
    """The kind of an address; a bare path such as `/dev/pts/3` is `serial`."""
    return "serial" if url.startswith("/") else url.partition(":")[0].lower()


def parse_line(url: str, *, default_baud: int = 9600, default_parity: Literal["N", "E", "O"] = "N") -> Line:
    """What the address of a line says; the defaults are those of the reader's codec.

    Raises:
        ReaderUrlError: wrong kind, part or option; names the near miss.
    """
    kind = scheme(url)
    if kind not in LINE_SCHEMES:
        raise ReaderUrlError(
            f"{unknown('kind of line', kind, known=LINE_SCHEMES)} Example: serial:///dev/ttyUSB0?baud=9600"
        )
    parts = urlsplit(url)
    options = _options(dict(parse_qsl(parts.query, keep_blank_values=True)))
    return Line(
        unquote(parts.path) if kind == "serial" else _network(url),
        baud=int(_one_of(options, "baud", str(default_baud), allowed=map(str, _BAUDS))),
        bits=7 if _one_of(options, "bits", "8", allowed="78") == "7" else 8,
        parity=_parity(_one_of(options, "parity", default_parity, allowed="NEO")),
        rtscts=_one_of(options, "rtscts", "0", allowed="01") == "1",
    )


def parse_node(url: str, *, kind: str, match: object | None) -> str:
    """The path in `evdev:///dev/input/event5` or `hidraw:///dev/hidraw0`; empty when `match` shall find it.

    Raises:
        ReaderUrlError: wrong kind, no absolute path, or not exactly one of path and match.
    """
    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.scheme != kind or parts.netloc or parts.query or (path and not path.startswith("/")):
        raise ReaderUrlError(f"such a reader is written {kind}:///dev/..., or {kind}: with match")
    if bool(path) == bool(match):
        raise ReaderUrlError("give either an address in url or match")
    return path


def _network(url: str) -> str:
    """`socket://host:port` or `rfc2217://host:port?ign_set_control`, with nothing else in it."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if not parts.hostname or not port or parts.path not in ("", "/"):
        raise ReaderUrlError(f"a reader behind the network is written {parts.scheme}://HOST:PORT")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    # ser2net does not answer the question about the control lines that pyserial asks first.
    return f"{parts.scheme}://{host}:{port}" + ("?ign_set_control" if parts.scheme == "rfc2217" else "")


def _options(options: Mapping[str, str]) -> Mapping[str, str]:
    for key in options:
        if key not in _OPTIONS:
            raise ReaderUrlError(unknown("option of a line", key, known=_OPTIONS))
    return options


def _one_of(options: Mapping[str, str], key: str, default: str, *, allowed: Iterable[str]) -> str:
    choices = list(allowed)
    value = options.get(key, default)
    if value not in choices:
        raise ReaderUrlError(f'{key} cannot be "{value}": one of {", ".join(choices)}')
    return value


def _parity(letter: str) -> Literal["N", "E", "O"]:
    return "E" if letter == "E" else "O" if letter == "O" else "N"
