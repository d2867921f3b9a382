"""What the command line can do with devices: list them, watch what they say, simulate them."""

from __future__ import annotations

import json
import queue
import shlex
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from devices import binding, dialogues, registry, simulated_hardware
from devices.card_reader import (
    CardReader,
    CardReaderError,
    Presented,
    ReaderChanged,
    ReaderEvent,
    ReaderHealth,
    Rejected,
    Removed,
)
from devices.escpos.profiles import PROFILES
from devices.keyboards import keyboards
from devices.monitor import Monitor
from devices.settings import CardReaderSettings, DeviceSettings
from devices.simulated_hardware import BANK_CARD, SUBSCRIBER_CARD, Mishap
from devices.simulated_line import SimulatedLine

Say = Callable[[str], None]
"""Takes one line of output, without its end."""


def list_devices(settings: DeviceSettings, *, as_json: bool, say: Say) -> None:
    """Tell what is configured and which ports this machine has. No port is opened, none is written to."""
    ports = [*binding.serial_ports(), *keyboards(), *binding.hid_devices()]
    used = {_path(reader, ports): reader.name or "card reader" for reader in settings.card_reader}
    used |= {
        port.path: keyboard.name or "accepted keyboard"
        for keyboard in settings.keyboard
        for port in ports
        if port.path not in used and port.fits(keyboard.match.match())
    }
    facts: dict[str, Sequence[object]] = {
        "printers": [
            {"name": table.name, "url": table.url, "profile": table.profile} for table in settings.printer
        ],
        "card_readers": [_reader_facts(table, ports) for table in settings.card_reader],
        "ports": [_port_facts(port, used.get(port.path)) for port in ports],
        "printer_profiles": sorted(PROFILES),
        "codecs": sorted(dialogues.KINDS),
        "printer_drivers": registry.driver_names(registry.PRINTERS),
        "card_reader_drivers": registry.driver_names(registry.CARD_READERS),
    }
    if as_json:
        say(json.dumps(facts, ensure_ascii=False))
        return
    for kind, entries in facts.items():
        say(f"{kind.replace('_', ' ')}:" + ("" if entries else " none"))
        for entry in entries:
            say("  " + (_words(entry) if isinstance(entry, Mapping) else str(entry)))


def _words(entry: Mapping[str, object]) -> str:
    return "  ".join(f"{key} {value}" for key, value in entry.items() if value not in (None, ""))


def _reader_facts(table: CardReaderSettings, ports: Iterable[binding.Port]) -> dict[str, object]:
    facts: dict[str, object] = {"name": table.name, "url": table.url, "codec": table.codec}
    if table.match:
        facts |= {"match": str(table.match.match()), "found_at": _path(table, ports)}
    return facts


def _path(table: CardReaderSettings, ports: Iterable[binding.Port]) -> str | None:
    """The node a reader's table leads to now; None when it is not plugged in or not on a port."""
    if table.match:
        kind = _NODES.get(table.scheme, "/dev/")
        fitting = [port.path for port in ports if port.path.startswith(kind) and port.fits(table.match.match())]
        return fitting[0] if len(fitting) == 1 else None
    address = table.url.removeprefix(f"{table.scheme}://").partition("?")[0]
    return str(Path(address).resolve()) if address.startswith("/") else None


_NODES = {"serial": "/dev/tty", "evdev": "/dev/input/", "hidraw": "/dev/hidraw"}


def _port_facts(port: binding.Port, used_by: str | None) -> dict[str, object]:
    return {
        "path": port.path,
        "vid": f"{port.vid:04x}" if port.vid is not None else None,
        "pid": f"{port.pid:04x}" if port.pid is not None else None,
        "serial": port.serial or None,
        "location": port.location or None,
        "description": port.description or None,
        "used_by": used_by or "not used",
    }


def watch(
    settings: DeviceSettings, *, as_json: bool, reveal: bool, say: Say, timeout_s: float | None = None
) -> None:
    """Arm every card reader and tell each event until interrupted, or for `timeout_s` seconds.

    With `reveal` the account is told too, for simulated readers and pseudo-terminals only: those hold no card.

    Raises:
        CardReaderError: a reader cannot be used as configured.
    """
    events: queue.SimpleQueue[ReaderEvent] = queue.SimpleQueue()
    monitor = Monitor()
    tables = {
        name: table.model_copy(update={"name": name})
        for number, table in enumerate(settings.card_reader, start=1)
        if (name := table.name or f"card reader {number}")
    }
    readers: list[CardReader] = []
    try:
        card_map = registry.make_card_map(settings.card_map)
        readers += [registry.open_card_reader(table, card_map, monitor=monitor) for table in tables.values()]
        for reader in readers:
            reader.start(events.put)
            reader.arm(True)
        for event in _until(events, timeout_s):
            facts = event_facts(event, reveal=reveal and is_simulated(tables[event.device]))
            say(json.dumps(facts, ensure_ascii=False) if as_json else _words(facts))
    finally:
        for reader in readers:
            reader.close()
        monitor.close()


def _until(events: queue.SimpleQueue[ReaderEvent], timeout_s: float | None) -> Iterator[ReaderEvent]:
    """The events as they come, for `timeout_s` seconds; None: for ever."""
    ends_at = time.monotonic() + timeout_s if timeout_s is not None else None
    while True:
        try:
            yield events.get(timeout=None if ends_at is None else max(ends_at - time.monotonic(), 0.0))
        except queue.Empty:
            return


def is_simulated(table: CardReaderSettings) -> bool:
    """Whether no hardware can be behind this table: a simulated reader, or a pseudo-terminal."""
    path = _path(table, ())
    return table.scheme == "simulated" or (path is not None and path.startswith("/dev/pts/"))


def event_facts(event: ReaderEvent, *, reveal: bool) -> dict[str, object]:
    """An event as the plain facts that `watch --json` prints; every key is always there, None without meaning.

    Takes the value out of a presented credential; it is among the facts only with `reveal`, as `account`.
    """
    facts: dict[str, object] = {
        "t": round(time.time(), 3),
        "device": event.device,
        "event": "status",
        "kind": None,
        "account_masked": None,
        "reason": None,
        "health": None,
        "latency_ms": None,
    }
    match event:
        case Presented(credential=credential):
            masked = credential.masked
            value = credential.take()
            latency = round((event.decoded_at - event.first_byte_at) * 1000, 3)
            facts |= {"event": "presented", "kind": credential.kind.value, "account_masked": masked}
            facts |= {"latency_ms": latency} | ({"account": value} if reveal else {})
        case Rejected(reason=reason):
            facts |= {"event": "rejected", "reason": reason.value}
        case Removed():
            facts |= {"event": "removed"}
        case ReaderChanged(health=health, detail=detail):
            facts |= {"health": health.value, "reason": detail or None}
    return facts


def simulate(
    *,
    commands: TextIO,
    say: Say,
    codec: str = "magtek",
    link: Path | None = None,
    port: int | None = None,
    as_json: bool = False,
) -> None:
    """Serve a simulated reader on a pseudo-terminal (or TCP port) and do what each line of `commands` says.

    Raises:
        CardReaderError: no such codec, or the line cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="simulated-reader-") as folder:
        try:
            hardware = simulated_hardware.hardware(codec)
            place = None if port is not None else link or Path(folder) / "reader"
            line = SimulatedLine(hardware, link=place, port=port)
        except (ValueError, OSError) as error:
            raise CardReaderError(ReaderHealth.FAULT, str(error)) from None
        try:
            say(json.dumps({"url": line.url, "codec": codec}) if as_json else f"{codec} at {line.url}; say help")
            for command in commands:
                try:
                    _obey(line, command, say)
                except ValueError as error:
                    say(str(error))
        finally:
            line.close()


_HELP = "present [SOURCE=TEXT ...], bank, remove, unplug, plug, " + ", ".join(Mishap)


def _obey(line: SimulatedLine, command: str, say: Say) -> None:
    """Do what one line says; the words after the first are `source=text`, quoted as in a shell."""
    word, *pairs = shlex.split(command) or [""]
    fields = dict(pair.split("=", 1) for pair in pairs) or SUBSCRIBER_CARD
    match word:
        case "":
            return
        case "present":
            line.present(fields)
        case "bank":
            line.present(BANK_CARD)
        case "remove":
            line.remove()
        case "unplug":
            line.unplug()
        case "plug":
            line.plug_in()
        case _ if word in list(Mishap):
            line.mishap(Mishap(word), fields)
        case _:
            say(_HELP)
