"""The short-lived addresses behind which a phone sees a bill: who asks is known by the token alone."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import ascii_letters
from typing import Self

from sqlcipher3 import dbapi2 as sqlite

from kiosk.service.storage import connect

TOKEN_LENGTH = 26
"""Letters of a token: at five bits a letter 130 bits, nobody guesses one in its quarter of an hour."""

# Letters only: no run of digits that could be taken for an account number.
_ALPHABET = bytes(ascii_letters[n % 32].encode()[0] for n in range(256))

_PURGE_EVERY = 1000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS link(token BLOB PRIMARY KEY, subscriber INTEGER NOT NULL, expires INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS book(seed TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Link:
    """Whose bill a token opens, and until when."""

    subscriber: int
    expires: datetime


class Links:
    """Issued tokens and whose bill each opens. Holds their hashes only: the file opens no page.

    May be made in one thread and used in another, but by one at a time.
    """

    def __init__(self, connection: sqlite.Connection, *, seed: int) -> None:
        self._db = connection
        self._issued = 0
        self._db.executescript(_SCHEMA)
        # A token of another book would open another subscriber's bill.
        if self._db.execute("SELECT seed FROM book").fetchall() != [(str(seed),)]:
            self._db.execute("DELETE FROM link")
            self._db.execute("DELETE FROM book")
            self._db.execute("INSERT INTO book VALUES (?)", (str(seed),))

    @classmethod
    def memory(cls, *, seed: int) -> Self:
        """Links that are forgotten with the process."""
        return cls(connect(None, durable=False), seed=seed)

    @classmethod
    def file(cls, path: Path, *, seed: int) -> Self:
        """Links kept in a file, made when it is not there; those of another seed are forgotten.

        Raises:
            OSError: the folder cannot be made.
            sqlcipher3.dbapi2.Error: the file cannot be opened, or is none of ours.
        """
        # The last links may be lost with the power: a fresh one is a look-up away.
        return cls(connect(path, durable=False), seed=seed)

    def issue(self, subscriber: int, *, now: datetime, ttl_s: float) -> str:
        """A new token for a subscriber's bill, good for `ttl_s` seconds."""
        token = secrets.token_bytes(TOKEN_LENGTH).translate(_ALPHABET).decode("ascii")
        if self._issued % _PURGE_EVERY == 0:
            self._db.execute("DELETE FROM link WHERE expires <= ?", (_milliseconds(now),))
        self._issued += 1
        expires = _milliseconds(now + timedelta(seconds=ttl_s))
        self._db.execute("INSERT INTO link VALUES (?, ?, ?)", (_digest(token), subscriber, expires))
        return token

    def opened(self, token: str, *, now: datetime) -> Link | None:
        """What a token opens; None when it has expired or never was one."""
        query = "SELECT subscriber, expires FROM link WHERE token = ? AND expires > ?"
        row = self._db.execute(query, (_digest(token), _milliseconds(now))).fetchone()
        if row is None:
            return None
        subscriber, expires = row
        return Link(subscriber, datetime.fromtimestamp(expires / 1000, UTC))

    def close(self) -> None:
        """Give the file back; a second time does nothing."""
        self._db.close()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
