"""What was done to this terminal, by whom and when: a chain of lines that can be added to and not changed unseen.

Each line holds the hash of the line before it. A record beside the lines, sealed with a key, holds the hash of the
newest: whoever changes, removes or adds a line without the key is told of by `verify`. Whoever puts back all files
of an earlier day is found out by who has seen a later `head`: it stands in every readiness report.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kiosk import ballast
from kiosk.durable import SlotsDamaged, TwoSlots, sync_folder

logger = logging.getLogger(__name__)

FOLDER = "audit"

SEGMENT_BYTES = 256 << 10
"""A new file is begun from here on; old ones go whole when their time is over."""

LINE_LIMIT = 4096
"""The longest line, in bytes; the longest fact is cut to fit it."""

_FACT_LIMIT = 200
_NOTHING = "0" * 64

_TOLD = ("audit_cut", "audit_damaged", "audit_head_lost")
"""Lines this module writes itself when it finds what only tampering or a broken disk can do."""

Fact = str | int | float


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: who did what, and how it came out. `who` is a technician's number, "-" for nobody known.

    `up` is for how many seconds the machine has been running: it orders lines that a wrong clock dates wrongly.
    """

    seq: int
    at: str
    up: int
    who: str
    role: str
    event: str
    ok: bool
    facts: Mapping[str, Fact]
    prev: str

    def line(self) -> bytes:
        """As it stands in the file."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a reading of all lines came to; `problems` is empty when nothing was tampered with."""

    entries: int
    last: int
    head: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Head:
    """The newest line's number and hash, and what the oldest kept line has as number and `prev`."""

    seq: int = 0
    hash: str = _NOTHING
    first: int = 1
    first_prev: str = _NOTHING


class Audit:
    """The audit log of a state folder, for any thread and beside other processes.

    Args:
        folder: the state folder.
        key: seals the newest hash; the store's key does, it is not used as it is.
        now: the wall clock, in UTC.
    """

    def __init__(
        self, folder: Path, key: bytes, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._folder = folder / FOLDER
        self._key = _sealing_key(key)
        self._now = now
        self._head = TwoSlots(self._folder / "head")

    def add(self, event: str, *, who: str, role: str = "", ok: bool = True, **facts: Fact) -> None:
        """Write an event down; on disk when this returns.

        Raises:
            OSError: it is not written; do not do what could not be written down.
        """
        with self._alone():
            try:
                self._add(event, who=who, role=role, ok=ok, facts=facts)
            except OSError as error:
                if error.errno != errno.ENOSPC or not ballast.throw(self._folder.parent):
                    raise
                self._add(event, who=who, role=role, ok=ok, facts=facts)

    def entries(self) -> list[Entry]:
        """All lines that can be read, oldest first.

        Raises:
            OSError: they cannot be read now.
        """
        return [entry for _, line in self._lines() if (entry := _parse(line))]

    def verify(self) -> Verified:
        """Read all lines and follow the chain.

        Raises:
            OSError: they cannot be read now.
        """
        with self._alone():
            head, problems = self._sealed_head()
            count, seq, link, head_seen = 0, head.first - 1, head.first_prev, head.seq < head.first
            for name, line in self._lines():
                entry = _parse(line)
                if entry is None:
                    problems.append(f"{name}: a line after {seq} cannot be read")
                    continue
                if entry.event in _TOLD:
                    problems.append(f"{name}: {entry.seq} tells of {entry.event}: {entry.facts.get('what')}")
                if entry.seq != seq + 1:
                    problems.append(f"{name}: {entry.seq} follows {seq}")
                if entry.prev != link:
                    problems.append(f"{name}: {entry.seq} does not continue the line before it")
                count, seq, link = count + 1, entry.seq, _hash(line)
                head_seen = head_seen or (entry.seq == head.seq and link == head.hash)
            if not head_seen:
                problems.append(f"the newest line sealed was {head.seq}, and it is not there")
            elif seq > head.seq + 1:
                problems.append(f"{seq - head.seq} lines were added without the key")
            return Verified(count, seq, link, tuple(problems))

    @property
    def head(self) -> str:
        """The newest line's number and the beginning of its hash, for reports: who keeps it sees a cut later."""
        head, _ = self._sealed_head()
        return f"{head.seq}-{head.hash[:16]}"

    def forget(self, before: datetime) -> int:
        """Delete whole files whose newest line is older; says how many lines that were.

        Raises:
            OSError: some may be left; the next call deletes them.
        """
        limit, gone = _stamp(before), 0
        with self._alone():
            for path in self._segments()[:-1]:
                lines = path.read_bytes().splitlines(keepends=True)
                last = _parse(lines[-1]) if lines else None
                if last is None or last.at >= limit:
                    break
                head, _ = self._sealed_head()
                if last.seq >= head.first:
                    self._seal(replace(head, first=last.seq + 1, first_prev=_hash(lines[-1])))
                path.unlink()
                gone += len(lines)
        return gone

    def seal_copy(self, path: Path, key: bytes) -> None:
        """Write the seal to another file, under a key that will count when that file takes the seal's place.

        Raises:
            OSError: there is none.
        """
        with self._alone():
            head, problems = self._sealed_head()
            if not problems and self._head.path.exists():
                copy = Audit(self._folder.parent, key)
                copy._head = TwoSlots(path)
                copy._seal(head)

    def _add(self, event: str, *, who: str, role: str, ok: bool, facts: Mapping[str, Fact]) -> None:
        head, problems = self._sealed_head()
        head, notes = self._continued(head)
        for note in [*(("audit_head_lost", problem) for problem in problems), *notes]:
            head = self._append(head, note[0], who="-", role="", ok=False, facts={"what": note[1]})
        self._append(head, event, who=who, role=role, ok=ok, facts=facts)

    def _append(
        self, head: _Head, event: str, *, who: str, role: str, ok: bool, facts: Mapping[str, Fact]
    ) -> _Head:
        up = int(time.clock_gettime(time.CLOCK_BOOTTIME))
        entry = Entry(head.seq + 1, _stamp(self._now()), up, who, role, event, ok, _short(facts), head.hash)
        line = entry.line()
        path = self._segment(entry.seq)
        size = path.stat().st_size if path.exists() else 0
        try:
            with path.open("ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            if path.exists():
                os.truncate(path, size)
            raise
        if not size:
            sync_folder(self._folder)
        changed = replace(head, seq=entry.seq, hash=_hash(line))
        self._seal(changed)
        return changed

    def _continued(self, head: _Head) -> tuple[_Head, list[tuple[str, str]]]:
        """From where the chain goes on, and what is wrong with its end; half a line was never acknowledged."""
        segments = self._segments()
        if not segments:
            cut = head.seq >= head.first
            return head, [("audit_cut", f"all up to {head.seq} is gone")] if cut else []
        octets = segments[-1].read_bytes()
        whole = octets.rfind(b"\n") + 1
        notes = []
        if whole < len(octets):
            os.truncate(segments[-1], whole)
            notes.append(("audit_repaired", "half a line, of a power cut"))
        lines = octets[:whole].splitlines(keepends=True)
        last = _parse(lines[-1]) if lines else None
        if last is None:
            return head, [*notes, ("audit_damaged", f"the line before {head.seq + 1}")]
        link = _hash(lines[-1])
        if last.seq < head.seq or (last.seq == head.seq and link != head.hash):
            # The numbers go on after those that are gone, so that the gap is seen for as long as lines are kept.
            return replace(head, hash=link), [*notes, ("audit_cut", f"up to {head.seq}, found {last.seq}")]
        if head == _Head() and (oldest := _parse(segments[0].read_bytes().partition(b"\n")[0])):
            head = replace(head, first=oldest.seq, first_prev=oldest.prev)
        return replace(head, seq=last.seq, hash=link), notes

    def _sealed_head(self) -> tuple[_Head, list[str]]:
        """The head as sealed, and what is wrong with it."""
        try:
            held = self._head.read()
            if held is None:
                return _Head(), ["there is no seal"] if self._segments() else []
            fields = json.loads(held)
            told = fields.pop("mac")
            head = _Head(**fields)
            if hmac.compare_digest(told, self._mac(head)):
                return head, []
            return head, ["the seal was made with another key"]
        except (SlotsDamaged, ValueError, KeyError, TypeError):
            return _Head(), ["the seal cannot be read"]

    def _seal(self, head: _Head) -> None:
        self._head.put(json.dumps({**asdict(head), "mac": self._mac(head)}).encode())

    def _mac(self, head: _Head) -> str:
        return hmac.digest(self._key, json.dumps(asdict(head)).encode(), "sha256").hex()

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob("*.jsonl"))

    def _segment(self, seq: int) -> Path:
        newest = self._segments()[-1:]
        if newest and newest[0].stat().st_size < SEGMENT_BYTES:
            return newest[0]
        return self._folder / f"{seq:010}.jsonl"

    def _lines(self) -> Iterator[tuple[str, bytes]]:
        for path in self._segments():
            for line in path.read_bytes().splitlines(keepends=True):
                if line.endswith(b"\n"):
                    yield path.name, line

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time; the kernel lets go of the lock for a killed one."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _parse(line: bytes) -> Entry | None:
    try:
        fields: dict[str, Any] = json.loads(line)
        return Entry(**fields)
    except (ValueError, TypeError):
        return None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _sealing_key(key: bytes) -> bytes:
    return hmac.digest(key, b"seal of the audit log", "sha256")


def _short(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    return {name: fact[:_FACT_LIMIT] if isinstance(fact, str) else fact for name, fact in facts.items()}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
