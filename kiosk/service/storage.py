"""One way to open the service's SQLite files: a SQLite that is not too old, as durable as asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlcipher3 import dbapi2 as sqlite

_OLDEST_SAFE = (3, 51, 3)
"""Before this release SQLite's write-ahead log can corrupt a file (sqlite.org/wal.html, the reset bug)."""


def connect(path: Path | None, *, durable: bool) -> sqlite.Connection:
    """A connection in autocommit, for any thread but one at a time; its file is made when missing, None is memory.

    `durable`: whether a commit must survive a power cut.

    Raises:
        OSError: the folder cannot be made.
        sqlcipher3.dbapi2.Error: the file cannot be opened, or is no database.
    """
    if tuple(map(int, sqlite.sqlite_version.split("."))) < _OLDEST_SAFE:
        raise RuntimeError(f"SQLite {sqlite.sqlite_version} is too old; 3.51.3 or later is needed")
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    name = ":memory:" if path is None else str(path)
    connection = sqlite.connect(name, isolation_level=None, check_same_thread=False)
    if path is not None:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    return connection


@contextmanager
def transaction(connection: sqlite.Connection) -> Iterator[None]:
    """All of the block, or nothing of it; inside another one, a part of that."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
