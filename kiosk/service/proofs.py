"""What shows that the subscriber asks: a one-time code or the number of an ID, tried three times a day at most."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal

from kiosk.service.months import RIYADH
from kiosk.service.storage import Database, own_secret

CODE_DIGITS = 6
CODE_VALID_FOR = timedelta(minutes=5)
PROOF_VALID_FOR = timedelta(minutes=10)
"""Longer than any visit."""

TRIES_A_DAY = 3
"""For an account, at all terminals together: a thief guesses one code in 333 000 right."""

CODES_A_DAY = 3
MESSAGES_A_DAY = 5

Purpose = Literal["proof", "mobile"]
"""What a code is for: a proof that the subscriber asks, or the confirmation of a mobile."""

Limited = Literal["try", "code", "message"]

_LIMITS: dict[Limited, int] = {"try": TRIES_A_DAY, "code": CODES_A_DAY, "message": MESSAGES_A_DAY}

_SCHEMA = """
CREATE TABLE IF NOT EXISTS code(
    subscriber {whole} NOT NULL, purpose text NOT NULL, digest {blob} NOT NULL, expires {real} NOT NULL,
    PRIMARY KEY (subscriber, purpose)){strict};
CREATE TABLE IF NOT EXISTS proved(
    digest {blob} PRIMARY KEY, person {whole} NOT NULL, expires {real} NOT NULL){strict};
CREATE TABLE IF NOT EXISTS used(
    day {whole} NOT NULL, subscriber {whole} NOT NULL, what text NOT NULL, times {whole} NOT NULL,
    PRIMARY KEY (day, subscriber, what)){strict};
"""
_COUNT = """
    INSERT INTO used VALUES (?, ?, ?, 1)
    ON CONFLICT (day, subscriber, what) DO UPDATE SET times = used.times + 1 WHERE used.times < ?"""
_KEEP_CODE = """
    INSERT INTO code VALUES (?, ?, ?, ?)
    ON CONFLICT (subscriber, purpose) DO UPDATE SET digest = excluded.digest, expires = excluded.expires"""


class Outcome(Enum):
    """How a try went."""

    RIGHT = "right"
    WRONG = "wrong"
    NO_MORE = "no_more"


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows for a while that the subscriber of an account asks."""

    token: str
    expires: datetime


class Proofs:
    """Codes and proofs under way. May be made in one thread and used in another, but by one at a time.

    The file holds keyed hashes only; neither a code nor a proof can be read there.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self._db.create(_SCHEMA)
        self._key = own_secret(database)

    def allow(self, subscriber: int, what: Limited, *, now: datetime) -> bool:
        """Count one more for today in Riyadh; False, and nothing counted, when there were enough."""
        day = now.astimezone(RIYADH).toordinal()
        with self._db.transaction():
            self._db.change("DELETE FROM used WHERE day < ?", day)
            return self._db.change(_COUNT, day, subscriber, what, _LIMITS[what]) > 0

    def new_code(self, subscriber: int, purpose: Purpose, *, subject: str = "", now: datetime) -> str:
        """A code for the subscriber, instead of the one before; good for `subject` only (a mobile's number)."""
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        digest = self._digest(f"{subscriber} {purpose} {subject} {code}")
        self._db.change(_KEEP_CODE, subscriber, purpose, digest, (now + CODE_VALID_FOR).timestamp())
        return code

    def try_code(
        self, subscriber: int, purpose: Purpose, code: str, *, subject: str = "", now: datetime
    ) -> Outcome:
        """Try a code; counted, and the count on disk, before it is looked at. A right one is used up."""
        if not self.allow(subscriber, "try", now=now):
            return Outcome.NO_MORE
        query = "SELECT digest FROM code WHERE subscriber = ? AND purpose = ? AND expires > ?"
        rows = self._db.rows(query, subscriber, purpose, now.timestamp())
        held = bytes(rows[0][0]) if rows else bytes(32)
        if not hmac.compare_digest(held, self._digest(f"{subscriber} {purpose} {subject} {code}")):
            return Outcome.WRONG
        self._db.change("DELETE FROM code WHERE subscriber = ? AND purpose = ?", subscriber, purpose)
        return Outcome.RIGHT

    def try_id(self, subscriber: int, number: str, *, holder: str, now: datetime) -> Outcome:
        """Try the number of an ID against the `holder`'s; counted as a code is."""
        if not self.allow(subscriber, "try", now=now):
            return Outcome.NO_MORE
        return Outcome.RIGHT if hmac.compare_digest(number, holder) else Outcome.WRONG

    def prove(self, person: int, *, now: datetime) -> Proof:
        """A new proof for a person whose code or ID was right; good for every account of the person."""
        proof = Proof(secrets.token_urlsafe(24), now + PROOF_VALID_FOR)
        self._db.change("DELETE FROM proved WHERE expires <= ?", now.timestamp())
        row = (self._digest(proof.token), person, proof.expires.timestamp())
        self._db.change("INSERT INTO proved VALUES (?, ?, ?)", *row)
        return proof

    def holds(self, token: str, person: int, *, now: datetime) -> bool:
        """Whether a proof is this person's and still good."""
        query = "SELECT 1 FROM proved WHERE digest = ? AND person = ? AND expires > ?"
        return bool(self._db.rows(query, self._digest(token), person, now.timestamp()))

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode(), hashlib.sha256)


def until_tomorrow_s(now: datetime) -> int:
    """Whole seconds until the counts of the day begin anew, in Riyadh."""
    here = now.astimezone(RIYADH)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return max(1, int((midnight - here).total_seconds()) + 1)
