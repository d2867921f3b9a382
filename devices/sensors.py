"""The role of a sensor: what the terminal runs on, and the switches around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Power(StrEnum):
    """What the terminal runs on."""

    UNKNOWN = "unknown"
    MAINS = "mains"
    BATTERY = "battery"
    """Finish what is begun, begin no print job, tell the subscriber."""
    LOW = "low"
    """Shut down now, in order."""

    @property
    def may_begin_printing(self) -> bool:
        """Whether there is power enough for a job that has not begun; a supply that is away forbids nothing."""
        return self in (Power.UNKNOWN, Power.MAINS)


@dataclass(frozen=True, slots=True)
class PowerChanged:
    """The terminal runs on something else now; `detail` is for the technician."""

    device: str
    power: Power
    detail: str = ""


class Switch(StrEnum):
    """What a switch tells of."""

    DOOR = "door"
    """On: the cabinet is open."""
    PRESENCE = "presence"
    """On: somebody stands before the terminal."""
    HEADPHONES = "headphones"
    """On: head-phones are plugged in."""


@dataclass(frozen=True, slots=True)
class SwitchChanged:
    """A switch went on or off; `on` None: the board is gone, nothing is known any more."""

    device: str
    switch: Switch
    on: bool | None
    at: float


SensorEvent = PowerChanged | SwitchChanged


class Sensor(Protocol):
    """A power supply or a board of switches. Methods: any thread."""

    @property
    def name(self) -> str:
        """How settings and logs call it."""

    def start(self, sink: Callable[[SensorEvent], None]) -> None:
        """Watch from now on; `sink` is called at every change, from the sensor's own thread."""

    def is_there(self) -> bool:
        """Whether it answers now."""

    def close(self) -> None:
        """Stop watching; twice is fine."""
