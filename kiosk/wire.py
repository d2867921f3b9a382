"""Sockets on the clock: name look-up, connection, TLS and bytes of one HTTP call under one deadline and one cap.

urllib3's time-outs are per read, so a server that sends a byte a second is never late for them. Here a timer
shuts the call's sockets at its deadline, whatever they are doing.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar, Token
from typing import Any, Self

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_CONNECT_TIMEOUT_S = 3.05
# X509_V_ERR_* of OpenSSL's x509_vfy.h: what a technician can do differs for each.
_VERIFY_CODES = {9: "tls_not_yet_valid", 10: "tls_expired", 62: "tls_wrong_host", 64: "tls_wrong_host"}
_HEAD_ALLOWANCE = 65536  # http.client's own limit for one header line


class HttpFault(Exception):
    """A call that brought no usable answer; `code` is a word for logs.

    `status` is the server's, when it came to that; `retry_after_s` what it asked for, capped; None: it did not.
    `problem` is the word the service itself gave for what is wrong (`application/problem+json`, RFC 9457); a
    portal, a proxy or another server in its place gives none.
    """

    def __init__(
        self, code: str, *, status: int | None = None, retry_after_s: float | None = None, problem: str = ""
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.retry_after_s = retry_after_s
        self.problem = problem


class Call:
    """One HTTP call of at most `deadline_s` seconds and `wire_limit` body bytes, for the thread that enters it."""

    def __init__(self, deadline_s: float, *, wire_limit: int) -> None:
        # Chunk sizes and gzip's own frame come on top of a body; twice the cap is room for them and still a bound.
        self.wire_limit = 2 * wire_limit + _HEAD_ALLOWANCE
        self.passed = False
        self._ends = time.monotonic() + deadline_s
        self._timer = threading.Timer(deadline_s, self._shut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._wires: list[socket.socket] = []
        self._token: Token[Call] | None = None

    def __enter__(self) -> Self:
        self._token = _call.set(self)
        self._timer.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._timer.cancel()
        if self._token is not None:
            _call.reset(self._token)
        with self._lock:
            for wire in self._wires:
                wire.close()
            self._wires.clear()

    def left(self) -> float:
        """Seconds left, at least a millisecond: zero would mean "do not block" to a socket."""
        return max(0.001, self._ends - time.monotonic())

    def check(self) -> None:
        """Raise `HttpFault("deadline")` once the sockets were shut: what was read since is no answer."""
        if self.passed:
            raise HttpFault("deadline")

    def watch(self, sock: socket.socket) -> None:
        """Shut `sock` too when the time is up."""
        # A duplicate, because TLS takes the descriptor away from the plain socket before its handshake is done.
        wire = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            self._wires.append(wire)
            if self.passed:
                _shut(wire)

    def connect(self, host: str, port: int, options: Any) -> socket.socket:
        """A watched connection to the first address of `host` that answers."""
        fault = "unreachable"
        for family, kind, protocol, _, address in _addresses(host, port, self.left()):
            sock = socket.socket(family, kind, protocol)
            try:
                self.watch(sock)
                for option in options or ():
                    sock.setsockopt(*option)
                sock.settimeout(min(_CONNECT_TIMEOUT_S, self.left()))
                sock.connect(address)
                sock.settimeout(_CONNECT_TIMEOUT_S)  # for TLS; the deadline shuts it sooner
                return sock
            except ConnectionRefusedError:
                fault = "refused"
            except TimeoutError:
                fault = "timeout"
            except OSError:
                fault = "unreachable"
            sock.close()
        raise HttpFault(fault)

    def _shut(self) -> None:
        with self._lock:
            self.passed = True
            for wire in self._wires:
                _shut(wire)


_call: ContextVar[Call] = ContextVar("call")


def _shut(wire: socket.socket) -> None:
    try:
        wire.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # not connected any more, or not yet: then its own time-out ends it


def _addresses(host: str, port: int, timeout_s: float) -> list[Any]:
    """The addresses of `host`, or `HttpFault("dns")`: `getaddrinfo` itself knows no time-out."""
    try:
        ipaddress.ip_address(host)
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except ValueError:
        found: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
        threading.Thread(target=_look_up, args=(host, port, found), daemon=True).start()
    try:
        addresses = found.get(timeout=timeout_s)
    except queue.Empty:
        addresses = []
    if not addresses:
        raise HttpFault("dns")
    return addresses


def _look_up(host: str, port: int, found: queue.SimpleQueue[list[Any]]) -> None:
    try:
        found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except OSError:
        found.put([])


class _Tap(io.RawIOBase):
    """Reads a socket and counts: a chunk that says its size is -1 would be read to the end of the world."""

    def __init__(self, raw: io.RawIOBase, limit: int) -> None:
        self._raw = raw
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise HttpFault("too_big")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Tap(sock.makefile("rb", buffering=0), _call.get().wire_limit))


class _Connection(HTTPConnection):
    response_class = _BoundedResponse

    def _new_conn(self) -> socket.socket:
        return _call.get().connect(self._dns_host, self.port, self.socket_options)

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            _call.get().watch(self.sock)
        super().request(*args, **kwargs)


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class LoopbackPool(HTTPConnectionPool):
    """Plain connections; `kiosk.http` lets them go to this machine only."""

    ConnectionCls = _Connection


class TlsPool(HTTPSConnectionPool):
    """TLS connections with the context of the session."""

    ConnectionCls = _TlsConnection


def fault_of(error: BaseException) -> HttpFault:
    """What an exception of `requests`, urllib3, `http.client`, TLS or a socket was at the bottom."""
    for cause in _causes(error, set()):
        code = _code(cause)
        if code:
            return HttpFault(code)
    return HttpFault("protocol")


def _causes(error: BaseException, seen: set[int]) -> Iterator[BaseException]:
    """`error` and all it was made of, the innermost first: the libraries wrap up to four deep."""
    if id(error) in seen:
        return
    seen.add(id(error))
    inner = (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__)
    for cause in inner:
        if isinstance(cause, BaseException):
            yield from _causes(cause, seen)
    yield error


def _code(error: BaseException) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return _VERIFY_CODES.get(error.verify_code, "tls_untrusted")
        case ssl.SSLError():
            return _tls_code(error.reason or "")
        case http.client.RemoteDisconnected():
            return "empty_reply"
        case ConnectionError():
            return "reset"
        case TimeoutError() | urllib3.exceptions.TimeoutError():
            return "timeout"
        case http.client.IncompleteRead():
            return "truncated"
        case http.client.HTTPException():
            return "protocol"
        case urllib3.exceptions.ProtocolError():
            return "truncated"  # with none of the causes above in it, urllib3 missed the end of a chunked body
    return ""


def _tls_code(reason: str) -> str:
    if "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason or "BAD_CERTIFICATE" in reason:
        return "tls_client_cert"
    if "PROTOCOL" in reason or "VERSION" in reason:
        return "tls_version"
    return "tls"
