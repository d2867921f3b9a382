"""The bill service in several processes behind one address: each core answers, and one that dies is made anew."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from kiosk.service.app import ServiceConfig
from kiosk.service.certificates import Tls
from kiosk.service.server import Announce, Service, listening, told_to_end
from kiosk.service.subscribers import SubscriberBook

logger = logging.getLogger(__name__)

_START_TIMEOUT_S = 30
_STOP_TIMEOUT_S = 5
_LOOK_S = 0.5


def serve_with_workers(
    config: ServiceConfig,
    *,
    workers: int,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: Tls | None = None,
    announce: Announce,
) -> None:
    """Run the service in `workers` processes until SIGTERM or SIGINT. Call it from the main thread.

    They share the records, so `config` must name a folder or a database. The limits of a terminal hold in each
    process: one that opens several connections may get them several times.

    Raises:
        OSError: the address is taken or not ours.
        ValueError: there cannot be that many subscribers, or the workers have nothing to share.
        RuntimeError: a worker did not start; its own message stands on stderr.
    """
    if config.data is None and config.database is None:
        raise ValueError("several workers need a folder or a database that they share")
    book = SubscriberBook(config.seed, config.subscribers)
    crew: list[_Worker] = []
    with told_to_end() as ended, listening(host, port) as listener, _stopped_after(crew):
        crew.extend(_Worker.start(config, listener, tls) for _ in range(workers))
        bound, number = listener.getsockname()[:2]
        announce(f"{'https' if tls else 'http'}://{bound}:{number}", book.showcase(config.now()))
        while not ended.wait(_LOOK_S):
            for place, worker in enumerate(crew):
                if not worker.process.is_alive():
                    logger.warning("a worker ended with %s and is started anew", worker.process.exitcode)
                    crew[place] = _Worker.start(config, listener, tls)


@contextmanager
def _stopped_after(crew: Sequence[_Worker]) -> Iterator[None]:
    try:
        yield
    finally:
        for worker in crew:
            worker.stop()


@dataclass(frozen=True, slots=True)
class _Worker:
    process: SpawnProcess
    line: Connection
    """It lives as long as our end of this is open: nobody outlives the one who started it."""

    @classmethod
    def start(cls, config: ServiceConfig, listener: socket.socket, tls: Tls | None) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(config, listener, tls, theirs), name="bill-service")
        process.start()
        theirs.close()
        try:
            if ours.poll(_START_TIMEOUT_S) and ours.recv():
                return cls(process, ours)
        except EOFError:
            pass
        process.kill()
        raise RuntimeError("a worker of the bill service did not start")

    def stop(self) -> None:
        self.line.close()
        self.process.join(_STOP_TIMEOUT_S)
        if self.process.is_alive():
            self.process.kill()


def _work(config: ServiceConfig, listener: socket.socket, tls: Tls | None, line: Connection) -> None:
    # A Ctrl-C reaches the whole group; the one who started us says when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Service(config, tls=tls, listener=listener):
        line.send(True)
        line.poll(None)
