"""Whatever is done to the screen and the keys, the terminal stays on its own screens and serves the next person.

Random touching for ten minutes in process and through X belongs to the slow suite; seconds of it run daily.
"""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import robot as robots
from fakes import Terminal as Behind
from robot import Robot

from kiosk.keypad import DIGITS
from kiosk.samples import NOW
from kiosk.viewmodel import SCREENS
from kiosk.views import SiteFacts, view
from kiosk.visit import Visit
from kiosk.visit.display import HidingChosen, SpeechChosen
from kiosk.visit.events import Tick, Touched
from kiosk.visit.states import Attract
from tests.factories import make_current

NUMBER = "30012345678"
TEN_MINUTES_S = 600.0
LENGTHS = [2.0, pytest.param(TEN_MINUTES_S, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]

MODIFIERS = ("", "ctrl+", "alt+", "super+", "ctrl+alt+", "shift+")
COMBINATIONS = (
    *(f"{held}{key}" for held in MODIFIERS for key in ("F1", "F4", "F11", "Tab", "Escape", "space", "Return")),
    *("ctrl+c", "ctrl+q", "ctrl+w", "ctrl+e", "ctrl+r", "ctrl+n", "ctrl+t", "ctrl+p", "ctrl+z", "ctrl+l"),
    *("ctrl+alt+Delete", "ctrl+alt+BackSpace", "ctrl+alt+F2", "ctrl+alt+F7", "ctrl+alt+t", "ctrl+alt+l"),
    *("ctrl+shift+Escape", "ctrl+shift+i", "alt+Print", "Print", "Menu", "Super_L", "Scroll_Lock", "Pause"),
    *("XF86PowerOff", "XF86WWW", "XF86Eject", "Num_Lock", "Caps_Lock"),
)


class Shaken:
    """The real screens over a visit whose bills and devices are doubles; its clock runs as fast as it likes."""

    def __init__(self, terminal: Any, seed: int) -> None:
        self.terminal = terminal
        self.chance = random.Random(seed)
        self.behind = Behind()
        current = make_current()
        self.behind.bills.known[NUMBER] = self.behind.bills.kept[NUMBER] = current
        self.facts = SiteFacts(self.behind.controller._rules, level="open", app_link="https://app.example.sa/")
        self.behind.controller._present = self._present
        terminal.app._send = self.behind.controller.send
        terminal.app._touched = lambda: self.behind.controller.send(Touched())
        self.screens: set[str] = set()
        self._present(self.behind.controller.visit)

    def _present(self, visit: Visit) -> None:
        shown = view(visit, now=NOW, facts=self.facts)
        self.screens.add(shown.screen)
        self.terminal.app.show(shown)

    def shake(self) -> None:
        """One thing that a child, a crowd or a broken panel might do."""
        glass, chance = self.terminal.stage.glass, self.chance
        match chance.randrange(10):
            case 0 | 1 | 2 | 3:
                self._touch(*self._somewhere())
            case 4 | 5:
                names = list(self.terminal.app.centres())
                if names:
                    x, y = self.terminal.app.centres()[chance.choice(names)]
                    self._touch(x, glass.height - y)
            case 6:
                self._swipe(self._somewhere(), self._somewhere())
            case 7:
                edge = chance.choice([(0, None), (glass.width - 1, None), (None, 0), (None, glass.height - 1)])
                x, y = self._somewhere()
                self._swipe((edge[0] if edge[0] is not None else x, edge[1] if edge[1] is not None else y), (x, y))
            case 8:
                self._key(chance.choice([*DIGITS, *range(4, 130)]))
            case 9:
                self.behind.now += chance.choice([0.1, 1.0, 30.0, 61.0])
                self.behind.controller.send(Tick())
                if chance.random() < 0.1:
                    self.behind.reader.present(NUMBER)
                if chance.random() < 0.1:
                    self.behind.controller.send(SpeechChosen(chance.random() < 0.5))
                    self.behind.controller.send(HidingChosen(chance.random() < 0.5))
        self.terminal.frame()

    def _somewhere(self) -> tuple[int, int]:
        glass = self.terminal.stage.glass
        return self.chance.randrange(glass.width), self.chance.randrange(glass.height)

    def _touch(self, x: float, y: float) -> None:
        self.terminal.down(x, y).touch_up()

    def _swipe(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        touch = self.terminal.down(*start)
        for part in (0.3, 0.6, 1.0):
            touch.touch_move(*(a + (b - a) * part for a, b in zip(start, end, strict=True)))
        touch.touch_up()

    def _key(self, place: int) -> None:
        window = self.terminal.stage.window
        modifiers = self.chance.choice([[], [], [], ["shift"], ["ctrl"], ["alt"], ["meta"]])
        assert window.dispatch("on_key_down", 0, place, None, modifiers)
        window.dispatch("on_key_up", 0, place)


@pytest.mark.parametrize("seconds", LENGTHS)
def test_random_touching_stays_on_our_screens_and_ends_on_the_first(terminal: Any, seconds: float) -> None:
    sends, touched = terminal.app._send, terminal.app._touched
    shaken = Shaken(terminal, seed=int(seconds))
    try:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            shaken.shake()
            assert list(terminal.stage.window.children) == [terminal.stage.shown]
        for _ in range(20):
            shaken.behind.now += 200.0
            shaken.behind.controller.send(Tick())
        assert isinstance(shaken.behind.controller.visit.state, Attract)
        assert terminal.stage.name == "attract"
        assert shaken.screens <= set(SCREENS) and len(shaken.screens) > 2
        assert not terminal.app._cover.is_on
    finally:
        terminal.app._send, terminal.app._touched = sends, touched
        terminal.app._focus.turn_off()


def windows(robot: Robot) -> set[str]:
    """Every window on the display that can be seen, with its place and size."""
    found = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", ".*"],
        env={"DISPLAY": robot.display, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    places = [
        subprocess.run(
            ["xdotool", "getwindowgeometry", "--shell", window],
            env={"DISPLAY": robot.display, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for window in found
    ]
    return set(places)


def strikes(chance: random.Random, count: int) -> list[str]:
    """xdotool's words for that many touches and swipes anywhere on the display."""
    words: list[str] = []
    for _ in range(count):
        x, y = chance.randrange(540), chance.randrange(960)
        words += ["mousemove", str(x), str(y), "mousedown", "1"]
        if chance.random() < 0.2:
            words += ["mousemove", str(chance.randrange(540)), str(chance.randrange(960))]
        words += ["mouseup", "1", "sleep", "0.02"]
    return words


def swipes() -> list[str]:
    """xdotool's words for a swipe inwards from every edge, at three places of each, and from the corners."""
    words: list[str] = []
    for part in (0.02, 0.5, 0.98):
        x, y = round(part * 539), round(part * 959)
        for start in ((0, y), (539, y), (x, 0), (x, 959)):
            words += ["mousemove", *map(str, start), "mousedown", "1"]
            for step in (0.3, 0.7, 1.0):
                way = [round(a + (b - a) * step) for a, b in zip(start, (270, 480), strict=True)]
                words += ["mousemove", *map(str, way)]
            words += ["mouseup", "1"]
    return words


def goes_on(robot: Robot) -> None:
    """Whatever was done before, the next person can begin."""
    assert robot.process.poll() is None
    robot.ends_the_visit()
    robot.presses("start")
    robot.sees("identify")


@pytest.mark.parametrize("seconds", LENGTHS)
@pytest.mark.display
@pytest.mark.skipif(not robots.is_there, reason="apt-get install xvfb xdotool")
def test_the_terminal_keeps_the_display_whatever_is_pressed(tmp_path: Path, seconds: float) -> None:
    assert len(set(COMBINATIONS)) >= 60
    with robots.display() as name, robots.at_the_demo(name, tmp_path) as robot:
        robot.sees("attract")
        before = windows(robot)
        assert len(before) == 2  # the root's own, and ours over the whole of it
        robot.do("key", *COMBINATIONS)
        assert windows(robot) == before
        robot.do(*swipes())
        assert windows(robot) == before
        chance, until = random.Random(int(seconds)), time.monotonic() + seconds
        while time.monotonic() < until:
            robot.do(*strikes(chance, 40))
            assert robot.process.poll() is None
        assert windows(robot) == before
        goes_on(robot)
