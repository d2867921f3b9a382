"""Where the service keeps its records: SQLite in a file or in memory, or a PostgreSQL that several services share.

Statements are written once: `?` marks a parameter, tables name their types by `Words`, and nothing is used that one
of the two does not know.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlcipher3 import dbapi2 as sqlite

Row = tuple[Any, ...]

_OLDEST_SAFE = (3, 51, 3)
"""Before this release SQLite's write-ahead log can corrupt a file (sqlite.org/wal.html, the reset bug)."""

_BUSY_S = 10.0
"""How long a write waits for another process of the same service."""

_SECRET = """
CREATE TABLE IF NOT EXISTS secret(only_one {whole} PRIMARY KEY CHECK (only_one = 1), key {blob} NOT NULL){strict};
"""


class DatabaseAway(Exception):
    """The database does not answer, or cannot take what it is given; later it may."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a database calls the types of columns: eight-byte integers, floats, bytes; and how a table ends.

    `counter` is a whole column that counts by itself, as its table's key.
    """

    whole: str
    real: str
    blob: str
    counter: str
    strict: str


class Database(Protocol):
    """Records in tables. May be made in one thread and used in another, but by one at a time.

    Every call outside a transaction is one of its own, on disk when it returns.

    Raises, each call:
        DatabaseAway: nothing is changed.
    """

    def create(self, tables: str) -> None:
        """Make the tables that are missing; `{whole}` and the other `Words` stand for types."""
        ...

    def rows(self, statement: str, *parameters: Any) -> Sequence[Row]:
        """What a statement answers, in order."""
        ...

    def change(self, statement: str, *parameters: Any) -> int:
        """Carry a statement out; says how many rows it changed."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All of the block, or nothing of it; inside another one, a part of that."""
        ...

    def close(self) -> None:
        """Give it back; a second time does nothing."""
        ...


def own_secret(database: Database) -> bytes:
    """Thirty-two random bytes, the same for everybody who uses this database; made when there are none.

    Raises:
        DatabaseAway: they cannot be read.
    """
    database.create(_SECRET)
    made = "INSERT INTO secret(only_one, key) VALUES (1, ?) ON CONFLICT (only_one) DO NOTHING"
    database.change(made, secrets.token_bytes(32))
    return bytes(database.rows("SELECT key FROM secret")[0][0])


class SqliteDatabase:
    """A `Database` in a file that this service's processes share, or in memory."""

    WORDS = Words(whole="INTEGER", real="REAL", blob="BLOB", counter="INTEGER PRIMARY KEY", strict=" STRICT")

    def __init__(self, path: Path | None) -> None:
        """Open the file, made when it is not there; None is memory.

        Raises:
            OSError: the folder cannot be made.
            DatabaseAway: the file cannot be opened, or is no database.
        """
        if tuple(map(int, sqlite.sqlite_version.split("."))) < _OLDEST_SAFE:
            raise RuntimeError(f"SQLite {sqlite.sqlite_version} is too old; 3.51.3 or later is needed")
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        name = ":memory:" if path is None else str(path)
        with _told_apart():
            self._connection = sqlite.connect(name, isolation_level=None, check_same_thread=False, timeout=_BUSY_S)
            if path is not None:
                self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")

    def create(self, tables: str) -> None:
        with _told_apart():
            for table in statements(tables, self.WORDS):
                self._connection.execute(table)

    def rows(self, statement: str, *parameters: Any) -> Sequence[Row]:
        with _told_apart():
            found: list[Row] = self._connection.execute(statement, parameters).fetchall()
        return found

    def change(self, statement: str, *parameters: Any) -> int:
        with _told_apart():
            return int(self._connection.execute(statement, parameters).rowcount)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._connection.in_transaction:
            yield
            return
        with _told_apart():
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            with _told_apart():
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()


def statements(tables: str, words: Words) -> list[str]:
    """The statements of a schema, in the words of a database."""
    written = tables.format(
        whole=words.whole, real=words.real, blob=words.blob, counter=words.counter, strict=words.strict
    )
    return [statement for part in written.split(";") if (statement := part.strip())]


@contextmanager
def _told_apart() -> Iterator[None]:
    try:
        yield
    except sqlite.Error as error:
        raise DatabaseAway(type(error).__name__) from error
