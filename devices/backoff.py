"""When to try again: soon at first, then ever more rarely, never in step with other terminals."""

from __future__ import annotations

import secrets

_JITTER = 0.2
"""The share of a delay that chance decides, so that a hundred terminals do not return in the same second."""


class Backoff:
    """Delays that double from `first_s` to `most_s` seconds."""

    def __init__(self, *, first_s: float = 0.5, most_s: float = 30.0) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s

    def delay_s(self) -> float:
        """How long to wait before the next try; the one after that will be twice as far."""
        delay = self._next_s
        self._next_s = min(delay * 2, self._most_s)
        return delay * (1 - _JITTER * secrets.randbelow(1000) / 1000)

    def reset(self) -> None:
        """The device came back, or was seen: begin anew."""
        self._next_s = self._first_s
