"""What a running terminal does for its own upkeep while nobody is there: counting, and cleaning up at night."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

NIGHT_FROM = 3
"""The hour, in Riyadh, from which on the nightly work is done; sync reads its files from two o'clock on."""

FLUSH_EVERY_S = 60.0

_RIYADH = timezone(timedelta(hours=3))


@dataclass(slots=True)
class Upkeep:
    """Small regular work, begun only while nobody is at the terminal. UI thread only."""

    nightly: Callable[[], None] = lambda: None
    flush: Callable[[], None] = lambda: None
    _night: date | None = field(default=None)
    _flushed_s: float = field(default=0.0)

    def tick(self, now: datetime, now_s: float, *, idle: bool) -> None:
        """A second has passed. The first night counts from the start, so that a terminal that is off at night
        cleans up as well."""
        if now_s - self._flushed_s >= FLUSH_EVERY_S:
            self._flushed_s = now_s
            self.flush()
        here = now.astimezone(_RIYADH)
        night = here.date() if here.hour >= NIGHT_FROM else here.date() - timedelta(days=1)
        if idle and night != self._night:
            self._night = night
            self.nightly()
