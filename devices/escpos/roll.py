"""How much paper is left: counted in millimetres between what the near-end sensor says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

# Paper that cannot be printed on: the last turns are glued to the core, and a receipt must not stop short.
_RESERVE = 1.2
# No forecast reaches further: a roll that lasts a whole season is no news.
_FORESEEN_DAYS = 120


@dataclass(frozen=True, slots=True)
class PaperRoll:
    """The roll in the printer; lengths in millimetres.

    `length_mm` is a full roll's, `low_mm` what is left when the near-end sensor trips (0: nobody measured it);
    `used_mm` and `receipts` count since the roll was put in, `since_low_mm` since the sensor tripped (None: it
    has not); `usual_mm` is how long receipts were on the roll before (0: not known).
    """

    length_mm: float = 80_000.0
    low_mm: float = 0.0
    used_mm: float = 0.0
    receipts: int = 0
    since_low_mm: float | None = None
    out: bool = False
    usual_mm: float = 0.0

    def printed(self, length_mm: float) -> PaperRoll:
        """With one more receipt printed, or probably printed."""
        since_low = None if self.since_low_mm is None else self.since_low_mm + length_mm
        return replace(self, used_mm=self.used_mm + length_mm, receipts=self.receipts + 1, since_low_mm=since_low)

    def sensed(self, *, low: bool, out: bool) -> PaperRoll:
        """With what the sensors say now: paper after none, or plenty after little, is a new roll."""
        if out:
            return self if self.out else replace(self, out=True)
        if self.out or (self.since_low_mm is not None and not low):
            return replace(self.renewed(self.length_mm), since_low_mm=0.0 if low else None)
        return replace(self, since_low_mm=0.0) if low and self.since_low_mm is None else self

    def renewed(self, length_mm: float) -> PaperRoll:
        """With a new roll of this length, which somebody has put in."""
        return PaperRoll(length_mm=length_mm, low_mm=self.low_mm, usual_mm=self.receipt_mm)

    @property
    def receipt_mm(self) -> float:
        """How long a receipt usually is; 0 before the first one."""
        return self.used_mm / self.receipts if self.receipts else self.usual_mm

    @property
    def left_mm(self) -> float:
        """What should be left: by the sensor and its measured remainder where known, else by the roll's length."""
        if self.out:
            return 0.0
        if self.since_low_mm is not None and self.low_mm:
            return max(self.low_mm - self.since_low_mm, 0.0)
        return max(self.length_mm - self.used_mm, 0.0)

    @property
    def receipts_left(self) -> int | None:
        """Receipts of the usual length that still fit; None before the first one told what is usual."""
        return int(self.left_mm / (_RESERVE * self.receipt_mm)) if self.receipt_mm else None

    @property
    def is_spent(self) -> bool:
        """Whether the next receipt would probably stop short: only said when the remainder was measured."""
        return bool(self.low_mm) and self.since_low_mm is not None and self.receipts_left == 0

    def ends_on(self, today: date, *, expected_mm: Callable[[date], float]) -> date | None:
        """The day the roll will end when each day uses what is `expected_mm` of it; None: not within four months."""
        left_mm = self.left_mm
        for days in range(_FORESEEN_DAYS):
            day = today + timedelta(days=days)
            left_mm -= expected_mm(day)
            if left_mm <= 0:
                return day
        return None
