"""Strings into textures, through the one text engine that paper uses too. Keeps no text once it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops
from PIL.ImageFont import FreeTypeFont

from kiosk import typography
from kiosk.ui.theme import CAP_RATIO, LETTERS, Look


@dataclass(frozen=True, slots=True)
class Style:
    """How a string is set: its language (which decides font and direction), role and place in the line."""

    look: Look
    language: str
    role: str

    @property
    def font(self) -> FreeTypeFont:
        """The font of the role in its language."""
        return typography.font(self.language, LETTERS[self.role].weight, self.look.em(self.role))

    @property
    def leading(self) -> int:
        """From one line to the next, in pixels."""
        return self.look.leading(self.role)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The ink of some lines: `mask` (mode "L") and where its top left stands in the block, in pixels."""

    mask: Image.Image
    x: int
    y: int


def lines(text: str, style: Style, *, width: int, most: int = 0) -> list[str]:
    """`text` in lines of at most `width` pixels; beyond `most` lines (0: any number) it ends in an ellipsis."""
    if most == 1:
        return [typography.ellipsise(text, style.font, width, style.language)]
    found = typography.wrap(text, style.font, width, style.language)
    if most and len(found) > most:
        rest = " ".join(found[most - 1 :])
        found[most - 1 :] = [typography.ellipsise(rest, style.font, width, style.language)]
    return found


def balanced(text: str, style: Style, *, width: int) -> list[str]:
    """`text` in as few lines as `width` allows, about equally long: no word stands alone under a headline."""
    found = lines(text, style, width=width)
    count, low, high = len(found), width // 2, width
    if count > 1:
        # Narrower than its longest word it would be cut within that word.
        low = max(low, max(typography.measure(word, style.font, language=style.language) for word in text.split()))
    # To a few letters' width: nobody sees more, and each try measures the text anew.
    while count > 1 and high - low > style.leading // 2:
        middle = (low + high) // 2
        tried = lines(text, style, width=middle)
        if len(tried) == count:
            found, high = tried, middle
        else:
            low = middle
    return found


def width(text: str, style: Style) -> int:
    """The pixels one line of `text` takes."""
    return typography.measure(text, style.font, language=style.language)


def baseline(style: Style) -> int:
    """From the top of a line down to where its letters stand: capitals are in the middle of their line."""
    capital = style.look.em(style.role) * CAP_RATIO
    return round((style.leading + capital) / 2)


def draw(rows: Sequence[str], style: Style, *, width: int, align: str) -> Drawn | None:
    """Draw lines into a block `width` pixels wide, capitals in the middle of their line; None without ink.

    Args:
        rows: one string a line.
        style: how to set them.
        width: of the block.
        align: "left", "center" or "right".
    """
    placed: list[tuple[Image.Image, int, int]] = []
    for number, row in enumerate(rows):
        ink = typography.draw_ink(row, style.font, language=style.language)
        spare = width - max(ink.advance, ink.mask.width)
        left = {"left": 0, "center": spare // 2, "right": spare}[align]
        if all(ink.mask.size):
            placed.append((ink.mask, left + ink.x, number * style.leading + baseline(style) + ink.y))
    if not placed:
        return None
    x, y = min(p[1] for p in placed), min(p[2] for p in placed)
    right = max(left + mask.width for mask, left, _ in placed)
    bottom = max(top + mask.height for mask, _, top in placed)
    block = Image.new("L", (right - x, bottom - y))
    for mask, left, top in placed:
        _lay(block, mask, left - x, top - y)
    return Drawn(block, x, y)


def _lay(block: Image.Image, mask: Image.Image, x: int, y: int) -> None:
    """Put `mask` on `block` where tails of one line may touch heads of the next."""
    box = (x, y, x + mask.width, y + mask.height)
    block.paste(ImageChops.lighter(block.crop(box), mask), box)
