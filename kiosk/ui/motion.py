"""What moves by itself: a screen slides in where a graphics card does the work; a screen nobody is at goes dim."""

from __future__ import annotations

from math import cos, pi, sin
from time import monotonic
from typing import Any

from kivy.clock import Clock
from kivy.graphics import Color, InstructionGroup, PopMatrix, PushMatrix, Rectangle, Translate

from kiosk.ui.theme import Look

SLIDE_S = 0.2
"""From one screen to the next: longer is waiting, shorter is not seen."""

DIM_AFTER_S = 180.0
"""Without a touch, where no switch tells whether somebody is near."""

_SHADE = 0.7
"""How much of its light a dim screen gives up."""

_DRIFT_MM = 1.5
"""How far a dim screen wanders from its place: more than a letter's stroke, less than the gap between targets."""

_PLACES = 8


class Shift:
    """Where a screen is drawn, in pixels off its place; touches are felt where it belongs."""

    def __init__(self, canvas: Any) -> None:
        """Move whatever `canvas` draws."""
        self._way = Translate(0, 0)
        canvas.before.insert(0, PushMatrix())
        canvas.before.insert(1, self._way)
        canvas.after.add(PopMatrix())
        self._motion: Any = None
        self._from, self._began = 0.0, 0.0

    @property
    def is_moving(self) -> bool:
        """Whether it is on its way."""
        return self._motion is not None

    @property
    def place(self) -> tuple[int, int]:
        """How far off it is drawn now."""
        return round(self._way.x), round(self._way.y)

    def slide(self, distance: float) -> None:
        """Come in from `distance` pixels to the right (left when negative)."""
        self.stop()
        self._from, self._began = distance, monotonic()
        self._way.x = distance
        self._motion = Clock.schedule_interval(self._step, 0)

    def wander(self, look: Look, turn: int) -> None:
        """Stand at the `turn`th of a few places around its own."""
        angle = 2 * pi * turn / _PLACES
        self._way.x, self._way.y = (round(look.px(_DRIFT_MM) * part) for part in (cos(angle), sin(angle)))

    def stop(self) -> None:
        """Stand in its place."""
        if self._motion is not None:
            self._motion.cancel()
            self._motion = None
        self._way.x = self._way.y = 0

    def _step(self, _: float) -> None:
        part = min(1.0, (monotonic() - self._began) / SLIDE_S)
        # Quick first, then slower: it arrives instead of stopping.
        self._way.x = round(self._from * (1 - part) ** 3)
        if part == 1:
            self.stop()


class Dusk:
    """A shade over a window that nobody is at."""

    def __init__(self, window: Any) -> None:
        self._window = window
        self._group = InstructionGroup()
        self.is_on = False

    def fall(self, look: Look) -> None:
        """Take most of the light."""
        if not self.is_on:
            self.is_on = True
            self._group.add(Color(0, 0, 0, _SHADE))
            self._group.add(Rectangle(pos=(0, 0), size=(look.glass.width, look.glass.height)))
            self._window.canvas.after.add(self._group)
            self._window.canvas.ask_update()

    def lift(self) -> None:
        """Give all light, at once."""
        if self.is_on:
            self.is_on = False
            self._group.clear()
            self._window.canvas.after.remove(self._group)
            self._window.canvas.ask_update()
