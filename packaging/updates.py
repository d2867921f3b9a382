"""Updates of the terminal tried: bad releases go again, rogue ones never come."""

from __future__ import annotations

import re
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from archive import Archive
from course import Trial, install, version_of, wait_for, wait_up
from machine import Machine
from releases import BAD, rebuilt


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
            for unit in ("ebill-kiosk-update.service", "ebill-kiosk-rollback.service"):
                wait_for(one, lambda u=unit: is_over(one, u), f"{unit} over")
            one.run("systemctl", "start", "ebill-kiosk-update.service", timeout_s=120)
            trial.expect(f"{version} is not installed again", version_of(one) == good)
    trial.figures["bad_release_s"] = {"n": len(times), "worst": round(max(times), 1)}
    trial.expect(
        "a bad release is gone within 60 s", max(times) <= 60.0 * trial.patience, trial.figures["bad_release_s"]
    )


def is_over(one: Machine, unit: str) -> bool:
    """Whether a unit that does one thing has done it."""
    return one.show(unit, "ActiveState")["ActiveState"] in ("inactive", "failed")


def wait_good(one: Machine) -> None:
    """Until the installed release has proven itself."""

    def proven() -> bool:
        one.run("systemctl", "start", "ebill-kiosk-good.service")
        return (one.root / "var/lib/ebill-kiosk-system/good").exists()

    wait_for(one, proven, "a release that has proven good")


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
