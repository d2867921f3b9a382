"""What the command line can do with devices: list them, watch what they say, simulate them."""

from __future__ import annotations

import json
import queue
import secrets
import shlex
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from devices import binding, dialogues, registry, simulated_hardware
from devices.accepted import Accepted, keyboard_id
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
from devices.sensors import PowerChanged, Sensor, SensorEvent, SwitchChanged
from devices.settings import CardReaderSettings, DeviceSettings, PrinterSettings
from devices.simulated_hardware import BANK_CARD, SUBSCRIBER_CARD, Mishap
from devices.simulated_line import LineFault, SimulatedLine
from devices.transports import TransportError

Say = Callable[[str], None]
"""Takes one line of output, without its end."""


def list_devices(
    settings: DeviceSettings,
    *,
    as_json: bool,
    say: Say,
    accepted: Iterable[Accepted] = (),
    paper: Mapping[str, object] | None = None,
) -> None:
    """Tell what is configured and which ports this machine has. No port is opened, none is written to.

    `accepted` are the keyboards that a technician accepted besides those of the settings; `paper` is the account of
    the first printer's roll.
    """
    typing = keyboards()
    ports = [*binding.serial_ports(), *typing, *binding.hid_devices()]
    used = {_path(reader, ports): reader.name or "card reader" for reader in settings.card_reader}
    used |= {
        port.path: keyboard.name or "accepted keyboard"
        for keyboard in settings.keyboard
        for port in ports
        if port.path not in used and port.fits(keyboard.match.match())
    }
    matches = [entry.match() for entry in accepted]
    used |= {
        port.path: "accepted keyboard" if any(map(port.fits, matches)) else "kept silent"
        for port in typing
        if port.path not in used
    }
    facts: dict[str, Sequence[object]] = {
        "printers": _printer_facts(settings.printer, paper),
        "card_readers": [_reader_facts(table, ports) for table in settings.card_reader],
        "ports": [_port_facts(port, used.get(port.path)) for port in ports if port not in typing],
        "keyboards": [{"id": keyboard_id(port), **_port_facts(port, used[port.path])} for port in typing],
        "sensors": [
            {"name": table.name, "url": table.url} for table in (settings.ups, settings.switches) if table
        ],
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


def _printer_facts(
    tables: Iterable[PrinterSettings], paper: Mapping[str, object] | None
) -> list[dict[str, object]]:
    facts: list[dict[str, object]] = [
        {"name": table.name, "url": table.url, "profile": table.profile} for table in tables
    ]
    if facts and paper is not None:
        facts[0]["paper"] = paper
    return facts


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
    """Arm every card reader, watch power and switches, and tell each event until interrupted, or for `timeout_s`
    seconds.

    With `reveal` the account is told too, for simulated readers and pseudo-terminals only: those hold no card.

    Raises:
        CardReaderError: a reader cannot be used as configured.
    """
    events: queue.SimpleQueue[ReaderEvent | SensorEvent] = queue.SimpleQueue()
    monitor = Monitor()
    tables = {
        name: table.model_copy(update={"name": name})
        for number, table in enumerate(settings.card_reader, start=1)
        if (name := table.name or f"card reader {number}")
    }
    revealed = {name for name, table in tables.items() if reveal and is_simulated(table)}
    devices: list[CardReader | Sensor] = []
    try:
        card_map = registry.make_card_map(settings.card_map)
        readers = [registry.open_card_reader(table, card_map, monitor=monitor) for table in tables.values()]
        devices += [*readers, *registry.open_sensors(settings, monitor=monitor)]
        for device in devices:
            device.start(events.put)
        for reader in readers:
            reader.arm(True)
        for event in _until(events, timeout_s):
            facts = event_facts(event, reveal=event.device in revealed)
            say(json.dumps(facts, ensure_ascii=False) if as_json else _words(facts))
    finally:
        for device in devices:
            device.close()
        monitor.close()


def _until(
    events: queue.SimpleQueue[ReaderEvent | SensorEvent], timeout_s: float | None
) -> Iterator[ReaderEvent | SensorEvent]:
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


def event_facts(event: ReaderEvent | SensorEvent, *, reveal: bool) -> dict[str, object]:
    """An event as the plain facts that `watch --json` prints; every key is always there, None without meaning.

    A switch is a `status` whose `kind` names it and whose `health` is `on`, `off` or `unknown`.

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
        case PowerChanged(power=power, detail=detail):
            facts |= {"kind": "power", "health": power.value, "reason": detail or None}
        case SwitchChanged(switch=switch, on=on):
            facts |= {"kind": switch.value, "health": {True: "on", False: "off", None: "unknown"}[on]}
    return facts


def simulate(
    *,
    commands: Iterable[str],
    say: Say,
    codec: str = "magtek",
    link: Path | None = None,
    port: int | None = None,
    as_json: bool = False,
) -> None:
    """Serve a simulated reader on a pseudo-terminal (or TCP port) and do what each line of `commands` says.

    With `as_json` there is a document a line: where it is, then what was done, or why not.

    Raises:
        CardReaderError: no such codec, or the line cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="simulated-reader-") as folder:
        try:
            hardware = simulated_hardware.hardware(codec)
            place = None if port is not None else link or Path(folder) / "reader"
            line = SimulatedLine(hardware, link=place, port=port)
        except (ValueError, OSError, TransportError) as error:
            raise CardReaderError(ReaderHealth.FAULT, str(error)) from None
        understood = (*_WORDS, *sorted(hardware.mishaps))
        try:
            say(json.dumps({"url": line.url, "codec": codec}) if as_json else f"{codec} at {line.url}; say help")
            for command in commands:
                answer = _answer(line, command, understood)
                if as_json and answer:
                    say(json.dumps(answer, ensure_ascii=False))
                elif "did" not in answer:
                    why = f"{answer['error']}: " if "error" in answer else ""
                    say(why + ", ".join(understood))
        finally:
            line.close()


_WORDS = (
    *("present [SOURCE=TEXT ...]", "bank", "remove", "unplug", "plug", "noise", "deaf", "hears", "slow", "quick"),
    *LineFault,
)


def _answer(line: SimulatedLine, command: str, understood: Sequence[str]) -> dict[str, object]:
    """Do what one line says, and what came of it: `did`, or `error` and `understood`."""
    try:
        word, *pairs = shlex.split(command) or [""]
        if word and _obey(line, word, dict(pair.split("=", 1) for pair in pairs) or SUBSCRIBER_CARD):
            return {"did": word}
    except (ValueError, TransportError) as error:
        return {"error": str(error), "understood": understood}
    return {"understood": understood} if word else {"did": ""}


def _obey(line: SimulatedLine, word: str, fields: Mapping[str, str]) -> bool:
    """Whether the word means anything; if so, it was done. `fields` are what is presented, by source."""
    match word:
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
        case "noise":
            line.send(secrets.token_bytes(_NOISE))
        case "deaf" | "hears":
            line.is_deaf = word == "deaf"
        case "slow" | "quick":
            line.is_slow = word == "slow"
        case _ if word in list(LineFault):
            line.spoil_next(LineFault(word))
        case _ if word in list(Mishap):
            line.mishap(Mishap(word), fields)
        case _:
            return False
    return True


_NOISE = 256
