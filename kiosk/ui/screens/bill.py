"""The bill: the amount first, then when, why, and of what it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kivy.lang import Builder
from kivy.properties import BooleanProperty, ObjectProperty, StringProperty

from kiosk.ui.files import kv_of
from kiosk.ui.layout import Column, Repeat, Row, Size
from kiosk.ui.screen import Screen
from kiosk.ui.widgets import amount, charts, notice, pages, progress  # noqa: F401
from kiosk.ui.widgets.button import NOTHING
from kiosk.viewmodel import BillView, Fact, Line, TierSlice, Tone

Builder.load_file(kv_of(__file__))


class LineRow(Column):
    """A row of the table of amounts."""

    item = ObjectProperty(Line(label="", figures=""), rebind=True)


class FactRow(Row):
    """A label and its value. One of figures alone is set in `script`, where all figures are equally wide."""

    item = ObjectProperty(Fact(label="", value=""), rebind=True)
    script = StringProperty("")

    def on_item(self, *_: Any) -> None:
        """Choose the script."""
        has_words = any(letter.isalpha() for letter in self.item.value)
        self.script = "" if has_words else "en"


class TierRow(Row):
    """A tier in words, with the colour it has in the bar."""

    item = ObjectProperty(TierSlice(label="", kwh="", rate="", amount="", part=0), rebind=True)
    colour = StringProperty("tier_1")


class NoteRow(Row):
    """A sentence at the end of the bill."""

    item = StringProperty("")
    icon = StringProperty("info")


class Hero(Column):
    """The amount, and when it is due: what the bill is opened for. `screen` holds the view."""

    screen = ObjectProperty(None, allownone=True, rebind=True)


class Ledger(Repeat):
    """Rows whose figures form one column: as wide as the widest, aligned at the right in every language."""

    def natural(self, width: int) -> Size:
        """Give every row's figures the width of the widest, then measure as any box."""
        figures = [row.ids.figures for row in self.children]
        widest = max((text.longest(width) for text in figures), default=0)
        for text in figures:
            text.floor = widest
        return super().natural(width)


DUE: Mapping[str, str] = {Tone.CALM: "good", Tone.GOOD: "good", Tone.WARNING: "accent", Tone.FAULT: "fault"}
"""The colour of the words that say when the bill is due, on the hero colour."""


class BillScreen(Screen):
    """Shows the first view, or the details in its place.

    Where nothing there grows into the room left over (`is_filled` not), the amount's ground does.
    """

    model = BillView
    due_colour = StringProperty("good")
    is_filled = BooleanProperty(False)
    best = ObjectProperty(NOTHING, allownone=True)
    other = ObjectProperty(NOTHING, allownone=True)

    def render(self, view: Any, look: Any) -> None:
        """Choose the large button: to print, or the way to the phone while nothing can be printed."""
        self.view = view
        app = view.app if view.app.enabled else None
        self.best, self.other = (app, view.print) if app and not view.print.enabled else (view.print, app)
        self.due_colour = DUE[view.due_tone]
        for place, row in enumerate(reversed(self.ids.tiers.children)):
            row.colour = charts.tier_colour(place)
        super().render(view, look)
