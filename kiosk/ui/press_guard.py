"""Tells a second press from the bounce of the first: worn touch panels let go and touch again by themselves."""

from __future__ import annotations

from math import dist

BOUNCE_S = 0.25
"""A touch so soon after a press, in the same place, is that press again."""

SAME_KEY_S = 0.1
"""Nobody types the same digit twice faster than this; a bounce is mostly quicker still."""


class PressGuard:
    """Remembers the last press that counted. Times are monotonic seconds, places window pixels."""

    def __init__(self, radius: float) -> None:
        """Take touches within `radius` pixels for the same place."""
        self._radius = radius
        self._name = ""
        self._at = float("-inf")
        self._pos = (0.0, 0.0)

    def accepts(self, name: str, *, at: float, pos: tuple[float, float]) -> bool:
        """Whether a press on the button `name`, begun at `at`, counts; one that does is remembered.

        A finger that has moved on to another button is never a bounce. On a key that stays where it is a
        second press may follow soon; where the first press changed the screen it may not.
        """
        is_near = dist(pos, self._pos) <= self._radius
        wait = SAME_KEY_S if name == self._name else BOUNCE_S
        if is_near and at - self._at < wait:
            return False
        self._name, self._at, self._pos = name, at, pos
        return True
