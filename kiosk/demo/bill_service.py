"""The reference bill service as a process of its own, so that the demo can kill it in the middle of a visit."""

from __future__ import annotations

import ctypes
import http.client
import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from kiosk.wishes import CODE_DIGITS

_PR_SET_PDEATHSIG = 1
"""`prctl`: the signal to get when the parent dies (linux/prctl.h)."""


_PATIENCE_S = 5.0


class ServiceNotStarted(Exception):
    """The bill service ended before it said where it answers."""


@dataclass(slots=True)
class BillServiceProcess:
    """A running bill service on loopback; start it with `started`."""

    process: subprocess.Popen[str]
    _announced: dict[str, object] = field(default_factory=dict)

    @classmethod
    def started(cls) -> Self:
        """Start it; returns at once, while it comes up beside whatever happens next."""
        command = [sys.executable, "-m", "kiosk", "service", "--json", "--list-received"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, preexec_fn=_end_with_parent
        )
        return cls(process)

    @property
    def url(self) -> str:
        """Where it answers; waits for it to come up."""
        return str(self._announcement()["url"])

    @property
    def accounts(self) -> list[str]:
        """Ten accounts it knows, the worked bills first; waits for it to come up."""
        accounts = self._announcement()["accounts"]
        assert isinstance(accounts, list)
        return accounts

    def code_sent(self) -> str:
        """The one-time code that was sent last, as its receiver reads it."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_PATIENCE_S)
        try:
            connection.request("GET", "/demo/messages")
            messages = json.loads(connection.getresponse().read())["messages"]
        finally:
            connection.close()
        return str(messages[0]["text"][-CODE_DIGITS:])

    def kill(self) -> None:
        """Take it away as a power cut does; twice is fine."""
        self.process.kill()
        self.process.wait()

    def _announcement(self) -> dict[str, object]:
        if not self._announced:
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            if not line:
                raise ServiceNotStarted
            self._announced.update(json.loads(line))
        return self._announced


def _end_with_parent() -> None:
    """In the child, before it becomes the service: end even when the demo is killed and can end nobody."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
