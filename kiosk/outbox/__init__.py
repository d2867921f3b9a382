"""What the utility must hear of: events with permanent ids, kept in `journal.db` until they are answered for.

An event is on disk when `add`, `request` or `tell_proof` returns and stays there until the service has taken it,
called it a duplicate or rejected it, however many weeks the network is away. What happened at a terminal holds no
account number, name or figure of a bill; what a subscriber asked for must, and is sealed on disk.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from kiosk.database import DatabaseFile, StoreDamaged
from kiosk.outbox.events import (
    KEY_LOST,
    SEQUENCE_TAKEN,
    BillWanted,
    Kind,
    MobileGiven,
    OutboxEvent,
    Reply,
    Request,
    Verdict,
    as_json,
    uuid7,
)
from kiosk.outbox.sealing import Seal

if TYPE_CHECKING:
    from sqlite_utils import Database

logger = logging.getLogger(__name__)

__all__ = ["BillWanted", "Kind", "MobileGiven", "Outbox", "OutboxEvent", "Reply", "Request", "Verdict"]

_T = TypeVar("_T")

BATCH_EVENTS = 500
"""The most events that the service takes at once (its contract)."""

BODY_LIMIT_BYTES = 2048
"""The longest body that the service takes (its contract)."""

CAP_EVENTS = 100_000
"""Over a year of a busy terminal. From there on the oldest non-essential events go; essential ones never do."""

DEAD_LETTERS = 1000
"""How many rejected events are kept for a technician; the oldest go."""

_NAME_LENGTH = 64

_ENDED_JOBS = """
    SELECT seq, id, number, copy, state, reason, changed_at FROM job
    WHERE reported = 0 AND final = 1 ORDER BY seq LIMIT ?"""
_ADD = "INSERT INTO event (seq, id, at_ms, kind, essential, body) VALUES (?, ?, ?, ?, ?, ?)"
_NEXT = "UPDATE event_number SET last = last + 1 RETURNING last"
_TRIM = """
    DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE essential = 0 ORDER BY seq
    LIMIT max(0, (SELECT count(*) FROM event) - ?))"""
_BURY = """
    INSERT OR REPLACE INTO dead_letter (id, at_ms, kind, body, reason)
    SELECT id, at_ms, kind, body, ? FROM event WHERE id = ?"""
_TRIM_DEAD = """
    DELETE FROM dead_letter WHERE id IN (SELECT id FROM dead_letter ORDER BY at_ms DESC, id LIMIT -1 OFFSET ?)"""


class Outbox:
    """Events waiting in the journal's file (`JobJournal.database`), for any thread."""

    def __init__(
        self,
        file: DatabaseFile,
        key: bytes,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        random_bytes: Callable[[int], bytes] = os.urandom,
        cap: int = CAP_EVENTS,
    ) -> None:
        """Take the file that has the journal's tables, and what seals requests (`JobJournal.sealing_key`).

        `cap` is as `CAP_EVENTS`.
        """
        self._file = file
        self._seal = Seal(key)
        self._now = now
        self._random_bytes = random_bytes
        self._cap = cap

    def add(self, kind: Kind, body: Mapping[str, Any]) -> None:
        """Keep an event that happened now; on disk when this returns.

        Raises:
            ValueError: the body is longer than `BODY_LIMIT_BYTES`.
            StoreFull, StoreUnavailable: it is not kept.
        """
        at_ms = _milliseconds(self._now())
        self._write(lambda db: self._add(db, kind, at_ms, body))

    def request(self, wanted: Request) -> None:
        """Keep what a subscriber asked for; on disk, sealed, when this returns. Say "asked for", not "done".

        Raises:
            ValueError: it is longer than `BODY_LIMIT_BYTES`.
            StoreFull, StoreUnavailable: it is not kept: tell the subscriber that it cannot be done now.
        """
        match wanted:
            case BillWanted(account, channel):
                self.add(Kind.BILL_WANTED, {"account": account.digits, "channel": channel})
            case MobileGiven(account, mobile):
                self.add(Kind.MOBILE_GIVEN, {"account": account.digits, "mobile": mobile})

    def tell_proof(self, *, means: str, purpose: str, is_right: bool) -> None:
        """Keep that a second proof was tried here: `means` and `purpose` are words, such as `sms_code`, `details`.

        Whose it was stays between subscriber and service.

        Raises:
            StoreFull, StoreUnavailable: it is not kept.
        """
        self.add(
            Kind.PROOF_USED, {"means": means, "purpose": purpose, "outcome": "right" if is_right else "wrong"}
        )

    def tell_device(self, device: str, *, health: str, is_fit: bool) -> None:
        """Keep an event if a device is lost or back since the last that was told of it, in this run or an earlier.

        One that nothing was told of yet counts as fit.

        Raises:
            StoreFull, StoreUnavailable: nothing is changed.
        """
        told = self._rows("SELECT fit FROM device_told WHERE device = ?", device)
        if (told[0][0] if told else 1) == int(is_fit):
            return
        kind, at_ms = (Kind.DEVICE_BACK if is_fit else Kind.DEVICE_LOST), _milliseconds(self._now())

        def tell(db: Database) -> None:
            self._add(db, kind, at_ms, {"device": device[:_NAME_LENGTH], "health": health})
            db.conn.execute("INSERT OR REPLACE INTO device_told VALUES (?, ?)", (device, int(is_fit)))

        self._write(tell)

    def add_receipts(self) -> int:
        """Make one event of every print job that is closed and was not told of yet; says how many.

        Event and mark are written at once, so that no kill in between loses a receipt or tells of it twice.

        Raises:
            StoreFull, StoreUnavailable: nothing is changed.
        """
        return self._write(self._add_receipts)

    def batch(self, limit: int = BATCH_EVENTS, *, after: int = 0) -> list[OutboxEvent]:
        """The oldest events with numbers above `after`, in their order; they stay.

        Raises:
            StoreFull, StoreUnavailable: the file is of no use now.
        """
        sql = "SELECT seq, id, at_ms, kind, body FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
        events, lost = [], []
        for seq, id_, at_ms, kind, body in self._rows(sql, after, limit):
            plain = self._seal.open(body, id_)
            if plain is None:
                lost.append(Reply(id_, Verdict.REJECTED, KEY_LOST))
            else:
                events.append(OutboxEvent(seq, id_, _moment(at_ms), kind, plain))
        if lost:
            logger.error("%d requests cannot be read: the terminal's key was changed", len(lost))
            self.settle(lost, last_seq=0)
        return events

    def settle(self, replies: Sequence[Reply], *, last_seq: int) -> int:
        """Let go of what is answered for: what was rejected goes to the dead letters; says how many are settled.

        Events rejected as `SEQUENCE_TAKEN` stay, and all that wait get numbers after `last_seq`, the highest the
        service knows of this terminal.

        Raises:
            StoreFull, StoreUnavailable: nothing is changed; the same events will be sent again.
        """
        return self._write(lambda db: _settle(db, replies, last_seq))

    def waiting(self) -> int:
        """How many events wait.

        Raises:
            StoreUnavailable: the file is of no use now.
        """
        rows = self._rows("SELECT count(*) FROM event")
        return int(rows[0][0]) if rows else 0

    def dead_letters(self) -> list[tuple[str, str, str]]:
        """Id, kind and reason of every rejected event that is still kept, newest first.

        Raises:
            StoreUnavailable: the file is of no use now.
        """
        return self._rows("SELECT id, kind, reason FROM dead_letter ORDER BY at_ms DESC, id")

    def _rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        try:
            return self._file.rows(sql, parameters)
        except StoreDamaged:
            return []

    def _write(self, work: Callable[[Database], _T]) -> _T:
        try:
            with self._file.writing() as db:
                return work(db)
        except StoreDamaged:
            with self._file.writing() as db:  # the new file
                return work(db)

    def _add(self, db: Database, kind: Kind, at_ms: int, body: Mapping[str, Any]) -> None:
        text = as_json(body)
        if len(text.encode()) > BODY_LIMIT_BYTES:
            raise ValueError("the event's body is too long")
        seq = db.conn.execute(_NEXT).fetchall()[0][0]
        id_ = str(uuid7(at_ms, self._random_bytes(10)))
        if kind in (Kind.BILL_WANTED, Kind.MOBILE_GIVEN):
            text = self._seal.close(text, id_)
        db.conn.execute(_ADD, (seq, id_, at_ms, kind.value, int(kind.is_essential), text))
        if db.conn.execute(_TRIM, (self._cap,)).rowcount:
            logger.debug("the outbox is full: the oldest news of devices is dropped")

    def _add_receipts(self, db: Database) -> int:
        jobs = db.conn.execute(_ENDED_JOBS, (BATCH_EVENTS,)).fetchall()
        for seq, job, number, copy, state, reason, changed_at in jobs:
            body = {"job": job, "number": number, "copy": copy, "outcome": state.lower(), "reason": reason}
            self._add(db, Kind.RECEIPT, changed_at * 1000, body)
            db.conn.execute("UPDATE job SET reported = 1 WHERE seq = ?", (seq,))
        return len(jobs)


def _settle(db: Database, replies: Sequence[Reply], last_seq: int) -> int:
    settled, renumber = 0, False
    for reply in replies:
        if reply.verdict is Verdict.REJECTED:
            if reply.reason == SEQUENCE_TAKEN:
                renumber = True
                continue
            db.conn.execute(_BURY, (reply.reason, reply.id))
        settled += db.conn.execute("DELETE FROM event WHERE id = ?", (reply.id,)).rowcount
    db.conn.execute(_TRIM_DEAD, (DEAD_LETTERS,))
    if renumber:
        settled += _renumber(db, last_seq)
    return settled


def _renumber(db: Database, last_seq: int) -> int:
    """Give all waiting events numbers after `last_seq`; says how many got one."""
    waiting = [row[0] for row in db.conn.execute("SELECT seq FROM event ORDER BY seq DESC")]
    if not waiting or waiting[-1] > last_seq:
        return 0
    shift = last_seq + 1 - waiting[-1]
    for seq in waiting:  # from the highest down, so that no two have the same in between
        db.conn.execute("UPDATE event SET seq = ? WHERE seq = ?", (seq + shift, seq))
    db.conn.execute("UPDATE event_number SET last = ?", (waiting[0] + shift,))
    logger.warning("events numbered anew after %d: the service knows this terminal from before", last_seq)
    return len(waiting)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
