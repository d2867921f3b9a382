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
