"""Chromium in kiosk mode with a page from a loopback server, for what it is worth beside our screens."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from kiosk.fonts import FACES

PROGRAM = "chromium"

_FLAGS = (
    "--kiosk",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-features=Translate",
    "--no-first-run",
    "--window-position=0,0",
    "--window-size=1080,1920",
)

_LONGEST_S = 60.0


@dataclass(frozen=True, slots=True)
class Browser:
    """A running browser; `drawn_ms` from its start to the second frame after the page's fonts were there."""

    process: int
    drawn_ms: float


@contextmanager
def browser(page: Path, *, display: str, profile: Path) -> Iterator[Browser]:
    """Chromium showing `page`, which asks for `/drawn` when it is drawn; `profile` is kept for the next start.

    Raises:
        TimeoutError: it never drew the page.
    """
    drawn = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = _body(self.path, page)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8" if self.path == "/" else "font/ttf")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            if self.path == "/drawn":
                drawn.set()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [PROGRAM, *_FLAGS, f"--user-data-dir={profile}", f"http://127.0.0.1:{server.server_port}/"]
        environment = {**os.environ, "DISPLAY": display}
        silent = subprocess.DEVNULL
        began = time.perf_counter()
        with subprocess.Popen(command, env=environment, stdout=silent, stderr=silent) as process:
            try:
                if not drawn.wait(_LONGEST_S):
                    raise TimeoutError("the browser never drew the page")
                yield Browser(process.pid, (time.perf_counter() - began) * 1000)
            finally:
                process.terminate()
                server.shutdown()


def _body(path: str, page: Path) -> bytes:
    if path == "/":
        return page.read_bytes()
    weight = path.removeprefix("/plex-")
    return FACES["screen", "ar"].path(int(weight)).read_bytes() if weight.isdecimal() else b""
