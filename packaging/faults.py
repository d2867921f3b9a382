"""What goes wrong, tried in every state of a visit on the real program; writes the table of the README.

    PYTHONPATH=. .venv/bin/python packaging/faults.py [--only FAULT ...] [--write]

Needs root for disks that fill up or go read-only, and libfaketime for clocks. Exit 1 when a verdict is bad.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
RECORD = HERE / "faults.json"
README = HERE / "README.md"

STATES = ("Attract", "EnterNumber", "ShowBill", "Printing")

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")

_STEP_S = 60.0
_STARTED_S = 90.0
_FINGER_S = 0.25
"""From one press to the next; the same key within a tenth of a second counts as its bounce."""


_SETTINGS = """[gateway]
url = "{url}"
[site]
terminal = "T-0001"
app_link = "https://app.example.sa/open"
[[printer]]
url = "simulated:"
"""


class FaultError(Exception):
    """The terminal did not do what it should; the message is the verdict."""


class Terminal:
    """One terminal process with a finger, its state on a small disk of its own."""

    def __init__(self, folder: Path, *, url: str, fakes_time: bool) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.state.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "state", str(self.state)], check=True)
        self.settings = folder / "site.toml"
        self.settings.write_text(_SETTINGS.format(url=url))
        self._fakes_time = fakes_time
        self.clock = folder / "clock"
        self.clock.write_text("+0")
        self._events = folder / "events"
        self._errors = (folder / "errors").open("ab")
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, as systemd would, and wait for the first screen."""
        self._events.unlink(missing_ok=True)
        self._process = self.spawned(self._events)
        self.reach("Attract", within_s=_STARTED_S)

    def spawned(self, events: Path) -> subprocess.Popen[str]:
        """A process of the terminal on this state, telling its screens into `events`."""
        words = [
            "run",
            "--allow-simulated",
            "--state",
            self.state,
            "--settings",
            self.settings,
            "--events",
            events,
        ]
        environment = {
            key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")
        }
        environment |= {"PYTHONPATH": str(TOP), "SDL_VIDEODRIVER": "offscreen"}
        if self._fakes_time:
            environment |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.clock)}
            environment |= {"FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        command = [sys.executable, str(HERE / "finger.py"), *map(str, words)]
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process that is running, or ran last."""
        assert self._process is not None
        return self._process

    def told(self) -> int:
        """How many screens were told of."""
        return len(self._events.read_text().splitlines()) if self._events.exists() else 0

    def type(self, digits: str) -> None:
        """Type, each digit once the one before can be seen: a terminal that is held up would take two for a bounce."""
        for digit in digits:
            before, until = self.told(), time.monotonic() + _STEP_S
            self.press(f"digit_{digit}")
            while self.told() == before and time.monotonic() < until:
                time.sleep(0.02)

    def seen(self) -> dict[str, Any]:
        """The last screen told of."""
        with suppress(OSError, ValueError, IndexError):
            found: dict[str, Any] = json.loads(self._events.read_text().splitlines()[-1])
            return found
        return {"state": "", "buttons": {}}

    def press(self, name: str) -> None:
        """Press a button."""
        stdin: IO[str] | None = self.process.stdin
        assert stdin is not None
        with suppress(BrokenPipeError):
            stdin.write(name + "\n")
            stdin.flush()
        time.sleep(_FINGER_S)

    def reach(self, state: str, *, within_s: float = _STEP_S) -> dict[str, Any]:
        """Wait for a state."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise FaultError(f"ended with {self.process.returncode} instead of {state}")
            if self.seen()["state"] == state:
                return self.seen()
            time.sleep(0.02)
        raise FaultError(f"{self.seen()['state']} instead of {state}")

    def go(self, state: str, account: str) -> None:
        """Walk from the first screen to `state` as a subscriber does."""
        if state == "Attract":
            return
        self.press("start")
        self.reach("Identify")
        self.press("by_number")
        self.reach("EnterNumber")
        if state == "EnterNumber":
            return
        self.type(account)
        self.press("confirm")
        self.reach("ShowBill")
        if state == "Printing":
            self.press("print")
            self.reach("Printing")

    def back(self) -> None:
        """Leave whatever is shown until the first screen stands, by the buttons there are."""
        until = time.monotonic() + 120
        while self.seen()["state"] != "Attract":
            if self.process.poll() is not None:
                raise FaultError(f"ended with {self.process.returncode}")
            if time.monotonic() > until:
                raise FaultError(f"no way back from {self.seen()['state']}")
            for name in ("finish", "cancel", "back"):
                if name in self.seen()["buttons"]:
                    self.press(name)
                    break
            time.sleep(0.3)

    def close(self) -> None:
        """End it and let go of its disk."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._errors.close()
        while self.state.is_mount():  # twice, where a read-only view lies over it
            subprocess.run(["umount", "-l", str(self.state)], check=True)


def killed(terminal: Terminal) -> str:
    """SIGKILL, then started again, as systemd does."""
    return _restarted(terminal, signal.SIGKILL)


def told_to_end(terminal: Terminal) -> str:
    """SIGTERM: it ends by itself, and is started again."""
    return _restarted(terminal, signal.SIGTERM)


def _restarted(terminal: Terminal, number: signal.Signals) -> str:
    terminal.process.send_signal(number)
    try:
        code = terminal.process.wait(10)
    except subprocess.TimeoutExpired:
        raise FaultError("does not end") from None
    if number is signal.SIGTERM and code != 0:
        raise FaultError(f"ends with {code}")
    began = time.monotonic()
    terminal.start()
    return f"back after {time.monotonic() - began:.1f} s"


def disk_full(terminal: Terminal) -> str:
    """Not a byte more."""
    with suppress(OSError), (terminal.state / "filler").open("wb") as filler:
        while True:
            filler.write(bytes(1 << 16))
            filler.flush()
    return ""


def disk_read_only(terminal: Terminal) -> str:
    """The kernel has found the disk at fault."""
    subprocess.run(["mount", "-o", "remount,ro", str(terminal.state)], check=False, capture_output=True)
    if os.access(terminal.state, os.W_OK):
        # Open for writing, so busy: laid over with itself, read-only.
        subprocess.run(["mount", "--bind", str(terminal.state), str(terminal.state)], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", str(terminal.state)], check=True)
    return ""


def files_gone(terminal: Terminal) -> str:
    """Somebody has emptied the state folder."""
    for path in terminal.state.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return ""


def second_instance(terminal: Terminal) -> str:
    """Another one is started on the same state."""
    with terminal.spawned(terminal.folder / "events-of-second") as second:
        try:
            code = second.wait(_STARTED_S)
        except subprocess.TimeoutExpired:
            second.kill()
            raise FaultError("a second one runs") from None
    if code != 1:
        raise FaultError(f"the second one ends with {code}")
    return "the second one refuses"


def clock_ahead(terminal: Terminal) -> str:
    """Ten years from now, at once."""
    terminal.clock.write_text("+3650d")
    return ""


def clock_behind(terminal: Terminal) -> str:
    """Ten years back, at once."""
    terminal.clock.write_text("-3650d")
    return ""


FAULTS: dict[str, Callable[[Terminal], str]] = {
    "killed": killed,
    "told to end": told_to_end,
    "disk full": disk_full,
    "disk read-only": disk_read_only,
    "state files gone": files_gone,
    "second instance": second_instance,
    "clock ten years ahead": clock_ahead,
    "clock ten years behind": clock_behind,
}


def tried(fault: str, state: str, *, url: str, account: str) -> str:
    """One cell: `ok` and what was seen, or `FAILED` and why. Afterwards a whole visit must still be possible."""
    with TemporaryDirectory(prefix="ebill-kiosk-fault-") as folder:
        terminal = Terminal(Path(folder), url=url, fakes_time=fault.startswith("clock"))
        try:
            terminal.start()
            terminal.go(state, account)
            seen = FAULTS[fault](terminal)
            time.sleep(1.0)  # what the fault sets off shows itself at the next tick, a second at most
            if terminal.process.poll() is not None:
                raise FaultError(f"ended with {terminal.process.returncode}")
            terminal.back()
            terminal.go("ShowBill", account)
            terminal.back()
            return f"ok, {seen}" if seen else "ok"
        except FaultError as error:
            return f"FAILED: {error}"
        finally:
            terminal.close()


@contextmanager
def bill_service() -> Iterator[tuple[str, str]]:
    """The reference service: its address, and an account it knows."""
    command = [sys.executable, "-m", "kiosk", "service", "--json"]
    environment = os.environ | {"PYTHONPATH": str(TOP)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True, cwd=TOP) as process:
        try:
            assert process.stdout is not None
            facts = json.loads(process.stdout.readline())
            yield facts["url"], facts["accounts"][0]
        finally:
            process.terminate()


def table(verdicts: dict[str, dict[str, str]]) -> str:
    """The verdicts as the README shows them."""
    lines = ["| fault | " + " | ".join(STATES) + " |", "|---" * (len(STATES) + 1) + "|"]
    for fault, row in verdicts.items():
        lines.append(f"| {fault} | " + " | ".join(row.get(state, "not tried") for state in STATES) + " |")
    return "\n".join(lines)


def with_table(readme: str, verdicts: dict[str, dict[str, str]]) -> str:
    """The README with the table between its marks."""
    before, rest = readme.split("<!-- faults -->\n", 1)
    _, after = rest.split("<!-- /faults -->", 1)
    return f"{before}<!-- faults -->\n{table(verdicts)}\n<!-- /faults -->{after}"


def main() -> int:
    """Try the faults that the options name."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", action="append", choices=list(FAULTS))
    options.add_argument("--write", action="store_true", help="keep the verdicts and renew the README's table")
    chosen = options.parse_args()
    verdicts: dict[str, dict[str, str]] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    with bill_service() as (url, account):
        for fault in chosen.only or FAULTS:
            for state in STATES:
                verdicts.setdefault(fault, {})[state] = tried(fault, state, url=url, account=account)
                print(f"{fault} x {state}: {verdicts[fault][state]}", flush=True)
    ordered = {fault: verdicts[fault] for fault in FAULTS if fault in verdicts}
    if chosen.write:
        RECORD.write_text(json.dumps(ordered, indent=1) + "\n")
        README.write_text(with_table(README.read_text(), ordered))
    return int(any("FAILED" in verdict for row in ordered.values() for verdict in row.values()))


if __name__ == "__main__":
    sys.exit(main())
