"""A generation being filled: every object taken whole, with the note that it was, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.database import StoreDamaged, StoreError, connect, store_error
from kiosk.packs.figures import FIELDS
from kiosk.packs.sealing import PackRefused

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

    from kiosk.packs.shards import Shard

SCHEMA = 1
"""`PRAGMA user_version`: a file of another one is built anew, its bills can be had again."""

_CACHE_KIB = 8192
INSERT_BILL = "INSERT INTO bill VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_REPLACE_BILL = "REPLACE INTO bill VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_KNOWN = """
    SELECT count(DISTINCT value) FROM json_each(?)
    WHERE value IN (SELECT account FROM bill) OR value IN (SELECT account FROM waiting)"""
_WITHOUT_BILL = "SELECT count(*) FROM json_each(?) WHERE value NOT IN (SELECT account FROM bill)"


class Filling:
    """The file of one generation, open for writing; one process at a time.

    Until `finish` nobody reads it and it keeps a rollback journal: rows go to its end, so almost nothing is
    written twice. Afterwards it is in WAL mode, and takes deltas while it is read.

    Raises:
        StoreDamaged: from every method, when the file is damaged; from here also when it has another key, another
            schema or is of another base. Delete it and begin anew.
        StoreError: from every method: not now, and nothing was changed.
    """

    def __init__(self, path: Path, key: bytes, *, scope: str, base: int) -> None:
        path.touch(mode=0o600)
        self._connection = connect(path, key)
        try:
            with _ours():
                self._begin(scope, base)
        except BaseException:
            self._connection.close()
            raise

    def taken(self) -> set[str]:
        """The names of the objects that are in it."""
        return {name for (name,) in self._rows("SELECT sha256 FROM shard_done")}

    def rows(self) -> int:
        """How many rows all objects in it had."""
        return int(self._rows("SELECT coalesce(sum(rows), 0) FROM shard_done")[0][0])

    def accounts(self) -> int:
        """How many accounts have a document in it."""
        return int(self._rows("SELECT accounts FROM about")[0][0])

    def deltas(self) -> int:
        """How many deltas are in it."""
        return int(self._rows("SELECT coalesce(max(segment), 0) FROM shard_done")[0][0])

    def take(self, shard: Shard, name: str, *, segment: int, as_of: datetime) -> None:
        """Take an object whole: of the snapshot, whose segment is 0, or the delta of that number.

        Taken already, it changes nothing.

        Raises:
            PackRefused: a row in it does not fit its column, or is there already, or another object comes before.
        """
        with self._transaction() as execute:
            if execute("SELECT 1 FROM shard_done WHERE sha256 = ?", (name,)).fetchone():
                return
            if execute("SELECT coalesce(max(id), 0) + 1 FROM text").fetchone()[0] != shard.first_text:
                raise PackRefused("texts")
            self._many("INSERT INTO text VALUES (?, ?)", enumerate(shard.texts, shard.first_text))
            seconds = int(as_of.astimezone(UTC).timestamp())
            execute("INSERT OR IGNORE INTO segment VALUES (?, ?)", (segment, seconds))
            gained = self._change(shard, segment) if segment else self._append(shard)
            rows = shard.bills + len(shard.waiting) + len(shard.gone)
            execute("INSERT INTO shard_done VALUES (?, ?, ?)", (name, segment, rows))
            execute("UPDATE about SET accounts = accounts + ?", (gained,))

    def finish(self) -> None:
        """Let it be read while it takes deltas."""
        with _ours():
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("UPDATE about SET finished = 1")

    def close(self) -> None:
        """Let go of the file; twice is fine."""
        self._connection.close()

    def _begin(self, scope: str, base: int) -> None:
        execute = self._connection.execute
        version = execute("PRAGMA user_version").fetchone()[0]
        execute("PRAGMA synchronous=FULL")
        execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        if not version:
            self._create(scope, base)
        elif version != SCHEMA or execute("SELECT scope, base FROM about").fetchone() != (scope, base):
            raise StoreDamaged
        if not execute("SELECT finished FROM about").fetchone()[0]:
            execute("PRAGMA journal_mode=TRUNCATE")

    def _create(self, scope: str, base: int) -> None:
        from sqlite_utils import Database

        with self._transaction() as execute:
            create_tables(Database(self._connection, execute_plugins=False, recursive_triggers=False))
            execute("INSERT INTO about VALUES (?, ?, 0, 0)", (scope, base))
            execute(f"PRAGMA user_version={SCHEMA}")

    def _append(self, shard: Shard) -> int:
        accounts, *columns = shard.columns
        self._many(INSERT_BILL, zip(accounts, repeat(0), *columns, strict=False))
        self._many("INSERT INTO waiting VALUES (?, 0, ?, ?)", shard.waiting)
        waiting = [account for account, _, _ in shard.waiting]
        return shard.bills + self._count(_WITHOUT_BILL, waiting)

    def _change(self, shard: Shard, segment: int) -> int:
        accounts, *columns = shard.columns
        waiting = [account for account, _, _ in shard.waiting]
        known = self._count(_KNOWN, [*shard.gone, *accounts, *waiting])
        self._many("DELETE FROM bill WHERE account = ?", zip(shard.gone))
        self._many("DELETE FROM waiting WHERE account = ?", zip([*shard.gone, *accounts]))
        self._many(_REPLACE_BILL, zip(accounts, repeat(segment), *columns, strict=False))
        rows = ((account, segment, category, extra) for account, category, extra in shard.waiting)
        self._many("REPLACE INTO waiting VALUES (?, ?, ?, ?)", rows)
        return self._count(_KNOWN, [*shard.gone, *accounts, *waiting]) - known

    def _many(self, sql: str, rows: Iterable[Any]) -> None:
        self._connection.executemany(sql, rows)

    def _count(self, sql: str, accounts: list[int]) -> int:
        return int(self._connection.execute(sql, (f"[{','.join(map(str, accounts))}]",)).fetchone()[0])

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        with _ours():
            return list(self._connection.execute(sql).fetchall())

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with _ours():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection.execute
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")


def create_tables(db: Database) -> None:
    """The tables of a generation, in an empty file."""
    _migrations().apply(db)


@contextmanager
def _ours() -> Iterator[None]:
    """The driver's errors as ours; what a shard's rows do wrong as a refusal of the pack."""
    import sqlcipher3.dbapi2 as driver

    try:
        yield
    except (driver.IntegrityError, OverflowError):
        raise PackRefused("rows") from None
    except driver.DatabaseError as error:
        failed: StoreError = store_error(error)
        raise failed from None


def _migrations() -> Migrations:
    from sqlite_utils import Migrations

    bills = Migrations("bills")

    @bills()
    def tables(db: Database) -> None:
        columns: dict[str, Any] = dict.fromkeys(FIELDS, int) | {"extra": bytes, "history": bytes}
        columns = {"account": int, "segment": int, **columns}
        db.table("bill").create(columns, pk="account", not_null=columns.keys() - {"account", "due"}, strict=True)
        waiting = {"account": int, "segment": int, "category": int, "extra": str}
        db.table("waiting").create(waiting, pk="account", not_null=waiting.keys() - {"account"}, strict=True)
        db.table("text").create({"id": int, "text": str}, pk="id", not_null={"text"}, strict=True)
        db.table("segment").create({"number": int, "as_of": int}, pk="number", not_null={"as_of"}, strict=True)
        done = {"sha256": str, "segment": int, "rows": int}
        db.table("shard_done").create(done, pk="sha256", not_null=done.keys() - {"sha256"}, strict=True)
        about = {"scope": str, "base": int, "accounts": int, "finished": int}
        db.table("about").create(about, not_null=about.keys(), strict=True)

    return bills
