"""What must survive a power cut: how far each receipt came, the last receipt number, today's prints: `journal.db`.

Plain SQLite, because a lost key must not lose it; it holds no bill, and an account number only sealed, in what a
subscriber asked for (`kiosk.outbox`). Every call that returned is on disk.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from devices.printer import JobState, JournalEntry
from kiosk import ballast
from kiosk.database import DatabaseFile, StoreDamaged, StoreFull, StoreUnavailable
from kiosk.model import AccountNumber

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

_T = TypeVar("_T")

_RESERVED = 100
_RIYADH = timezone(timedelta(hours=3))

_RECORD = """
    INSERT INTO job (id, number, copy, state, final, reason, "offset", owed, changed_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, final = excluded.final, reason = excluded.reason,
    "offset" = excluded."offset", owed = excluded.owed, changed_at = excluded.changed_at"""
_UNFINISHED = """
    SELECT id, number, copy, state, reason, "offset", owed FROM job WHERE final = 0 ORDER BY seq"""
_COUNT_PRINT = """
    INSERT INTO print (day, account, prints) VALUES (?, ?, 1)
    ON CONFLICT (day, account) DO UPDATE SET prints = prints + 1 RETURNING prints"""


class JobJournal:
    """The journal of print jobs (`devices.printer.Journal`), for any thread and beside other processes.

    Make it with `memory` or `file`. A damaged file is set aside and a new one begun; receipt numbers go on
    without repeating one, because a second file knows how far they may have come.
    """

    def __init__(
        self, file: DatabaseFile, *, ceiling: Path | None, key: bytes, now: Callable[[], datetime]
    ) -> None:
        self._file = file
        self._ceiling = ceiling
        self._key = hmac.digest(key, b"prints per account and day", hashlib.sha256)
        self._sealing_key = hmac.digest(key, b"requests in the outbox", hashlib.sha256)
        self._now = now

    @classmethod
    def memory(cls, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Self:
        """A journal that ends with the process, for tests and for commands that print once."""
        return cls(DatabaseFile(None, migrations=_migrations), ceiling=None, key=os.urandom(32), now=now)

    @classmethod
    def file(cls, path: Path, key: bytes, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Self:
        """A journal in `path`; `key` hides whose prints are counted and what was asked for; another one starts anew.

        Raises:
            StoreError: the file can neither be opened nor replaced.
        """
        file = DatabaseFile(path, migrations=_migrations, durable=True)
        return cls(file, ceiling=path.with_name("receipt-numbers"), key=key, now=now)

    def record(self, entry: JournalEntry) -> None:
        """Write a job's newest state, creating the job at its first.

        Raises:
            StoreFull, StoreUnavailable: it is not written; do not go on with the job.
        """
        state = (entry.state.value, int(entry.is_closed), entry.reason, entry.offset, entry.owed)
        row = (entry.job, entry.number, entry.copy, *state, int(self._now().timestamp()))

        def write(db: Database) -> None:
            db.conn.execute(_RECORD, row)

        self._write(write)

    def unfinished(self) -> list[JournalEntry]:
        """Jobs that are not closed, oldest first.

        Raises:
            StoreUnavailable: the journal is of no use now.
        """
        try:
            rows = self._file.rows(_UNFINISHED)
        except StoreDamaged:
            return []
        return [
            JournalEntry(job, number, copy, JobState(state), reason, offset, owed)
            for job, number, copy, state, reason, offset, owed in rows
        ]

    def next_receipt_number(self) -> int:
        """A number that no receipt of this terminal had, or will have again; from 1, without gaps in quiet times.

        Raises:
            StoreFull, StoreUnavailable: there is no number; print nothing.
        """
        return self._write(self._take_number)

    def count_print(self, account: AccountNumber) -> int:
        """Count one more receipt for the account today (in Riyadh); says how many that makes.

        Raises:
            StoreFull, StoreUnavailable: it is not counted.
        """
        day, tag = self._today(account)

        def count(db: Database) -> int:
            db.conn.execute("DELETE FROM print WHERE day != ?", (day,))
            return int(db.conn.execute(_COUNT_PRINT, (day, tag)).fetchall()[0][0])

        return self._write(count)

    def prints_today(self, account: AccountNumber) -> int:
        """How many receipts were counted for the account today.

        Raises:
            StoreUnavailable: the journal is of no use now.
        """
        try:
            rows = self._file.rows("SELECT prints FROM print WHERE day = ? AND account = ?", self._today(account))
        except StoreDamaged:
            return 0
        return int(rows[0][0]) if rows else 0

    def forget_jobs(self, before: datetime) -> int:
        """Delete the jobs that were closed before a moment and told of; says how many.

        Raises:
            StoreFull, StoreUnavailable: none is deleted.
        """
        return self._delete(
            "DELETE FROM job WHERE final = 1 AND reported = 1 AND changed_at < ?", before.timestamp()
        )

    def forget_letters(self, before: datetime) -> int:
        """Delete the rejected reports of before a moment; says how many.

        Raises:
            StoreFull, StoreUnavailable: none is deleted.
        """
        return self._delete("DELETE FROM dead_letter WHERE at_ms < ?", before.timestamp() * 1000)

    @property
    def database(self) -> DatabaseFile:
        """The open file, for the outbox that has its tables in it."""
        return self._file

    @property
    def sealing_key(self) -> bytes:
        """32 bytes of this terminal, for what stands in this file and nobody else may read."""
        return self._sealing_key

    def check(self) -> tuple[str, ...]:
        """What a full check finds wrong with the file; empty when it is whole."""
        return self._file.problems()

    def close(self) -> None:
        """Let go of the file; twice is fine."""
        self._file.close()

    def _write(self, work: Callable[[Database], _T]) -> _T:
        try:
            with self._file.writing() as db:
                return work(db)
        except StoreDamaged:
            with self._file.writing() as db:  # the new file
                return work(db)
        except StoreFull:
            if self._file.path is None or not ballast.throw(self._file.path.parent):
                raise
            with self._file.writing() as db:  # with the room of the ballast
                return work(db)

    def _delete(self, sql: str, limit: float) -> int:
        return self._write(lambda db: int(db.conn.execute(sql, (int(limit),)).rowcount))

    def _take_number(self, db: Database) -> int:
        last, known = db.conn.execute("SELECT last, ceiling FROM receipt_number").fetchone()
        ceiling = _held(self._ceiling)
        if ceiling > known:
            last = ceiling  # this file is younger than the numbers given, or was put back from a copy
        number = int(last) + 1
        if ceiling < number:
            ceiling = number + _RESERVED - 1
            _hold(self._ceiling, ceiling)
        db.conn.execute("UPDATE receipt_number SET last = ?, ceiling = ?", (number, ceiling))
        return number

    def _today(self, account: AccountNumber) -> tuple[int, bytes]:
        day = self._now().astimezone(_RIYADH).toordinal()
        # The day is in it, so that nobody can follow an account from one day to the next.
        return day, hmac.digest(self._key, f"{day} {account.digits}".encode(), hashlib.sha256)


def _held(path: Path | None) -> int:
    try:
        return int(path.read_text("ascii")) if path else 0
    except (OSError, ValueError):
        return 0


def _hold(path: Path | None, ceiling: int) -> None:
    """Write the number no receipt is beyond, so that it is whole on the disk before any receipt has it."""
    if path is None:
        return
    draft = path.with_name(path.name + ".new")
    try:
        with draft.open("w", encoding="ascii") as file:
            file.write(str(ceiling))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull from None
        raise StoreUnavailable("store_io") from None


def _migrations() -> Migrations:
    from sqlite_utils import Migrations

    journal = Migrations("journal")

    @journal()
    def jobs(db: Database) -> None:
        columns: dict[str, Any] = {
            "seq": int,
            "id": str,
            "number": int,
            "copy": int,
            "state": str,
            "final": int,
            "reason": str,
            "offset": int,
            "owed": int,
            "changed_at": int,
        }
        job = db.table("job").create(columns, pk="seq", not_null=columns.keys() - {"seq"}, strict=True)
        job.create_index(["id"], unique=True)
        db.conn.execute("CREATE INDEX job_unfinished ON job(seq) WHERE final = 0")

    @journal()
    def receipt_numbers(db: Database) -> None:
        table = db.table("receipt_number").create({"last": int, "ceiling": int}, strict=True)
        table.insert({"last": 0, "ceiling": 0})

    @journal()
    def prints(db: Database) -> None:
        columns: dict[str, Any] = {"day": int, "account": bytes, "prints": int}
        db.table("print").create(columns, pk=("day", "account"), not_null=columns, strict=True)

    @journal()
    def events(db: Database) -> None:
        columns: dict[str, Any] = {"seq": int, "id": str, "at_ms": int, "kind": str, "essential": int, "body": str}
        db.table("event").create(columns, pk="seq", not_null=columns.keys() - {"seq"}, strict=True)
        db.table("event").create_index(["id"], unique=True)
        db.conn.execute("CREATE INDEX event_to_drop ON event(seq) WHERE essential = 0")
        letter: dict[str, Any] = {"id": str, "at_ms": int, "kind": str, "body": str, "reason": str}
        db.table("dead_letter").create(letter, pk="id", not_null=letter, strict=True)
        db.table("event_number").create({"last": int}, strict=True).insert({"last": 0})
        db.conn.execute("ALTER TABLE job ADD COLUMN reported INTEGER NOT NULL DEFAULT 0")
        db.conn.execute("CREATE INDEX job_unreported ON job(seq) WHERE reported = 0")

    @journal()
    def devices_told_of(db: Database) -> None:
        db.table("device_told").create({"device": str, "fit": int}, pk="device", not_null={"fit"}, strict=True)

    @journal()
    def paper(db: Database) -> None:
        columns: dict[str, Any] = {
            "printer": str,
            "length_mm": float,
            "used_mm": float,
            "receipts": int,
            "since_low_mm": float,
            "out": int,
            "usual_mm": float,
        }
        db.table("paper").create(columns, pk="printer", not_null=columns.keys() - {"since_low_mm"}, strict=True)
        days: dict[str, Any] = {"printer": str, "day": int, "mm": float}
        db.table("paper_day").create(days, pk=("printer", "day"), not_null=days, strict=True)
        held: dict[str, Any] = {"serial": str, "digest": str}
        db.table("printer_picture").create(held, pk=("serial", "digest"), not_null=held, strict=True)

    @journal()
    def limits(db: Database) -> None:
        tries: dict[str, Any] = {"day": int, "account": bytes, "tries": int}
        db.table("proof_try").create(tries, pk=("day", "account"), not_null=tries, strict=True)
        db.table("futile_number").create({"at_ms": int, "is_guess": int}, strict=True)

    return journal
