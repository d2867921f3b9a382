"""The bills of whole regions, as sync laid them down: found by account, from one generation after the other.

Whoever shows bills only reads here. The next generation of a scope is built beside this one; when `state.db` points
to it, the next look-up opens it and lets go of the old one.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kiosk.database import StoreDamaged, StoreError, StoreUnavailable, connect, store_error
from kiosk.generations.pointer import STATE_FILE, Pointer, read_pointers
from kiosk.model import AccountNumber
from kiosk.packs.figures import Figures, account_key
from kiosk.packs.rows import BillRow, RowUnreadable, WaitingRow, unpack
from kiosk.packs.texts import split_extra
from kiosk.store import StoredBill

logger = logging.getLogger(__name__)

SUFFIXES = ("", "-journal", "-wal", "-shm")
"""What the name of a database file may end with: all of it moves and goes together."""

QUARANTINE = "quarantine"
"""The folder of files that were set aside."""

_MOST_TEXTS = 20_000

_BILL = """
    SELECT bill.*, waiting.segment FROM bill LEFT JOIN waiting ON waiting.account = bill.account
    WHERE bill.account = ?"""
"""The columns in the order they were created in; last, whether the account waits: one question beats two."""

_WAITING = "SELECT segment, account, category, extra FROM waiting WHERE account = ?"


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """What a technician may know of a scope's generation that counts: `as_of` is of its newest change."""

    generation: int
    scope: str
    bills: int
    deltas: int
    as_of: datetime
    bytes: int


class Generations:
    """The generations that count, for any thread, beside a sync that writes. Nothing is opened before it is asked.

    Args:
        folder: the state folder.
        key: 32 bytes that encrypt the files.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._key = key
        self._lock = threading.Lock()
        self._state_file = folder / STATE_FILE
        self._state: tuple[int, Any] | None = None
        self._version: int | None = None
        self._pointers: tuple[Pointer, ...] = ()
        self._open: dict[str, _Generation] = {}

    def stored(self, account: AccountNumber) -> StoredBill | None:
        """The account's document in the generations that count now, or None; of several, what was right later.

        Raises:
            StoreError: the file is of no use now; a damaged one was set aside, and sync builds another.
        """
        with self._lock:
            self._follow()
            return self._found(lambda generation: generation.newest_of(account))

    def bill(self, account: AccountNumber) -> StoredBill | None:
        """The account's last bill, though the next may be announced as not out yet; from what `stored` looked at.

        Raises:
            StoreError: as `stored`.
        """
        with self._lock:
            return self._found(lambda generation: generation.bill_of(account))

    def info(self) -> tuple[GenerationInfo, ...]:
        """What is there of each scope, without whose it is; what is damaged is left out.

        Raises:
            StoreError: not now.
        """
        with self._lock:
            self._follow_all()
            return tuple([self._info(self._open[p.file], p) for p in self._pointers if p.file in self._open])

    def damage(self) -> dict[str, tuple[str, ...]]:
        """What reading everything finds wrong, by file; empty when all is whole. A second for 2 million bills.

        Raises:
            StoreError: not now.
        """
        with self._lock:
            found = self._follow_all()
            found |= {name: generation.problems() for name, generation in self._open.items()}
            return {name: problems for name, problems in found.items() if problems}

    def close(self) -> None:
        """Let go of the files; twice is fine, and the next look-up opens them again."""
        with self._lock:
            for name in tuple(self._open):
                self._let_go(name)
            self._forget_state()

    def _info(self, generation: _Generation, pointer: Pointer) -> GenerationInfo:
        parts = [generation.path.with_name(generation.path.name + suffix) for suffix in SUFFIXES]
        return GenerationInfo(
            generation=pointer.generation,
            scope=pointer.scope,
            bills=pointer.bills,
            deltas=pointer.deltas,
            as_of=generation.newest(),
            bytes=sum(part.stat().st_size for part in parts if part.exists()),
        )

    def _found(self, find: Callable[[_Generation], StoredBill | None]) -> StoredBill | None:
        newest: StoredBill | None = None
        for generation in tuple(self._open.values()):
            found = self._found_in(generation, find)
            if found is not None and (newest is None or found.as_of > newest.as_of):
                newest = found
        return newest

    def _found_in(
        self, generation: _Generation, find: Callable[[_Generation], StoredBill | None]
    ) -> StoredBill | None:
        try:
            return find(generation)
        except RowUnreadable:
            logger.warning("generation_row_unreadable")
            return None
        except StoreDamaged:
            self._let_go(generation.path.name)
            set_aside(generation.path)
            raise

    def _follow(self) -> None:
        """Have the generations open that count now."""
        before = self._version
        self._read_pointers()
        # No file takes another's name without a word in the state file: unless there is one, none is looked for.
        if self._version != before or len(self._open) < len(self._pointers):
            for name in self._counting():
                self._follow_one(name)

    def _follow_all(self) -> dict[str, tuple[str, ...]]:
        """As `_follow`, past files that are damaged; says which those are."""
        damaged: dict[str, tuple[str, ...]] = {}
        try:
            self._read_pointers()
        except StoreDamaged as error:
            return {STATE_FILE: (error.code,)}
        for name in self._counting():
            try:
                self._follow_one(name)
            except StoreDamaged as error:
                damaged[name] = (error.code,)
        return damaged

    def _counting(self) -> list[str]:
        """The files that count; others are let go of."""
        counting = [pointer.file for pointer in self._pointers]
        for name in [name for name in self._open if name not in counting]:
            self._let_go(name)
        return counting

    def _follow_one(self, name: str) -> None:
        path, held = self._folder / name, self._open.get(name)
        number = _number(path)
        if held is not None and held.number == number:
            return
        self._let_go(name)  # another file came in its place
        if number is None:
            return
        try:
            self._open[name] = _Generation(path, self._key, number)
        except StoreDamaged:
            set_aside(path)
            raise

    def _read_pointers(self) -> None:
        number = _number(self._state_file)
        if number is None:
            self._pointers, self._version = (), None  # nothing was ever synced
            return
        if self._state is None or self._state[0] != number:
            self._forget_state()
            self._state = (number, _reading(self._state_file, self._key))
        connection = self._state[1]
        try:
            # Another connection's commit is all that changes it; asking for it takes half the time of reading.
            version = connection.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                self._pointers, self._version = read_pointers(connection), version
            return
        except connection.DatabaseError as error:
            failed = store_error(error)
        self._forget_state()  # its key was changed or lost: sync will replace it, and says so
        raise failed

    def _forget_state(self) -> None:
        if self._state is not None:
            self._state[1].close()
            self._state = self._version = None

    def _let_go(self, name: str) -> None:
        held = self._open.pop(name, None)
        if held is not None:
            held.close()


class _Generation:
    """One generation's file, open for reading. Its methods raise `StoreError`."""

    def __init__(self, path: Path, key: bytes, number: int) -> None:
        self.path = path
        self.number = number
        self._key = key
        self._texts: dict[int, str] = {}
        self._as_of: dict[int, datetime] = {}
        self._connection = _reading(path, key)
        try:
            self._one("SELECT count(*) FROM sqlite_master", ())  # only now a wrong key shows
        except StoreError:
            self._connection.close()
            raise

    def newest_of(self, account: AccountNumber) -> StoredBill | None:
        row = self._one(_BILL, (account_key(account.digits),))
        return self._bill(row) if row is not None and row[-1] is None else self._waiting(account)

    def bill_of(self, account: AccountNumber) -> StoredBill | None:
        row = self._one(_BILL, (account_key(account.digits),))
        return None if row is None else self._bill(row)

    def newest(self) -> datetime:
        (seconds,) = self._one("SELECT max(as_of) FROM segment", ())
        return datetime.fromtimestamp(seconds or 0, UTC)

    def problems(self) -> tuple[str, ...]:
        # A connection of its own: after a bad page SQLCipher's is of no use any more.
        connection = _reading(self.path, self._key)
        try:
            checks = ("PRAGMA cipher_integrity_check", "PRAGMA quick_check")
            found = [str(row[0]) for check in checks for row in connection.execute(check)]
        except connection.DatabaseError as error:
            return (store_error(error).code,)
        finally:
            connection.close()
        return tuple(line for line in found if line != "ok")

    def close(self) -> None:
        self._connection.close()

    def _bill(self, row: Any) -> StoredBill:
        key, segment, *figures, extra, history, _ = row
        texts, numbers = split_extra(extra, self._text)
        document = unpack(BillRow(Figures(key, *figures), texts, numbers, history))
        return StoredBill(document, self._since(segment), None)

    def _waiting(self, account: AccountNumber) -> StoredBill | None:
        row = self._one(_WAITING, (account_key(account.digits),))
        if row is None:
            return None
        segment, key, category, extra = row
        return StoredBill(unpack(WaitingRow(key, category, extra.encode())), self._since(segment), None)

    def _text(self, number: int) -> str:
        text = self._texts.get(number)
        if text is None:
            row = self._one("SELECT text FROM text WHERE id = ?", (number,))
            if row is None:
                raise LookupError
            text = str(row[0])
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            self._texts[number] = text
        return text

    def _since(self, segment: int) -> datetime:
        if segment not in self._as_of:
            row = self._one("SELECT as_of FROM segment WHERE number = ?", (segment,))
            if row is None:
                raise RowUnreadable("no such segment")
            self._as_of[segment] = datetime.fromtimestamp(row[0], UTC)
        return self._as_of[segment]

    def _one(self, sql: str, parameters: tuple[object, ...]) -> Any:
        try:
            return self._connection.execute(sql, parameters).fetchone()
        except self._connection.DatabaseError as error:
            failed = store_error(error)
        raise failed


def set_aside(path: Path) -> None:
    """Move a damaged file to `quarantine/`, instead of the one before; sync builds another.

    Raises:
        StoreUnavailable: it cannot be moved.
    """
    folder = path.with_name(QUARANTINE)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for old in folder.glob("bills-*"):
            old.unlink(missing_ok=True)
        for suffix in SUFFIXES:
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(folder / part.name)
    except OSError:
        raise StoreUnavailable("store_io") from None
    logger.error("generation_set_aside: %s is damaged or has another key; sync builds it anew", path.name)


def _number(path: Path) -> int | None:
    """What tells a file from another that came in its place; None: there is none."""
    try:
        return os.stat(path).st_ino  # noqa: PTH116 - on every look-up, and a third of the time
    except OSError:
        return None


def _reading(path: Path, key: bytes) -> Any:
    import sqlcipher3.dbapi2 as driver

    try:
        connection = connect(path, key, mode="rw")
        connection.execute("PRAGMA query_only=ON")
    except driver.DatabaseError as error:
        failed = store_error(error)  # another process took it away in this moment
    else:
        return connection
    raise failed
