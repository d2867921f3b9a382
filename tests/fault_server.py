"""A server on loopback that misbehaves on purpose: faults of bad networks, bytes by hand, the same each time."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Any, Self

ACCOUNT = "30055555555"
OTHER_ACCOUNT = "30066666666"
DOCUMENT = json.dumps(
    {"schema": "ebill/1", "status": "not_issued", "account": {"number": ACCOUNT, "category": "residential"}}
).encode()
"""The smallest whole document, for tests of the way it travels."""


class Peer:
    """One connection as the server sees it. `sent` counts the bytes that left."""

    def __init__(self, wire: socket.socket, over: threading.Event, heads: list[bytes]) -> None:
        self.wire = wire
        self.over = over
        self.sent = 0
        self._heads = heads

    def head(self) -> bytes:
        """The next request up to its blank line; empty when the client hung up."""
        seen = b""
        while not seen.endswith(b"\r\n\r\n"):
            if not (piece := self.wire.recv(4096)):
                return b""
            seen += piece
        self._heads.append(seen)
        return seen

    def send(self, data: bytes) -> None:
        self.wire.sendall(data)
        self.sent += len(data)

    def flood(self, piece: bytes) -> None:
        """Send the same bytes until the client hangs up."""
        while not self.over.is_set():
            self.send(piece)

    def drip(self, data: bytes, *, every_s: float = 0.05) -> None:
        """Send a byte at a time, again and again, until the client hangs up."""
        while True:
            for value in data:
                if self.over.wait(every_s):
                    return
                self.send(bytes([value]))

    def hold(self) -> None:
        """Say nothing until the client hangs up."""
        while self.wire.recv(4096):
            pass

    def reset(self) -> None:
        """Hang up with RST instead of FIN."""
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Play = Callable[[Peer], None]


class FaultServer:
    """Plays one part for every connection it gets; `heads` are the requests it read, `peers` the connections."""

    def __init__(self, play: Play, *, tls: ssl.SSLContext | None = None) -> None:
        self._play = play
        self._tls = tls
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self.heads: list[bytes] = []
        self.peers: list[Peer] = []
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for peer in list(self.peers):
            peer.wire.close()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(wire,), daemon=True))
            self._threads[-1].start()

    def _serve(self, wire: socket.socket) -> None:
        wire.settimeout(5)
        try:
            if self._tls:
                wire = self._tls.wrap_socket(wire, server_side=True, do_handshake_on_connect=False)
                _shake_hands(wire)
            peer = Peer(wire, self._over, self.heads)
            self.peers.append(peer)
            with wire:
                self._play(peer)
        except (OSError, ValueError):
            wire.close()  # the client hung up first, as it should on most of these


def _shake_hands(wire: ssl.SSLSocket) -> None:
    try:
        wire.do_handshake()
    except ssl.SSLError:
        # Closed with the client's request unread, the socket would send RST, and that overtakes the alert.
        with socket.socket(fileno=wire.detach()) as plain:
            plain.settimeout(5)
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(4096):
                pass
        raise


def answer(body: bytes = DOCUMENT, *, status: str = "200 OK", **headers: str | None) -> bytes:
    """A whole HTTP answer; a header given as None is left out, underscores in names are dashes."""
    lines: dict[str, str | None] = {
        "Content_Type": "application/json",
        "Content_Length": str(len(body)),
        **headers,
    }
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items() if value is not None)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body


def unknown_account(code: str = "account_unknown", **headers: str | None) -> bytes:
    """How the service says that it knows no such account."""
    told = f'{{"type":"about:blank","title":"No such account","status":404,"code":"{code}"}}'.encode()
    return answer(told, status="404 Not Found", **{"Content_Type": "application/problem+json", **headers})


def chunked(*pieces: bytes, end: bytes = b"0\r\n\r\n", **headers: str | None) -> bytes:
    """An answer in chunks; `end` can be left away to cut it."""
    head = answer(b"", Content_Length=None, Transfer_Encoding="chunked", **headers)
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + end


def always(*replies: bytes) -> Play:
    """Answer each request of a connection with the next of `replies`, the last one for ever."""

    def play(peer: Peer) -> None:
        waiting = list(replies)
        while peer.head():
            peer.send(waiting.pop(0) if len(waiting) > 1 else waiting[0])

    return play


def once(reply: bytes, then: Callable[[Peer], Any] = lambda peer: None) -> Play:
    """Answer one request with `reply`, do `then`, hang up."""

    def play(peer: Peer) -> None:
        if peer.head():
            peer.send(reply)
            then(peer)

    return play


def gzip_bomb() -> bytes:
    """A whole gzip of 10 kB that unpacks to 10 MB, six hundred times what a bill may be."""
    return gzip.compress(bytes(10 << 20), 9)
