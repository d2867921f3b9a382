"""What an event is: its kinds, what a subscriber asks for, how it is numbered, sent and answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from kiosk.model import AccountNumber

as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
"""A value as JSON text, the same for the same value."""


class Kind(StrEnum):
    """What happened; the bodies are described in the service's contract."""

    RECEIPT = "receipt"
    DEVICE_LOST = "device_lost"
    DEVICE_BACK = "device_back"
    PROOF_USED = "proof_used"
    BILL_WANTED = "bill_wanted"
    MOBILE_GIVEN = "mobile_given"

    @property
    def is_essential(self) -> bool:
        """Whether it is kept whatever happens; the health of devices is soon news of yesterday."""
        return self not in (Kind.DEVICE_LOST, Kind.DEVICE_BACK)


@dataclass(frozen=True, slots=True)
class BillWanted:
    """The subscriber wants this account's bill sent to where the utility reaches them."""

    account: AccountNumber
    channel: Literal["sms", "email"]


@dataclass(frozen=True, slots=True)
class MobileGiven:
    """The subscriber wants the account's e-bill on this mobile (`05` and eight digits); the utility confirms it."""

    account: AccountNumber
    mobile: str = field(repr=False)


Request = BillWanted | MobileGiven
"""What a subscriber asks of the utility and need not wait for."""


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """One event on its way: `id` is permanent, `seq` counts this terminal's events from 1 without gaps.

    `at` is in UTC; `body` is JSON text.
    """

    seq: int
    id: str
    at: datetime
    kind: str
    body: str = field(repr=False)


class Verdict(StrEnum):
    """What the service says to one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Reply:
    """The service's answer for the event `id`; `reason` is a word where it was rejected, else empty."""

    id: str
    verdict: Verdict
    reason: str = ""


SEQUENCE_TAKEN = "sequence_taken"
"""Rejected for its number only: this terminal's disk was changed, and the service knows higher numbers of it."""


KEY_LOST = "key_lost"
"""Why a request is a dead letter that was never sent: the terminal's key was changed, and it cannot be read."""


def batch_key(events: Sequence[OutboxEvent]) -> str:
    """The Idempotency-Key of a batch: the same for the same events, after a restart too."""
    return hashlib.sha256(" ".join(event.id for event in events).encode()).hexdigest()[:32]


def ndjson(events: Sequence[OutboxEvent], *, terminal: str) -> bytes:
    """The events as the service takes them: one JSON object a line."""
    lines = []
    for event in events:
        at = event.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head = {"kiosk": terminal, "seq": event.seq, "id": event.id, "at": at, "kind": event.kind}
        lines.append(as_json({**head, "body": json.loads(event.body)}))
    return "".join(f"{line}\n" for line in lines).encode()


def uuid7(milliseconds: int, chance: bytes) -> UUID:
    """A UUID version 7 (RFC 9562, 5.7) of a Unix time and 10 random bytes: sorts by time, is never made twice."""
    value = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(chance, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
