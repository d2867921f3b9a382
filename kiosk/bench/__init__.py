"""Our own benchmarks: the figures of the README, each measured beside something to compare it with, in one run.

Machines are noisy: medians of several runs, and ratios before milliseconds.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

Figures = dict[str, Any]

_RUNS = 5

_EMPTY_WINDOW = """
from kiosk.ui import boot
window = boot.open_window(1080, 1920)
from kivy.base import EventLoop, runTouchApp
runTouchApp(embedded=True)
EventLoop.idle(); EventLoop.idle()
"""


def machine() -> Figures:
    """What these figures were measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in _lines(Path("/proc/cpuinfo"))
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]}


def start() -> Figures:
    """From the start of the process to the complete attract screen, beside a window with nothing in it."""
    with _folder() as folder:
        ours = [_started_ms(folder) for _ in range(_RUNS + 1)][1:]
        empty = [_spent_ms([sys.executable, "-c", _EMPTY_WINDOW]) for _ in range(_RUNS)]
    return {"attract_ms": _median(ours), "empty_window_ms": _median(empty)}


def first_frame() -> Figures:
    """From the start of a process to the complete bill on a real X display, its memory and its idle work, beside
    Chromium in kiosk mode with the same bill as a page."""
    from kiosk.bench.first_frame import measure

    with _folder() as folder:
        return measure(folder, runs=_RUNS)


def screens() -> Figures:
    """A whole redraw and another language at 1080x1920, and a press until its pixels change."""
    from kiosk.bench.screens import measure, touch

    return measure(runs=_RUNS * 4) | touch()


def visits() -> Figures:
    """Twenty thousand visits, a thousand of them drawn: what each leaves in memory."""
    from kiosk.bench.visits import measure

    return measure()


def bill() -> Figures:
    """From a known account to its bill drawn, part by part, beside the answer of a service on this machine."""
    from kiosk.bench.bill import measure

    with _folder() as folder:
        return measure(folder, runs=_RUNS * 4)


def page() -> Figures:
    """Laying out and encoding a receipt, beside python-escpos' own picture of the whole page."""
    from kiosk.bench.receipt import measure

    return measure(runs=_RUNS)


def printing() -> Figures:
    """From the bytes of a receipt to its cut, at every speed of a line; the questions asked before."""
    from kiosk.bench.printing import measure

    return measure(jobs=_RUNS * 4)


def readers() -> Figures:
    """From a card's last byte to its event, beside a loop that reads with a time-out; idle readers; garbage."""
    from devices.bench import measure

    return measure()


def issue_day(folder: Path | None = None, bills: int | None = None) -> Figures:
    """A million bills taken in, beside plain inserts of the same rows; look-ups; two minutes."""
    from kiosk.bench.issue_day import issue_day as measure

    with _folder() if folder is None else nullcontext(folder) as place:
        place.mkdir(parents=True, exist_ok=True)
        return measure(place, **({"count": bills} if bills else {}))


def nine_million(folder: Path | None = None, bills: int | None = None) -> Figures:
    """A nation's issue day whole, published, synced and looked up; an hour, and on from where it was broken off."""
    from kiosk.bench.nation import nine_million as measure

    return measure(folder or Path("nine-million"), **({"count": bills} if bills else {}))


def service() -> Figures:
    """Look-ups a second of the reference bill service, beside an empty answer of the same server."""
    from kiosk.bench.service import measure

    with _folder() as folder:
        return measure(folder)


def terminals() -> Figures:
    """What five thousand terminals ask for on issue day, simulated: beside terminals that all ask at once."""
    from kiosk.bench.terminals import measure

    return measure()


def card() -> Figures:
    """From a card's last byte to the first frame of the screen it brings: refused, looked up, or its stored bill."""
    from kiosk.bench.card import measure

    with _folder() as folder:
        return measure(folder, swipes=_RUNS * 4)


BENCHMARKS: dict[str, Callable[[], Figures]] = {
    "start": start,
    "first-frame": first_frame,
    "screens": screens,
    "bill": bill,
    "page": page,
    "printing": printing,
    "readers": readers,
    "issue-day": issue_day,
    "service": service,
    "terminals": terminals,
    "card": card,
}
"""Every benchmark by name."""

LONGEST: dict[str, Callable[[], Figures]] = {"visits": visits}
"""Those that run only when they are named."""

OF_MANY_BILLS: dict[str, Callable[[Path | None, int | None], Figures]] = {
    "issue-day": issue_day,
    "nine-million": nine_million,
}
"""Those that take a folder to work in and a number of bills; the nation runs only when it is named."""


def alone(name: str) -> Figures:
    """The figures of one benchmark, run in a process of its own: a window is opened once in a process."""
    command = [sys.executable, "-m", "kiosk", "bench", name, "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: Figures = json.loads(done.stdout)[name]
    return figures


def as_text(found: Figures) -> str:
    """The figures as a person reads them, one a line."""
    rows = []
    for name, figures in found.items():
        rows += as_text({f"{name}.{key}": v for key, v in figures.items() if isinstance(v, dict)}).splitlines()
        rows += [f"{name}.{key}: {value}" for key, value in figures.items() if not isinstance(value, dict)]
    return "\n".join(rows)


def median_ms(work: Callable[[], object], *, runs: int) -> float:
    """The median time of `work`, in milliseconds."""
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return _median(taken)


def median_cpu_ms(work: Callable[[], object], *, runs: int) -> float:
    """The median processor time of `work` on all threads, in milliseconds: on a busy machine it bounds what an idle
    one would take."""
    taken = []
    for _ in range(runs):
        began = time.process_time()
        work()
        taken.append((time.process_time() - began) * 1000)
    return _median(taken)


def _started_ms(folder: Path) -> float:
    """Start the terminal as a process and stop the time at the line it writes when its first screen stands."""
    events = folder / "events"
    events.unlink(missing_ok=True)
    os.mkfifo(events)
    command = [sys.executable, "-m", "kiosk", "run", "--state", str(folder / "state"), "--events", str(events)]
    began = time.perf_counter()
    with subprocess.Popen(command, env=_offscreen(), stderr=subprocess.DEVNULL) as process:
        with events.open() as lines:
            lines.readline()
        taken = (time.perf_counter() - began) * 1000
        process.terminate()
    return taken


def _spent_ms(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=_offscreen(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def _offscreen() -> dict[str, str]:
    # Compiled once and kept, as on every terminal, whatever the shell of this benchmark wants.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "SDL_VIDEODRIVER": "offscreen"}


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 1)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ebill-kiosk-bench-") as name:
        yield Path(name)
