"""Tries a built package on whole machines: installs, kills, hangs, bad releases, rogue archives, removal.

    trial.py DEB [--release bookworm] [--kills 20] [--hangs 2] [--bad 3] [--only NAME ...] [--out FILE]

Needs root, debootstrap, systemd-nspawn, apt-ftparchive, gpg. Exit 0 when every verdict is good, 1 when
one is bad, 69 where this machine cannot carry others and 75 where one of them was too slow (both said loudly).
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
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from course import UNIT, Trial, install, wait_up
from machine import Machine, MachineError
from updates import try_bad_releases, try_rogues


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
    trial.expect("killed, it is back within 2 s (p95)", p95 <= 2.0 * trial.patience, trial.figures["kill_s"])


def try_hangs(trial: Trial) -> None:
    """SIGSTOP, as a screen that hangs: how long until systemd has noticed and the attract screen stands again."""
    with trial.installed("hangs") as one:
        times = [again_s(one, "STOP", within_s=40) for _ in range(trial.hangs)]
    trial.figures["hang_s"] = {"n": len(times), "worst": round(max(times), 2)}
    trial.expect("hanging, it is back within 15 s", max(times) <= 15.0 * trial.patience, trial.figures["hang_s"])


def again_s(one: Machine, signal: str, *, within_s: float = 20) -> float:
    """Seconds from a signal to the program until a new one's first screen stands; both by the kernel's one clock."""
    pid = wait_up(one)["MainPID"]
    at = time.clock_gettime(time.CLOCK_MONOTONIC)
    one.run("sh", "-c", f"kill -{signal} {pid}")
    seen = wait_up(one, within_s=within_s, not_pid=pid)
    return int(seen["ActiveEnterTimestampMonotonic"]) / 1e6 - at


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
    options.add_argument(
        "--patience", type=float, default=1.0, help="times the limits; for machines that do other work"
    )
    options.add_argument("--only", action="append", choices=list(TRIALS))
    options.add_argument("--out", type=Path)
    chosen = options.parse_args()
    lacks = missing()
    if lacks:
        print(f"SKIPPED: the package is not tried on a machine; missing: {', '.join(lacks)}", file=sys.stderr)
        return 69
    with TemporaryDirectory(prefix="ebill-kiosk-trial-") as work:
        trial = Trial(
            *(chosen.deb, chosen.release, Path(work)),
            kills=chosen.kills,
            hangs=chosen.hangs,
            bad=chosen.bad,
            patience=chosen.patience,
        )
        trial.prepare()
        if reason := trial.carries():
            print(f"SKIPPED: the package is not tried on a machine; none boots here: {reason}", file=sys.stderr)
            return 69
        for name in chosen.only or TRIALS:
            print(f"-- {name}", flush=True)
            try:
                TRIALS[name](trial)
            except (MachineError, subprocess.SubprocessError) as error:
                print(f"UNFINISHED  {name}: {error}", flush=True)
                trial.unfinished.append(name)
            for machine in Path(work).iterdir():
                shutil.rmtree(machine)
    print(json.dumps(trial.figures), flush=True)
    if chosen.out:
        facts = {"figures": trial.figures, "failed": trial.failed, "unfinished": trial.unfinished}
        chosen.out.write_text(json.dumps(facts, indent=1) + "\n")
    if trial.failed:
        return 1
    return 75 if trial.unfinished else 0


if __name__ == "__main__":
    sys.exit(main())
