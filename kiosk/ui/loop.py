"""Our main loop: one frame after another, asleep in between until something may have changed.

Kivy's own loop sleeps through what other threads post, and would poll the screen at one rate for ever. This one
wakes at once for a posted job, looks for touches often while somebody is there and seldom while nobody is.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

logger = logging.getLogger(__name__)

AWAKE_S = 1 / 60
"""From one look for touches to the next while somebody is there."""

ASLEEP_S = 1 / 20
"""The same while nobody is: half of it is the mean delay of a first touch."""

STAYS_AWAKE_S = 5.0
"""How long after the last touch somebody is taken to be there."""

TICK_S = 1.0

TROUBLE_S = 60.0
"""A second failure within this time ends the program, so that it is started afresh."""


class Loop:
    """Runs the window until `stop`. Everything but `post` and `stop` belongs to the thread that runs it."""

    def __init__(self, window: Any, *, on_tick: Callable[[], None], on_trouble: Callable[[], None]) -> None:
        """`on_tick` is called each second, `on_trouble` after an exception, to show that the terminal is away."""
        self._window = window
        self._on_tick = on_tick
        self._on_trouble = on_trouble
        self._jobs: deque[Callable[[], None]] = deque()
        self._wake = threading.Event()
        self._stopped = False
        self._touched_at = monotonic()
        self._next_tick = monotonic() + TICK_S
        self._trouble_at = float("-inf")
        self.idle: Callable[[], bool] = lambda: False
        """Work for when nothing else is to do, a piece a call; False when there is none left."""
        self.is_moving: Callable[[], bool] = lambda: False
        """Whether something on the screen moves by itself."""

    def post(self, job: Callable[[], None]) -> None:
        """Have `job` called on the loop's thread, soon. From any thread."""
        self._jobs.append(job)
        self._wake.set()

    def stop(self) -> None:
        """Leave after the present frame. From any thread, and from a signal handler."""
        self._stopped = True
        self._wake.set()

    def touched(self) -> None:
        """Somebody is there."""
        self._touched_at = monotonic()

    @property
    def untouched_s(self) -> float:
        """How long nobody has touched anything."""
        return monotonic() - self._touched_at

    def start(self) -> None:
        """Connect the input; call once, before the first `turn`."""
        from kivy.base import runTouchApp

        runTouchApp(embedded=True)

    def run(self) -> None:
        """Turn until stopped.

        Raises:
            Exception: the second one within a minute; the program had better start afresh.
        """
        while not self._stopped:
            try:
                self.turn()
            # Whatever went wrong on the way of one frame, the subscriber must not stand before a dead screen.
            except Exception:
                again = monotonic() - self._trouble_at < TROUBLE_S
                self._trouble_at = monotonic()
                logger.exception("A frame failed")
                if again:
                    raise
                self._on_trouble()
            self._rest()

    def turn(self) -> None:
        """One frame: posted jobs, the tick if it is due, touches, and the drawing if anything changed."""
        from kivy.base import EventLoop

        while self._jobs:
            self._jobs.popleft()()
        if monotonic() >= self._next_tick:
            self._next_tick = max(self._next_tick + TICK_S, monotonic())
            self._on_tick()
        self._window.mainloop()
        EventLoop.idle()
        if EventLoop.quit:
            self._stopped = True

    def close(self) -> None:
        """Let go of input and window."""
        from kivy.base import EventLoop

        EventLoop.close()

    def _rest(self) -> None:
        if self._stopped or self._jobs or self.idle():
            return
        is_awake = self.untouched_s < STAYS_AWAKE_S or self.is_moving()
        self._wake.wait(AWAKE_S if is_awake else ASLEEP_S)
        self._wake.clear()
