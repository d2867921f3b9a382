"""Virtual hardware that nobody here wrote, for the opt-in tests: services to start, and a card for vpcd."""

from __future__ import annotations

import contextlib
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.simulated_hardware.tag import Type4Card


def needs(program: str, *, install: str) -> str:
    """The path of a program, or a failure that says how to get it."""
    # Debian's upsd in /sbin is a wrapper that refuses without a configured system; /lib/nut has the program.
    found = shutil.which(program, path="/lib/nut:/usr/sbin:/sbin:/usr/bin:/bin")
    if not found:
        pytest.fail(f"{program} is missing: {install}")
    return found


@contextlib.contextmanager
def running(*command: str | Path, ready: Callable[[], bool]) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs until the block ends; begins when `ready`."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(ready)
            yield process
        finally:
            process.kill()


def wait_until(claim: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Look at something outside this process until it is so."""
    ends_at = time.monotonic() + within_s
    while not claim():
        assert time.monotonic() < ends_at, "it took too long"
        threading.Event().wait(0.02)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class VirtualCard:
    """A card in vpcd's slot: two bytes of length, then an APDU; one byte alone is for power or the ATR."""

    _ATR = bytes.fromhex("3B80800101")

    def __init__(self, card: Type4Card, *, port: int) -> None:
        self._card = card
        self._slot = socket.create_connection(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self._slot.shutdown(socket.SHUT_RDWR)
        self._slot.close()
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                (length,) = struct.unpack(">H", self._receive(2))
                message = self._receive(length)
                if message == b"\x04":
                    self._send(self._ATR)
                elif length > 1:
                    answer = self._card.exchange(message)
                    if answer is None:
                        self._slot.shutdown(socket.SHUT_RDWR)
                        return
                    self._send(answer)

    def _receive(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            piece = self._slot.recv(length - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def _send(self, data: bytes) -> None:
        self._slot.sendall(struct.pack(">H", len(data)) + data)
