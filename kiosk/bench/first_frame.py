"""From the start of a process to a complete bill on a real X display: ours, and Chromium's, in turns, in one run."""

from __future__ import annotations

import shutil
import statistics
import time
from pathlib import Path
from typing import Any

from kiosk.bench.chromium import PROGRAM, browser
from kiosk.bench.processes import busy_share, pss_mb
from kiosk.bench.window import SIZE, window
from kiosk.bench.x_display import x_server

_PAGE = Path(__file__).with_name("bill.html")
_SETTLE_S = 3.0
_IDLE_S = 10.0


def measure(folder: Path, *, runs: int) -> dict[str, Any]:
    """Medians of `runs` starts each, in turns after one to warm up; memory and idle work of the last ones."""
    has_browser = bool(shutil.which(PROGRAM))
    ours, theirs = [], []
    with x_server(*SIZE) as display:
        for _ in range(runs + 1):
            with window("bill", display=display) as shown:
                ours.append(shown.drawn_ms)
            if has_browser:
                with browser(_PAGE, display=display, profile=folder / "profile") as page:
                    theirs.append(page.drawn_ms)
        with window("bill", display=display) as shown:
            found = {"bill_ms": _median(ours), **_taken(shown.process)}
        if has_browser:
            with browser(_PAGE, display=display, profile=folder / "profile") as page:
                found |= {f"chromium_{name}": value for name, value in _taken(page.process).items()}
            found["chromium_ms"] = _median(theirs)
            found["time_ratio"] = round(found["bill_ms"] / found["chromium_ms"], 2)
            found["memory_ratio"] = round(found["pss_mb"] / found["chromium_pss_mb"], 2)
    return found


def _taken(process: int) -> dict[str, float]:
    """Memory once everything has settled, and the share of one core while nothing happens, in per cent."""
    time.sleep(_SETTLE_S)
    return {"pss_mb": pss_mb(process), "idle_percent": round(100 * busy_share(process, seconds=_IDLE_S), 2)}


def _median(values: list[float]) -> float:
    """The median without the first one, which warmed the disk's cache."""
    return round(statistics.median(values[1:]), 1)
