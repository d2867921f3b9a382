"""The network between the demo's terminal and its bill service, which can be made slow, dead or silent."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from enum import StrEnum
from urllib.parse import urlsplit

_SLOW_S = 1.8
"""Slow enough to be seen, quick enough to be in time: a look-up is given up after 2.5 s."""
_READ_SIZE = 65536
_LOOK_S = 0.1


class Weather(StrEnum):
    """How the way to the service is."""

    FAIR = "fair"
    SLOW = "slow"
    """Every answer comes late."""
    DEAD = "dead"
    """Connections are refused, as when the service has ended."""
    SILENT = "silent"
    """Nothing comes back, as when a cable is pulled."""


class Wire:
    """A port on loopback that leads to the service, byte by byte. Its methods may be called from any thread."""

    def __init__(self, url: str) -> None:
        """Lead to the HTTP service at `url`."""
        parts = urlsplit(url)
        self._far = (parts.hostname or "", parts.port or 80)
        self.weather = Weather.FAIR
        self._open = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, name="demo-wire", daemon=True).start()

    @property
    def url(self) -> str:
        """Where the terminal shall look for its service."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """Lead nowhere any more; twice is fine."""
        self._open = False
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while self._open:
            try:
                near, _ = self._listener.accept()
                if self.weather is Weather.DEAD:
                    near.close()
                    continue
                far = socket.create_connection(self._far, timeout=5)
            except OSError:
                continue
            for source, target, is_answer in ((near, far, False), (far, near, True)):
                carry = threading.Thread(
                    target=self._carry, args=(source, target, is_answer), name="demo-wire", daemon=True
                )
                carry.start()

    def _carry(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        # A connection that breaks off is what this is for.
        with contextlib.suppress(OSError), source, target:
            while data := source.recv(_READ_SIZE):
                if is_answer and self.weather is Weather.SLOW:
                    time.sleep(_SLOW_S)
                while self._open and self.weather is Weather.SILENT:
                    time.sleep(_LOOK_S)
                if self.weather is Weather.DEAD:
                    return
                target.sendall(data)
