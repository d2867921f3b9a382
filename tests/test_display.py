"""A whole visit through a real X server, pressed by real pointer events where the screen says its buttons are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.display,
    pytest.mark.skipif(
        not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="apt-get install xvfb xdotool"
    ),
]

PATIENCE_S = 20.0


@dataclass
class Robot:
    """A finger on the demo's window, which knows only what the events file says."""

    display: str
    events: Path
    read: int = 0

    def sees(self, screen: str, *, state: str = "") -> dict[str, Any]:
        """Wait for a line about `screen` (in `state`) newer than those already used."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            lines = self.events.read_text().splitlines(keepends=True) if self.events.exists() else []
            whole = [json.loads(line) for line in lines if line.endswith("\n")]
            for place, line in enumerate(whole[self.read :], start=self.read):
                if line["screen"] == screen and state in ("", line["state"]):
                    self.read = place + 1
                    return line
            time.sleep(0.02)
        raise AssertionError(f"no {screen} in {PATIENCE_S} s")

    def presses(self, line: dict[str, Any], name: str) -> None:
        """Press the button where `line` says it is."""
        x, y = line["buttons"][name]
        subprocess.run(
            ["xdotool", "mousemove", str(x), str(y), "click", "1"],
            env={**os.environ, "DISPLAY": self.display},
            check=True,
        )


@pytest.fixture
def display() -> Iterator[str]:
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "540x960x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        with os.fdopen(read) as numbers:
            number = numbers.readline().strip()
        yield f":{number}"
        server.terminate()


@pytest.fixture
def robot(display: str, tmp_path: Path) -> Iterator[Robot]:
    events = tmp_path / "events"
    words = ["demo", "--events", str(events), "--state", str(tmp_path / "state")]
    environment = {**os.environ, "DISPLAY": display, "SDL_VIDEODRIVER": "x11", "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-m", "kiosk", *words], env=environment) as demo:
        yield Robot(display, events)
        demo.terminate()
        assert demo.wait(PATIENCE_S) == 0


def test_a_visit_by_number_prints_and_leaves_nothing_on_the_screen(robot: Robot) -> None:
    robot.presses(robot.sees("attract"), "start")
    robot.presses(robot.sees("identify"), "by_number")
    for digit in "10098765432":
        robot.presses(robot.sees("keypad"), f"digit_{digit}")
    robot.presses(robot.sees("keypad"), "confirm")
    bill = robot.sees("bill")
    robot.presses(bill, "language_en")
    robot.presses(robot.sees("bill"), "print")
    taken = robot.sees("take_receipt")
    robot.presses(taken, "finish")
    assert "language_en" in robot.sees("attract")["buttons"]
