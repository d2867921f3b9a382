"""Carries the outbox to the utility in the background: in batches, with patience for a bad network."""

from __future__ import annotations

import json
import logging
import random
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kiosk.database import StoreError
from kiosk.outbox import BATCH_EVENTS, Outbox
from kiosk.outbox.events import OutboxEvent, Reply, Verdict, batch_key, ndjson
from kiosk.wire import HttpFault

if TYPE_CHECKING:
    from kiosk.http import Answer

logger = logging.getLogger(__name__)

EVENTS_PATH = "/v1/events"
ANSWER_CAP_BYTES = 256 * 1024
"""Five hundred answers have 50 kB."""

IDLE_S = 60.0
"""How often the outbox is looked into."""

BACKOFF_FIRST_S = 30.0
BACKOFF_LONGEST_S = 1800.0
LOOK_S = 30.0
"""How often devices are looked at. One that is lost at two looks is told of; a cover opened to fill paper is not."""

_DEADLINE_S = 20.0
_SPREAD_S = 10.0
_CLOSE_S = 1.0
_SEQ_LIMIT = 1 << 53
"""JSON numbers are exact below it."""
_WORD = re.compile("[a-z_]{1,40}")
# The batch itself was not liked: one event of it may be to blame, so the next one is smaller.
_BATCH_FAULTS = frozenset({400, 413, 422, 500})


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What a device is fit for now: a health word, and whether it can be used."""

    health: str
    is_fit: bool


Devices = Mapping[str, Callable[[], DeviceState]]
"""How each device is, by its name; asked from the courier's thread, answered at once."""


class Poster(Protocol):
    """What a courier needs of `kiosk.http.HttpSession`."""

    def post(
        self,
        path: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        deadline_s: float,
        max_bytes: int,
        content_types: Collection[str] | None = None,
    ) -> Answer:
        """Hand in a body; raises `HttpFault`."""

    def close(self) -> None:
        """Let go of the connections."""


class Courier:
    """Sends what is in the outbox for as long as it runs; `start` and `close` from one thread.

    A batch that the service refuses as a whole is halved until the one event to blame stands alone; that one is
    passed over until the program starts again, so that it holds up nothing and is not lost.
    """

    def __init__(
        self,
        outbox: Outbox,
        session: Poster,
        *,
        terminal: str,
        devices: Devices | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Compose; `terminal` is the name events are sent under, `chance` a number in [0, 1) for pauses."""
        self._outbox = outbox
        self._session = session
        self._terminal = terminal
        self._devices = devices or {}
        self._seen: dict[str, bool] = {}
        self._chance = chance
        self._faults = 0
        self._limit = BATCH_EVENTS
        self._after = 0
        self._closing = threading.Event()
        self._awake = threading.Event()
        # A daemon: a terminal that ends must not wait for a server that does not answer.
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def watch(self, name: str, ask: Callable[[], DeviceState]) -> None:
        """Look at one more device from now on."""
        self._devices = {**self._devices, name: ask}

    def start(self) -> None:
        """Begin, soon: after a power cut a whole street of terminals starts at once."""
        self._thread.start()

    def close(self) -> None:
        """End within a second; what is under way and not answered for is sent again next time. Twice is fine."""
        self._closing.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_S)
        self._session.close()

    def hurry(self) -> None:
        """Look into the outbox now: a subscriber asked for something. While the service is away, its pause goes on."""
        self._awake.set()

    def look(self) -> None:
        """Look at the devices, and keep an event for each that is as it was at the last look and was not told of."""
        for name, ask in self._devices.items():
            state = ask()
            if self._seen.get(name) is state.is_fit:
                self._outbox.tell_device(name, health=state.health, is_fit=state.is_fit)
            self._seen[name] = state.is_fit

    def deliver(self) -> float:
        """Send one batch, if there is one; says how many seconds to wait before the next."""
        try:
            self._outbox.add_receipts()
            events = self._outbox.batch(self._limit, after=self._after)
            return self._send(events) if events else IDLE_S
        except StoreError as error:
            return self._failed(error.code)

    def _run(self) -> None:
        look_at = time.monotonic()
        send_at = look_at + self._chance() * _SPREAD_S
        while True:
            if self._awake.wait(max(0.0, min(look_at, send_at) - time.monotonic())):
                self._awake.clear()
                send_at = send_at if self._faults else 0.0
            if self._closing.is_set():
                return
            now = time.monotonic()
            try:
                if now >= look_at:
                    look_at = now + LOOK_S
                    self.look()
                if now >= send_at:
                    send_at = now + BACKOFF_LONGEST_S
                    send_at = now + self.deliver()
            except StoreError as error:
                logger.debug("devices are told of later: %s", error.code)
            except Exception:  # the edge of a thread: it must go on tomorrow
                logger.exception("the outbox failed unexpectedly")

    def _send(self, events: Sequence[OutboxEvent]) -> float:
        try:
            answer = self._session.post(
                EVENTS_PATH,
                ndjson(events, terminal=self._terminal),
                headers={"Content-Type": "application/x-ndjson", "Idempotency-Key": batch_key(events)},
                deadline_s=_DEADLINE_S,
                max_bytes=ANSWER_CAP_BYTES,
                content_types=("application/json",),
            )
        except HttpFault as fault:
            if fault.status in _BATCH_FAULTS:
                self._narrow(events)
            return self._failed(fault.code, retry_after_s=fault.retry_after_s or 0.0)
        sent = {event.id for event in events}
        replies, last_seq = _read(answer.body, sent)
        if not self._outbox.settle(replies, last_seq=last_seq):
            return self._failed("answer_unusable")
        if self._faults:
            logger.info("events are taken again")
        self._faults, self._limit = 0, min(2 * self._limit, BATCH_EVENTS)
        for reply in replies:
            if reply.verdict is Verdict.REJECTED:
                logger.warning("the service rejected an event: %s", reply.reason)
        return 0.0

    def _narrow(self, events: Sequence[OutboxEvent]) -> None:
        self._limit = max(1, len(events) // 2)
        if len(events) == 1:
            self._after = events[0].seq

    def _failed(self, code: str, *, retry_after_s: float = 0.0) -> float:
        if not self._faults:
            logger.warning("events are kept for later: %s", code)
        self._faults += 1
        # On top of what the service asked for: it asks the same of everybody.
        return retry_after_s + pause_after_faults(self._faults, self._chance())


def pause_after_faults(faults: int, chance: float) -> float:
    """Seconds to wait after so many faults in a row: full jitter, `chance` is a number in [0, 1)."""
    return chance * min(BACKOFF_FIRST_S * (1 << min(faults - 1, 10)), BACKOFF_LONGEST_S)


def _read(body: bytes, sent: Collection[str]) -> tuple[list[Reply], int]:
    """What an answer says of the events sent, and the highest number known; no replies where it is unusable."""
    try:
        answer = json.loads(body)
        replies = [_reply(fields) for fields in answer["events"] if fields["id"] in sent]
        last_seq = answer["ack_seq"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return [], 0
    is_number = isinstance(last_seq, int) and 0 <= last_seq < _SEQ_LIMIT
    return (replies, last_seq) if is_number else ([], 0)


def _reply(fields: Mapping[str, Any]) -> Reply:
    reason = str(fields.get("reason", ""))
    return Reply(str(fields["id"]), Verdict(fields["verdict"]), reason if _WORD.fullmatch(reason) else "")
