"""Parts that cannot be opened: the screen says so, it is tried again, and nothing is left open."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import pytest

from kiosk.bootstrap import facts_of
from kiosk.database import StoreUnavailable
from kiosk.opening import GIVES_UP_S, LONGEST_PAUSE_S, Opening
from kiosk.settings import load
from kiosk.terminal import FAULT_S, Terminal
from kiosk.visit.events import TerminalClosed, TerminalOpened, Touched
from kiosk.visit.states import Attract, EnterNumber, Identify, NotFound, OutOfService


@dataclass
class Parts:
    closed: int = 0

    def close(self) -> None:
        self.closed += 1


@dataclass
class Bench:
    """An opening without threads: work waits in `later` until it is done."""

    errors: list[Exception] = field(default_factory=list)
    now: float = 0.0
    tries: int = 0
    told: list[Any] = field(default_factory=list)
    later: list[Callable[[], None]] = field(default_factory=list)
    parts: Parts = field(default_factory=Parts)

    def __post_init__(self) -> None:
        self.opening = Opening(
            submit=self.later.append,
            post=lambda call: call(),
            clock=lambda: self.now,
            opened=self.told.append,
            failed=self.told.append,
            gave_up=lambda: self.told.append("gave up"),
        )
        self.opening.begin(self.open)

    def open(self) -> Any:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.parts

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            while self.later:
                self.later.pop(0)()
            self.now += 1
            self.opening.tick()


def test_parts_that_open_are_told_once() -> None:
    bench = Bench()
    bench.pass_time(100)
    assert (bench.tries, bench.told, bench.opening.has_failed) == (1, [bench.parts], False)


def test_it_is_tried_again_ever_more_seldom_until_it_works() -> None:
    bench = Bench([StoreUnavailable("store_io"), OSError(28, "full"), StoreUnavailable("store_io")])
    bench.pass_time(2)
    assert bench.told == ["store_io", "OSError"]
    bench.pass_time(10)
    assert bench.told == ["store_io", "OSError", "store_io", bench.parts]
    assert not bench.opening.has_failed


def test_after_a_while_the_program_had_better_start_afresh_and_goes_on_trying_all_the_same() -> None:
    bench = Bench([StoreUnavailable("store_io") for _ in range(100)])
    bench.pass_time(int(GIVES_UP_S) + 8)
    assert bench.told[-1] == "gave up"
    before = bench.tries
    bench.pass_time(int(LONGEST_PAUSE_S) * 3 + 5)
    assert bench.tries >= before + 2


def test_parts_opened_after_the_end_are_closed_again() -> None:
    bench = Bench()
    bench.opening.close()
    bench.pass_time(3)
    assert bench.parts.closed == 1


@dataclass
class Window:
    """A window that keeps what it was shown."""

    shown: list[Any] = field(default_factory=list)
    stopped: int = 0
    jobs: SimpleQueue[Callable[[], None]] = field(default_factory=SimpleQueue)
    touch_health: Any = field(default_factory=lambda: SimpleNamespace(faults=lambda at: ()))

    def show(self, view: Any) -> None:
        self.shown.append(view)

    def post(self, job: Callable[[], None]) -> None:
        self.jobs.put(job)

    def stop(self) -> None:
        self.stopped += 1


@dataclass
class Told:
    """Somebody who watches over the terminal."""

    beats: int = 0

    def beat(self) -> None:
        self.beats += 1


def stood(now: list[float]) -> tuple[Any, Window, list[Any]]:
    """A terminal, its window, and what is sent to its visit."""
    window, settings, sent = Window(), load(), []
    terminal: Any = Terminal(settings, window, facts_of(settings), clock=lambda: now[0])  # type: ignore[arg-type]
    terminal.controller = SimpleNamespace(send=sent.append, visit=SimpleNamespace(state=Attract()))
    return terminal, window, sent


@pytest.mark.parametrize("supervised", [True, False])
def test_a_terminal_whose_parts_do_not_open_is_out_of_service_and_says_why(supervised: bool) -> None:
    now = [0.0]
    terminal, window, _ = stood(now)
    terminal.controller = None
    terminal.watchdog = Told() if supervised else None

    def opening() -> Any:
        raise StoreUnavailable("store_io")

    terminal.send(Touched())
    terminal.open(opening)
    for _ in range(6):
        window.jobs.get(timeout=60)()
        now[0] = terminal._opening._due_at
        terminal.tick()
    terminal.close()
    assert terminal.screen == "out_of_service"
    assert window.shown[-1].code == "parts store_io"
    assert terminal.gave_up is supervised
    assert bool(window.stopped) is supervised


def test_work_that_fails_closes_the_terminal_for_a_moment_and_a_second_time_ends_it() -> None:
    now = [0.0]
    terminal, _, sent = stood(now)
    terminal._failed(ZeroDivisionError())
    assert sent == [TerminalClosed("fault ZeroDivisionError")]
    with pytest.raises(ZeroDivisionError):
        terminal._failed(ZeroDivisionError())
    now[0] += FAULT_S
    terminal.tick()
    assert TerminalOpened() in sent


def test_a_terminal_closed_by_hand_stays_closed_after_a_fault() -> None:
    now = [0.0]
    terminal, _, sent = stood(now)
    terminal.close_service("closed_paper")
    terminal._failed(ZeroDivisionError())
    now[0] += FAULT_S
    terminal.tick()
    assert TerminalOpened() not in sent
    terminal.close_service("")
    assert sent[-1] == TerminalOpened()


def test_a_visit_is_not_cut_off_without_asking() -> None:
    terminal, _, _ = stood([0.0])
    asked = []
    for state in (Attract(), Identify(), OutOfService("x"), EnterNumber("300"), NotFound()):
        terminal.controller.visit.state = state
        asked.append(terminal.must_ask)
    assert asked == [False, False, False, True, True]


def test_the_first_frame_waits_for_nothing_that_only_maintenance_needs() -> None:
    heavy = {
        "pydantic",
        "kiosk.store",
        "requests",
        "cryptography",
        "kiosk.sync",
        "sqlite_utils",
        "tomlkit",
        "argon2",
    }
    program = "import sys, kiosk.commands.play, kiosk.terminal; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert heavy & set(done.stdout.split()) == set()
