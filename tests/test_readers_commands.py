"""`python -m devices`: what it lists, watches and simulates, as another program sees it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices import commands, simulated_hardware
from devices.binding import Match, Port, find
from devices.settings import CardReaderSettings, DeviceSettings
from devices.simulated_hardware import SUBSCRIBER_CARD, Mishap, hardware
from devices.simulated_line import LineFault, SimulatedLine
from devices.simulated_upsd import SimulatedUpsd
from devices.transports import TransportBusy, TransportLost

KEYS = ["t", "device", "event", "kind", "account_masked", "reason", "health", "latency_ms"]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[SimulatedLine]:
    line = SimulatedLine(hardware("magtek"), link=tmp_path / "reader")
    yield line
    line.close()


class Watching:
    """`watch` on a thread of its own, and what it said."""

    def __init__(self, settings: DeviceSettings, *, reveal: bool = False) -> None:
        self._said = threading.Condition()
        self.lines: list[dict[str, object]] = []
        self._thread = threading.Thread(
            target=commands.watch,
            args=(settings,),
            kwargs={"as_json": True, "reveal": reveal, "say": self._say, "timeout_s": 1.0},
        )
        self._thread.start()

    def _say(self, line: str) -> None:
        with self._said:
            self.lines.append(json.loads(line))
            self._said.notify_all()

    def wait(self, **facts: object) -> dict[str, object]:
        def found() -> dict[str, object] | None:
            return next((line for line in self.lines if facts.items() <= line.items()), None)

        with self._said:
            line = self._said.wait_for(found, timeout=10)
        assert line, self.lines
        return line

    def end(self) -> None:
        self._thread.join()


def settings(*tables: dict[str, object]) -> DeviceSettings:
    return DeviceSettings.model_validate({"card_reader": tables})


def test_watch_tells_one_event_a_line_with_every_key(line: SimulatedLine) -> None:
    watching = Watching(settings({"url": line.url, "name": "stripe"}))
    online = watching.wait(event="status", health="online", device="stripe")
    line.present(SUBSCRIBER_CARD)
    presented = watching.wait(event="presented", kind="account", account_masked="*******6789")
    line.mishap(Mishap.WRONG_WAY, SUBSCRIBER_CARD)
    rejected = watching.wait(event="rejected", reason="wrong_way")
    watching.end()
    assert all(list(fact) == KEYS for fact in (online, presented, rejected))
    assert isinstance(presented["latency_ms"], float)
    assert isinstance(presented["t"], float)
    assert presented["latency_ms"] < 500


def test_reveal_tells_the_account_of_simulated_devices_only(line: SimulatedLine) -> None:
    watching = Watching(settings({"url": line.url}), reveal=True)
    watching.wait(health="online")
    line.present(SUBSCRIBER_CARD)
    assert watching.wait(event="presented")["account"] == "10023456789"
    watching.end()
    assert commands.is_simulated(CardReaderSettings(url="simulated:"))
    assert not commands.is_simulated(CardReaderSettings(url="serial:///dev/ttyS0"))
    assert not commands.is_simulated(CardReaderSettings(url="socket://127.0.0.1:1"))


def test_reveal_does_not_reach_a_reader_that_may_be_real() -> None:
    line = SimulatedLine(hardware("magtek"), port=0)
    watching = Watching(settings({"url": line.url}), reveal=True)
    watching.wait(health="online")
    assert line.connected.wait(10)
    line.present(SUBSCRIBER_CARD)
    assert "account" not in watching.wait(event="presented")
    watching.end()
    line.close()


def test_list_tells_which_ports_are_used_and_opens_none(line: SimulatedLine) -> None:
    said: list[str] = []
    commands.list_devices(settings({"url": line.url, "name": "stripe"}), as_json=True, say=said.append)
    facts = json.loads(said[0])
    assert len(said) == 1
    assert facts["card_readers"] == [{"name": "stripe", "url": line.url, "codec": "magtek"}]
    assert {"magtek", "idtech", "uic"} <= set(facts["codecs"])
    assert all(port["used_by"] == "not used" for port in facts["ports"])


def test_list_for_people_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    commands.list_devices(settings({"url": "simulated:", "name": "demo"}), as_json=False, say=said.append)
    assert "card readers:" in said
    assert "  name demo  url simulated:  codec magtek" in said


@pytest.mark.parametrize(
    ("match", "path"),
    [
        (Match(vid=0x0403, pid=0x6001, serial="KIOSKRD1"), "/dev/ttyUSB1"),
        (Match(location="1-2"), "/dev/ttyUSB0"),
        (Match(vid=0x0C2E, pid=0x0901), "/dev/ttyACM0"),
    ],
)
def test_a_device_is_found_by_what_it_is(match: Match, path: str) -> None:
    ports = [
        Port("/dev/ttyUSB0", 0x0403, 0x6001, "KIOSKRD0", "1-2"),
        Port("/dev/ttyUSB1", 0x0403, 0x6001, "KIOSKRD1", "1-3"),
        Port("/dev/ttyACM0", 0x0C2E, 0x0901, "", "1-4"),
        Port("/dev/ttyS0"),
    ]
    assert find(match, ports) == path
    with pytest.raises(TransportBusy, match="2 devices fit"):
        find(Match(vid=0x0403, pid=0x6001), ports)
    with pytest.raises(TransportLost, match="not plugged in"):
        find(Match(serial="KIOSKRD2"), ports)


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "devices", *arguments]
    return subprocess.run(program, input=stdin, capture_output=True, text=True, timeout=20, check=False)


def test_the_programs_exit_codes_say_what_was_wrong(tmp_path: Path) -> None:
    wrong, unusable = tmp_path / "wrong.toml", tmp_path / "unusable.toml"
    wrong.write_text('[[card_reader]]\nurl = "serial:///dev/x"\ncodec = "magtec"\n')
    unusable.write_text('[[card_reader]]\nurl = "simulated:"\ncodec = "sankyo"\n')
    assert run("list", "--json").returncode == 0
    assert run("nonsense").returncode == 2
    assert run("watch", "--json").returncode == 5
    done = run("watch", "--settings", str(wrong), "--json")
    assert done.returncode == 5
    assert "magtek" in json.loads(done.stdout)["error"]["message"]
    done = run("watch", "--settings", str(unusable), "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (6, "reader_fault")


def test_simulate_serves_a_reader_and_does_what_it_is_told(tmp_path: Path) -> None:
    words = "present\nbank\nfly\npresent em4100=1\npresent 'x\n\nunplug\nplug\n"
    done = run("simulate", "--link", str(tmp_path / "reader"), "--json", stdin=words)
    ready, *answers = map(json.loads, done.stdout.splitlines())
    assert ready == {"url": f"serial://{tmp_path}/reader", "codec": "magtek"}
    assert [answer.get("did") for answer in answers] == ["present", "bank", None, None, None, "", "unplug", "plug"]
    assert "wrong_way" in answers[2]["understood"]
    assert "this device reads track1" in answers[3]["error"]
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_simulate_for_people_says_only_what_did_not_work(tmp_path: Path) -> None:
    said: list[str] = []
    lines = ["present", "two_cards", "help", ""]
    commands.simulate(commands=lines, say=said.append, link=tmp_path / "reader")
    assert said[0] == f"magtek at serial://{tmp_path}/reader; say help"
    assert [line.split()[0] for line in said[1:]] == ["two_cards", "present"]


@pytest.mark.parametrize("on_tcp", [False, True], ids=["pty", "tcp"])
@pytest.mark.parametrize("codec", simulated_hardware.HARDWARE)
def test_every_codec_is_simulated_with_all_that_can_go_wrong(codec: str, on_tcp: bool, tmp_path: Path) -> None:
    said: list[dict[str, object]] = []
    mishaps = sorted(hardware(codec).mishaps)
    words = [
        "slow",
        "present",
        "quick",
        *LineFault,
        "noise",
        "deaf",
        "hears",
        "remove",
        *mishaps,
        "unplug",
        "plug",
    ]
    commands.simulate(
        commands=words,
        say=lambda line: said.append(json.loads(line)),
        codec=codec,
        link=None if on_tcp else tmp_path / "reader",
        port=0 if on_tcp else None,
        as_json=True,
    )
    ready, *answers = said
    assert str(ready["url"]).startswith("socket://127.0.0.1:" if on_tcp else "serial://")
    assert [answer["did"] for answer in answers] == words


def test_watch_tells_of_power_and_switches_in_the_same_words(tmp_path: Path) -> None:
    upsd, board = SimulatedUpsd(), SimulatedLine(hardware("scanner"), link=tmp_path / "board")
    tables = {"ups": {"url": f"nut://127.0.0.1:{upsd.port}/ups"}, "switches": {"url": board.url}}
    watching = Watching(DeviceSettings.model_validate(tables))
    power = watching.wait(device="ups", event="status", kind="power", health="mains")
    while not any(line["kind"] == "door" for line in watching.lines):
        board.send(b"D0=1\n")
        threading.Event().wait(0.02)
    door = watching.wait(device="switches", event="status", kind="door", health="on")
    watching.end()
    upsd.close()
    board.close()
    assert list(power) == list(door) == KEYS
