"""From a settings table to a driver: ours, or any package's that registers under our entry points."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from devices import reader_url
from devices.binding import Match
from devices.card_map import DEFAULT_RULES, OWN_RULES, CardMap
from devices.card_reader import CardReader, CardReaderError, ReaderHealth
from devices.escpos.book import PrinterBook
from devices.keyboards import InertKeyboards
from devices.monitor import Monitor
from devices.near_miss import unknown
from devices.printer import Journal, Printer, PrinterError, PrinterHealth, PrinterStatus
from devices.sensors import Sensor
from devices.settings import CardMapRule, CardReaderSettings, DeviceSettings, PrinterSettings
from devices.switches import Switches
from devices.ups import Ups

logger = logging.getLogger(__name__)

PRINTERS = "devices.printers"
CARD_READERS = "devices.card_readers"
_OURS: Mapping[str, Mapping[str, str]] = {
    PRINTERS: {
        "escpos": "devices.escpos.driver:EscposPrinter",
        "simulated": "devices.simulated_printer:SimulatedPrinter",
    },
    CARD_READERS: {
        "serial": "devices.serial_reader:SerialCardReader",
        "evdev": "devices.input_reader:KeyboardCardReader",
        "hidraw": "devices.input_reader:HidCardReader",
        "pcsc": "devices.pcsc_reader:PcscCardReader",
        "simulated": "devices.simulated_reader:SimulatedCardReader",
    },
}
"""The drivers of this package, which also serve when it runs from a checkout that nobody installed."""
_ANSWERS_TO = {
    PRINTERS: {"tcp": "escpos", "serial": "escpos", "usb": "escpos", "file": "escpos"},
    CARD_READERS: {"socket": "serial", "rfc2217": "serial"},
}
"""Kinds of address whose driver has another name. All others are the driver's name."""


def driver_names(group: str) -> list[str]:
    """The drivers that can be used, by name."""
    return sorted(_drivers(group))


def make_card_map(rules: Iterable[CardMapRule]) -> CardMap:
    """The card map of the settings; without rules, bare account numbers and payment slips."""
    return CardMap([*([rule.rule() for rule in rules] or DEFAULT_RULES), *OWN_RULES])


def open_printer(settings: PrinterSettings, *, journal: Journal, book: PrinterBook | None = None) -> Printer:
    """The printer of a `[[printer]]` table, its driver's thread running; `book` is what is kept of it.

    Raises:
        PrinterError: no such driver, or it cannot work as configured; `status.detail` says why.
    """
    given = settings.model_dump(exclude_unset=True)
    offered = {"url": settings.url, "journal": journal, "book": book}
    try:
        return cast(Printer, _make(PRINTERS, settings.url.partition(":")[0], given, offered))
    except DriverError as error:
        raise PrinterError(PrinterStatus(PrinterHealth.ABSENT, str(error))) from error


def open_card_reader(
    settings: CardReaderSettings, card_map: CardMap, *, monitor: Monitor | None = None
) -> CardReader:
    """The reader of a `[[card_reader]]` table; `start` opens it. A shared `monitor` serves all with one thread.

    Raises:
        CardReaderError: no such driver, or it cannot work as configured; the message says why.
    """
    given = settings.model_dump(exclude_unset=True)
    if settings.match:
        given["match"] = settings.match.match()
    offered = {"card_map": card_map, "monitor": monitor}
    try:
        return cast(CardReader, _make(CARD_READERS, settings.scheme, given, offered))
    except DriverError as error:
        raise CardReaderError(ReaderHealth.FAULT, str(error)) from error


def open_sensors(settings: DeviceSettings, *, monitor: Monitor) -> list[Sensor]:
    """The power supply and the board of switches, where the settings name them; `start` begins to watch."""
    sensors: list[Sensor] = []
    if settings.ups:
        sensors.append(Ups(url=settings.ups.url, name=settings.ups.name, monitor=monitor))
    if settings.switches:
        table = settings.switches
        sensors.append(Switches(url=table.url, name=table.name, inputs=table.inputs, monitor=monitor))
    return sensors


def inert_keyboards(
    settings: DeviceSettings, *, monitor: Monitor, also: Callable[[], Iterable[Match]] = tuple
) -> InertKeyboards:
    """What keeps all keyboards silent but the accepted ones and those that are card readers; `start` begins.

    `also` tells of more accepted ones, whenever it is asked.
    """
    tables = [table for table in settings.card_reader if table.scheme == "evdev"]
    accepted = [keyboard.match.match() for keyboard in settings.keyboard]
    accepted += [table.match.match() for table in tables if table.match]
    paths = [reader_url.parse_node(table.url, kind="evdev", match=None) for table in tables if not table.match]
    return InertKeyboards(accepted=lambda: [*accepted, *also()], accepted_paths=paths, monitor=monitor)


class DriverError(Exception):
    """A driver is not there, does not load, or refuses its settings; the message is for a technician."""


def _make(group: str, kind: str, given: Mapping[str, object], offered: Mapping[str, object]) -> object:
    """A driver made of the keys `given` in its table, which it must know, and what it takes of `offered`."""
    known = _drivers(group)
    name = _ANSWERS_TO[group].get(kind, kind)
    if name not in known:
        raise DriverError(unknown("driver", name, known=known))
    driver = known[name]()
    accepted = inspect.signature(driver).parameters
    for key in given:
        if key not in accepted and key not in offered:
            raise DriverError(
                unknown(
                    f"key of driver {name}", key, known=set(accepted) - {"journal", "book", "card_map", "monitor"}
                )
            )
    arguments = {**offered, **given}
    try:
        return driver(**{key: value for key, value in arguments.items() if key in accepted})
    except (TypeError, ValueError) as error:
        raise DriverError(f"{name}: {error}") from error


def _drivers(group: str) -> dict[str, Callable[[], Callable[..., object]]]:
    """How to load each driver. A package cannot take one of our names: what is used must not depend on it."""
    found: dict[str, Callable[[], Callable[..., object]]] = {
        name: partial(_load_ours, target) for name, target in _OURS[group].items()
    }
    for point in entry_points(group=group):
        if point.name not in _OURS[group]:
            found[point.name] = partial(_load_theirs, point)
        elif point.value != _OURS[group][point.name]:
            logger.warning("the driver %s of %s is not used: the name is taken", point.name, point.value)
    return found


def _load_ours(target: str) -> Callable[..., object]:
    module, _, name = target.partition(":")
    return cast(Callable[..., object], getattr(import_module(module), name))


def _load_theirs(point: EntryPoint) -> Callable[..., object]:
    try:
        return cast(Callable[..., object], point.load())
    except (ImportError, AttributeError) as error:
        raise DriverError(f"driver {point.name} ({point.value}) does not load: {error}") from error
