"""The documents this terminal has shown, kept encrypted for when the network is away: `seen.db`.

Only the screen process writes here, and a command beside it now and then. Everything in it can be fetched again,
so a file that is damaged or has another key is set aside and a new one begun.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from kiosk.database import DatabaseFile, StoreDamaged, StoreUnavailable
from kiosk.model import AccountNumber, Bill, Document

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

logger = logging.getLogger(__name__)

KEY_BYTES = 32
"""AES-256: the raw key SQLCipher takes without deriving another from it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RIYADH = timezone(timedelta(hours=3))

_STORED = """
    SELECT body, as_of, etag FROM document WHERE account = ? AND keep_until > ? ORDER BY issued LIMIT 1"""
_PREVIOUS = """
    SELECT body, as_of, etag FROM document WHERE account = ?1 AND keep_until > ?2 AND issued = 1
    AND EXISTS (SELECT 1 FROM document WHERE account = ?1 AND keep_until > ?2 AND issued = 0)"""
_SUPERSEDED = """
    DELETE FROM document WHERE account = ? AND issued != ? AND (issued = 0 OR month >= ?)"""
_EXCESS = """
    DELETE FROM document WHERE account IN (SELECT account FROM document ORDER BY kept_at
    LIMIT max(0, (SELECT count(*) FROM document) - ?))"""


@dataclass(frozen=True, slots=True)
class StoredBill:
    """A document as last fetched: right since `as_of` (UTC), with the `etag` to ask whether it still is."""

    document: Document
    as_of: datetime
    etag: str | None


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a technician may know of the store; the moments are None while it is empty."""

    documents: int
    accounts: int
    oldest: datetime | None
    newest: datetime | None
    bytes: int
    set_aside: bool
    sqlite: str
    sqlcipher: str


class Store:
    """Documents by account, for any thread; make it with `memory` or `file`."""

    def __init__(self, file: DatabaseFile, *, accounts: int, days: int, now: Callable[[], datetime]) -> None:
        from kiosk import ebill  # late: it brings pydantic, which the first frame does without

        ebill.prepare()
        self._ebill = ebill
        self._file = file
        self._accounts = accounts
        self._age = timedelta(days=days)
        self._now = now

    @classmethod
    def memory(
        cls, *, accounts: int = 20_000, days: int = 35, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> Self:
        """A store that ends with the process."""
        return cls(DatabaseFile(None, migrations=_migrations), accounts=accounts, days=days, now=now)

    @classmethod
    def file(
        cls,
        path: Path,
        key: bytes,
        *,
        accounts: int = 20_000,
        days: int = 35,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Self:
        """A store in `path`, encrypted under `key` (32 bytes, see `store_key`).

        At most `accounts` accounts are kept, those longest not asked for go first; a document goes `days` after
        the service last said that it is current.

        Raises:
            StoreError: the file can neither be opened nor replaced; go on with `memory`.
        """
        if len(key) != KEY_BYTES:
            raise StoreUnavailable("store_key_malformed")
        return cls(DatabaseFile(path, migrations=_migrations, key=key), accounts=accounts, days=days, now=now)

    def stored(self, account: AccountNumber) -> StoredBill | None:
        """The account's current document, or None.

        Raises:
            StoreUnavailable: the store is of no use now.
        """
        return self._one(_STORED, account)

    def previous(self, account: AccountNumber) -> StoredBill | None:
        """The last bill kept beside a current `NotIssued`, or None.

        Raises:
            StoreUnavailable: the store is of no use now.
        """
        return self._one(_PREVIOUS, account)

    def keep(self, account: AccountNumber, document: Document, *, as_of: datetime, etag: str | None) -> None:
        """Make `document` the account's current one.

        A `NotIssued` leaves the bill of an earlier month beside it; a bill replaces all there was.

        Raises:
            StoreFull: there is no room; what was stored stays.
            StoreUnavailable: the store is of no use now.
        """
        now = self._now()
        row = {
            "account": _key(account),
            "issued": int(isinstance(document, Bill)),
            "month": _month(document.issue_at if isinstance(document, Bill) else now),
            "body": json.dumps(self._ebill.write(document), ensure_ascii=False, separators=(",", ":")),
            "as_of": _micros(as_of),
            "etag": etag,
            "kept_at": _micros(now),
            "keep_until": _micros(now + self._age),
        }
        try:
            self._replace(row)
        except StoreDamaged:
            self._replace(row)  # in the new file

    def purge(self, *, everything: bool = False) -> int:
        """Forget documents past their time, or all of them; says how many.

        Raises:
            StoreError: nothing was forgotten.
        """
        limit = 2**63 - 1 if everything else _micros(self._now())
        with self._file.writing() as db:
            gone: int = db.conn.execute("DELETE FROM document WHERE keep_until <= ?", (limit,)).rowcount
        return gone

    def info(self) -> StoreInfo:
        """How much is stored and since when, without whose it is.

        Raises:
            StoreError: the store is of no use now.
        """
        documents, accounts, oldest, newest = self._file.rows(
            "SELECT count(*), count(DISTINCT account), min(as_of), max(as_of) FROM document"
        )[0]
        path = self._file.path
        return StoreInfo(
            documents=documents,
            accounts=accounts,
            oldest=None if oldest is None else _moment(oldest),
            newest=None if newest is None else _moment(newest),
            bytes=0 if path is None else sum(part.stat().st_size for part in path.parent.glob(path.name + "*")),
            set_aside=path is not None and (path.parent / "quarantine" / path.name).exists(),
            **self._file.versions(),
        )

    def check(self) -> tuple[str, ...]:
        """What a full check finds wrong with the file; empty when it is whole."""
        return self._file.problems()

    def close(self) -> None:
        """Let go of the file; twice is fine."""
        self._file.close()

    def _replace(self, row: dict[str, Any]) -> None:
        with self._file.writing() as db:
            db.conn.execute(_SUPERSEDED, (row["account"], row["issued"], row["month"]))
            db.conn.execute("UPDATE document SET kept_at = ? WHERE account = ?", (row["kept_at"], row["account"]))
            db.table("document").insert(row, replace=True)
            db.conn.execute("DELETE FROM document WHERE keep_until <= ?", (row["kept_at"],))
            db.conn.execute(_EXCESS, (self._accounts,))

    def _one(self, sql: str, account: AccountNumber) -> StoredBill | None:
        try:
            rows = self._file.rows(sql, (_key(account), _micros(self._now())))
        except StoreDamaged:
            return None  # there is a new file now, and nothing in it
        if not rows:
            return None
        body, as_of, etag = rows[0]
        try:
            return StoredBill(self._ebill.read(body), _moment(as_of), etag)
        except self._ebill.BillInvalid:
            # Written by a version of this program that read more than this one: it will be fetched again.
            logger.warning("store_document_unreadable")
            return None


def store_key(state_dir: Path) -> bytes:
    """The 32 bytes that encrypt our files.

    From `$CREDENTIALS_DIRECTORY/store-key` where systemd provides it, else from `store.key` in `state_dir`, made
    on first use with mode 0600 and a warning. Both hold 32 raw bytes or 64 hexadecimal digits.

    Raises:
        StoreUnavailable: the credential holds no key (`store_key_malformed`), or nothing can be read or written.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    credential = Path(folder, "store-key") if folder else None
    try:
        if credential is not None and credential.exists():
            key = _parsed(credential.read_bytes())
            if key is None:
                raise StoreUnavailable("store_key_malformed")
            return key
        return _own_key(state_dir / "store.key")
    except OSError:
        raise StoreUnavailable("store_key_unreadable") from None


def _own_key(path: Path) -> bytes:
    held = path.read_bytes() if path.exists() else None
    key = None if held is None else _parsed(held)
    if key is not None:
        return key
    if held is not None:
        logger.error("store_key_damaged: store.key holds no key; a new one is made and the store begins anew")
        path.unlink()
    logger.warning("store_key_made: without a systemd credential the key lies beside the store")
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)  # fails when another process was first: then its key counts
    except FileExistsError:
        logger.info("another process made the key")
    finally:
        draft.unlink()
    made = _parsed(path.read_bytes())
    if made is None:
        raise StoreUnavailable("store_key_unreadable")
    return made


def _parsed(held: bytes) -> bytes | None:
    if len(held) == KEY_BYTES:
        return held
    try:
        key = bytes.fromhex(held.decode("ascii").strip())
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES else None


def _migrations() -> Migrations:
    from sqlite_utils import Migrations

    seen = Migrations("seen")

    @seen()
    def documents(db: Database) -> None:
        columns: dict[str, Any] = {
            "account": int,
            "issued": int,
            "month": int,
            "body": str,
            "as_of": int,
            "etag": str,
            "kept_at": int,
            "keep_until": int,
        }
        table = db.table("document").create(
            columns, pk=("account", "issued"), not_null=columns.keys() - {"etag"}, strict=True
        )
        table.create_index(["kept_at", "account"])
        table.create_index(["keep_until"])

    return seen


def _key(account: AccountNumber) -> int:
    """The number as a 64-bit integer that keeps its leading zeros."""
    return int("1" + account.digits)


def _month(moment: datetime) -> int:
    local = moment.astimezone(_RIYADH)
    return local.year * 12 + local.month


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND
