"""What is known of the place around a visit: power, the cabinet's door, whether somebody is near, head-phones.

None of it says anything of a subscriber, so it outlasts visits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from devices.sensors import Power, Switch
from kiosk.visit.events import PowerChanged, SwitchChanged

DOOR, POWER = "door", "power"
"""Codes of `OutOfService` for what the surroundings forbid."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """As the sensors last told; without sensors, as it is here.

    `is_near` and `headphones` are None where nothing tells; `left_at` is the monotonic time since when nobody is
    near, None otherwise.
    """

    power: Power = Power.UNKNOWN
    door_open: bool = False
    is_near: bool | None = None
    left_at: float | None = None
    headphones: bool | None = None

    def after(self, event: PowerChanged | SwitchChanged, *, now: float) -> Surroundings:
        """The surroundings once a sensor has told of a change at monotonic time `now`."""
        match event:
            case PowerChanged(power):
                return replace(self, power=power)
            case SwitchChanged(Switch.DOOR, on):
                # A board that is torn out while the door is open does not shut it.
                return self if on is None else replace(self, door_open=on)
            case SwitchChanged(Switch.PRESENCE, on):
                return replace(self, is_near=on, left_at=now if on is False else None)
            case SwitchChanged(_, on):
                return replace(self, headphones=on)

    def forbids(self, *, paper_moves: bool) -> str:
        """Why nobody can be served now, a code of `OutOfService`; empty when nothing forbids it."""
        if self.door_open:
            return DOOR
        return POWER if self.power is Power.LOW and not paper_moves else ""
