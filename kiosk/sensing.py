"""What a terminal senses besides cards: power, switches, and keyboards that nobody accepted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from devices.sensors import Power, Sensor
from kiosk.settings import Settings

if TYPE_CHECKING:
    from devices.accepted import AcceptedKeyboards
    from devices.keyboards import InertKeyboards
    from devices.monitor import Monitor
    from kiosk.courier import Courier, DeviceState
    from kiosk.outbox import Outbox
    from kiosk.paper import PaperBook

logger = logging.getLogger(__name__)

DOOR = "door"
"""What operations are told of under this name, as of a device: fit while it is shut."""


def open_sensors(settings: Settings, *, monitor: Monitor) -> list[Sensor]:
    """The power supply and the board of switches, where the settings name them; `start` begins to watch."""
    from devices import registry
    from devices.settings import DeviceSettings

    tables = DeviceSettings.model_validate({"ups": settings.ups, "switches": settings.switches})
    return registry.open_sensors(tables, monitor=monitor)


def accepted_keyboards(state: Path) -> AcceptedKeyboards:
    """What technicians accepted on this terminal."""
    from devices.accepted import AcceptedKeyboards

    return AcceptedKeyboards(state / "keyboards.json")


def silence_keyboards(settings: Settings, *, state: Path, monitor: Monitor) -> InertKeyboards:
    """Keep every keyboard silent that is neither in the settings, nor accepted, nor a card reader; from now on."""
    from devices import registry
    from devices.settings import DeviceSettings

    tables = DeviceSettings.model_validate(
        {"keyboard": list(settings.keyboard), "card_reader": list(settings.card_reader)}
    )
    keyboards = registry.inert_keyboards(tables, monitor=monitor, also=accepted_keyboards(state).matches)
    keyboards.start()
    return keyboards


def sensor_states(sensors: Sequence[Sensor]) -> dict[str, Callable[[], DeviceState]]:
    """How each sensor is, for operations; a supply on battery is lost to them until it is on mains again."""
    return {sensor.name: partial(_state, sensor) for sensor in sensors}


def paper_state(book: PaperBook) -> DeviceState:
    """What the utility is told of paper, as of a device: it is lost when somebody should come with more."""
    from kiosk.courier import DeviceState

    found = book.forecast()
    health = "paper_out" if found.roll.out else "paper_low" if found.is_low else "ready"
    return DeviceState(health, not found.is_low)


def tell_of_door(outbox: Outbox, courier: Courier | None, *, is_open: bool) -> None:
    """Keep an event of the door, and have it sent at once: somebody may be where nobody should be. May wait for
    the disk."""
    from kiosk.database import StoreError

    try:
        outbox.tell_device(DOOR, health="open" if is_open else "shut", is_fit=not is_open)
    except StoreError as error:
        logger.error("door_not_told: %s", error.code)
    if courier:
        courier.hurry()


def _state(sensor: Sensor) -> DeviceState:
    from devices.ups import Ups
    from kiosk.courier import DeviceState

    if isinstance(sensor, Ups):
        return DeviceState(sensor.power(), sensor.power() is Power.MAINS)
    return DeviceState("online" if sensor.is_there() else "absent", sensor.is_there())
