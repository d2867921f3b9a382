"""Finds a device by what it is, not by the number the kernel happened to give it this time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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


def input_devices(sysfs: Path = Path("/sys")) -> list[Port]:
    """The input devices of this machine; no node is opened."""
    return [
        Port(
            path=f"/dev/input/{entry.name}",
            vid=_hex(_text(entry / "device/id/vendor")),
            pid=_hex(_text(entry / "device/id/product")),
            serial=_text(entry / "device/uniq"),
            description=_text(entry / "device/name"),
            **_place(entry),
        )
        for entry in sorted((sysfs / "class/input").glob("event*"))
    ]


def hid_devices(sysfs: Path = Path("/sys")) -> list[Port]:
    """The raw HID devices of this machine; no node is opened."""
    return [_hid_port(entry) for entry in sorted((sysfs / "class/hidraw").glob("hidraw*"))]


def _hid_port(entry: Path) -> Port:
    facts = dict(line.split("=", 1) for line in _text(entry / "device/uevent").splitlines() if "=" in line)
    # HID_ID is bus, vendor and product: 0003:00000C2E:00000901.
    _, vid, pid = (*facts.get("HID_ID", "").split(":"), "", "", "")[:3]
    return Port(
        path=f"/dev/{entry.name}",
        vid=_hex(vid),
        pid=_hex(pid),
        serial=facts.get("HID_UNIQ", ""),
        description=facts.get("HID_NAME", ""),
        **_place(entry),
    )


_USB_PLACE = re.compile(r"/(\d+-[\d.]+)/\1:(\d+\.\d+)/")
"""The port of the USB tree, and configuration and interface, as folders of sysfs: /1-2/1-2:1.0/."""


def _place(entry: Path) -> dict[str, str]:
    found = _USB_PLACE.search(str(entry.resolve()))
    return {"location": found[1], "interface": found[2]} if found else {}


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _hex(digits: str) -> int | None:
    return int(digits, 16) if digits else None


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
