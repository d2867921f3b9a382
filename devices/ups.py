"""The uninterruptible power supply, as NUT's upsd tells of it: on mains, on battery, nearly empty."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from devices.channels import Channel, DescriptorChannel
from devices.monitor import Monitor
from devices.sensors import Power, PowerChanged
from devices.transports import TransportError, TransportLost, mapped

logger = logging.getLogger(__name__)

_PORT = 3493
"""Assigned to NUT by IANA."""
_ANSWER_S, _CONNECT_S = 5.0, 3.0
_MAX_ANSWER = 1024
_STATUS = re.compile(rb'VAR \S+ ups\.status "([^"]*)"')


class UpsError(ValueError):
    """The address of a power supply cannot be read; the message shows one that is right."""


class Ups:
    """A power supply, asked every few seconds. Its loss is `unknown`, and nothing is shut down for that."""

    def __init__(
        self, *, url: str, name: str = "ups", ask_every_s: float = 2.0, monitor: Monitor | None = None
    ) -> None:
        """`nut://HOST[:PORT]/UPS`, for example `nut://127.0.0.1/ups`. Without a `monitor` it brings its own.

        Raises:
            UpsError: the address is none of those.
        """
        self.name = name
        self._shared = monitor
        self._monitor: Monitor | None = None
        self._link = _UpsLink(name, *_address(url), ask_every_s=ask_every_s)

    def start(self, sink: Callable[[PowerChanged], None]) -> None:
        """Ask from now on; `sink` is called from the monitor's thread at every change."""
        self._link.sink = sink
        self._monitor = self._shared or Monitor()
        self._monitor.add(self._link)

    def power(self) -> Power:
        """As last heard; never raises."""
        return self._link.power

    def is_there(self) -> bool:
        """Whether upsd answers and knows what the terminal runs on."""
        return self._link.power is not Power.UNKNOWN

    def close(self) -> None:
        """Stop asking; twice is fine."""
        monitor, self._monitor = self._monitor, None
        if monitor:
            monitor.remove(self._link)
            if monitor is not self._shared:
                monitor.close()


def _address(url: str) -> tuple[str, int, str]:
    """Host, port and name in `nut://host:port/name`."""
    parts = urlsplit(url)
    name = parts.path.strip("/")
    try:
        port = parts.port or _PORT
    except ValueError:
        port = 0
    if parts.scheme != "nut" or not parts.hostname or not port or not re.fullmatch(r"[\w.-]+", name):
        raise UpsError("a power supply is written nut://HOST/UPS, for example nut://127.0.0.1/ups")
    return parts.hostname, port, name


class _UpsLink:
    """The connection to upsd, as the monitor sees it."""

    def __init__(self, name: str, host: str, port: int, ups: str, *, ask_every_s: float) -> None:
        self._name = name
        self._ask_every_s = ask_every_s
        self._address = (host, port)
        self._question = f"GET VAR {ups} ups.status\n".encode()
        self._channel: Channel | None = None
        self._answer = b""
        self._answer_by: float | None = None
        self.power = Power.UNKNOWN
        self._is_told = False
        self.sink: Callable[[PowerChanged], None] = lambda event: None

    def open(self) -> Channel:
        with mapped(f"{self._address[0]}:{self._address[1]}"):
            connection = socket.create_connection(self._address, timeout=_CONNECT_S)
            return DescriptorChannel(connection.fileno(), "upsd", release=connection.close)

    def is_there(self) -> bool:
        return True

    def opened(self, channel: Channel, t: float) -> float | None:
        self._channel = channel
        self._answer = b""
        return self._ask(t)

    def received(self, data: memoryview, t: float) -> float | None:
        self._answer = (self._answer + bytes(data))[-_MAX_ANSWER:]
        *lines, self._answer = self._answer.split(b"\n")
        for line in lines:
            self._answer_by = None
            self._report(*_meaning(line))
        return t + self._ask_every_s if self._answer_by is None else self._answer_by

    def due(self, t: float) -> float | None:
        if self._answer_by is not None and t >= self._answer_by:
            raise TransportLost("upsd", "does not answer")
        return self._ask(t)

    def failed(self, error: TransportError) -> None:
        self._channel = None
        self._report(Power.UNKNOWN, str(error))

    def _ask(self, t: float) -> float:
        if self._channel:
            self._channel.write(self._question)
        self._answer_by = t + _ANSWER_S
        return self._answer_by

    def _report(self, power: Power, detail: str) -> None:
        if power is self.power and self._is_told:
            return
        self.power, self._is_told = power, True
        logger.log(
            logging.INFO if power is Power.MAINS else logging.WARNING, "%s: %s %s", self._name, power, detail
        )
        self.sink(PowerChanged(self._name, power, detail))


def _meaning(line: bytes) -> tuple[Power, str]:
    """What one line of upsd says. Flags: OL and OB, LB low battery, FSD shutdown ordered (NUT developer guide)."""
    found = _STATUS.match(line)
    if not found:
        return Power.UNKNOWN, line.decode("ascii", "replace")[:80]
    flags = found[1].split()
    if b"FSD" in flags or (b"OB" in flags and b"LB" in flags):
        return Power.LOW, found[1].decode("ascii", "replace")
    if b"OB" in flags:
        return Power.BATTERY, found[1].decode("ascii", "replace")
    return (Power.MAINS if b"OL" in flags else Power.UNKNOWN), found[1].decode("ascii", "replace")
