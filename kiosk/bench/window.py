"""Our screens in a process of their own, as they start: one screen from built-in data, and what it says of itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_PROGRAM = """
import json, sys
from kiosk.ui.app import KioskApp
from kiosk.samples import NOW, samples
from kiosk.views import SiteFacts, view
from kiosk.visit import Rules
facts = SiteFacts(Rules(), level="open", call_centre="920001100", app_link="https://app.example.sa/ebill")
app = KioskApp(send=lambda event: None, first=view(samples()[sys.argv[1]], now=NOW, facts=facts), size=(1080, 1920))
app.on_drawn(lambda: print(json.dumps({"at": app.first_frame_at, "buttons": app.centres()}), flush=True))
app.run()
"""

SIZE = (1080, 1920)


@dataclass(frozen=True, slots=True)
class Shown:
    """A screen of ours on a display: `drawn_ms` from the start of its process to its first frame, complete."""

    process: int
    drawn_ms: float
    buttons: dict[str, tuple[int, int]]


@contextmanager
def window(screen: str, *, display: str) -> Iterator[Shown]:
    """The screen `screen` of `kiosk.samples` on an X display."""
    # Compiled once and kept, as on every terminal, whatever the shell of this benchmark wants.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "DISPLAY": display, "SDL_VIDEODRIVER": "x11"}
    command = [sys.executable, "-c", _PROGRAM, screen]
    began = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            # Both processes count on the machine's one monotonic clock.
            said = json.loads(process.stdout.readline())
            buttons = {name: (x, y) for name, (x, y) in said["buttons"].items()}
            yield Shown(process.pid, (said["at"] - began) * 1000, buttons)
        finally:
            process.terminate()
