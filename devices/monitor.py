"""One thread that watches every reader: opens, waits on all descriptors at once, notices loss, opens again."""

from __future__ import annotations

import contextlib
import logging
import queue
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from devices.backoff import Backoff
from devices.channels import Channel
from devices.transports import TransportError, TransportLost

logger = logging.getLogger(__name__)

_READ_SIZE = 4096
_LOOK_S = 1.0
"""How often a device that is not there is looked for, in seconds; one that came is opened at once."""
_JOIN_S = 10.0
"""More than any open may take: pyserial gives up a network connection after 5 s."""


class Link(Protocol):
    """One device as the monitor sees it. All but `open` is called on the monitor's thread and may not wait.

    Times are monotonic seconds. What returns a time asks for `due` then; None: not at all.
    """

    def open(self) -> Channel:
        """Open the device; called on a thread where waiting is fine.

        Raises:
            TransportError: it cannot be opened now; it will be tried again.
        """

    def is_there(self) -> bool:
        """Whether the device can be seen without opening it; True when that cannot be told."""

    def opened(self, channel: Channel, t: float) -> float | None:
        """The device is open; what is to be sent goes through `channel`."""

    def received(self, data: memoryview, t: float) -> float | None:
        """Bytes came; the memory is wiped afterwards. A TransportError raised here, as in `due`, means lost."""

    def due(self, t: float) -> float | None:
        """The time last asked for has come."""

    def failed(self, error: TransportError) -> None:
        """The device went away, or could not be opened; called at every failure."""


@dataclass(slots=True)
class _Watch:
    """A link and how it stands. Times are None when there is nothing to do then."""

    link: Link
    backoff: Backoff
    channel: Channel | None = None
    removed: bool = False
    seen: bool = True
    due_at: float | None = None
    try_at: float | None = None
    look_at: float | None = None
    gone: threading.Event = field(default_factory=threading.Event)

    def next_at(self) -> float | None:
        return min((at for at in (self.due_at, self.try_at, self.look_at) if at is not None), default=None)


class Monitor:
    """The supervisor of any number of devices. Its methods may be called from any thread."""

    def __init__(self, *, retry_first_s: float = 0.5, retry_most_s: float = 30.0) -> None:
        """Lost devices are tried again after `retry_first_s` at most, then ever more rarely."""
        self._retry = (retry_first_s, retry_most_s)
        self._watches: dict[Link, _Watch] = {}
        self._calls: deque[Callable[[], None]] = deque()
        self._memory = memoryview(bytearray(_READ_SIZE))
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()
        for end in (self._wake_read, self._wake_write):
            end.setblocking(False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._closing = False
        self.wakeups = 0
        """How often the thread woke, for the benchmark of idle devices."""
        self._to_open: queue.SimpleQueue[_Watch | None] = queue.SimpleQueue()
        # Daemons: a terminal whose main thread has died must end and be started again, not be kept by a reader.
        self._opener = threading.Thread(target=self._run_opener, name="devices-open", daemon=True)
        self._thread = threading.Thread(target=self._run, name="devices", daemon=True)
        self._opener.start()
        self._thread.start()

    def add(self, link: Link) -> None:
        """Open and watch a device from now on."""
        self.call(partial(self._add, link))

    def remove(self, link: Link) -> None:
        """Release a device; when this returns it is closed and its methods are called no more."""
        watch_gone = threading.Event()
        self.call(partial(self._remove, link, watch_gone))
        if threading.current_thread() is not self._thread and self._thread.is_alive():
            watch_gone.wait(_JOIN_S)

    def call(self, function: Callable[[], None]) -> None:
        """Run `function` soon on the monitor's thread; dropped when the monitor is closed."""
        self._calls.append(function)
        # A full pair wakes just as well; a closed one belongs to a closed monitor.
        with contextlib.suppress(OSError):
            self._wake_write.send(b"\0")

    def ask(self, link: Link, question: Callable[[float], float | None]) -> None:
        """Let a link act on the monitor's thread, as if `due` had been called; not while it is shut."""
        self.call(partial(self._ask, link, question))

    def close(self) -> None:
        """Release every device and end the thread; twice is fine. Not to be called on the monitor's own thread."""
        if not self._thread.is_alive():
            return
        self.call(self._stop)
        self._thread.join(_JOIN_S)
        self._to_open.put(None)
        self._opener.join(_JOIN_S)
        self._wake_read.close()
        self._wake_write.close()

    def _stop(self) -> None:
        self._closing = True

    def _run(self) -> None:
        while not self._closing:
            ready = [key.data for key, _ in self._selector.select(self._timeout_s())]
            self.wakeups += 1
            if None in ready:
                self._wake_read.recv(_READ_SIZE)
            # What was called before bytes were sent must not come after them.
            while self._calls:
                self._calls.popleft()()
            for watch in ready:
                if watch:
                    self._read(watch)
            self._run_timers(time.monotonic())
        for watch in list(self._watches.values()):
            self._release(watch)
        self._selector.close()

    def _timeout_s(self) -> float | None:
        nexts = [at for watch in self._watches.values() if (at := watch.next_at()) is not None]
        return max(min(nexts) - time.monotonic(), 0.0) if nexts else None

    def _run_timers(self, now: float) -> None:
        for watch in list(self._watches.values()):
            if watch.due_at is not None and watch.due_at <= now:
                watch.due_at = None
                self._step(watch, watch.link.due)
            if watch.look_at is not None and watch.look_at <= now:
                self._look(watch, now)
            if watch.try_at is not None and watch.try_at <= now:
                self._open(watch)

    def _add(self, link: Link) -> None:
        first_s, most_s = self._retry
        watch = self._watches[link] = _Watch(link, Backoff(first_s=first_s, most_s=most_s))
        self._open(watch)

    def _remove(self, link: Link, gone: threading.Event) -> None:
        watch = self._watches.pop(link, None)
        if watch:
            self._release(watch)
        gone.set()

    def _release(self, watch: _Watch) -> None:
        watch.removed = True
        watch.due_at = watch.try_at = watch.look_at = None
        self._shut(watch)

    def _shut(self, watch: _Watch) -> None:
        if watch.channel:
            self._selector.unregister(watch.channel)
            watch.channel.close()
            watch.channel = None

    def _look(self, watch: _Watch, now: float) -> None:
        """A device that has just been plugged in need not wait for the back-off."""
        watch.look_at = now + _LOOK_S
        seen, watch.seen = watch.seen, watch.link.is_there()
        if watch.seen and not seen:
            watch.backoff.reset()
            watch.try_at = now

    def _open(self, watch: _Watch) -> None:
        watch.try_at = watch.look_at = None
        self._to_open.put(watch)

    def _run_opener(self) -> None:
        """Open one device after the other, where waiting holds nobody up but the next that is not open either."""
        while watch := self._to_open.get():
            try:
                opened = watch.link.open()
            except Exception as error:  # noqa: BLE001
                # A driver may be another party's code; the device counts as gone, and is tried again.
                self.call(partial(self._could_not_open, watch, error))
            else:
                self.call(partial(self._has_opened, watch, opened))
                if self._closing:
                    opened.close()

    def _could_not_open(self, watch: _Watch, error: Exception) -> None:
        if not watch.removed:
            self._failed(watch, error)

    def _has_opened(self, watch: _Watch, channel: Channel) -> None:
        if watch.removed:
            channel.close()
            return
        watch.channel = channel
        self._selector.register(channel, selectors.EVENT_READ, watch)
        watch.backoff.reset()
        self._step(watch, partial(watch.link.opened, channel))

    def _ask(self, link: Link, question: Callable[[float], float | None]) -> None:
        watch = self._watches.get(link)
        if watch and watch.channel:
            self._step(watch, question)

    def _read(self, watch: _Watch) -> None:
        if watch.channel is None:
            return
        try:
            count = watch.channel.read_into(self._memory)
        except TransportError as error:
            self._failed(watch, error)
            return
        if count:
            self._step(watch, partial(watch.link.received, self._memory[:count]))
            self._memory[:count] = bytes(count)

    def _step(self, watch: _Watch, step: Callable[[float], float | None]) -> None:
        try:
            watch.due_at = step(time.monotonic())
        except Exception as error:  # noqa: BLE001
            # A driver may be another party's code; its fault costs it its handle, not the other devices theirs.
            self._failed(watch, error)

    def _failed(self, watch: _Watch, error: Exception) -> None:
        if not isinstance(error, TransportError):
            logger.error("a driver failed", exc_info=error)
            error = TransportLost(type(watch.link).__name__, type(error).__name__)
        self._shut(watch)
        now = time.monotonic()
        watch.due_at = None
        watch.try_at = now + watch.backoff.delay_s()
        watch.look_at = now + _LOOK_S
        watch.seen = watch.link.is_there()
        watch.link.failed(error)
