"""Tells a second press from the bounce of the first: worn touch panels let go and touch again by themselves."""

from __future__ import annotations

from math import dist

BOUNCE_S = 0.1
"""A touch so soon after a press, in the same place, is that press again.

Nobody types the same digit twice within a tenth of a second, and a panel's bounce is over by then.
"""


class PressGuard:
    """Remembers the last press that counted. Times are monotonic seconds, places window pixels."""

    def __init__(self, radius: float) -> None:
        """Take touches within `radius` pixels for the same place."""
        self._radius = radius
        self._at = float("-inf")
        self._pos = (0.0, 0.0)

    def accepts(self, *, at: float, pos: tuple[float, float], seen_at: float) -> bool:
        """Whether a press begun at `at` counts; one that does is remembered.

        What had not been drawn yet (`seen_at`) cannot have been meant: one press never reaches two screens.
        """
        if at < seen_at or (at - self._at < BOUNCE_S and dist(pos, self._pos) <= self._radius):
            return False
        self._at, self._pos = at, pos
        return True


STILL_HELD_S = 1.0
"""A key that comes again so soon without having been let go is the same press: X repeats after 0.66 s."""


class KeyGuard:
    """Tells a new press of a key from its repetition and its bounce. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._held: dict[int, float] = {}
        self._down: dict[int, float] = {}

    def accepts(self, key: int, *, at: float) -> bool:
        """Whether this is a press of its own; a key held down says nothing more (EN 301 549, 5.7 and 5.8)."""
        is_held = at - self._held.get(key, float("-inf")) < STILL_HELD_S
        is_bounce = at - self._down.get(key, float("-inf")) < BOUNCE_S
        self._held[key] = at
        if is_held or is_bounce:
            return False
        self._down[key] = at
        return True

    def released(self, key: int) -> None:
        """The key was let go."""
        self._held.pop(key, None)
