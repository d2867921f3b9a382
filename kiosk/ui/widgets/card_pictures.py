"""Pictures of a card or a code before the reader: how it is done, and what was wrong with the last try."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from kiosk.ui.widgets.sketch import Sketch

_REST = 58
"""Where a card waits before the reader, its left edge; it is 40 wide and 25 high."""


def _reader(sketch: Sketch) -> None:
    sketch.block(8, 6, 34, 52, "steel_dark", radius=4)
    sketch.block(12, 11, 26, 17, "hero", radius=2)
    sketch.icon("card", 19.5, 13.5, 11, "hero_ink")
    sketch.block(31, 33, 11, 3, "paper_ink", radius=1)
    sketch.block(31, 33, 11, 1, "accent", radius=0.5)
    for row in range(3):
        for column in range(3):
            sketch.block(13 + column * 5.4, 38 + row * 5.4, 3.4, 3.4, "steel", radius=1.7)


def _card(sketch: Sketch, x: float, y: float = 22) -> None:
    """The subscriber's card, its stripe above."""
    sketch.block(x, y, 40, 25, "hero", radius=2.6)
    sketch.block(x, y + 4, 40, 5, "hero_deep", radius=0)
    sketch.icon("bolt", x + 31, y + 13.4, 6, "accent")
    sketch.block(x + 4, y + 14, 14, 2, "hero_quiet", radius=1)
    sketch.block(x + 4, y + 18.4, 9, 2, "hero_line", radius=1)


def _strange_card(sketch: Sketch, x: float, y: float = 22) -> None:
    """A card that is none of ours: grey, without the bolt."""
    sketch.block(x, y, 40, 25, "steel", radius=2.6)
    sketch.block(x, y + 4, 40, 5, "steel_dark", radius=0)
    sketch.block(x + 4, y + 18.4, 18, 2, "steel_dark", radius=1)


def _badge(sketch: Sketch, icon: str, tone: str, *, x: float = 80, y: float = 8) -> None:
    """A round sign on the card's corner; `tone` is `good`, `warning` or `fault`."""
    sketch.block(x, y, 18, 18, tone, radius=9)
    sketch.icon(icon, x + 4, y + 4, 10, f"{tone}_ink")


def _swipe(sketch: Sketch) -> None:
    """A card on its way into the reader."""
    _reader(sketch)
    _card(sketch, 46 + 12 * (1 - sketch.part))
    sketch.icon("back", 60, 52, 11, "green")


def _payment_card(sketch: Sketch) -> None:
    _reader(sketch)
    _strange_card(sketch, _REST)
    sketch.block(_REST + 4, 32.5, 7, 5.6, "accent", radius=1.2)
    for place in range(4):
        sketch.block(_REST + 14 + place * 6, 34.6, 4.4, 1.8, "paper", radius=0.6)
    _badge(sketch, "clear", "fault")


def _unreadable(sketch: Sketch) -> None:
    """The stripe is worn."""
    _reader(sketch)
    _card(sketch, _REST)
    for x, y, width in ((4, 26, 5), (13, 27.6, 8), (20, 26, 3.4), (29, 27, 6)):
        sketch.block(_REST + x, y, width, 3.4, "hero_quiet", radius=0.8)
    _badge(sketch, "retry", "warning")


def _partial(sketch: Sketch) -> None:
    """Pulled away while it was being read."""
    _card(sketch, 30)
    _reader(sketch)
    sketch.icon("forward", 74, 27.5, 14, "warning_ink")
    for row in range(3):
        sketch.block(72.6, 23.6 + row * 8, 3 + 2 * (row % 2), 1.6, "steel", radius=0.8)
    _badge(sketch, "retry", "warning", x=62, y=8)


def _wrong_way(sketch: Sketch) -> None:
    """The stripe is below."""
    _reader(sketch)
    sketch.block(_REST, 22, 40, 25, "hero", radius=2.6)
    sketch.block(_REST, 38, 40, 5, "hero_deep", radius=0)
    sketch.icon("bolt", _REST + 3, 27, 6, "accent")
    sketch.block(_REST + 22, 30.6, 14, 2, "hero_quiet", radius=1)
    sketch.block(_REST + 27, 26.6, 9, 2, "hero_line", radius=1)
    sketch.icon("retry", _REST + 12.5, 49, 14, "warning_ink")
    _badge(sketch, "warning", "warning")


def _unknown_card(sketch: Sketch) -> None:
    _reader(sketch)
    _strange_card(sketch, _REST)
    _badge(sketch, "search", "warning")


def _collision(sketch: Sketch) -> None:
    """Two cards at once."""
    _reader(sketch)
    _strange_card(sketch, 55, 13)
    _card(sketch, 51, 28)
    _badge(sketch, "warning", "warning", x=81, y=3)


def _repeated(sketch: Sketch) -> None:
    """Read already, a moment ago."""
    _reader(sketch)
    _card(sketch, _REST)
    _badge(sketch, "check", "good")


def _away(sketch: Sketch) -> None:
    """The reader does not work."""
    _reader(sketch)
    _badge(sketch, "tools", "fault", x=34, y=40)
    sketch.icon("keypad", 62, 20, 24, "steel_dark")


def _code(sketch: Sketch, *, badge: str) -> None:
    """A code on paper that says nothing here."""
    _reader(sketch)
    sketch.block(58, 12, 34, 44, "paper", radius=2.6)
    sketch.block(62, 16, 16, 2, "steel_dark", radius=1)
    sketch.block(62, 20, 11, 1.6, "steel", radius=1)
    sketch.icon("qr", 65, 28, 20, "paper_ink")
    _badge(sketch, badge, "warning", x=82, y=4)


CARDS: Mapping[str, Callable[[Sketch], None]] = {
    "swipe": _swipe,
    "card_away": _away,
    "card_collision": _collision,
    "card_partial": _partial,
    "card_payment_card": _payment_card,
    "card_repeated": _repeated,
    "card_tax_qr": partial(_code, badge="clear"),
    "card_unknown_card": _unknown_card,
    "card_unknown_code": partial(_code, badge="search"),
    "card_unreadable": _unreadable,
    "card_wrong_way": _wrong_way,
}
"""Drawing of each picture, 64 high on the grid; one for each sentence of the card screen."""
