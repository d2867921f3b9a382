"""The terminal as a process, with a power supply and a cabinet's switches at real lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from devices.simulated_hardware import hardware
from devices.simulated_line import SimulatedLine
from devices.simulated_upsd import SimulatedUpsd
from kiosk.service import Service, ServiceConfig

ROOT = Path(__file__).parent.parent


@pytest.fixture
def upsd() -> Iterator[SimulatedUpsd]:
    upsd = SimulatedUpsd()
    yield upsd
    upsd.close()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[SimulatedLine]:
    line = SimulatedLine(hardware("scanner"), link=tmp_path / "board")
    yield line
    line.close()


def until(claim: Callable[[], bool], *, again: Callable[[], None] = lambda: None) -> None:
    ends_at = time.monotonic() + 40
    while not claim():
        assert time.monotonic() < ends_at
        again()
        time.sleep(0.05)


def test_a_door_is_told_at_once_and_an_empty_battery_ends_in_order(
    tmp_path: Path, upsd: SimulatedUpsd, board: SimulatedLine
) -> None:
    events, ended, site = tmp_path / "events", tmp_path / "ended", tmp_path / "site.toml"

    def states() -> list[str]:
        return [json.loads(line)["state"] for line in events.read_text().splitlines()] if events.exists() else []

    with Service(ServiceConfig(lists_received=True)) as service:
        site.write_text(
            f'[gateway]\nurl = "{service.url}"\n'
            f'[ups]\nurl = "nut://127.0.0.1:{upsd.port}/ups"\nshut_down = ["touch", "{ended}"]\n'
            f'[switches]\nurl = "{board.url}"\n'
        )
        environment = {
            key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")
        }
        command = [sys.executable, "-m", "kiosk", "run", "--settings", site, "--state", tmp_path / "state"]
        with subprocess.Popen([*command, "--events", events], cwd=ROOT, env=environment) as process:
            try:
                # The board repeats itself until it is heard; opening the port drops what came before.
                until(lambda: "OutOfService" in states(), again=lambda: board.send(b"D0=1\n"))
                until(lambda: told(service) == [("device_lost", "door", "open")])
                board.send(b"D0=0\n")
                until(lambda: states()[-1] == "Attract")
                upsd.answer = 'VAR ups ups.status "OB DISCHRG LB"\n'
                assert process.wait(60) == 75
            finally:
                process.kill()
    assert states()[-1] == "OutOfService"
    assert ended.exists()


def told(service: Service) -> list[tuple[str, str, str]]:
    found = requests.get(f"{service.url}/demo/events", timeout=10).json()["events"]
    return [(event["kind"], event["body"]["device"], event["body"]["health"]) for event in found]
