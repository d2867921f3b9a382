"""Finds a device by what it is, not by the number the kernel happened to give it this time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from devices.transports import TransportBusy, TransportLost


@dataclass(frozen=True, slots=True)
class Match:
    """What a device must be. Empty means "any"; two equal adapters are told apart by `location` (`1-2`)."""

    vid: int | None = None
    pid: int | None = None
    serial: str = ""
    location: str = ""
    interface: str = ""

    def __str__(self) -> str:
        ids = ":".join(f"{number:04x}" if number is not None else "*" for number in (self.vid, self.pid))
        return " ".join(filter(None, (ids, self.serial, self.location, self.interface)))


@dataclass(frozen=True, slots=True)
class Port:
    """A port that exists on this machine, as the system describes it. Nothing was opened to learn this."""

    path: str
    vid: int | None = None
    pid: int | None = None
    serial: str = ""
    location: str = ""
    interface: str = ""
    description: str = ""

    def fits(self, match: Match) -> bool:
        """Whether this is the device looked for."""
        wanted = (match.vid, match.pid, match.serial, match.location, match.interface)
        have = (self.vid, self.pid, self.serial, self.location, self.interface)
        return all(want in (None, "", here) for want, here in zip(wanted, have, strict=True))


def serial_ports() -> list[Port]:
    """The serial ports of this machine that are on a bus, from sysfs; no port is opened or written to."""
    from serial.tools import list_ports

    return [
        Port(
            path=found.device,
            vid=found.vid,
            pid=found.pid,
            serial=found.serial_number or "",
            # pyserial adds configuration and interface: 1-2:1.0.
            location=(found.location or "").partition(":")[0],
            interface=found.interface or "",
            description=found.product or found.description or "",
        )
        for found in list_ports.comports()
    ]


def find(match: Match, ports: Iterable[Port]) -> str:
    """The path of the one port that fits.

    Raises:
        TransportLost: none fits; it may be plugged in later.
        TransportBusy: several fit; the settings must tell them apart.
    """
    fitting = sorted(port.path for port in ports if port.fits(match))
    if not fitting:
        raise TransportLost(str(match), "not plugged in")
    if len(fitting) > 1:
        raise TransportBusy(str(match), f"{len(fitting)} devices fit; add serial or location")
    return fitting[0]
