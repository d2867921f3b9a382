"""Tries a built package on whole machines: installs, kills, hangs, bad releases, rogue archives, removal.

    trial.py DEB [--release bookworm] [--kills 20] [--hangs 2] [--bad 3] [--only NAME ...] [--out FILE]

Needs root, debootstrap, systemd-nspawn, apt-ftparchive, gpg. Exit 0 when every verdict is good, 69 where this
machine cannot carry others (said loudly).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from archive import Archive
from machine import Machine, MachineError
from releases import BAD, rebuilt

UNIT = "ebill-kiosk.service"
HERE = Path(__file__).resolve().parent

_UP_S = 60.0
_GOOD_AFTER_S = 2

_OFFSCREEN = "[Service]\nEnvironment=SDL_VIDEODRIVER=offscreen\n"
"""These machines have no screen: the same OpenGL, drawn by the processor into memory."""

Tell = Callable[[str], None]


@dataclass(slots=True)
class Trial:
    """One package on its way through the machines."""

    deb: Path
    release: str
    work: Path
    kills: int
    hangs: int
    bad: int
    base: Machine | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

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
        one = self.base.copy(self.work / name)
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
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        seen = one.show(UNIT, "ActiveState", "MainPID", "ActiveEnterTimestampMonotonic", "StatusText")
        is_up = seen["ActiveState"] == "active" and seen["MainPID"] not in ("0", not_pid)
        if is_up and version in ("", version_of(one)):
            return seen
        time.sleep(0.02)
    log = one.run("journalctl", "-b", "--no-pager", "-n", "40", check=False)
    raise MachineError(f"not up after {within_s} s: {seen}\n{log}")


def try_install(trial: Trial) -> None:
    """A fresh Debian, `dpkg -i`, and the attract screen; then removal, then purge."""
    one = trial.machine("install")
    with one.running():
        before = one.files()
        began = time.monotonic()
        install(one, trial.deb)
        seen = wait_up(one)
        trial.figures["install_s"] = round(time.monotonic() - began, 1)
        trial.expect(
            "dpkg -i on a fresh Debian reaches the attract screen",
            seen["StatusText"] == "Idle",
            seen["StatusText"],
        )
        units = one.run("systemctl", "--failed", "--plain", "--no-legend", check=False)
        trial.expect("no unit of ours has failed", "ebill" not in units, units.strip())
        score = (
            one.run("systemd-analyze", "security", "--no-pager", "--threshold=15", UNIT, check=False)
            .strip()
            .splitlines()[-1]
        )
        trial.figures["score"] = float(re.findall(r"\d+\.\d+", score)[0])
        trial.expect("the sandbox's score is 1.5 at most", trial.figures["score"] <= 1.5, trial.figures["score"])
        link = str((one.root / "etc/systemd/system/ctrl-alt-del.target").readlink())
        trial.expect("Ctrl-Alt-Del does nothing", link == "/dev/null", link)
        one.run("dpkg", "-r", "ebill-kiosk")
        one.run("systemctl", "daemon-reload")
        left = sorted(our(one.files() - before))
        strange = [name for name in left if not name.startswith(_STATE)]
        trial.expect("removal leaves nothing but state and settings", not strange, " ".join(strange[:9]))
        one.run("dpkg", "-P", "ebill-kiosk")
        left = sorted(our(one.files() - before))
        trial.expect("purge leaves nothing", not left, " ".join(left[:9]))
        people = one.run("getent", "passwd", "ebill-kiosk", check=False)
        trial.expect("purge leaves no user", not people, people)


_STATE = (
    *(
        "var/lib/ebill-kiosk",
        "etc/ebill-kiosk",
        "etc/apt/preferences.d/ebill-kiosk",
        "etc/apt/apt.conf.d/60ebill-kiosk",
    ),
    *("var/lib/dpkg/info/ebill-kiosk", "var/lib/systemd/deb-systemd-helper-", "etc/systemd/system/ebill-kiosk"),
)


def our(names: set[str]) -> set[str]:
    """Of new files those that are not the system's own memory, nor this trial's."""
    theirs = (
        "var/log",
        "var/cache",
        "var/lib/apt",
        "root/",
        "var/lib/systemd/timers",
        "var/lib/dpkg/",
        "var/lib/systemd/catalog",
    )
    kept = {name for name in names if not name.startswith(theirs) or "ebill-kiosk" in name}
    # Account files are rewritten by the tools that add and remove a user.
    return {
        name
        for name in kept
        if not name.startswith("root/")
        and not name.endswith(("passwd-", "shadow-", "group-", "gshadow-", ".pwd.lock"))
    }


def try_kills(trial: Trial) -> None:
    """SIGKILL at any moment: how long until the attract screen stands again."""
    with trial.installed("kills") as one:
        times = [again_s(one, "KILL") for _ in range(trial.kills)]
    times.sort()
    p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
    trial.figures["kill_s"] = {
        "n": len(times),
        "median": round(statistics.median(times), 2),
        "p95": round(p95, 2),
        "worst": round(times[-1], 2),
    }
    trial.expect("killed, it is back within 2 s (p95)", p95 <= 2.0, trial.figures["kill_s"])


def try_hangs(trial: Trial) -> None:
    """SIGSTOP, as a screen that hangs: how long until systemd has noticed and the attract screen stands again."""
    with trial.installed("hangs") as one:
        times = [again_s(one, "STOP", within_s=40) for _ in range(trial.hangs)]
    trial.figures["hang_s"] = {"n": len(times), "worst": round(max(times), 2)}
    trial.expect("hanging, it is back within 15 s", max(times) <= 15.0, trial.figures["hang_s"])


def again_s(one: Machine, signal: str, *, within_s: float = 20) -> float:
    """Seconds from a signal to the program until a new one's first screen stands; both by the kernel's one clock."""
    pid = wait_up(one)["MainPID"]
    at = time.clock_gettime(time.CLOCK_MONOTONIC)
    one.run("sh", "-c", f"kill -{signal} {pid}")
    seen = wait_up(one, within_s=within_s, not_pid=pid)
    return int(seen["ActiveEnterTimestampMonotonic"]) / 1e6 - at


def try_bad_releases(trial: Trial) -> None:
    """Updates that do not stay up, from a signed archive; the terminal returns to the last good release."""
    times = []
    with TemporaryDirectory() as folder, trial.machine("bad").running() as one:
        archive = Archive(Path(folder), one, suite=f"{trial.release}-100")
        install(one, trial.deb)
        one.run("/usr/lib/ebill-kiosk/keep", feed=f"/root/{trial.deb.name}\n")
        wait_up(one)
        wait_good(one)
        good = version_of(one)
        for number in range(trial.bad):
            kind = list(BAD)[number % len(BAD)]
            version = f"9.{number}.0-1"
            archive.publish(rebuilt(trial.deb, Path(folder), version=version, spoil=BAD[kind]))
            began = time.monotonic()
            one.run("systemctl", "--no-block", "start", "ebill-kiosk-update.service")
            wait_for(one, lambda v=version: version_of(one) == v, f"{version} installed")
            installed = time.monotonic()
            wait_for(one, lambda: version_of(one) == good, f"{good} again", within_s=120)
            wait_up(one, version=good)
            times.append(time.monotonic() - installed)
            print(
                f"        {kind}: back after {times[-1]:.1f} s ({installed - began:.1f} s to install)", flush=True
            )
            one.run("systemctl", "--no-block", "start", "ebill-kiosk-update.service")
            wait_for(
                one,
                lambda: one.show("ebill-kiosk-update.service", "ActiveState")["ActiveState"] == "inactive",
                "update over",
            )
            trial.expect(f"{version} is not installed again", version_of(one) == good)
    trial.figures["bad_release_s"] = {"n": len(times), "worst": round(max(times), 1)}
    trial.expect("a bad release is gone within 60 s", max(times) <= 60.0, trial.figures["bad_release_s"])


def wait_good(one: Machine) -> None:
    """Until the installed release has proven itself."""

    def proven() -> bool:
        one.run("systemctl", "start", "ebill-kiosk-good.service")
        return (one.root / "var/lib/ebill-kiosk-system/good").exists()

    wait_for(one, proven, "a release that has proven good")


def wait_for(one: Machine, holds: Callable[[], bool], what: str, *, within_s: float = 90) -> None:
    """Until something holds.

    Raises:
        MachineError: it does not, in that time.
    """
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            log = one.run("journalctl", "-b", "--no-pager", "-n", "60", check=False)
            raise MachineError(f"waited in vain: {what}\n{log}")
        time.sleep(0.2)


def version_of(one: Machine) -> str:
    """The installed version; of one that is just being installed, empty."""
    shown = one.run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", "ebill-kiosk", check=False)
    return shown.removeprefix("installed ") if shown.startswith("installed ") else ""


_REFUSALS = (
    "NO_PUBKEY|BADSIG|Hash Sum mismatch|is not signed|no longer signed|expired|unexpected size|Clearsigned file"
)
"""Why apt refuses, in its own words."""


def try_rogues(trial: Trial) -> None:
    """Archives that must not be believed: another's key, altered, unsigned, outdated, older."""
    with TemporaryDirectory() as folder, trial.machine("rogues").running() as one:
        archive = Archive(Path(folder), one, suite=f"{trial.release}-100")
        install(one, trial.deb)
        wait_up(one)
        before = version_of(one)
        newer = rebuilt(trial.deb, Path(folder), version="9.0.0-1")
        for name, spoil in archive.ROGUE.items():
            archive.publish(newer)
            said = spoil(archive, newer)
            said += one.run("systemctl", "start", "ebill-kiosk-update.service", check=False, timeout_s=120)
            said += one.run(
                "journalctl", "-b", "-u", "ebill-kiosk-update", "--no-pager", "-n", "12", "-o", "cat", check=False
            )
            reason = re.findall(_REFUSALS, said)
            trial.expect(
                f"refused: {name}", version_of(one) == before, ", ".join(dict.fromkeys(reason)) or said[-300:]
            )
        archive.publish(rebuilt(trial.deb, Path(folder), version="0.0.1-1"))
        one.run("systemctl", "start", "ebill-kiosk-update.service", check=False, timeout_s=120)
        trial.expect("refused: an older release, rightly signed", version_of(one) == before)
        archive.publish(newer)
        one.run("systemctl", "start", "ebill-kiosk-update.service", timeout_s=120)
        wait_up(one)
        trial.expect("and the same release is installed when all is right", version_of(one) == "9.0.0-1")


TRIALS: dict[str, Callable[[Trial], None]] = {
    "install": try_install,
    "kills": try_kills,
    "hangs": try_hangs,
    "rogues": try_rogues,
    "bad": try_bad_releases,
}


def missing() -> list[str]:
    """What this machine lacks to carry others."""
    lacks = [] if os.geteuid() == 0 else ["root"]
    lacks += [
        tool
        for tool in ("debootstrap", "systemd-nspawn", "nsenter", "apt-ftparchive", "gpg")
        if not shutil.which(tool)
    ]
    if lacks:
        return lacks
    probe = subprocess.run(["unshare", "-m", "-p", "-f", "--mount-proc", "true"], capture_output=True, check=False)
    return [] if probe.returncode == 0 else ["the right to make mounts and namespaces"]


def main() -> int:
    """Run the trials that the options name."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("deb", type=Path)
    options.add_argument("--release", default="bookworm")
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--hangs", type=int, default=2)
    options.add_argument("--bad", type=int, default=3)
    options.add_argument("--only", action="append", choices=list(TRIALS))
    options.add_argument("--out", type=Path)
    chosen = options.parse_args()
    lacks = missing()
    if lacks:
        print(f"SKIPPED: the package is not tried on a machine; missing: {', '.join(lacks)}", file=sys.stderr)
        return 69
    with TemporaryDirectory(prefix="ebill-kiosk-trial-") as work:
        trial = Trial(
            chosen.deb, chosen.release, Path(work), kills=chosen.kills, hangs=chosen.hangs, bad=chosen.bad
        )
        trial.prepare()
        for name in chosen.only or TRIALS:
            print(f"-- {name}", flush=True)
            try:
                TRIALS[name](trial)
            except (MachineError, subprocess.SubprocessError) as error:
                trial.expect(name, False, error)
    print(json.dumps(trial.figures), flush=True)
    if chosen.out:
        chosen.out.write_text(json.dumps({"figures": trial.figures, "failed": trial.failed}, indent=1) + "\n")
    return 1 if trial.failed else 0


if __name__ == "__main__":
    sys.exit(main())
