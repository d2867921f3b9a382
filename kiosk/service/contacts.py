"""Where an invented subscriber can be reached, and what would have been sent there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from kiosk.service.mixing import Dice, mix
from kiosk.service.storage import Database

Channel = Literal["sms", "email"]

_LISTED = 200

_SCHEMA = """
CREATE TABLE IF NOT EXISTS mobile(subscriber {whole} PRIMARY KEY, mobile text NOT NULL){strict};
CREATE TABLE IF NOT EXISTS message(
    n {counter}, at text NOT NULL, channel text NOT NULL, hint text NOT NULL, account_end text NOT NULL,
    text text NOT NULL){strict};
"""
_ADD_MESSAGE = "INSERT INTO message(at, channel, hint, account_end, text) VALUES (?, ?, ?, ?, ?)"


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

    def __init__(self, database: Database, *, seed: int, keeps_messages: bool) -> None:
        """`keeps_messages`: whether messages can be listed, for tests and demos; else they are forgotten."""
        self._db = database
        self._key = mix(seed)
        self._keeps_messages = keeps_messages
        self._db.create(_SCHEMA)

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
        rows = self._db.rows("SELECT mobile FROM mobile WHERE subscriber = ?", subscriber)
        return mobile(rows[0][0]) if rows else self.on_record(subscriber, last2)

    def register(self, subscriber: int, number: str) -> None:
        """Keep a mobile that was confirmed, instead of the one before."""
        sql = "INSERT INTO mobile VALUES (?, ?) ON CONFLICT (subscriber) DO UPDATE SET mobile = excluded.mobile"
        self._db.change(sql, subscriber, number)

    def send(self, contact: Contact, text: str, *, account: str, now: datetime) -> None:
        """Send a message, which here means to list it, if anybody wants to read the list."""
        if self._keeps_messages:
            row = (now.isoformat(), contact.channel, contact.hint, account[-4:], text)
            self._db.change(_ADD_MESSAGE, *row)

    def messages(self) -> list[dict[str, Any]]:
        """The newest two hundred messages, newest first."""
        query = "SELECT at, channel, hint, account_end, text FROM message ORDER BY n DESC LIMIT ?"
        names = ("at", "channel", "to", "account_end", "text")
        return [dict(zip(names, row, strict=True)) for row in self._db.rows(query, _LISTED)]


def mobile(number: str) -> Contact:
    """The contact of a mobile number written as `05` and eight digits."""
    return Contact("sms", number, f"…{number[-2:]}")
