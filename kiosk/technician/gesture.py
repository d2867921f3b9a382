"""The hidden way into maintenance: the four corners of the screen, clockwise from the top left."""

from __future__ import annotations

from dataclasses import dataclass, field

CORNER_MM = 25.0
"""Each corner's square: two fingers wide, so that it is hit at the first try with gloves too."""

NEXT_WITHIN_S = 2.0
"""From one corner to the next; somebody wiping the screen takes longer, or touches more than corners."""


@dataclass(slots=True)
class CornerGesture:
    """Watches touches for the gesture. Positions are in millimetres from the panel's top left corner.

    Nothing is shown before it is complete. What it presses on its way is of no account: a visit that somebody
    else has begun is not ended without asking (`Terminal.must_ask`).
    """

    width_mm: float
    height_mm: float
    _done: int = field(default=0, init=False)
    _last_s: float = field(default=0.0, init=False)

    def touched(self, t: float, x_mm: float, y_mm: float) -> bool:
        """A finger came down at `t` (monotonic seconds); True when that completed the gesture."""
        corner = self._corner(x_mm, y_mm)
        if self._done and (corner != self._done or t - self._last_s > NEXT_WITHIN_S):
            self._done = 0
        if corner != self._done:
            return False
        self._done, self._last_s = corner + 1, t
        if self._done < 4:
            return False
        self._done = 0
        return True

    def _corner(self, x_mm: float, y_mm: float) -> int | None:
        """0 to 3 clockwise from the top left; None elsewhere."""
        right, low = x_mm >= self.width_mm - CORNER_MM, y_mm >= self.height_mm - CORNER_MM
        if not (right or x_mm <= CORNER_MM) or not (low or y_mm <= CORNER_MM):
            return None
        return (3 if low else 0) if not right else (2 if low else 1)
