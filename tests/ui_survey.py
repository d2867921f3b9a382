"""What the accessibility walk measures on a screen that is laid out, and the table it makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from math import inf
from typing import Any

from kiosk import typography
from kiosk.ui.palette import PALETTES
from kiosk.ui.theme import GAP_MM, TARGET_MM, TEXT_MM, Look

LEAST_CONTRAST = {"default": 10.0, "high": 19.0, "low": 4.5, "dark": 10.0}
"""Of text on what it stands on; "low" is for eyes that strong contrast hurts (WCAG 2.2, 1.4.3)."""

SOFT_INKS = frozenset({"faint", "off_ink"})
"""What is not information: the placeholder of an empty field, a button that cannot be pressed."""

CROWDED = ("more", "accounts", "code")
"""Lists and the pad with a way to another code: in the two larger sizes they hold more than fits within reach from a
seat, and come as low as they can."""

PIXEL = 1
"""Places are whole pixels, millimetres are not."""

_DIRECTIONS = dict.fromkeys(map(ord, "\u061c\u200e\u200f\u2066\u2067\u2068\u2069"))

Box = tuple[int, int, int, int]


@dataclass
class Least:
    """The least of each measure, in mm."""

    capital: float = inf
    target: float = inf
    gap: float = inf


@dataclass
class Survey:
    """What was found on every screen so far: the least measures by text size, contrasts by theme, and faults."""

    by_size: dict[int, Least] = field(default_factory=lambda: {size: Least() for size in (1, 2, 3, 4)})
    contrasts: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PALETTES, inf))
    faults: list[str] = field(default_factory=list)

    def measure(self, screen: Any, look: Look, where: str) -> None:
        """Measure `screen` as it is laid out in `look`; what is wrong is told with `where` it is."""
        least = self.by_size[look.text_size]
        texts, buttons = list(_texts(screen)), list(screen.buttons())
        faults = [*_text_faults(texts, look), *_button_faults(buttons, look)]
        if look.text_size <= 2 or not where.startswith(CROWDED):
            faults += _out_of_reach(buttons, look)
        for text in texts:
            if not _shows_another_look(text, look) and text.role != "code":
                least.capital = min(least.capital, look.cap_mm(text.role))
                faults += self._contrast(text, screen)
        scale = look.glass.px_per_mm
        for button in buttons:
            least.target = min(least.target, *(side / scale for side in button.size))
        for one, other in combinations(buttons, 2):
            least.gap = min(least.gap, gap(box(one), box(other)) / scale)
        self.faults += [f"{where}: {fault}" for fault in faults]

    def _contrast(self, text: Any, screen: Any) -> Iterator[str]:
        if text.ink in SOFT_INKS:
            return
        ground = ground_of(text, screen)
        for theme, palette in PALETTES.items():
            ratio = contrast(getattr(palette, text.ink), getattr(palette, ground))
            self.contrasts[theme] = min(self.contrasts[theme], ratio)
            if ratio < LEAST_CONTRAST[theme]:
                yield f"{text.ink} on {ground} has {ratio:.1f} in {theme}: {text.text!r}"

    def table(self) -> str:
        """The least of everything as it stands in the README."""
        rows = [
            "| text size | least capital | least target | least gap |",
            "|---|---|---|---|",
        ]
        rows += [
            f"| {size} | {least.capital:.1f} mm (asked {TEXT_MM[size - 1]}) | {least.target:.1f} mm (asked "
            f"{TARGET_MM}) | {least.gap:.2f} mm (asked {GAP_MM}) |"
            for size, least in self.by_size.items()
        ]
        rows += ["", "| contrast | least of any text | asked |", "|---|---|---|"]
        rows += [
            f"| {theme} | {ratio:.1f} : 1 | {LEAST_CONTRAST[theme]:g} : 1 |"
            for theme, ratio in self.contrasts.items()
        ]
        return "\n".join(rows) + "\n"


def box(node: Any) -> Box:
    """Left, bottom, right and top of a node in whole pixels."""
    return int(node.x), int(node.y), int(node.right), int(node.top)


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share a pixel."""
    return min(one[2], other[2]) > max(one[0], other[0]) and min(one[3], other[3]) > max(one[1], other[1])


def gap(one: Box, other: Box) -> int:
    """The pixels between two boxes, along the axis on which they are further apart."""
    return max(max(one[0], other[0]) - min(one[2], other[2]), max(one[1], other[1]) - min(one[3], other[3]))


def cut_away(node: Any) -> bool:
    """Whether a page turner hides it."""
    parent = node.parent
    while hasattr(parent, "nodes"):
        if hasattr(parent, "clip"):
            opening = parent._opening
            return bool(node.y < opening.y - 1 or node.top > opening.y + opening.height + 1)
        parent = parent.parent
    return False


def brightness(hexadecimal: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = [part / 255 for part in bytes.fromhex(hexadecimal)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours given as hex text."""
    high, low = sorted((brightness(one), brightness(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def ground_of(node: Any, screen: Any) -> str:
    """The colour token of what a node stands on."""
    parent = node.parent
    while parent is not None and parent is not screen:
        if getattr(parent, "fill", ""):
            return str(parent.fill)
        parent = parent.parent
    return str(screen.ground)


def _texts(screen: Any) -> Iterator[Any]:
    from kiosk.ui.widgets.words import Text

    for node in screen.nodes():
        if isinstance(node, Text) and node.text and not cut_away(node):
            yield node


def _shows_another_look(text: Any, look: Look) -> bool:
    """Whether it is a choice of another size or contrast, shown as it would be."""
    return bool((text.look.text_size, text.look.theme) != (look.text_size, look.theme))


def _text_faults(texts: list[Any], look: Look) -> Iterator[str]:
    """Whatever is cut, off the screen, over something else, too small or without a glyph."""
    if not texts:
        yield "no text at all"
    glass = look.glass
    for text in texts:
        left, bottom, right, top = box(text)
        if left < 0 or bottom < 0 or right > glass.width or top > glass.height:
            yield f"off the screen: {text.text!r}"
        if text.longest(int(text.width)) > text.width + PIXEL:
            yield f"too wide: {text.text!r}"
        if len(text.rows) * text.style.leading > text.height + PIXEL:
            yield f"too high: {text.text!r}"
        if "…" in "".join(text.rows):
            yield f"cut short: {text.text!r}"
        if _bare(" ".join(text.rows)) != _bare(text.text):
            yield f"torn within a word: {text.rows!r}"
        small = look.cap_mm(text.role) < TEXT_MM[look.text_size - 1]
        if small and text.role != "code" and not _shows_another_look(text, look):
            yield f"too small: {text.text!r}"
        boxes = typography.missing(text.text, text.style.font)
        if boxes:
            yield f"no glyph for {boxes!r}: {text.text!r}"
    for one, other in combinations(texts, 2):
        if overlap(box(one), box(other)):
            yield f"{one.text!r} over {other.text!r}"


def _bare(text: str) -> str:
    """Words and blanks alone: a line that breaks within an isolate closes it and opens it anew."""
    return text.translate(_DIRECTIONS).replace("\n", " ")


def _button_faults(buttons: list[Any], look: Look) -> Iterator[str]:
    """Whatever is too small to press, too close to another, off the screen or out of reach."""
    glass = look.glass
    for button in buttons:
        left, bottom, right, top = box(button)
        if min(button.size) < TARGET_MM * glass.px_per_mm - PIXEL:
            yield f"{button.name} is too small"
        if left < 0 or bottom < 0 or right > glass.width or top > glass.height:
            yield f"{button.name} is off the screen"
    for one, other in combinations(buttons, 2):
        if gap(box(one), box(other)) < int(GAP_MM * glass.px_per_mm):
            yield f"{one.name} too close to {other.name}"


def _out_of_reach(buttons: list[Any], look: Look) -> Iterator[str]:
    """Whatever has to be within reach from a seat and is above."""
    for button in buttons:
        above = (button.top - look.glass.reach_px) / look.glass.px_per_mm
        if look.low and above > 0:
            yield f"{button.name} is out of reach by {above:.0f} mm"
