"""How many wrong tries there were to get in, counted on disk before each is checked: no power cut gives one back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.durable import SlotsDamaged, TwoSlots

FILE = "technician-tries"

WAITS_FROM = 5
"""So many wrong tries in a row are followed by the first wait."""

FIRST_WAIT_S = 15.0
"""The first wait; each further wrong try doubles it (VxSuite's access control does the same)."""

MOST = 15
"""So many wrong tries lock the terminal's maintenance until operations open it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the count of wrong tries means now; `wait_s` is 0 when a try may be made at once."""

    wrong: int
    wait_s: float
    is_locked: bool

    @property
    def may_try(self) -> bool:
        """Whether a try would be checked now."""
        return not self.is_locked and self.wait_s <= 0

    @property
    def left(self) -> int:
        """How many tries are left before the lock."""
        return max(0, MOST - self.wrong)


class TryRefused(Exception):
    """A try may not be made now; nothing was checked. `standing` says why."""

    def __init__(self, standing: Standing) -> None:
        super().__init__("locked" if standing.is_locked else "wait")
        self.standing = standing


@dataclass(frozen=True, slots=True)
class _Record:
    wrong: int = 0
    used: dict[str, int] = field(default_factory=dict)
    """The time step of the last one-time code of each technician: none counts twice."""


class Attempts:
    """The count of one terminal, for any thread and beside other processes.

    A wait begins anew in full whenever this program starts: clocks are not believed over a restart. A record that
    cannot be read counts as locked.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the state folder; `clock` gives seconds that never run back."""
        self._slots = TwoSlots(folder / FILE)
        self._clock = clock
        self._seen = 0
        self._until = 0.0

    def standing(self) -> Standing:
        """How it stands now."""
        try:
            wrong = _parse(self._slots.read()).wrong
        except (SlotsDamaged, OSError):
            wrong = MOST
        return self._standing(wrong)

    def spend(self) -> int:
        """Count one try, on disk when this returns; says how many wrong ones that would make.

        Raises:
            TryRefused: none may be made now; nothing was counted.
            OSError: it cannot be counted; check nothing.
        """
        spent = 0

        def count(held: bytes | None) -> bytes:
            nonlocal spent
            record = _parse(held)
            standing = self._standing(record.wrong)
            if not standing.may_try:
                raise TryRefused(standing)
            spent = record.wrong + 1
            return _text(_Record(spent, record.used))

        try:
            self._slots.change(count)
        except SlotsDamaged:
            raise TryRefused(Standing(MOST, 0.0, is_locked=True)) from None
        self._standing(spent)
        return spent

    def succeed(self, *, number: str = "", step: int | None = None) -> bool:
        """Forget the wrong tries, because one was right; False when the one-time code of `step` was used before.

        Raises:
            OSError: it is not on disk; let nobody in.
        """
        accepted = True

        def forget(held: bytes | None) -> bytes:
            nonlocal accepted
            record = _parse(held)
            if step is None:
                return _text(_Record(0, record.used))
            accepted = step > record.used.get(number, -1)
            return _text(_Record(0, {**record.used, number: step})) if accepted else _text(record)

        try:
            self._slots.change(forget)
        except SlotsDamaged:
            return False
        return accepted

    def reset(self) -> None:
        """Begin anew, because operations said so.

        Raises:
            OSError: it is not on disk.
        """
        try:
            used = _parse(self._slots.read()).used
        except SlotsDamaged:
            used = {}
        self._slots.put(_text(_Record(0, used)))

    def _standing(self, wrong: int) -> Standing:
        if wrong != self._seen:
            self._seen, self._until = wrong, self._clock() + _wait_s(wrong)
        wait_s = max(0.0, self._until - self._clock()) if wrong >= WAITS_FROM else 0.0
        return Standing(wrong, wait_s, wrong >= MOST)


def _wait_s(wrong: int) -> float:
    return FIRST_WAIT_S * 2.0 ** (min(wrong, MOST) - WAITS_FROM) if wrong >= WAITS_FROM else 0.0


def _parse(held: bytes | None) -> _Record:
    if held is None:
        return _Record()
    try:
        fields = json.loads(held)
        return _Record(int(fields["wrong"]), {str(key): int(step) for key, step in fields["used"].items()})
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SlotsDamaged from None


def _text(record: _Record) -> bytes:
    return json.dumps({"wrong": record.wrong, "used": record.used}, separators=(",", ":")).encode()
