"""Door, presence and head-phones on a serial board, over a real pseudo-terminal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.monitor import Monitor
from devices.sensors import Switch, SwitchChanged
from devices.simulated_hardware import hardware
from devices.simulated_line import SimulatedLine
from devices.switches import Switches, SwitchesError


class Heard:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.events: list[tuple[Switch, bool | None]] = []

    def __call__(self, event: SwitchChanged) -> None:
        with self._changed:
            self.events.append((event.switch, event.on))
            self._changed.notify_all()

    def wait(self, switch: Switch, on: bool | None) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: (switch, on) in self.events, 10), self.events


@pytest.fixture
def line(tmp_path: Path) -> Iterator[SimulatedLine]:
    line = SimulatedLine(hardware("scanner"), link=tmp_path / "board")
    yield line
    line.close()


@pytest.fixture
def board(line: SimulatedLine) -> Iterator[tuple[Switches, Heard]]:
    monitor, heard = Monitor(retry_first_s=0.05), Heard()
    switches = Switches(url=line.url, monitor=monitor)
    switches.start(heard)
    # The board repeats itself until it is heard; opening the port drops what came before.
    while (Switch.PRESENCE, False) not in heard.events:
        line.send(b"P0=0\n")
        threading.Event().wait(0.02)
    yield switches, heard
    switches.close()
    monitor.close()


def test_every_change_is_told_once(line: SimulatedLine, board: tuple[Switches, Heard]) -> None:
    switches, heard = board
    line.send(b"D0=0\nD0=1\r\nD0=1\nP0=1\nD0=0\nH0=1\n")
    heard.wait(Switch.HEADPHONES, True)
    assert [event for event in heard.events if event[0] is Switch.DOOR] == [
        (Switch.DOOR, False),
        (Switch.DOOR, True),
        (Switch.DOOR, False),
    ]
    assert switches.is_on(Switch.PRESENCE) is True


@pytest.mark.parametrize(
    "noise", [b"D0=2\n", b"D0\n", b"Z9=1\n", b"\xff\x00\n", b"D0=1" * 500 + b"\n", b"xD0=1\n"]
)
def test_noise_switches_nothing(line: SimulatedLine, board: tuple[Switches, Heard], noise: bytes) -> None:
    _, heard = board
    line.send(noise + b"H0=1\n")
    heard.wait(Switch.HEADPHONES, True)
    assert not any(switch is Switch.DOOR for switch, _ in heard.events)


def test_when_the_board_is_gone_nothing_is_known(line: SimulatedLine, board: tuple[Switches, Heard]) -> None:
    switches, heard = board
    line.unplug()
    heard.wait(Switch.PRESENCE, None)
    assert switches.is_on(Switch.PRESENCE) is None


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(SwitchesError, match="kind of line"):
        Switches(url="tcp://h:1")
