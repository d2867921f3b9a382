"""What systemd hears of the terminal: over a real datagram socket, from a real terminal."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.watchdog import OPENING_S, PATIENCE_S, Supervisor, Watchdog, supervisor

ROOT = Path(__file__).parent.parent


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        end.settimeout(30)
        yield end


def heard(end: socket.socket) -> list[str]:
    return end.recv(4096).decode().split("\n")


def nothing_heard(end: socket.socket) -> bool:
    end.setblocking(False)
    try:
        end.recv(4096)
    except BlockingIOError:
        return True
    return False


class FakePart:
    """Answers at once, or when it is told to."""

    def __init__(self) -> None:
        self.hangs = False
        self.owed: list = []

    def ask(self, answered) -> None:
        self.owed.append(answered)
        if not self.hangs:
            self.answer()

    def answer(self) -> None:
        while self.owed:
            self.owed.pop()()


class Rig:
    def __init__(self, end: socket.socket) -> None:
        self.now = 0.0
        self.is_open = True
        self.occupation = "Idle"
        self.parts = {"devices": FakePart(), "journal": FakePart()}
        self.watchdog = Watchdog(
            Supervisor(end.getsockname()),
            questions=lambda: {name: part.ask for name, part in self.parts.items()} if self.is_open else None,
            occupation=lambda: self.occupation,
            clock=lambda: self.now,
        )


def test_nothing_is_said_before_the_first_screen_stands(listening: socket.socket) -> None:
    rig = Rig(listening)
    rig.watchdog.beat()
    assert nothing_heard(listening)
    assert rig.parts["journal"].owed == []


def test_a_terminal_that_answers_gives_a_sign_at_every_beat(listening: socket.socket) -> None:
    rig = Rig(listening)
    rig.watchdog.ready()
    assert heard(listening) == ["READY=1", "STATUS=Idle"]
    for _ in range(3):
        rig.now += 1
        rig.watchdog.beat()
        assert heard(listening) == ["WATCHDOG=1"]
    rig.occupation = "Visit"
    rig.watchdog.beat()
    assert [heard(listening), heard(listening)] == [["WATCHDOG=1"], ["STATUS=Visit"]]
    rig.watchdog.stopping()
    assert "STOPPING=1" in heard(listening)


@pytest.mark.parametrize("name", ["devices", "journal"])
def test_a_part_that_owes_an_answer_for_too_long_silences_it_until_it_answers(
    listening: socket.socket, name: str
) -> None:
    rig = Rig(listening)
    rig.watchdog.ready()
    heard(listening)
    rig.parts[name].hangs = True
    rig.watchdog.beat()
    assert heard(listening) == ["WATCHDOG=1"]
    rig.now += PATIENCE_S
    rig.watchdog.beat()
    assert heard(listening) == ["WATCHDOG=1"]
    rig.now += 0.1
    rig.watchdog.beat()
    assert heard(listening) == [f"STATUS=No answer from {name}"]
    rig.watchdog.beat()
    assert nothing_heard(listening)
    listening.settimeout(30)
    assert len(rig.parts[name].owed) == 1, "asked again although it owes the first answer"
    rig.parts[name].answer()
    rig.watchdog.beat()
    assert [heard(listening), heard(listening)] == [["WATCHDOG=1"], ["STATUS=Idle"]]


def test_parts_that_never_open_silence_it(listening: socket.socket) -> None:
    rig = Rig(listening)
    rig.watchdog.ready()
    heard(listening)
    rig.is_open = False
    rig.now += OPENING_S
    rig.watchdog.beat()
    assert heard(listening) == ["WATCHDOG=1"]
    rig.now += 0.1
    rig.watchdog.beat()
    assert heard(listening) == ["STATUS=No answer from parts"]


def test_a_supervisor_that_is_gone_costs_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told = Supervisor(str(tmp_path / "nobody"))
    for _ in range(3):
        told.tell("WATCHDOG=1")
    assert [record.message.split(":")[0] for record in caplog.records] == ["supervisor_silent"]


def test_an_abstract_socket_is_found_and_an_unknown_kind_left_alone() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(f"\0ebill-kiosk-test-{os.getpid()}")
        end.settimeout(5)
        told = supervisor({"NOTIFY_SOCKET": f"@ebill-kiosk-test-{os.getpid()}"})
        assert told is not None
        told.tell("READY=1")
        assert heard(end) == ["READY=1"]
    assert supervisor({"NOTIFY_SOCKET": "vsock:2:1234"}) is None
    assert supervisor({}) is None


def test_a_terminal_is_ready_with_its_second_frame_answers_until_it_is_stopped_and_says_that_it_ends(
    listening: socket.socket, tmp_path: Path
) -> None:
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    }
    environment |= {"NOTIFY_SOCKET": listening.getsockname(), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "kiosk", "run", "--state", str(tmp_path / "state")]
    began = time.monotonic()
    with subprocess.Popen([*command, "--events", str(tmp_path / "events")], cwd=ROOT, env=environment) as process:
        try:
            assert "READY=1" in heard(listening)
            assert process.poll() is None and time.monotonic() - began < 30
            for _ in range(2):
                while "WATCHDOG=1" not in heard(listening):
                    assert time.monotonic() - began < 60
            second = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
            assert second.returncode == 1
            assert "another terminal is running" in second.stderr
            process.send_signal(signal.SIGTERM)
            last: list[str] = []
            while "STOPPING=1" not in last:
                last = heard(listening)
            assert process.wait(30) == 0
        finally:
            process.kill()
