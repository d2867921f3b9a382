"""The demo's power supply and cabinet: real drivers, at lines with simulated hardware at the far end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from devices.sensors import Switch
from devices.simulated_hardware.switch_board import SwitchBoardHardware
from devices.simulated_line import SimulatedLine
from devices.simulated_upsd import BATTERY, MAINS, SimulatedUpsd
from devices.switches import DEFAULT_INPUTS


class SimulatedSurroundings:
    """A supply on mains, a shut door, somebody near, no head-phones; until switched."""

    def __init__(self, folder: Path) -> None:
        """The board's pseudo-terminal is made in `folder`."""
        self._upsd = SimulatedUpsd()
        self._board = SimulatedLine(SwitchBoardHardware(), link=folder / "switches")

    @property
    def tables(self) -> dict[str, dict[str, str]]:
        """The `[ups]` and `[switches]` tables that lead here."""
        return {"ups": {"url": self._upsd.url}, "switches": {"url": self._board.url}}

    @property
    def switches(self) -> Mapping[str, Callable[[bool], None]]:
        """What can be switched, by name."""
        return {
            "power_cut": lambda on: self._upsd.switch(BATTERY if on else MAINS),
            "door_open": partial(self._turn, Switch.DOOR),
            "nobody_near": lambda on: self._turn(Switch.PRESENCE, not on),
            "headphones": partial(self._turn, Switch.HEADPHONES),
        }

    def close(self) -> None:
        """Take it away; twice is fine."""
        self._upsd.close()
        self._board.close()

    def _turn(self, switch: Switch, on: bool) -> None:
        (name,) = (name for name, meaning in DEFAULT_INPUTS.items() if meaning is switch)
        self._board.present({name: str(int(on))})
