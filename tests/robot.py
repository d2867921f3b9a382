"""A robot before a real X server: a finger, a hand on the keypad, and ears, which know only what a person would.

The demo runs as its own process in a window of Xvfb; presses and keys are real X events (xdotool). What is said is
written down by a program that stands in for espeak-ng.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from ast import literal_eval
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devices.simulated_hardware import hardware
from devices.simulated_line import SimulatedLine

PATIENCE_S = 30.0
"""How long a robot waits for a screen or a word; the machine may be busy with other tests."""

BETWEEN_KEYS_S = 0.13
"""Between two strokes of one key: sooner, the second is the first one's bounce."""

is_there = bool(shutil.which("Xvfb") and shutil.which("xdotool"))
"""Whether this machine has the X server and the finger."""

_VOICE = """#!{python}
import os, sys
text = sys.stdin.read()
line = repr((sys.argv[sys.argv.index("-v") + 1], text.strip())) + chr(10)
os.write(os.open({journal!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT), line.encode())
"""

Line = dict[str, Any]


@dataclass
class Robot:
    """A person at the demo's window."""

    display: str
    folder: Path
    process: subprocess.Popen[bytes]
    board: SimulatedLine
    read: int = 0
    heard: int = 0
    pressed: str = ""
    last: Line = field(default_factory=dict)

    def sees(self, screen: str, *, state: str = "", focus: str = "") -> Line:
        """Wait for a line about `screen` (in `state`, with the ring on `focus`) newer than those already used."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            lines = self._lines()
            for place, line in enumerate(lines[self.read :], start=self.read):
                if line["screen"] == screen and state in ("", line["state"]) and focus in ("", line.get("focus")):
                    self.read, self.last = place + 1, line
                    return line
            time.sleep(0.02)
        raise AssertionError(f"no {screen} {focus} in {PATIENCE_S} s; last: {self._lines()[-1:]}")

    def presses(self, name: str) -> None:
        """Press the button of the screen last seen."""
        x, y = self.last["buttons"][name]
        if name == self.pressed:
            time.sleep(BETWEEN_KEYS_S)
        self.pressed = name
        self.do("mousemove", str(x), str(y), "click", "1")

    def goes_to(self, name: str) -> None:
        """Move the ring with the Tab key until it is on `name`."""
        for _ in range(40):
            if self.last.get("focus") == name:
                return
            self.strikes("Tab")
            self.sees(self.last["screen"])
        raise AssertionError(f"the ring never came to {name}")

    def strikes(self, *keys: str) -> None:
        """Strike keys, named as X names them, one after the other."""
        for key in keys:
            self.do("key", key)
            time.sleep(BETWEEN_KEYS_S)

    def ends_the_visit(self) -> None:
        """Press finish until the first screen is there, whatever is shown now."""
        until = time.monotonic() + 4 * PATIENCE_S
        while time.monotonic() < until:
            time.sleep(0.3)
            self.read, self.last = len(self._lines()), self._lines()[-1]
            if self.last["screen"] == "attract":
                return
            known = (name for name in ("finish", "more_time", "close") if name in self.last["buttons"])
            name = next(known, "")
            if name:
                self.presses(name)
        raise AssertionError(f"the visit never ended: {self.last}")

    def chooses(self, name: str) -> None:
        """Go to a button by keys and press it with Enter."""
        self.goes_to(name)
        self.strikes("Return")

    def plugs_in(self) -> None:
        """Plug head-phones into the jack; the board says so until it is heard."""
        self._switch(b"H0=1\n", lambda: bool(self.words()))

    def pulls_out(self) -> None:
        """Pull the head-phones out of the jack."""
        self.board.send(b"H0=0\n")

    def hears(self, *wanted: str) -> None:
        """Wait until these sentences were said, word by word and nothing between them, after all heard before.

        What was begun before the first of them and broken off by it is passed over.
        """
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            said = [text for _, text in self.words()][self.heard :]
            for place in range(len(said) - len(wanted) + 1):
                if tuple(said[place : place + len(wanted)]) == wanted:
                    self.heard += place + len(wanted)
                    return
            time.sleep(0.02)
        raise AssertionError(f"never heard {wanted}, but {said}")

    def words(self) -> list[tuple[str, str]]:
        """Everything said so far, each with its voice."""
        journal = self.folder / "said"
        return [literal_eval(line) for line in journal.read_text("utf-8").splitlines()] if journal.exists() else []

    def do(self, *words: str) -> None:
        """Have xdotool do something on the display."""
        subprocess.run(["xdotool", *words], env={**os.environ, "DISPLAY": self.display}, check=True)

    def _switch(self, line: bytes, is_done: Any) -> None:
        until = time.monotonic() + PATIENCE_S
        while not is_done():
            assert time.monotonic() < until, "the switch was never heard"
            self.board.send(line)
            time.sleep(0.2)

    def _lines(self) -> list[Line]:
        events = self.folder / "events"
        lines = events.read_text("utf-8").splitlines(keepends=True) if events.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]


@contextlib.contextmanager
def display(size: str = "540x960") -> Iterator[str]:
    """An X server of our own, with nothing on it; its name."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        with os.fdopen(read) as numbers:
            number = numbers.readline().strip()
        try:
            yield f":{number}"
        finally:
            server.terminate()


@contextlib.contextmanager
def at_the_demo(name: str, folder: Path, *, words: Sequence[str] = ()) -> Iterator[Robot]:
    """A robot before the demo in a window on the display `name`; the demo has to end well."""
    board = SimulatedLine(hardware("scanner"), link=folder / "board")
    settings = folder / "site.toml"
    settings.write_text(f'[switches]\nurl = "serial://{folder / "board"}"\n')
    voice = folder / "bin" / "espeak-ng"
    voice.parent.mkdir()
    voice.write_text(_VOICE.format(python=sys.executable, journal=str(folder / "said")))
    voice.chmod(0o755)
    command = ["demo", "--events", str(folder / "events"), "--state", str(folder / "state")]
    environment = {
        **os.environ,
        "DISPLAY": name,
        "SDL_VIDEODRIVER": "x11",
        "SDL_AUDIODRIVER": "dummy",
        "TMPDIR": str(folder),
        "PATH": f"{voice.parent}:{os.environ['PATH']}",
    }
    whole = [sys.executable, "-m", "kiosk", *command, "--settings", str(settings), *words]
    with subprocess.Popen(whole, env=environment) as process:
        try:
            yield Robot(name, folder, process, board)
            process.terminate()
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()
            board.close()
