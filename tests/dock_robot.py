"""Plays the dock in a window of its own, as the file named first says, and tells what came of every line.

A line is the name of a dock's button, `screen NAME` for one of the terminal's, `wait SECONDS`,
or `picture FILE`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = "offscreen"

from kiosk.demo.bill_service import BillServiceProcess
from kiosk.demo.dock import Dock
from kiosk.demo.wiring import demo_settings, wire_with_dock
from kiosk.settings import load

STILL_S = 0.4
"""So long nothing may change before the next line is played."""
LOOK_S = 0.1


class Robot:
    """A hand on the dock and on the screen; goes on when nothing has changed for a moment."""

    def __init__(self, dock: Dock, lines: list[str]) -> None:
        self.dock = dock
        self.lines = lines
        self.changed_at = time.monotonic()
        self.said: list[dict[str, object]] = []
        dock.stand.terminal.on_visit = self.heard
        threading.Thread(target=self.look, daemon=True).start()

    def look(self) -> None:
        while True:
            time.sleep(LOOK_S)
            self.dock.stand.app.post(self.go_on)

    def heard(self, visit: object) -> None:
        self.changed_at = time.monotonic()

    def go_on(self) -> None:
        if not self.dock.names or time.monotonic() - self.changed_at < STILL_S:
            return
        if self.said:
            visit = self.dock.stand.terminal.controller.visit
            state = visit.moment
            self.said[-1] |= {
                "state": type(state).__name__,
                "problem": getattr(state, "problem", None),
                "trouble": getattr(state, "trouble", None),
                "code": getattr(state, "code", None),
                "printer": visit.printer,
                "readers": sorted(visit.readers),
                "power": visit.around.power,
                "headphones": visit.around.headphones,
                "near": visit.around.is_near,
                "on": sorted(self.dock.on),
            }
        if not self.lines:
            self.dock.stand.app.stop()
            return
        line = self.lines.pop(0)
        self.said.append({"pressed": line})
        self.changed_at = time.monotonic()
        self.play(line)

    def play(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "wait":
            self.changed_at += float(rest)
        elif word == "picture":
            self.dock.stand.app.picture(Path(rest), whole=True)
        elif word == "screen":
            self.dock.stand.app.tap(rest)
        else:
            self.dock.tap(word)


def main() -> None:
    lines = Path(sys.argv[1]).read_text("utf-8").splitlines()
    service = BillServiceProcess.started()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        settings = demo_settings(load(state=state), language=sys.argv[2])
        dock = wire_with_dock(settings, state=state, service=service)
        robot = Robot(dock, lines)
        dock.stand.stop_after(90)
        dock.stand.app.run()
        dock.close()
        dock.stand.terminal.close()
        service.kill()
    print(json.dumps(robot.said))


main()
