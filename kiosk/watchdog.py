"""Tells systemd that the terminal is up, and again and again that all of it still answers.

The UI thread says so, so one that hangs is noticed; and it falls silent when the devices' thread, the workers or
the journal do not answer it, so that these are noticed too. systemd then starts the program afresh.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

logger = logging.getLogger(__name__)

PATIENCE_S = 4.0
"""How long an answer may be owed. With the unit's `WatchdogSec=10` a part that hangs costs 14 s in all."""

OPENING_S = 30.0
"""How long all parts together may take to open: a cold disk, a migration of the store."""

Question = Callable[[Callable[[], None]], None]
"""Asks a part for a sign of life, at once; it gives one by calling the argument, from any thread."""


class Supervisor:
    """The other end of `NOTIFY_SOCKET` (sd_notify(3)). Its methods never raise; any thread."""

    def __init__(self, address: str) -> None:
        """`address` as systemd gives it: a path, or `@` and an abstract name."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._is_lost = False

    def tell(self, *assignments: str) -> None:
        """Send assignments such as `READY=1`, in one datagram."""
        message = "\n".join(assignments).encode()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
                end.setblocking(False)  # a full queue must not hold the screen up; the next sign comes in a second
                end.sendto(message, self._address)
        except OSError as error:
            if not self._is_lost:
                logger.warning("supervisor_silent: %s", error.strerror)
            self._is_lost = True
        else:
            self._is_lost = False


def supervisor(environment: Mapping[str, str] = os.environ) -> Supervisor | None:
    """Whoever started us and wants to be told; None when nobody does."""
    address = environment.get("NOTIFY_SOCKET", "")
    return Supervisor(address) if address.startswith(("/", "@")) else None


class Watchdog:
    """Gives one sign of life a beat for as long as no part owes an answer. All but the answers on the UI thread."""

    def __init__(
        self,
        supervisor: Supervisor,
        *,
        questions: Callable[[], Mapping[str, Question] | None],
        occupation: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Compose; nothing is sent before `ready`.

        Args:
            supervisor: who is told.
            questions: names the parts and how to ask them; None as long as they are not open.
            occupation: what the terminal is doing, for `systemctl status` and for whoever waits for it to be idle.
            clock: monotonic seconds.
        """
        self._supervisor = supervisor
        self._questions = questions
        self._occupation = occupation
        self._clock = clock
        self._status = ""
        self._began_at = clock()
        self._owed: dict[str, float] = {}
        self._silent: tuple[str, ...] = ()

    def ready(self) -> None:
        """The first screen stands; call once."""
        self._status = self._occupation()
        self._supervisor.tell("READY=1", f"STATUS={self._status}")

    def stopping(self) -> None:
        """The end has begun."""
        self._supervisor.tell("STOPPING=1", "STATUS=Ending")

    def beat(self) -> None:
        """Ask every part that owes nothing, and give a sign of life unless one has owed for too long.

        Before `ready` nothing happens: until then systemd counts the time of the start.
        """
        if not self._status:
            return
        self._ask()
        silent = self._late()
        if not silent:
            self._supervisor.tell("WATCHDOG=1")
        if silent != self._silent:
            self._log(silent)
        self._silent = silent
        status = f"No answer from {', '.join(silent)}" if silent else self._occupation()
        if status != self._status:
            self._supervisor.tell(f"STATUS={status}")
        self._status = status

    def _ask(self) -> None:
        for name, ask in (self._questions() or {}).items():
            if name not in self._owed:
                self._owed[name] = self._clock()
                ask(self._answer(name))

    def _answer(self, name: str) -> Callable[[], None]:
        def answered() -> None:
            with suppress(KeyError):  # twice is fine
                del self._owed[name]

        return answered

    def _late(self) -> tuple[str, ...]:
        now = self._clock()
        if self._questions() is None:
            return ("parts",) if now - self._began_at > OPENING_S else ()
        owed = dict(self._owed)
        return tuple(sorted(name for name, asked_at in owed.items() if now - asked_at > PATIENCE_S))

    def _log(self, silent: tuple[str, ...]) -> None:
        if silent:
            logger.error("no_answer: %s; if it lasts, the program is started afresh", ", ".join(silent))
        else:
            logger.info("answers_again: %s", ", ".join(self._silent))
