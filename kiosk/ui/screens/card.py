"""Presenting a card or the code of an earlier bill."""

from __future__ import annotations

from typing import Any

from kivy.clock import Clock
from kivy.lang import Builder
from kivy.properties import NumericProperty

from kiosk.ui.files import kv_of
from kiosk.ui.screen import Screen
from kiosk.ui.theme import Look
from kiosk.ui.widgets import notice, pictures  # noqa: F401
from kiosk.viewmodel import CardView

Builder.load_file(kv_of(__file__))


SWIPE_S = 2.4
"""How long the card in the picture takes to reach the reader, with the rest before it starts again."""

_FRAME_S = 1 / 30


class CardScreen(Screen):
    """Shows how to hold the card; a failed try is told where the hint was.

    On a graphics card the card in the picture moves; on software GL it stands still on its way.
    """

    model = CardView
    swiped = NumericProperty(0.6)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._motion: Any = None

    def render(self, view: Any, look: Look) -> None:
        """Show the view, and have the card move where that costs nothing."""
        super().render(view, look)
        self.is_moving = not look.still
        if self.is_moving and self._motion is None:
            self._motion = Clock.schedule_interval(self._move, _FRAME_S)

    def erase(self) -> None:
        """Stand still and forget."""
        if self._motion is not None:
            self._motion.cancel()
            self._motion = None
        super().erase()

    def _move(self, _: float) -> None:
        self.swiped = min(1.0, Clock.get_boottime() % SWIPE_S / SWIPE_S * 1.5)
