"""What to do, one thing after another, numbered when there is more than one."""

from __future__ import annotations

from typing import Any

from kivy.lang import Builder
from kivy.properties import ObjectProperty

from kiosk.ui.files import kv_of
from kiosk.ui.layout import Repeat, Row

Builder.load_file(kv_of(__file__))


class Step(Row):
    """One step: its number and its words."""

    item = ObjectProperty(("", ""))


class Steps(Repeat):
    """The steps below each other."""

    steps = ObjectProperty(())

    def on_steps(self, *_: Any) -> None:
        """Number the steps; a single one needs none."""
        single = len(self.steps) == 1
        self.items = tuple(("" if single else str(n), step) for n, step in enumerate(self.steps, start=1))
        self.shown = bool(self.steps)
