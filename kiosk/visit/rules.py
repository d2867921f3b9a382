"""How patient a site is with its visitors, and where it sets limits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Self

from kiosk.visit.display import Display

ISSUE_DAY = 28
"""The day of the Gregorian month on which bills are issued, by royal decree."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The site's patience and limits; times in seconds. Each visit begins in `language` and `display`.

    `warn_after_s` without a touch brings the warning, which waits `answer_s`; states that tell of a fault or wait
    for an SMS wait `fault_after_s`, those that tell of a success `done_after_s`, and after a receipt the visit ends
    without one (`thanks_s`; `taken_s` once it was taken). `look_up_limit_s` and `print_limit_s` end waits whose
    answer got lost. A code is sent again `resend_s` after the last one at the earliest. Where a switch tells of
    presence, a visit ends `gone_after_s` after nobody is near and nothing was touched.

    At most `guesses` typed numbers that nobody has are looked up in `guess_window_s`, over all visits, and `misses`
    of which nothing can be said without the service; `prints` receipts of an account are printed in one visit and
    `prints_a_day` in one day. While many come after the issue of the bills (`queue_days` from that day on) `queues`
    is true: the thanks last `queue_thanks_s`, and the next visitor finds the choice of how to identify instead of
    the first screen.
    """

    language: str = "ar"
    languages: tuple[str, ...] = ("ar", "en")
    display: Display = field(default_factory=Display)
    warn_after_s: float = 60.0
    fault_after_s: float = 120.0
    done_after_s: float = 30.0
    answer_s: float = 20.0
    thanks_s: float = 20.0
    taken_s: float = 6.0
    queue_thanks_s: float = 8.0
    queue_days: int = 3
    queues: bool = False
    look_up_limit_s: float = 10.0
    print_limit_s: float = 120.0
    resend_s: float = 30.0
    gone_after_s: float = 30.0
    guesses: int = 5
    misses: int = 20
    guess_window_s: float = 600.0
    prints: int = 2

    @property
    def thanks_after_s(self) -> float:
        """How long the thanks stay."""
        return self.queue_thanks_s if self.queues else self.thanks_s

    def on(self, day: date) -> Self:
        """The rules of `day`, a day in Riyadh."""
        queues = any((day - timedelta(days=back)).day == ISSUE_DAY for back in range(self.queue_days))
        return self if queues is self.queues else replace(self, queues=queues)

    prints_a_day: int = 6
