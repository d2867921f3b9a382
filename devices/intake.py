"""What a driver tells the program: every reader's frames pass here, and its health too.

The order is fixed: armed? payment card? readable text? seen just now? whose is it? Only then does an event leave.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping

from devices.card_map import CardMap
from devices.card_reader import (
    Credential,
    Presented,
    ReaderChanged,
    ReaderEvent,
    ReaderHealth,
    Rejected,
    Rejection,
    Removed,
)
from devices.codecs.frames import CardGone, Found, Frame
from devices.guard import Guard, Texts

logger = logging.getLogger(__name__)

SAME_CODE_S = 5.0
"""A code that stays before a scanner is not presented again; arming anew asks anew."""
_AWAY_S = 1.0
"""A code that was not seen for so long was taken away and presented again: whoever did it waits for an answer."""
_SAME_REJECTION_S = 1.0
"""Noise on a line must not fill the screen: the same refusal once a second at most."""
_TRACE_LENGTH = 256
_SHAPES = bytes.maketrans(
    bytes(range(256)),
    bytes(
        ord("#")
        if 0x30 <= byte <= 0x39
        else ord("A")
        if chr(byte).isalpha()
        else byte
        if 0x21 <= byte < 0x7F
        else 0x2E
        for byte in range(256)
    ),
)
"""Digits to `#`, letters to `A`, what does not print to `.`."""


class Intake:
    """The way from one reader's frames to events. Frames are taken on one thread; the rest is for any."""

    def __init__(
        self, device: str, *, card_map: CardMap | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`device` is the reader's name in events and logs; `now` gives monotonic seconds."""
        self.device = device
        self._card_map = card_map or CardMap()
        self._now = now
        self._guard = Guard()
        self._sink: Callable[[ReaderEvent], None] = lambda event: None
        self._lock = threading.Lock()
        self._armed_at: float | None = None
        self._health = ReaderHealth.STARTING
        self._key = secrets.token_bytes(16)
        self._last: tuple[bytes, float] = (b"", 0.0)
        self._seen_at = 0.0
        self._rejected_at: dict[Rejection, float] = {}
        self._counts: Counter[str] = Counter()
        self._trace: deque[str] = deque(maxlen=_TRACE_LENGTH)

    @property
    def health(self) -> ReaderHealth:
        """As last reported."""
        return self._health

    @property
    def card_map(self) -> CardMap:
        """The rules, for drivers that ask a chip for the applications in them."""
        return self._card_map

    @property
    def counts(self) -> Mapping[str, int]:
        """How often something was presented, refused (by reason), dropped unarmed or as a repetition."""
        with self._lock:
            return dict(self._counts)

    @property
    def trace(self) -> tuple[str, ...]:
        """The shapes of what was read lately: digits as `#`, letters as `A`. Payment cards leave none."""
        with self._lock:
            return tuple(self._trace)

    def connect(self, sink: Callable[[ReaderEvent], None]) -> None:
        """Send events here from now on."""
        self._sink = sink

    def arm(self, armed: bool) -> None:
        """Count what comes from now on, or stop counting. Arming anew lets the same code count again."""
        with self._lock:
            if armed and self._armed_at is None:
                self._armed_at = self._now()
                self._last = (b"", 0.0)
                self._rejected_at.clear()
            elif not armed:
                self._armed_at = None

    @property
    def armed(self) -> bool:
        """Whether data counts now."""
        return self._armed_at is not None

    def report(self, health: ReaderHealth, detail: str = "") -> None:
        """The device's health; told and logged only when it changes, and not after `shut`."""
        if health is self._health or self._health is ReaderHealth.DISABLED:
            return
        before, self._health = self._health, health
        if health is ReaderHealth.ONLINE:
            logger.info("%s is %s", self.device, "ready" if before is ReaderHealth.STARTING else "back")
        else:
            logger.warning("%s is %s: %s", self.device, health, detail)
        self._send(ReaderChanged(self.device, health, detail))

    def shut(self) -> None:
        """The reader was closed: it is `disabled`, and nothing is told any more."""
        self._sink = lambda event: None
        self._health = ReaderHealth.DISABLED

    def take(self, found: Iterable[Found]) -> None:
        """Turn frames into events and wipe them, whatever comes of them."""
        for item in found:
            match item:
                case CardGone(at):
                    self._send(Removed(self.device, at))
                case Frame() if not self._counts_now(item):
                    item.wipe()
                    self._count("unarmed")
                case Frame():
                    self._take_frame(item)

    def _counts_now(self, frame: Frame) -> bool:
        with self._lock:
            # A swipe that began before the screen asked was not an answer to it.
            return self._armed_at is not None and frame.first_at >= self._armed_at

    def _take_frame(self, frame: Frame) -> None:
        shapes = [f"{part.source} {part.data.translate(_SHAPES).decode('ascii')}" for part in frame.parts]
        texts = self._guard.admit(frame)
        if texts is not Rejection.PAYMENT_CARD:
            with self._lock:
                self._trace.extend(shapes)
        if isinstance(texts, Rejection):
            self._reject(texts)
            return
        answer = self._identify(frame, texts)
        if isinstance(answer, Rejection):
            self._reject(answer)
        elif self._is_new(texts):
            self._count("presented")
            self._send(Presented(self.device, answer, frame.first_at, self._now()))
        elif self._came_back():
            self._reject(Rejection.REPEATED)
        else:
            self._count(Rejection.REPEATED)

    def _identify(self, frame: Frame, texts: Texts) -> Credential | Rejection:
        found = self._card_map.identify(texts) if texts else Rejection.UNREADABLE
        return frame.fault or found if isinstance(found, Rejection) else found

    def _is_new(self, texts: Texts) -> bool:
        """Whether this is not what was presented within the last seconds; remembers it as a keyed hash only."""
        digest = hmac.digest(self._key, repr(texts).encode(), "sha256")
        now = self._now()
        with self._lock:
            before, at = self._last
            if hmac.compare_digest(before, digest) and now - at < SAME_CODE_S:
                return False
            self._last, self._seen_at = (digest, now), now
            return True

    def _came_back(self) -> bool:
        """Whether what is presented again had been away, and did not just stay before a scanner."""
        now = self._now()
        before, self._seen_at = self._seen_at, now
        return now - before >= _AWAY_S

    def _reject(self, reason: Rejection) -> None:
        now = self._now()
        self._count(reason)
        with self._lock:
            last = self._rejected_at.get(reason)
            if last is not None and now - last < _SAME_REJECTION_S:
                return
            self._rejected_at[reason] = now
        self._send(Rejected(self.device, reason, now))

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1

    def _send(self, event: ReaderEvent) -> None:
        try:
            self._sink(event)
        except Exception:
            # The receiver is another part's code; whatever is wrong with it, the other readers must go on.
            logger.exception("%s: the receiver of its events failed", self.device)
