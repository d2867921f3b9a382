"""The bill in shapes: thirteen months of bars, and the consumption divided into its tiers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kivy.properties import ObjectProperty

from kiosk.ui import text
from kiosk.ui.layout import Node, Size
from kiosk.ui.pieces import Pieces
from kiosk.viewmodel import Bar, TierSlice

_BAR_PART = 0.66
"""A bar's share of its month's width."""


class BarChart(Node):
    """Bars in time, oldest first in reading direction, with this month and last year's in their own colours.

    The figures stand over those two, what they are below them; as many other months are named as have room.
    """

    chart = ObjectProperty(None, allownone=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pieces = Pieces(self.canvas)
        self._key: tuple[Any, ...] = ()
        self.bind(chart=self._change)

    def natural(self, width: int) -> Size:
        """As wide as there is room; two lines of text and the bars between."""
        return width, 2 * self._style("label").leading + self.look.size("chart")

    def paint(self) -> None:
        """Draw bars, the two figures and the names of months."""
        key = (self.chart, self.look, tuple(self.pos), tuple(self.size))
        if key == self._key or self.chart is None:
            return
        self._key = key
        self._pieces.clear()
        line, gap = self._style("label").leading, self.look.space("xs")
        room = self.height - 2 * line - gap
        for place, bar in enumerate(self.chart.bars):
            size = (self._step * _BAR_PART, max(self.look.stroke("line"), room * bar.part))
            left, bottom = self._middle(place) - size[0] / 2, self.y + line + gap
            colour = "bar_current" if bar.is_current else "bar_year_ago" if bar.is_year_ago else "bar"
            self._pieces.block(self.look, colour, at=(left, bottom), size=size, radius=self.look.radius("xs"))
            if bar.is_current or bar.is_year_ago:
                self._write(bar.figures, place, bottom + size[1], role=self._role(bar))
        for place, name in self._named():
            self._write(name, place, self.y, role=self._role(self.chart.bars[place]))

    @property
    def _step(self) -> float:
        return float(self.width) / len(self.chart.bars)

    def _style(self, role: str) -> text.Style:
        return text.Style(self.look, self.look.language, role)

    def _role(self, bar: Bar) -> str:
        return "strong" if bar.is_current else "value" if bar.is_year_ago else "label"

    def _middle(self, place: int) -> float:
        from_start = (place + 0.5) * self._step
        return float(self.right - from_start if self.look.rtl else self.x + from_start)

    def _write(self, words: str, place: int, bottom: float, *, role: str) -> None:
        left, _ = self._span(words, place, role)
        self._pieces.write(words, self._style(role), "quiet" if role == "label" else "text", at=(left, bottom))

    def _span(self, words: str, place: int, role: str) -> tuple[float, float]:
        """Where a text under or over a bar begins and ends, kept inside the chart."""
        wide = text.width(words, self._style(role))
        left = min(max(self._middle(place) - wide / 2, self.x), self.right - wide)
        return left, left + wide

    def _name(self, bar: Bar) -> str:
        if bar.is_current:
            return str(self.chart.legend_current)
        return str(self.chart.legend_year_ago) if bar.is_year_ago else bar.label

    def _named(self) -> Iterable[tuple[int, str]]:
        """The bars whose names have room, with the names; this month and last year's come first."""
        bars = self.chart.bars
        order = sorted(
            range(len(bars)), key=lambda place: (not bars[place].is_current, not bars[place].is_year_ago)
        )
        taken: list[tuple[float, float]] = []
        gap = self.look.space("m")
        for place in order:
            name = self._name(bars[place])
            left, right = self._span(name, place, self._role(bars[place]))
            if name and all(right + gap <= start or left >= end + gap for start, end in taken):
                taken.append((left, right))
                yield place, name

    def _change(self, *_: Any) -> None:
        self.shown = self.chart is not None
        if self.chart is None:
            self._key = ()
            self._pieces.clear()


TIER_COLOURS: Sequence[str] = ("tier_1", "tier_2", "tier_3", "tier_4")
"""The colours of the tiers, first tier first; a fifth begins anew."""


def tier_colour(place: int) -> str:
    """The colour token of the tier at `place`, from 0."""
    return TIER_COLOURS[place % len(TIER_COLOURS)]


class TierBar(Node):
    """The whole consumption as one bar, divided where the rate changes."""

    tiers = ObjectProperty(())

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pieces = Pieces(self.canvas)
        self.bind(tiers=self._change)

    def natural(self, width: int) -> Size:
        """As wide as there is room."""
        return width, self.look.size("tier")

    def paint(self) -> None:
        """Draw the slices, the first where reading begins."""
        self._pieces.clear()
        gap = self.look.space("hair") * 2
        tiers: Sequence[TierSlice] = self.tiers
        room, at = self.width - gap * (len(tiers) - 1), 0.0
        for place, tier in enumerate(tiers):
            wide = max(gap, room * tier.part)
            left = self.right - at - wide if self.look.rtl else self.x + at
            self._pieces.block(
                self.look,
                tier_colour(place),
                at=(left, self.y),
                size=(wide, self.height),
                radius=self.look.radius("xs"),
            )
            at += wide + gap

    def _change(self, *_: Any) -> None:
        self.shown = bool(self.tiers)
        self._pieces.clear()
