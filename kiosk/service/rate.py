"""How often one terminal may ask: account numbers are short enough to be guessed by asking for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

_MOST_TERMINALS = 10_000
"""Terminals remembered; past that the ones that have waited long enough to be full are forgotten."""


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float


class RateLimit:
    """A token bucket for each terminal: `burst` questions at once, then `per_min` a minute."""

    def __init__(self, *, per_min: float, burst: int, clock: Callable[[], float]) -> None:
        """Take the limits and a clock in seconds that never runs back."""
        self._per_s = per_min / 60
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def wait_s(self, terminal: str) -> int:
        """Count a question of a terminal: 0 when it may be answered, else the whole seconds to wait."""
        now = self._clock()
        bucket = self._buckets.get(terminal)
        if bucket is None:
            self._make_room(now)
            bucket = self._buckets[terminal] = _Bucket(self._burst, now)
        bucket.level = min(self._burst, bucket.level + (now - bucket.at) * self._per_s)
        bucket.at = now
        if bucket.level < 1:
            return math.ceil((1 - bucket.level) / self._per_s)
        bucket.level -= 1
        return 0

    def _make_room(self, now: float) -> None:
        if len(self._buckets) < _MOST_TERMINALS:
            return
        fills_in = self._burst / self._per_s
        for terminal in [name for name, bucket in self._buckets.items() if now - bucket.at >= fills_in]:
            del self._buckets[terminal]
