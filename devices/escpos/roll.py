"""How much paper is left: counted in millimetres between what the near-end sensor says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

# Paper that cannot be printed on: the last turns are glued to the core, and a receipt must not stop short.
_RESERVE = 1.2


@dataclass(frozen=True, slots=True)
class PaperRoll:
    """The roll in the printer; lengths in millimetres.

    `length_mm` is a full roll's, `low_mm` what is left when the near-end sensor trips (0: nobody measured it);
    `used_mm` and `receipts` count since the roll was put in, `since_low_mm` since the sensor tripped (None: it
    has not).
    """

    length_mm: float = 80_000.0
    low_mm: float = 0.0
    used_mm: float = 0.0
    receipts: int = 0
    since_low_mm: float | None = None
    out: bool = False

    def printed(self, length_mm: float) -> PaperRoll:
        """With one more receipt printed, or probably printed."""
        since_low = None if self.since_low_mm is None else self.since_low_mm + length_mm
        return replace(self, used_mm=self.used_mm + length_mm, receipts=self.receipts + 1, since_low_mm=since_low)

    def sensed(self, *, low: bool, out: bool) -> PaperRoll:
        """With what the sensors say now: paper after none, or plenty after little, is a new roll."""
        if out:
            return self if self.out else replace(self, out=True)
        if self.out or (self.since_low_mm is not None and not low):
            return replace(self, used_mm=0.0, receipts=0, out=False, since_low_mm=0.0 if low else None)
        return replace(self, since_low_mm=0.0) if low and self.since_low_mm is None else self

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
        if self.receipts == 0:
            return None
        return int(self.left_mm / (_RESERVE * self.used_mm / self.receipts))

    @property
    def is_spent(self) -> bool:
        """Whether the next receipt would probably stop short: only said when the remainder was measured."""
        return bool(self.low_mm) and self.since_low_mm is not None and self.receipts_left == 0

    def ends_on(self, today: date, *, mm_per_day: float) -> date | None:
        """The day the roll will end at this use; None when nothing is being used."""
        return today + timedelta(days=int(self.left_mm / mm_per_day)) if mm_per_day > 0 else None
