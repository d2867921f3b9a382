"""Where an invented subscriber can be reached, and what would have been sent there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlcipher3 import dbapi2 as sqlite

from kiosk.service.mixing import Dice, mix

Channel = Literal["sms", "email"]

_LISTED = 200

_SCHEMA = """
CREATE TABLE IF NOT EXISTS mobile(subscriber INTEGER PRIMARY KEY, mobile TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS message(
    at TEXT NOT NULL, channel TEXT NOT NULL, hint TEXT NOT NULL, account_end TEXT NOT NULL,
    text TEXT NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to reach a subscriber; `hint` is what a terminal may show of it."""

    channel: Channel
    address: str
    hint: str


class Contacts:
    """The contacts on record, the mobiles registered since, and, where it is wanted, a list of what was sent.

    Nothing leaves this machine. May be made in one thread and used in another, but by one at a time.
    """

    def __init__(self, connection: sqlite.Connection, *, seed: int, keeps_messages: bool) -> None:
        """`keeps_messages`: whether messages can be listed, for tests and demos; else they are forgotten."""
        self._db = connection
        self._key = mix(seed)
        self._keeps_messages = keeps_messages
        self._db.executescript(_SCHEMA)

    def on_record(self, subscriber: int, last2: str | None) -> Contact | None:
        """The mobile that the biller knows of a bill's subscriber; `last2` are the bill's `mobile_last2`."""
        if last2 is None:
            return None
        return mobile("05" + Dice(mix(self._key ^ subscriber)).digits(6) + last2)

    def reached(self, subscriber: int, last2: str | None, channel: Channel) -> Contact | None:
        """Where messages of a channel go: the mobile registered since, else what is on record; None: nowhere."""
        if channel == "email":
            has_one = Dice(mix(self._key + subscriber)).chance(400)
            return Contact("email", f"subscriber-{subscriber}@mail.ebill.example", "s…@…") if has_one else None
        row = self._db.execute("SELECT mobile FROM mobile WHERE subscriber = ?", (subscriber,)).fetchone()
        return mobile(row[0]) if row else self.on_record(subscriber, last2)

    def register(self, subscriber: int, number: str) -> None:
        """Keep a mobile that was confirmed, instead of the one before."""
        sql = "INSERT INTO mobile VALUES (?, ?) ON CONFLICT (subscriber) DO UPDATE SET mobile = excluded.mobile"
        self._db.execute(sql, (subscriber, number))

    def send(self, contact: Contact, text: str, *, account: str, now: datetime) -> None:
        """Send a message, which here means to list it, if anybody wants to read the list."""
        if self._keeps_messages:
            row = (now.isoformat(), contact.channel, contact.hint, account[-4:], text)
            self._db.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?)", row)

    def messages(self) -> list[dict[str, Any]]:
        """The newest two hundred messages, newest first."""
        query = "SELECT at, channel, hint, account_end, text FROM message ORDER BY rowid DESC LIMIT ?"
        names = ("at", "channel", "to", "account_end", "text")
        return [dict(zip(names, row, strict=True)) for row in self._db.execute(query, (_LISTED,))]


def mobile(number: str) -> Contact:
    """The contact of a mobile number written as `05` and eight digits."""
    return Contact("sms", number, f"…{number[-2:]}")
