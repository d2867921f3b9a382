"""Which keyboards a technician accepted, kept in a file of the terminal's own; any other one types for nobody."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from devices.binding import Match, Port

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A keyboard that counts: what it is, and how it was described when it was accepted."""

    id: str
    vid: int | None
    pid: int | None
    serial: str
    location: str
    description: str

    def match(self) -> Match:
        """What a device must be to be this one."""
        return Match(self.vid, self.pid, self.serial, self.location)


def keyboard_id(port: Port) -> str:
    """What a technician calls this keyboard by: `046d:c31c/K1` by its serial number, else `046d:c31c@1-2`, the place
    it is plugged in. The same one has the same id tomorrow."""
    ids = ":".join(f"{number:04x}" if number is not None else "-" for number in (port.vid, port.pid))
    if port.serial:
        return f"{ids}/{port.serial}"
    return f"{ids}@{port.location}" if port.location else ids


class AcceptedKeyboards:
    """The file of accepted keyboards. One that is missing or damaged accepts nobody."""

    def __init__(self, path: Path) -> None:
        """`path` is made at the first `accept`."""
        self._path = path
        self._read_at: tuple[int, int] | None = None
        self._known: tuple[Accepted, ...] = ()

    def all(self) -> tuple[Accepted, ...]:
        """Every accepted keyboard; read again when the file was written meanwhile. Never raises."""
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._read_at:
                self._read_at = stamp
                self._known = tuple(Accepted(**entry) for entry in json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            self._read_at, self._known = None, ()
        except (OSError, ValueError, TypeError) as error:
            logger.error("accepted_keyboards_unreadable: %s; all are kept silent", type(error).__name__)
            self._known = ()
        return self._known

    def matches(self) -> tuple[Match, ...]:
        """What a device must be to be one of them."""
        return tuple(entry.match() for entry in self.all())

    def accept(self, wanted: str, *, ports: Iterable[Port]) -> Accepted:
        """Let the keyboard among `ports` with the id `wanted` count from now on; again is fine.

        Raises:
            KeyboardNotThere: none of them, or several, have that id.
            OSError: the file cannot be written; nothing is changed.
        """
        fitting = [port for port in ports if keyboard_id(port) == wanted]
        if len({(port.vid, port.pid, port.serial, port.location) for port in fitting}) != 1:
            raise KeyboardNotThere(wanted)
        port = fitting[0]
        entry = Accepted(
            wanted, port.vid, port.pid, port.serial, "" if port.serial else port.location, port.description
        )
        self._write([*(other for other in self.all() if other.id != wanted), entry])
        return entry

    def forget(self, wanted: str) -> Accepted:
        """Let it count no more; it need not be plugged in.

        Raises:
            KeyboardNotThere: it was not accepted.
            OSError: the file cannot be written; nothing is changed.
        """
        entry = next((entry for entry in self.all() if entry.id == wanted), None)
        if entry is None:
            raise KeyboardNotThere(wanted)
        self._write([other for other in self.all() if other is not entry])
        return entry

    def _write(self, entries: Iterable[Accepted]) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps([asdict(entry) for entry in entries]), "utf-8")
        fresh.replace(self._path)


class KeyboardNotThere(LookupError):
    """No keyboard, or more than one, has the id that was named."""
