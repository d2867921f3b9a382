"""What terminals report: every event is kept once and for ever, and each gets an answer of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kiosk.service.storage import Database

MOST_EVENTS = 500
"""In one batch."""

BATCH_LIMIT_BYTES = 2 << 20
"""The longest batch: more than 500 events with the longest bodies have."""

_LISTED = 200

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event(
    n {counter}, kiosk text NOT NULL, seq {whole} NOT NULL, id text NOT NULL UNIQUE, at text NOT NULL,
    kind text NOT NULL, body text NOT NULL, received text NOT NULL, UNIQUE (kiosk, seq)){strict};
"""

_ADD_EVENT = """
    INSERT INTO event(kiosk, seq, id, at, kind, body, received) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING"""

_Word = Annotated[str, Field(pattern="^[a-z_]{1,32}$")]
_Account = Annotated[str, Field(pattern="^[0-9]{8,15}$")]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Event(_Fields):
    kiosk: Annotated[str, Field(pattern="^[A-Z0-9-]{1,16}$")]
    seq: Annotated[int, Field(ge=1, lt=1 << 53)]
    id: Annotated[str, Field(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
    at: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
    kind: _Word
    body: dict[str, Any]


class _Receipt(_Fields):
    job: Annotated[str, Field(pattern="^[A-Za-z0-9-]{1,64}$")]
    number: Annotated[int, Field(ge=1, lt=1 << 53)]
    copy_: Annotated[int, Field(ge=1, lt=1 << 31, alias="copy")]
    outcome: Literal["sent", "cut", "printed", "presented", "taken", "retracted", "refused", "unknown", "aborted"]
    reason: Annotated[str, Field(pattern="^[a-z_]{0,32}$")]


class _Device(_Fields):
    device: Annotated[str, Field(pattern=r"^[^\x00-\x1f]{1,64}$")]
    health: _Word


class _ProofUsed(_Fields):
    means: _Word
    purpose: _Word
    outcome: Literal["right", "wrong"]


class BillWanted(_Fields):
    """A subscriber asked for the bill while the service was away."""

    account: _Account
    channel: Literal["sms", "email"]


class MobileGiven(_Fields):
    """A subscriber gave a mobile for the e-bill while the service was away."""

    account: _Account
    mobile: Annotated[str, Field(pattern="^05[0-9]{8}$")]


_BODIES: Mapping[str, type[_Fields]] = {
    "receipt": _Receipt,
    "device_lost": _Device,
    "device_back": _Device,
    "proof_used": _ProofUsed,
    "bill_wanted": BillWanted,
    "mobile_given": MobileGiven,
}

Wish = BillWanted | MobileGiven
Grant = Callable[[Wish], str]
"""Does what was asked for; the reason, a word, where it is refused for good, else empty."""


class EventBook:
    """The events received. May be made in one thread and used in another, but by one at a time."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._db.create(_SCHEMA)

    def take(
        self, lines: Sequence[bytes], *, kiosk: str | None = None, now: datetime, grant: Grant
    ) -> dict[str, Any]:
        """Keep what can be kept; an answer for each line, and the highest number known of the terminal.

        `kiosk` is the terminal that reports; None where only the first line tells.

        All of the answer is true once this returns: it is on disk.
        """
        answers = []
        with self._db.transaction():
            for number, line in enumerate(lines, start=1):
                event, wish, reason = _read(line)
                if event is not None and kiosk is None:
                    kiosk = event.kiosk
                if event is not None and event.kiosk != kiosk:
                    reason = "another_kiosk"
                verdict = "rejected"
                if event is not None and not reason:
                    verdict, reason = self._keep(event, now)
                    # Done once, with the line that is kept: numbered anew, the same wish comes a second time.
                    if wish and verdict == "accepted" and (reason := grant(wish)):
                        self._db.change("DELETE FROM event WHERE id = ?", event.id)
                        verdict = "rejected"
                answer = {"line": number, "id": event.id if event else None, "verdict": verdict}
                answers.append(answer | ({"reason": reason} if reason else {}))
            highest = self._db.rows("SELECT max(seq) FROM event WHERE kiosk = ?", kiosk)[0][0]
        return {"ack_seq": highest or 0, "events": answers}

    def listed(self) -> list[dict[str, Any]]:
        """The newest two hundred events, newest first."""
        query = "SELECT kiosk, seq, id, at, kind, body, received FROM event ORDER BY n DESC LIMIT ?"
        names = ("kiosk", "seq", "id", "at", "kind", "body", "received")
        rows = [dict(zip(names, row, strict=True)) for row in self._db.rows(query, _LISTED)]
        return [{**row, "body": _showable(json.loads(row["body"]))} for row in rows]

    def _keep(self, event: _Event, now: datetime) -> tuple[str, str]:
        known = self._db.rows("SELECT kiosk FROM event WHERE id = ?", event.id)
        if known:
            return ("duplicate", "") if known[0][0] == event.kiosk else ("rejected", "id_taken")
        row = (event.kiosk, event.seq, event.id, event.at, event.kind, json.dumps(event.body), now.isoformat())
        added = self._db.change(_ADD_EVENT, *row)
        return ("accepted", "") if added else ("rejected", "sequence_taken")


def _showable(body: dict[str, Any]) -> dict[str, Any]:
    """A body with the ends of what it says of a subscriber."""
    ends = {name: f"…{body[name][-4:]}" for name in ("account", "mobile") if name in body}
    return body | ends


def _read(line: bytes) -> tuple[_Event | None, Wish | None, str]:
    """The event of a line, what it asks for, and why it is rejected, if it is.

    There is no event where not even its id can be read.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None, None, "line_invalid"
    try:
        event = _Event.model_validate(fields)
    except ValidationError:
        return None, None, "event_invalid"
    kind = _BODIES.get(event.kind)
    if kind is None:
        return event, None, "kind_unknown"
    try:
        body = kind.model_validate(event.body)
    except ValidationError:
        return event, None, "body_invalid"
    return event, body if isinstance(body, Wish) else None, ""
