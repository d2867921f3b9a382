"""How far a long command is, on stderr: a bar with a rate for a person, a line now and then for a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from kiosk.commands.outcome import tell

_PERSON_S = 0.2
_LOG_S = 10.0
_BAR = 24


class ProgressLine:
    """Shows one thing after another being done.

    Args:
        unit: what is counted, in English plural.
        share: how much of it all is done, from 0 to 1; None where nobody knows.
    """

    def __init__(self, unit: str, *, share: Callable[[str, int], float | None]) -> None:
        self._unit = unit
        self._share = share
        self._what = ""
        self._started = self._shown = 0.0
        self._person = sys.stderr.isatty()

    def __call__(self, what: str, count: int) -> None:
        """`count` of `what` are done; cheap enough to call often."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._started, self._shown = what, now, now
            return
        if now - self._shown < (_PERSON_S if self._person else _LOG_S):
            return
        self._shown = now
        line = f"{what}: {self._bar(count)}{count:,} {self._unit}, {count / (now - self._started):,.0f} a second"
        if self._person:
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        else:
            tell(line)

    def close(self) -> None:
        """Leave the line to what comes next."""
        if self._person:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def _bar(self, count: int) -> str:
        share = self._share(self._what, count)
        if share is None:
            return ""
        full = round(min(share, 1.0) * _BAR)
        return f"[{'#' * full}{'.' * (_BAR - full)}] {min(share, 1.0):.0%} "
