"""One way to open our SQLite files: SQLCipher's SQLite, errors of our own, a damaged file set aside, not fatal."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

logger = logging.getLogger(__name__)

OLDEST_SQLITE = (3, 51, 3)
"""Before it, two connections that write and checkpoint at once can corrupt a WAL file (sqlite.org/wal.html)."""

_BUSY_S = 5.0
_WAL_LIMIT_BYTES = 64 << 20


class StoreError(Exception):
    """One of our files cannot be used as asked; `code` is a word for logs."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class StoreFull(StoreError):
    """No room to write: nothing was changed, reading goes on."""

    def __init__(self) -> None:
        super().__init__("store_full")


class StoreDamaged(StoreError):
    """The file was damaged or has another key, and was set aside: the next call meets an empty one."""

    def __init__(self) -> None:
        super().__init__("store_damaged")


class StoreUnavailable(StoreError):
    """Not now: busy for too long, in use under another key, or the disk does not answer. Nothing was changed."""


class DatabaseFile:
    """One SQLite file, open, for any thread of this process and beside other processes.

    Args:
        path: the file, made with mode 0600 when missing; None keeps everything in memory.
        migrations: what brings the schema up to date.
        key: 32 bytes that encrypt it; None leaves it plain.
        durable: whether a commit must survive a power cut (`synchronous=FULL`), or may be lost with one.

    Raises:
        StoreError: it cannot be opened; a damaged or foreign file was set aside first and is no reason.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        migrations: Callable[[], Migrations],
        key: bytes | None = None,
        durable: bool = False,
    ) -> None:
        import sqlcipher3.dbapi2 as driver  # late: with sqlite_utils it takes 150 ms, and no first frame needs it

        self.path = path
        self._driver = driver
        self._migrations = migrations
        self._key = key
        self._durable = durable
        # Two connections, so that the UI thread reads without waiting for a writer. Both locks: write, then read.
        self._write_lock = threading.RLock()
        self._read_lock = threading.RLock()
        self._writer: Database | None = None
        self._reader: Any = None
        self._in_use: IO[bytes] | None = None
        self._openings = 0
        self._closed = False
        self._open()

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of one reading statement.

        Raises:
            StoreError: as the classes say.
        """
        with self._translated(), self._read_lock:
            if self._reader is None:
                raise StoreUnavailable("store_closed")
            return list(self._reader.execute(sql, tuple(parameters)).fetchall())

    @contextmanager
    def writing(self) -> Iterator[Database]:
        """A write transaction, committed at the end of the block, undone by any exception from it.

        Raises:
            StoreError: nothing of the block was written.
        """
        with self._translated(), self._write_lock:
            if self._writer is None:
                raise StoreUnavailable("store_closed")
            with _transaction(self._writer):
                yield self._writer

    def problems(self) -> tuple[str, ...]:
        """What a full check of the file finds; empty when it is whole. Half a second per 100 MB; no change."""
        checks = ["quick_check"] if self._key is None else ["cipher_integrity_check", "quick_check"]
        try:
            with self._checking() as conn:
                found = [row[0] for check in checks for row in conn.execute(f"PRAGMA {check}")]
        except self._driver.DatabaseError as error:
            return (store_error(error).code,)
        return tuple(line for line in found if line != "ok")

    @contextmanager
    def _checking(self) -> Iterator[Any]:
        """A connection of its own where there can be one: after a bad page SQLCipher's writes no more."""
        if self._read_lock is self._write_lock:
            with self._read_lock:
                yield self._reader
            return
        conn = self._connection(exclusive=False)
        try:
            yield conn
        finally:
            conn.close()

    def versions(self) -> dict[str, str]:
        """The versions of SQLite and SQLCipher in use."""
        return {"sqlite": self._driver.sqlite_version, "sqlcipher": self.rows("PRAGMA cipher_version")[0][0]}

    def close(self) -> None:
        """Let go of the file for good; twice is fine."""
        with self._write_lock, self._read_lock:
            self._closed = True
            self._let_go()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The file open, the driver's errors as ours, a damaged file replaced on the way; to enter unlocked."""
        if self._writer is None:
            self._reopen()
        opening = self._openings
        try:
            yield
            return
        except self._driver.DatabaseError as error:
            translation = store_error(error)
        if isinstance(translation, StoreDamaged):
            self._replace(opening)
        raise translation

    def _reopen(self) -> None:
        with self._write_lock, self._read_lock:
            if self._closed:
                raise StoreUnavailable("store_closed")
            if self._writer is None:
                self._open()

    def _replace(self, opening: int) -> None:
        with self._write_lock, self._read_lock:
            if self._openings == opening and not self._closed:  # else another thread was first
                self._let_go()
                self._open(known_damaged=True)

    def _let_go(self) -> None:
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._reader = self._writer = None
        if self._in_use is not None:
            self._in_use.close()
            self._in_use = None

    def _open(self, *, known_damaged: bool = False) -> None:
        if self.path is None:
            self._connect()
            return
        with _gate(self.path.parent):
            if not known_damaged and self._opened_well(self.path):
                return
            _set_aside(self.path)
            if not self._opened_well(self.path):
                raise StoreUnavailable("store_not_replaced")

    def _opened_well(self, path: Path) -> bool:
        """Whether the file is open now; False when it is damaged."""
        try:
            self._in_use = _lock_file(path).open("ab")
            fcntl.flock(self._in_use, fcntl.LOCK_SH)
            path.touch(mode=0o600)
            self._connect()
        except StoreDamaged:
            self._let_go()
            return False
        except StoreError:
            self._let_go()
            raise
        except OSError:
            self._let_go()
            raise StoreUnavailable("store_io") from None
        return True

    def _connect(self) -> None:
        try:
            self._connect_as(exclusive=False)
            return
        except self._driver.DatabaseError as error:
            failed = store_error(error)
        if failed.code == "store_io":
            # A full disk has no room for the index that connections share; alone we need none, and can read.
            try:
                self._connect_as(exclusive=True)
                return
            except self._driver.DatabaseError as error:
                failed = store_error(error)
        raise failed

    def _connect_as(self, *, exclusive: bool) -> None:
        from sqlite_utils import Database

        conn = self._connection(exclusive=exclusive)
        try:
            db = Database(conn, execute_plugins=False, recursive_triggers=False)
            self._migrate(db)
            alone = exclusive or self.path is None
            self._reader = conn if alone else self._connection(exclusive=False)
        except BaseException:
            conn.close()
            raise
        if alone:
            self._read_lock = self._write_lock
        self._writer = db
        self._openings += 1

    def _connection(self, *, exclusive: bool) -> Any:
        conn = connect(self.path, self._key)
        try:
            if exclusive:
                conn.execute("PRAGMA locking_mode=EXCLUSIVE")
            conn.execute("SELECT count(*) FROM sqlite_master").fetchall()  # only now a wrong key shows
            if self.path is not None:
                conn.execute("PRAGMA journal_mode=WAL")
            conn.execute(f"PRAGMA synchronous={'FULL' if self._durable else 'NORMAL'}")
            conn.execute(f"PRAGMA journal_size_limit={_WAL_LIMIT_BYTES}")
        except BaseException:
            conn.close()
            raise
        return conn

    def _migrate(self, db: Database) -> None:
        migrations = self._migrations()
        if migrations.pending(db):
            with _transaction(db):
                migrations.apply(db)


def connect(path: Path | None, key: bytes | None, *, mode: str = "rwc") -> Any:
    """A connection to a file, or to memory; for any thread, nothing read from it yet.

    `mode` is SQLite's: `rwc` makes a missing file, for `rw` it is the driver's error.

    Raises:
        StoreUnavailable: this machine's SQLite is too old.
    """
    import sqlcipher3.dbapi2 as driver

    if driver.sqlite_version_info < OLDEST_SQLITE:
        raise StoreUnavailable("sqlite_too_old")
    name = ":memory:" if path is None else f"{path.absolute().as_uri()}?mode={mode}"
    conn = driver.connect(name, timeout=_BUSY_S, isolation_level=None, check_same_thread=False, uri=True)
    conn.execute("PRAGMA cipher_log_level=NONE")  # before the first read: it would write to our stderr
    if key is not None:
        conn.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
    return conn


@contextmanager
def _transaction(db: Database) -> Iterator[None]:
    # A deferred BEGIN that reads first fails at its first write when another process wrote in between.
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.conn.execute("COMMIT")
    finally:
        if db.conn.in_transaction:
            db.conn.execute("ROLLBACK")


def _lock_file(path: Path) -> Path:
    """Held shared by whoever has the file open; SQLite's own locks cannot be asked for that."""
    return path.with_name(path.name + ".lock")


def _set_aside(path: Path) -> None:
    """Move the file with its WAL to `quarantine/`, over the one before, unless another process uses it."""
    folder = path.with_name("quarantine")
    try:
        with _lock_file(path).open("ab") as users:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            folder.mkdir(mode=0o700, exist_ok=True)
            for suffix in ("-wal", "-shm", ""):
                part = path.with_name(path.name + suffix)
                (folder / part.name).unlink(missing_ok=True)
                if part.exists():
                    part.rename(folder / part.name)
    except BlockingIOError:
        raise StoreUnavailable("store_in_use") from None
    except OSError:
        raise StoreUnavailable("store_io") from None
    logger.error("store_replaced: %s was damaged or has another key; a new one was begun", path.name)


def store_error(error: Any) -> StoreError:
    """The driver's error as one of ours; a mistake in our own SQL is raised as it is."""
    match getattr(error, "sqlite_errorcode", 1) & 0xFF:  # primary result codes, sqlite.org/rescode.html
        case 13:
            return StoreFull()
        case 11 | 26:  # corrupt, not a database
            return StoreDamaged()
        case 5 | 6:
            return StoreUnavailable("store_busy")
        case 3 | 7 | 8 | 10 | 14 | 15:  # no permission, no memory, read-only, I/O, cannot open, locking protocol
            return StoreUnavailable("store_io")
    raise error


@contextmanager
def _gate(folder: Path) -> Iterator[None]:
    """One process at a time opens or replaces files of `folder`; the kernel lets go of it for a killed one."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        raise StoreUnavailable("store_io") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
