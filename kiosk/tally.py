"""Limits that a restart must not lift: wrong account numbers typed, tries to prove, receipts of a day.

They stand in the journal's file. An account is there as a keyed hash with the day in it, so that the file names
nobody, and nobody can be followed in it from one day to the next.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from kiosk.database import StoreError
from kiosk.journal import JobJournal
from kiosk.model import AccountNumber

if TYPE_CHECKING:
    from sqlite_utils import Database

logger = logging.getLogger(__name__)

TRIES_A_DAY = 3
"""As many as the service allows: here they count without it, too."""

_RIYADH = timezone(timedelta(hours=3))
_COUNT_TRY = """
    INSERT INTO proof_try (day, account, tries) VALUES (?, ?, 1)
    ON CONFLICT (day, account) DO UPDATE SET tries = tries + 1 RETURNING tries"""


class Tally:
    """The counts of one terminal, for any thread. A disk that cannot be used costs the counts, never a visit.

    Args:
        journal: whose file has the tables, and which counts the receipts.
        window_s: how long a number that led to nothing counts.
    """

    def __init__(
        self, journal: JobJournal, *, window_s: float, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._journal = journal
        self._file = journal.database
        self._key = hmac.digest(journal.sealing_key, b"tries per account and day", hashlib.sha256)
        self._window_s = window_s
        self._now = now

    def may_try(self, account: AccountNumber) -> bool:
        """Count one more try to prove to be the subscriber, before it is made; False when there were enough today.

        Where the disk cannot be written, the service's own count is the only one.
        """
        day = self._now().astimezone(_RIYADH).toordinal()
        tag = hmac.digest(self._key, f"{day} {account.digits}".encode(), hashlib.sha256)

        def count(db: Database) -> int:
            db.conn.execute("DELETE FROM proof_try WHERE day != ?", (day,))
            return int(db.conn.execute(_COUNT_TRY, (day, tag)).fetchall()[0][0])

        try:
            with self._file.writing() as db:
                return count(db) <= TRIES_A_DAY
        except StoreError as error:
            logger.warning("a try was not counted: %s", error.code)
            return True

    def note_futile(self, *, is_guess: bool) -> None:
        """Keep that a typed number is nobody's now, or that nothing could be said of it; what is too old goes."""
        now_ms = self._now_ms()
        try:
            with self._file.writing() as db:
                db.conn.execute(
                    "DELETE FROM futile_number WHERE at_ms <= ?", (now_ms - int(self._window_s * 1000),)
                )
                db.conn.execute(
                    "INSERT INTO futile_number (at_ms, is_guess) VALUES (?, ?)", (now_ms, int(is_guess))
                )
        except StoreError as error:
            logger.warning("a wrong number was not counted: %s", error.code)

    def futile_ages_s(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """How many seconds ago numbers were typed that nobody has, and that nothing could be said of; oldest first.

        One that seems to come from the future counts as of now: the clock was set back.
        """
        now_ms = self._now_ms()
        try:
            rows = self._file.rows("SELECT at_ms, is_guess FROM futile_number ORDER BY at_ms")
        except StoreError:
            return (), ()
        ages = [(max(0.0, (now_ms - at_ms) / 1000), bool(is_guess)) for at_ms, is_guess in rows]
        fresh = [(age, is_guess) for age, is_guess in ages if age < self._window_s]
        return tuple(a for a, is_guess in fresh if is_guess), tuple(a for a, is_guess in fresh if not is_guess)

    def prints_today(self, account: AccountNumber) -> int:
        """How many receipts were printed here today for an account; 0 where nobody can tell."""
        try:
            return self._journal.prints_today(account)
        except StoreError:
            return 0

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)
