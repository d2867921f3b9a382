"""Our own benchmarks: the figures of the README, each measured beside something to compare it with, in one run.

Machines are noisy: medians of several runs, and ratios before milliseconds.
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Figures = dict[str, Any]

_RUNS = 5
_PAGE = Path(__file__).with_name("attract.html")

_EMPTY_WINDOW = """
from kiosk.ui import boot
window = boot.open_window(1080, 1920)
from kivy.base import EventLoop, runTouchApp
runTouchApp(embedded=True)
EventLoop.idle(); EventLoop.idle()
"""

_CHROMIUM = (
    "chromium",
    "--headless=new",
    "--kiosk",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--window-size=1080,1920",
)


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
        chromium = [_chromium_ms(folder) for _ in range(_RUNS + 1)][1:] if shutil.which("chromium") else []
    found = {"attract_ms": _median(ours), "empty_window_ms": _median(empty)}
    if chromium:
        found |= {"chromium_ms": _median(chromium), "ratio": round(_median(ours) / _median(chromium), 2)}
    return found


def bill() -> Figures:
    """From a known account to its bill drawn, part by part, beside the answer of a service on this machine."""
    from kiosk.bench.bill import measure

    with _folder() as folder:
        return measure(folder, runs=_RUNS * 4)


def page() -> Figures:
    """Laying out and encoding a receipt, beside python-escpos' own picture of the whole page."""
    from kiosk.bench.receipt import measure

    return measure(runs=_RUNS)


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


BENCHMARKS: dict[str, Callable[[], Figures]] = {
    "start": start,
    "bill": bill,
    "page": page,
    "readers": readers,
    "issue-day": issue_day,
    "service": service,
    "terminals": terminals,
}
"""Every benchmark by name."""

OF_MANY_BILLS: dict[str, Callable[[Path | None, int | None], Figures]] = {
    "issue-day": issue_day,
    "nine-million": nine_million,
}
"""Those that take a folder to work in and a number of bills; the nation runs only when it is named."""


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


def _chromium_ms(folder: Path) -> float:
    """A browser with the same first screen as a page, until its second frame after the fonts are there."""
    drawn = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = _PAGE.read_bytes() if self.path == "/" else b""
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            if self.path == "/drawn":
                drawn.set()

        def log_message(self, *_: object) -> None:
            return

    profile = folder / "profile"
    profile.mkdir(exist_ok=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        began = time.perf_counter()
        command = [*_CHROMIUM, f"--user-data-dir={profile}", address]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            drawn.wait(30)
            taken = (time.perf_counter() - began) * 1000
            process.terminate()
        server.shutdown()
    return taken


def _spent_ms(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=_offscreen(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def _offscreen() -> dict[str, str]:
    return {**os.environ, "SDL_VIDEODRIVER": "offscreen"}


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 1)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ebill-kiosk-bench-") as name:
        yield Path(name)
