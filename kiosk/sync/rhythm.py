"""Sync again and again, so that five thousand terminals do not ask at the same moment."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.packs.manifest import Manifest

POLL_S = 300.0
"""How often a terminal asks whether there is news: 5000 of them are 17 requests a second, nearly all 304."""

WINDOW = timedelta(hours=2)
"""Over which the terminals begin to fetch a new snapshot: 5000 are 0.7 a second."""

_FIRST_PAUSE_S = 30.0
_LONGEST_PAUSE_S = 1800.0


@dataclass(slots=True)
class Rhythm:
    """When to run again.

    Args:
        terminal: what tells terminals apart; decides which moment of a window is this one's.
        chance: a number in [0, 1).
    """

    terminal: str
    chance: Callable[[], float] = random.random
    failed: int = 0

    def after_success(self) -> float:
        """Seconds until the next run."""
        self.failed = 0
        return POLL_S * (0.5 + self.chance())

    def after_failure(self, retry_after_s: float | None) -> float:
        """Seconds until the next run: what the server asked for, and a jitter that grows with every failure."""
        longest: float = min(_FIRST_PAUSE_S * 2**self.failed, _LONGEST_PAUSE_S)
        self.failed = min(self.failed + 1, 16)
        return (retry_after_s or 0.0) + self.chance() * longest

    def postpones(self, held: Manifest, now: datetime) -> bool:
        """Whether this terminal's moment for a new snapshot is still to come."""
        digest = hashlib.sha256(f"{self.terminal}/{held.scope}/{held.base}".encode()).digest()
        return now < held.as_of + WINDOW * (int.from_bytes(digest[:4]) / 2**32)
