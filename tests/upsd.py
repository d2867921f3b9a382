"""A stand-in for NUT's upsd, over a real connection."""

from __future__ import annotations

import socket
import threading


class Upsd:
    """As much of upsd as is asked: the answer to each question is `answer`."""

    def __init__(self) -> None:
        self.answer = 'VAR ups ups.status "OL CHRG"\n'
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._clients: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.append(client)
            with client, client.makefile("rw") as line:
                for question in line:
                    assert question == "GET VAR ups ups.status\n"
                    line.write(self.answer)
                    line.flush()

    def close(self) -> None:
        if self._listener.fileno() < 0:
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._clients:
            if client.fileno() >= 0:
                client.shutdown(socket.SHUT_RDWR)
        self._thread.join()
