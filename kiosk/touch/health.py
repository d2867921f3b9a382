"""What normal use tells of a touch panel: touches that nobody made, and places that no finger reaches any more.

Only counts are kept, of buttons and of screens, over all visits; nothing of it says who pressed what.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import dist

logger = logging.getLogger(__name__)

STUCK_S = 20.0
"""A finger does not rest so long on one place: water, a sticker, or a damaged panel."""

STORM_TOUCHES, STORM_S = 40, 5.0
"""So many touches in so short a time come from no hand: eight in a second, for five seconds."""

SPOT_MM = 1.5
"""Touches so close together are one spot; a person's finger scatters more."""

GHOST_VISITS = 5
"""So many visits in a row that consist of nothing but touches of one spot were no visits."""

SURE = 1e-6
"""A button is called dead when its silence is less likely than this, were it alive."""

_DIGIT = "digit_"

Place = tuple[float, float]
"""Millimetres from the panel's lower left corner."""


class Fault(StrEnum):
    """What can be wrong with a panel."""

    STUCK = "stuck"
    STORM = "storm"
    GHOST = "ghost"
    DEAD = "dead_zone"


@dataclass(frozen=True, slots=True)
class TouchFault:
    """A fault and where; `button` is the one that nobody reaches."""

    fault: Fault
    at: Place
    button: str = ""


@dataclass(slots=True)
class _Use:
    """How often a button was there to be pressed by a finger, and was; `silent` is how long it was not, since."""

    offered: int = 0
    pressed: int = 0
    silent: int = 0
    at: Place = (0.0, 0.0)


@dataclass(slots=True)
class TouchHealth:
    """Follows every touch. Times are monotonic seconds; everything happens on one thread."""

    _down: tuple[float, Place] | None = None
    _recent: deque[float] = field(default_factory=deque)
    _storm_at: float = float("-inf")
    _visit: list[Place] = field(default_factory=list)
    _spot: Place = (0.0, 0.0)
    _ghosts: int = 0
    _uses: dict[str, _Use] = field(default_factory=dict)
    _offered: Mapping[str, Place] = field(default_factory=dict)
    _pressed: set[str] = field(default_factory=set)
    _known: frozenset[TouchFault] = frozenset()

    def down(self, place: Place, *, at: float) -> None:
        """A finger came down, or what the panel takes for one."""
        self._down = (at, place)
        self._visit.append(place)
        self._recent.append(at)
        while self._recent[0] < at - STORM_S:
            self._recent.popleft()
        if len(self._recent) >= STORM_TOUCHES:
            self._storm_at = at

    def up(self) -> None:
        """It left."""
        self._down = None

    def pressed(self, button: str) -> None:
        """A finger pressed this button."""
        self._pressed.add(button)

    def shown(self, buttons: Mapping[str, Place]) -> None:
        """Another screen is shown, with these buttons to be pressed. What was done on the one before counts now,
        if a finger was used there at all."""
        if self._pressed:
            for name, place in self._offered.items():
                use = self._uses.setdefault(name, _Use())
                is_pressed = name in self._pressed
                use.offered, use.pressed = use.offered + 1, use.pressed + is_pressed
                use.silent, use.at = 0 if is_pressed else use.silent + 1, place
        self._offered, self._pressed = dict(buttons), set()

    def visit_ended(self) -> None:
        """Nobody is there any more."""
        touches, self._visit = self._visit, []
        if not touches:
            return
        is_one_spot = all(dist(touch, touches[0]) <= SPOT_MM for touch in touches)
        is_same = is_one_spot and dist(touches[0], self._spot) <= SPOT_MM
        self._ghosts = self._ghosts + 1 if is_same else int(is_one_spot)
        self._spot = touches[0]

    def faults(self, *, at: float) -> tuple[TouchFault, ...]:
        """What is wrong as far as can be told now; each is logged when it comes and when it goes."""
        found = set()
        if self._down and at - self._down[0] >= STUCK_S:
            found.add(TouchFault(Fault.STUCK, _rounded(self._down[1])))
        if at - self._storm_at < STORM_S:
            found.add(TouchFault(Fault.STORM, _rounded(self._visit[-1] if self._visit else self._spot)))
        if self._ghosts >= GHOST_VISITS:
            found.add(TouchFault(Fault.GHOST, _rounded(self._spot)))
        found |= {TouchFault(Fault.DEAD, _rounded(self._uses[name].at), name) for name in self._dead()}
        for fault in found - self._known:
            logger.warning("touch_%s: at %.0f mm, %.0f mm %s", fault.fault, *fault.at, fault.button)
        for fault in self._known - found:
            logger.info("touch_%s is over: %s", fault.fault, fault.button)
        self._known = frozenset(found)
        return tuple(sorted(found, key=lambda fault: (fault.fault, fault.at)))

    def _dead(self) -> list[str]:
        """The buttons that people stopped pressing, though their share of presses says that they would."""
        digits = [use for name, use in self._uses.items() if name.startswith(_DIGIT)]
        # Numbers have every digit about as often; one may be rarer, by half.
        digit_rate = 0.5 * sum(u.pressed for u in digits) / max(1, sum(u.offered for u in digits))
        dead = []
        for name, use in self._uses.items():
            # What it was pressed while it was: the silence itself must not count against it.
            alive = use.offered - use.silent
            rate = digit_rate if name.startswith(_DIGIT) else 0.5 * use.pressed / alive if alive else 0.0
            if (1 - rate) ** use.silent < SURE:
                dead.append(name)
        return dead


def _rounded(place: Place) -> Place:
    return round(place[0]), round(place[1])
