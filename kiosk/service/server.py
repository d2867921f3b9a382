"""Running the reference bill service: on a thread of this process, or in the foreground until told to end."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType, TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from kiosk.service.app import Desk, ServiceConfig, create_app
from kiosk.service.certificates import Tls

_START_TIMEOUT_S = 10
_GRACE_S = 1
"""How long a stopping service waits for answers under way."""

Announce = Callable[[str, list[str]], None]
"""Told the service's address and ten accounts to try, once it answers."""


class Service:
    """The bill service on a thread of its own. `start` and `stop` once each, from one thread.

    Also a context manager: `with Service(config) as service: ... service.url`.
    """

    def __init__(
        self,
        config: ServiceConfig | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: Tls | None = None,
        listener: socket.socket | None = None,
    ) -> None:
        """Take the address at once, so that `url` is known; port 0 takes a free one, a `listener` has one.

        With `tls` it speaks https, and whoever asks for accounts or reports must bring a certificate.

        Raises:
            OSError: the address is taken or not ours, or the data folder or a certificate cannot be used.
            DatabaseAway: the database does not answer.
            ValueError: there cannot be that many subscribers.
        """
        config = config or ServiceConfig()
        if tls is not None:
            config = replace(config, needs_certificate=True, authority=config.authority or tls.authority.parent)
        self._app = create_app(config)
        try:
            self._socket = listener or listening(host, port)
        except OSError:
            self.desk.close()
            raise
        self.host, self.port = self._socket.getsockname()[:2]
        self._scheme = "https" if tls else "http"
        self._gate = _Gate(self._app)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._gate,
                access_log=False,
                log_config=None,
                log_level="warning",
                # A forwarded address would let a terminal pass for many.
                proxy_headers=False,
                server_header=False,
                ws="none",
                timeout_graceful_shutdown=_GRACE_S,
                **(_tls_options(tls) if tls else {}),
            )
        )
        self._thread = threading.Thread(target=self._run, name="bill-service", daemon=True)

    @property
    def url(self) -> str:
        """Where it answers, without a final slash."""
        return f"{self._scheme}://{self.host}:{self.port}"

    @property
    def desk(self) -> Desk:
        """What answers: its book of subscribers, its maintenance switch."""
        desk: Desk = self._app.state.desk
        return desk

    def start(self) -> Self:
        """Answer from now on; returns once it does.

        Raises:
            RuntimeError: it did not start.
        """
        self._thread.start()
        if not self._gate.ready.wait(_START_TIMEOUT_S):
            raise RuntimeError("the bill service did not start")
        return self

    def stop(self) -> None:
        """End it and give the address back; a second time does nothing."""
        self.resume()
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self._socket.close()
        self.desk.close()

    def pause(self) -> None:
        """Stop answering, as behind a dead line: requests are taken and wait. From any thread."""
        self._gate.pause()

    def resume(self) -> None:
        """Answer again, first those who waited. From any thread."""
        self._gate.resume()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])


def serve(
    config: ServiceConfig,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: Tls | None = None,
    announce: Announce,
) -> None:
    """Run the service until SIGTERM or SIGINT, then end it cleanly. Call it from the main thread.

    Raises:
        OSError: the address is taken or not ours, or the data folder or a certificate cannot be used.
        DatabaseAway: the database does not answer.
        ValueError: there cannot be that many subscribers.
    """
    with told_to_end() as ended, Service(config, host=host, port=port, tls=tls) as service:
        announce(service.url, service.desk.book.showcase(config.now()))
        ended.wait()


@contextmanager
def told_to_end() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set. For the main thread."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    former = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield ended
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


class _Gate:
    """The application behind a gate that can be shut while the server runs."""

    def __init__(self, app: Starlette) -> None:
        self.ready = threading.Event()
        self._app = app
        self._open = asyncio.Event()
        self._open.set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            self._loop = asyncio.get_running_loop()
            self.ready.set()
        else:
            await self._open.wait()
        await self._app(scope, receive, send)

    def pause(self) -> None:
        self._tell(self._open.clear)

    def resume(self) -> None:
        self._tell(self._open.set)

    def _tell(self, change: Callable[[], None]) -> None:
        """Change the gate in the server's own thread, and wait until it is changed."""
        if self._loop is None or self._loop.is_closed():
            return
        done = threading.Event()

        def tell() -> None:
            change()
            done.set()

        self._loop.call_soon_threadsafe(tell)
        done.wait(_START_TIMEOUT_S)


class _NamingProtocol(AutoHTTPProtocol):  # type: ignore[valid-type,misc]
    """Tells the application whose certificate a request came with: uvicorn leaves it out of the scope."""

    app: ASGIApp

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        terminal = _common_name(transport)
        if terminal is not None:
            self.app = _named(self.app, terminal)


def _named(app: ASGIApp, terminal: str) -> ASGIApp:
    async def with_name(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "terminal": terminal}, receive, send)

    return with_name


def _common_name(transport: asyncio.Transport) -> str | None:
    certificate = transport.get_extra_info("peercert") or {}
    parts = [part for group in certificate.get("subject", ()) for part in group]
    return next((value for name, value in parts if name == "commonName"), None)


def _tls_options(tls: Tls) -> dict[str, Any]:
    """A certificate is taken from who brings one: phones that open a bill's page have none."""
    return {
        "ssl_certfile": str(tls.certificate),
        "ssl_ca_certs": str(tls.authority),
        "ssl_cert_reqs": ssl.CERT_OPTIONAL,
        "http": _NamingProtocol,
    }


def listening(host: str, port: int) -> socket.socket:
    """A socket that already queues connections, so that nobody who knows the address is refused."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay off only where the protocol is named; with it an answer takes 40 ms more.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener
