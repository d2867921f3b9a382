"""Plays the demo's script on a terminal: one step after another, each when the screen before it has been drawn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.demo.script import Step
from kiosk.demo.stand import Stand
from kiosk.visit import Visit


@dataclass(slots=True)
class Player:
    """Plays `steps` and keeps a picture of each named screen in `out`; one that cannot be written is a `fault`.

    `visit` is the newest one; a step waits until it is as the step wants it, and stands on the screen.
    """

    stand: Stand
    steps: Iterator[Step]
    out: Path
    pictures: list[str] = field(default_factory=list)
    timings_ms: dict[str, float] = field(default_factory=dict)
    done: bool = False
    fault: OSError | None = None
    _step: Step | None = None
    _visit: Visit | None = None
    _awaiting: bool = False

    @property
    def waiting_for(self) -> str:
        """Where it is: the state it sees and how many pictures are made, for when it gets stuck."""
        state = type(self._visit.state).__name__ if self._visit else "no screen"
        return f"{state} after {len(self.pictures)} pictures"

    def heard(self, visit: Visit) -> None:
        """The terminal shows `visit`; go on when it has been drawn."""
        self._visit = visit
        if not self._awaiting:
            self._awaiting = True
            self.stand.app.on_drawn(self._drawn)

    def _drawn(self) -> None:
        self._awaiting = False
        assert self._visit is not None
        goes_on = True
        while goes_on and not self.done:
            self._step = self._step or next(self.steps, None)
            if self._step is None:
                self.done = True
                self.stand.app.stop()
            elif self._step.ready(self._visit):
                step, self._step = self._step, None
                goes_on = self._take(step)
            else:
                return

    def _take(self, step: Step) -> bool:
        """Do the step; whether the next one may follow at once."""
        if step.timing:
            self.timings_ms[step.timing] = round((time.perf_counter() - self.stand.acted_at) * 1000, 1)
        if step.picture:
            file = f"{len(self.pictures) + 1:02}-{step.picture}.png"
            try:
                self.stand.app.picture(self.out / file)
            except OSError as error:
                self.fault = error
                self.stand.app.stop()
                return False
            self.pictures.append(file)
        return not step.act()
