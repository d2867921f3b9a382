"""NUT's upsd without a power supply: over a real connection, as much of it as is asked."""

from __future__ import annotations

import socket
import threading

MAINS, BATTERY, LOW = "OL CHRG", "OB DISCHRG", "OB DISCHRG LB"
"""Words of NUT's developer guide for what a supply does."""


class SimulatedUpsd:
    """A server on loopback with one supply, `ups`. `answer` is what it says to every question."""

    def __init__(self) -> None:
        self.answer = ""
        self.switch(MAINS)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._clients: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, name="simulated-upsd", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The address that an `[ups]` table would name."""
        return f"nut://127.0.0.1:{self.port}/ups"

    def switch(self, status: str) -> None:
        """Say this of the supply from now on."""
        self.answer = f'VAR ups ups.status "{status}"\n'

    def close(self) -> None:
        """End it; twice is fine."""
        if self._listener.fileno() < 0:
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._clients:
            if client.fileno() >= 0:
                client.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.append(client)
            with client, client.makefile("rw") as line:
                for question in line:
                    known = question == "GET VAR ups ups.status\n"
                    line.write(self.answer if known else "ERR INVALID-ARGUMENT\n")
                    line.flush()
