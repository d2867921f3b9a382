"""What every trial of the package stands on: its machines, and how to tell that the terminal is up."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from machine import Machine, MachineError

UNIT = "ebill-kiosk.service"
HERE = Path(__file__).resolve().parent

_UP_S = 60.0
_GOOD_AFTER_S = 2

_OFFSCREEN = "[Service]\nEnvironment=SDL_VIDEODRIVER=offscreen\n"
"""These machines have no screen: the same OpenGL, drawn by the processor into memory."""


@dataclass(slots=True)
class Trial:
    """One package on its way through the machines."""

    deb: Path
    release: str
    work: Path
    kills: int
    hangs: int
    bad: int
    patience: float = 1.0
    base: Machine | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """The Debian of all machines: everything the package depends on, and nothing of it."""
        wanted = subprocess.run(
            ["dpkg-deb", "-f", str(self.deb), "Depends"], capture_output=True, text=True, check=True
        )
        names = [re.split(r"[ (|]", part.strip())[0] for part in wanted.stdout.split(",")]
        cache = Path(os.environ.get("EBILL_KIOSK_CACHE", HERE.parent / "out/packaging/cache"))
        root, mark = cache / f"trial-{self.release}", cache / f"trial-{self.release}.packages"
        if mark.exists() and mark.read_text() == " ".join(names):
            self.base = Machine(root)
            return
        self.base = Machine.fresh(root, release=self.release, packages=names)
        mark.write_text(" ".join(names))

    def machine(self, name: str) -> Machine:
        """A new machine that knows it has no screen."""
        assert self.base is not None
        one = self.base.copy(self.work / name, patience=self.patience)
        one.put(f"etc/systemd/system/{UNIT}.d/10-display.conf", _OFFSCREEN)
        # Ten minutes are the product's; here a release has proven itself after two seconds.
        one.put(
            "etc/systemd/system/ebill-kiosk-good.service.d/trial.conf",
            f"[Service]\nEnvironment=KIOSK_HOLDS_S={_GOOD_AFTER_S}\n",
        )
        one.put(
            "etc/systemd/system/ebill-kiosk-update.service.d/trial.conf", "[Service]\nEnvironment=KIOSK_IDLE_S=1\n"
        )
        return one

    def carries(self) -> str:
        """Why this machine cannot carry others; empty when one boots."""
        try:
            with self.machine("first").running():
                return ""
        except (MachineError, OSError, subprocess.SubprocessError) as error:
            return str(error)

    @contextmanager
    def installed(self, name: str) -> Iterator[Machine]:
        """A machine that is running the terminal."""
        with self.machine(name).running() as one:
            install(one, self.deb)
            wait_up(one)
            yield one

    def expect(self, claim: str, holds: bool, seen: object = "") -> None:
        """Note whether a claim holds."""
        print(f"{'ok    ' if holds else 'FAILED'}  {claim}" + (f": {seen}" if seen != "" else ""), flush=True)
        if not holds:
            self.failed.append(claim)


def install(one: Machine, deb: Path) -> None:
    """`dpkg -i`, as a technician would."""
    shutil.copy(deb, one.root / "root" / deb.name)
    one.run("dpkg", "-i", f"/root/{deb.name}")


def wait_up(one: Machine, *, within_s: float = _UP_S, not_pid: str = "0", version: str = "") -> dict[str, str]:
    """The unit's state once the attract screen stands.

    Raises:
        MachineError: it does not, in that time.
    """
    until = time.monotonic() + within_s * one.patience
    while time.monotonic() < until:
        seen = one.show(UNIT, "ActiveState", "MainPID", "ActiveEnterTimestampMonotonic", "StatusText")
        is_up = seen["ActiveState"] == "active" and seen["MainPID"] not in ("0", not_pid)
        if is_up and version in ("", version_of(one)):
            return seen
        time.sleep(0.02)
    log = one.run("journalctl", "-b", "--no-pager", "-n", "40", check=False)
    raise MachineError(f"not up after {within_s} s: {seen}\n{log}")


def wait_for(one: Machine, holds: Callable[[], bool], what: str, *, within_s: float = 90) -> None:
    """Until something holds.

    Raises:
        MachineError: it does not, in that time.
    """
    until = time.monotonic() + within_s * one.patience
    while not holds():
        if time.monotonic() > until:
            log = one.run("journalctl", "-b", "--no-pager", "-n", "60", check=False)
            raise MachineError(f"waited in vain: {what}\n{log}")
        time.sleep(0.2)


def version_of(one: Machine) -> str:
    """The installed version; of one that is just being installed, empty."""
    shown = one.run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", "ebill-kiosk", check=False)
    return shown.removeprefix("installed ") if shown.startswith("installed ") else ""
