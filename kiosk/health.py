"""Is this terminal fit to serve: what is checked, how it came out, and what to do about it.

The same findings answer `ebill-kiosk doctor` (the machine) and `ebill-kiosk check` (the terminal on it).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from ctypes.util import find_library
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from kiosk import __version__

VOICE = "espeak-ng"
"""The program that speaks (`kiosk.speaker`), and its Debian package."""

FREE_MB = 256
"""Free space below which the store may soon refuse to write, in MB."""

BUILT_IN_YEAR = 2026
"""A clock that shows an earlier year has lost its battery: every certificate looks wrong then."""


class Verdict(StrEnum):
    """How a check came out; `warning` does not keep a terminal from serving."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: a stable name, its verdict, what was seen, and what to do (empty when nothing)."""

    name: str
    verdict: Verdict
    seen: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """Plain values for JSON."""
        return {"name": self.name, "verdict": self.verdict.value, "seen": self.seen, "remedy": self.remedy}


Check = Callable[[], Finding]


def report(findings: Sequence[Finding], *, terminal: str = "", now: datetime) -> dict[str, Any]:
    """The readiness report as JSON values; `ready` when nothing failed."""
    return {
        "ready": all(finding.verdict is not Verdict.FAILED for finding in findings),
        "terminal": terminal,
        "at": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "version": __version__,
        "checks": [finding.as_dict() for finding in findings],
    }


def machine() -> Iterator[Finding]:
    """What the program needs of the machine, whatever the terminal is set to."""
    yield _python()
    yield from _libraries()
    yield _typography()
    yield _sqlite()
    yield _voice()


def terminal(state: Path, *, app_link: str, now: datetime) -> Iterator[Finding]:
    """What needs no other part to be asked: clock, disk, settings that leave something out."""
    yield _clock(now)
    yield _disk(state)
    if app_link:
        yield Finding("app_link", Verdict.OK, "set")
    else:
        yield Finding("app_link", Verdict.WARNING, "no link: no QR is offered", "set site.app_link")


def probe(name: str, ask: Callable[[], str], *, remedy: str, failed: Verdict = Verdict.FAILED) -> Finding:
    """Ask a part; what it says is seen, and what it raises is the finding."""
    try:
        return Finding(name, Verdict.OK, ask())
    except Exception as error:  # noqa: BLE001 - a check reports whatever is wrong with the part it asks
        return Finding(name, failed, f"{type(error).__name__}: {error}".rstrip(": "), remedy)


def missing(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that failed."""
    return [finding for finding in findings if finding.verdict is Verdict.FAILED]


def _python() -> Finding:
    seen = ".".join(map(str, sys.version_info[:3]))
    fit = sys.version_info >= (3, 11)
    return Finding(
        "python", Verdict.OK if fit else Verdict.FAILED, seen, "" if fit else "install Python 3.11 or newer"
    )


def _libraries() -> Iterator[Finding]:
    for name, package in (("GL", "libgl1"), ("EGL", "libegl1"), ("fribidi", "libfribidi0")):
        found = find_library(name)
        verdict = Verdict.OK if found else Verdict.FAILED
        yield Finding(
            f"lib{name.lower()}", verdict, found or "missing", "" if found else f"apt-get install {package}"
        )


def _typography() -> Finding:
    from kiosk.typography import require

    def ask() -> str:
        require()
        return "Raqm with FriBiDi"

    return probe("typography", ask, remedy="apt-get install libfribidi0")


def _sqlite() -> Finding:
    def ask() -> str:
        from kiosk.store import Store

        found = Store.memory().info()
        return f"SQLite {found.sqlite}, SQLCipher {found.sqlcipher}"

    return probe("sqlite", ask, remedy="install the locked requirements again")


def _voice() -> Finding:
    """A terminal that cannot speak still serves those who see."""
    if shutil.which(VOICE):
        return Finding("voice", Verdict.OK, VOICE)
    return Finding("voice", Verdict.WARNING, "missing: nothing is read aloud", f"apt-get install {VOICE}")


def _clock(now: datetime) -> Finding:
    seen = now.astimezone(UTC).isoformat(timespec="minutes")
    if now.year < BUILT_IN_YEAR:
        return Finding("clock", Verdict.FAILED, seen, "set the clock; its battery may be empty")
    return Finding("clock", Verdict.OK, seen)


def _disk(state: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=state):
            free_mb = shutil.disk_usage(state).free // 1_000_000
    except OSError as error:
        return Finding("disk", Verdict.FAILED, error.strerror or "not writable", "make the state folder writable")
    if free_mb < FREE_MB:
        return Finding("disk", Verdict.WARNING, f"{free_mb} MB free", "free some space, or purge the store")
    return Finding("disk", Verdict.OK, f"{free_mb} MB free")
