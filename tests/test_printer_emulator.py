"""The session against an emulator that nobody here wrote. Needs Python 3.13 in an environment of its own:

python3.13 -m venv emu && emu/bin/pip install emupos && EMUPOS=emu/bin/emupos python -m pytest -m emulator
"""

from __future__ import annotations

import io
import json
import os
import queue
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from factories import worked_json
from PIL import Image, ImageDraw

from devices.escpos.driver import EscposPrinter
from devices.escpos.ports import Port
from devices.page import Page, Tile, pack
from devices.printer import JobState, JobUpdate, PrinterHealth, PrintJob
from devices.simulation.rig import MemoryJournal

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.skipif("EMUPOS" not in os.environ, reason="opt in: EMUPOS names the emupos command"),
]

# The emulator draws receipts on the thread that answers, on a machine that may be busy.
_HTTP_S = 30.0
_ENDS = (JobState.CUT, JobState.REFUSED, JobState.UNKNOWN, JobState.ABORTED)


class Emulator:
    """A running emupos with one printer, and its control interface."""

    def __init__(self, folder: Path, profile: str) -> None:
        self.port, self._api_port = _free_port(), _free_port()
        self._api = f"http://127.0.0.1:{self._api_port}/api/v1/devices/front"
        (folder / "emupos.yaml").write_text(
            f"schema: 1\napi: {{ host: 127.0.0.1, port: {self._api_port} }}\n"
            f"devices:\n  - id: front\n    type: printer\n    profile: {profile}\n"
            f"    connections: [ {{ tcp: {{ port: {self.port} }} }}, {{ serial: {{ pty: true }} }} ]\n"
            "    job_idle_timeout_ms: 60000\n    receipts_dir: ./receipts\n"
        )
        (folder / "tmp").mkdir()
        self._serial = folder / "tmp" / "emupos" / "front"
        self._process = subprocess.Popen(
            [str(Path(os.environ["EMUPOS"]).absolute()), "run"],
            cwd=folder,
            env=os.environ | {"TMPDIR": str(folder / "tmp")},
            stdout=subprocess.DEVNULL,
        )
        try:
            self._await_answer()
        except BaseException:
            self.close()
            raise

    def _await_answer(self) -> None:
        end = time.monotonic() + 90
        while not self._answers():
            assert time.monotonic() < end and self._process.poll() is None, "the emulator does not start"
            time.sleep(0.1)

    @property
    def urls(self) -> dict[str, str]:
        return {"tcp": f"tcp://127.0.0.1:{self.port}", "serial": f"serial://{self._serial}?baud=115200"}

    def fault(self, name: str, on: bool) -> None:
        url = f"{self._api}/faults/{name}"
        (requests.put if on else requests.delete)(url, timeout=_HTTP_S).raise_for_status()

    def receipts(self) -> list[Image.Image]:
        """What it printed, oldest first."""
        listed = requests.get(f"{self._api}/receipts", timeout=_HTTP_S).json()
        pictures = [requests.get(f"{self._api}/receipts/{r['id']}/image", timeout=_HTTP_S).content for r in listed]
        return [Image.open(io.BytesIO(picture)) for picture in reversed(pictures)]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=_HTTP_S)

    def _answers(self) -> bool:
        try:
            return requests.get(self._api, timeout=_HTTP_S).ok and self._serial.is_symlink()
        except requests.RequestException:
            return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(params=["epson-tm-t20iii", "xprinter-xp80t"])
def emulator(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Emulator]:
    one = Emulator(tmp_path, request.param)
    yield one
    one.close()


class FaultyPort:
    """Switches a fault on when so many bytes of the next job have gone through."""

    one_way = False
    outlives_power = False

    def __init__(self, inner: Port, printer: FaultyPrinter) -> None:
        self._inner = inner
        self._printer = printer

    def write(self, data: bytes) -> int:
        printer = self._printer
        if printer.countdown is None:
            return self._inner.write(data)
        if printer.countdown == 0:
            printer.countdown = None
            printer.emulator.fault(printer.fault, True)
            return self._inner.write(data)
        taken = self._inner.write(data[: printer.countdown])
        printer.countdown -= taken
        return taken

    def read(self) -> bytes:
        return self._inner.read()

    def wait(self, timeout_s: float, *, to_write: bool = False) -> None:
        self._inner.wait(timeout_s, to_write=to_write)

    def flush(self) -> None:
        self._inner.flush()

    def wake(self) -> None:
        self._inner.wake()

    def close(self) -> None:
        self._inner.close()


class FaultyPrinter(EscposPrinter):
    """The real driver over such a port."""

    countdown: int | None = None
    fault = ""

    def __init__(self, emulator: Emulator, *, url: str, encoder: str = "raster") -> None:
        self.emulator = emulator
        super().__init__(url=url, profile="epson-tm", encoder=encoder, journal=MemoryJournal())

    def _open_port(self) -> Port:
        return FaultyPort(super()._open_port(), self)


class Watcher:
    """Collects a job's updates and waits for them."""

    def __init__(self) -> None:
        self.states: list[JobState] = []
        self._news: queue.SimpleQueue[JobUpdate] = queue.SimpleQueue()

    def __call__(self, update: JobUpdate) -> None:
        self.states.append(update.state)
        self._news.put(update)

    def until(self, *states: JobState) -> JobUpdate:
        while True:
            update = self._news.get(timeout=120)
            if update.state in states:
                return update


def _page(number: int) -> Page:
    tiles = []
    for row in range(10):
        picture = Image.new("1", (560, 60), 255)
        draw = ImageDraw.Draw(picture)
        draw.rectangle((0, 0, 20 + 50 * row, 10), fill=0)
        draw.text((20, 20), f"receipt {number} row {row}", fill=0)
        tiles.append(Tile(8, row * 64, 560, 60, pack(picture)))
    return Page(576, 640, tuple(tiles))


def _shows(picture: Image.Image, page: Page) -> bool:
    whole = Image.new("1", (page.width, page.height), 255)
    whole.paste(picture.convert("1"), (0, 0))
    return whole.tobytes() == page.image().tobytes()


def _ready(printer: EscposPrinter) -> None:
    end = time.monotonic() + 60
    while printer.status().health is not PrinterHealth.READY:
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("line", ["tcp", "serial"])
def test_receipts_are_confirmed_and_exact_to_the_dot(emulator: Emulator, line: str) -> None:
    for number, encoder in enumerate(("raster", "lines"), start=1):
        printer = FaultyPrinter(emulator, url=emulator.urls[line], encoder=encoder)
        _ready(printer)
        watcher = Watcher()
        printer.submit(PrintJob(encoder, number, _page(number)), watcher)
        assert watcher.until(*_ENDS).confirmed
        printer.close()
    pictures = emulator.receipts()
    assert [_shows(picture, _page(n)) for n, picture in enumerate(pictures, start=1)] == [True, True]


@pytest.mark.parametrize("line", ["tcp", "serial"])
@pytest.mark.parametrize("fault", ["paper-out", "cover-open", "offline"])
def test_a_fault_switched_on_and_off_while_printing_gives_one_receipt(
    emulator: Emulator, fault: str, line: str
) -> None:
    printer = FaultyPrinter(emulator, url=emulator.urls[line])
    printer.fault = fault
    _ready(printer)
    length = len(printer._encoded(_page(1)))
    reason = {"paper-out": "paper_out", "cover-open": "cover_open", "offline": "offline"}[fault]
    for number, at in enumerate((40, 700, length // 2, length - 10, length + 5, length + 25), start=1):
        page = _page(number)
        printer.countdown = at
        watcher = Watcher()
        printer.submit(PrintJob(f"job {number}", number, page), watcher)
        assert watcher.until(JobState.HELD, *_ENDS).state is JobState.HELD, (at, watcher.states)
        assert printer.status().health == reason
        emulator.fault(fault, False)
        assert watcher.until(*_ENDS).confirmed, (at, watcher.states)
        pictures = emulator.receipts()
        assert len(pictures) == number and _shows(pictures[-1], page), at
    emulator.fault(fault, True)
    time.sleep(2.5)
    refused = Watcher()
    printer.submit(PrintJob("refused", 9, _page(9)), refused)
    assert refused.until(*_ENDS).reason == reason
    emulator.fault(fault, False)
    assert len(emulator.receipts()) == 6
    printer.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("fault", ["paper-out", "cover-open", "offline"])
def test_the_command_that_prints_ends_in_the_right_state_whatever_is_switched(
    emulator: Emulator, fault: str, tmp_path: Path
) -> None:
    bill = tmp_path / "bill.json"
    bill.write_text(json.dumps(worked_json("a")), "utf-8")
    for number, switch_at in enumerate((None, "PREFLIGHT", "SENDING", "SENT", None), start=1):
        command = [sys.executable, "-m", "kiosk", "print", str(bill), "--printer", emulator.urls["tcp"], "--json"]
        command += ["--profile", "epson-tm", "--state", str(tmp_path / "state"), "--timeout", "120"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            states = []
            for line in process.stdout:
                states.append(json.loads(line).get("state"))
                if states[-1] == switch_at:
                    emulator.fault(fault, True)
                if states[-1] in ("HELD", "REFUSED"):
                    emulator.fault(fault, False)
        if states[-2:] == ["REFUSED", None]:
            # The fault came before the first byte: nothing is on paper, and nothing is said to be.
            assert (switch_at, process.returncode) == ("PREFLIGHT", 6)
            assert len(emulator.receipts()) == number - 1
            emulator.fault(fault, False)
            assert _printed(emulator, command) == "CUT"
        else:
            assert (states[-1], process.returncode) == ("CUT", 0), (switch_at, states)
        emulator.fault(fault, False)
        assert len(emulator.receipts()) == number, (switch_at, states)


def _printed(emulator: Emulator, command: list[str]) -> str:
    found = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return str(json.loads(found.stdout.splitlines()[-1])["state"])


def test_a_new_connection_after_a_torn_job_does_not_print_it_again(emulator: Emulator) -> None:
    printer = FaultyPrinter(emulator, url=emulator.urls["tcp"])
    printer.fault = "paper-out"
    _ready(printer)
    printer.countdown = 9000
    watcher = Watcher()
    printer.submit(PrintJob("torn", 1, _page(1)), watcher)
    watcher.until(JobState.HELD)
    printer.close()
    assert watcher.states[-1] is JobState.UNKNOWN
    emulator.fault("paper-out", False)
    again = FaultyPrinter(emulator, url=emulator.urls["tcp"])
    _ready(again)
    after = Watcher()
    again.submit(PrintJob("next", 2, _page(2)), after)
    assert after.until(*_ENDS).confirmed
    again.close()
    pictures = emulator.receipts()
    assert sum(_shows(picture, _page(1)) for picture in pictures) == 1
    assert sum(_shows(picture, _page(2)) for picture in pictures) == 1


def test_probing_it_tells_what_it_answers(emulator: Emulator) -> None:
    printer = FaultyPrinter(emulator, url=emulator.urls["tcp"])
    report = printer.probe()
    assert report.real_time == (1, 2, 3, 4) and report.pushes
    assert [str(fence) for fence in report.fences] == ["GS r"]
    printer.close()
