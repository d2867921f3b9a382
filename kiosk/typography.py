"""The one text engine, for screen and paper: Pillow shapes with Raqm, so Arabic joins and numbers stay in order.

Direction always comes from the language and never from a guess at the text, so a wrapped line that begins with
a Latin word does not flip. One string is drawn in one font: `covers` says whether it can be. Nothing here keeps
a text once it is drawn.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from PIL import Image, ImageDraw, features
from PIL.ImageFont import FreeTypeFont

from kiosk.fonts import DRAWN_AS_NOTHING, Medium, covers, font, missing
from kiosk.limits import clean

__all__ = [
    "RTL_LANGUAGES",
    "Ink",
    "Medium",
    "TypographyMissing",
    "advance",
    "baseline",
    "covers",
    "draw_ink",
    "draw_mask",
    "ellipsise",
    "figure_height",
    "font",
    "is_rtl",
    "iso",
    "line_height",
    "measure",
    "missing",
    "plain",
    "require",
    "riyal",
    "wrap",
    "wrap_if",
]

RTL_LANGUAGES = frozenset({"ar", "ur"})

_LRM = "\u200e"
_FSI, _LRI, _RLI, _PDI = "\u2068", "\u2066", "\u2067", "\u2069"
_OPENERS = frozenset((_LRI, _RLI, _FSI))
_BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROL = re.compile(f"[{_BIDI_CONTROLS}]")


class TypographyMissing(Exception):
    """This machine cannot join Arabic letters; the message says what to install. Exit with code 69."""


@dataclass(frozen=True, slots=True)
class Ink:
    """A drawn string: `mask` is its ink alone (mode "L"), at (`x`, `y`) from the pen's start on the baseline.

    `pen` is how far the pen moved, in px and their parts; the ink may begin before it (`x` < 0) or end after it.
    """

    mask: Image.Image
    x: int
    y: int
    pen: float

    @property
    def advance(self) -> int:
        """The whole pixels that the pen's way takes."""
        return ceil(self.pen)


def require() -> None:
    """Make sure that Arabic will be joined; call once at start.

    Raises:
        TypographyMissing: Pillow has no Raqm, or the FriBiDi library is not on this machine.
    """
    if not features.check("raqm"):
        raise TypographyMissing(
            "Arabic letters cannot be joined: Pillow has no Raqm. Install its wheel: pip install pillow"
        )
    if not features.check("fribidi"):
        raise TypographyMissing(
            "Arabic cannot be set from right to left: FriBiDi is missing. Install it: apt install libfribidi0"
        )


def is_rtl(language: str) -> bool:
    """Whether `language` (its code: "ar", "en" ...) is written from right to left."""
    return language in RTL_LANGUAGES


def iso(text: str) -> str:
    """`text` isolated, so that it keeps its own order inside any sentence and cannot disturb it.

    Its direction is that of its first strong letter, left to right when it has none (numbers, dates).
    Direction controls inside that are not balanced isolates are dropped.
    """
    kept = text if _is_balanced(text) else _CONTROL.sub("", text)
    # Behind an isolate that holds Arabic, FriBiDi 1.0.8 turns weak characters of the next one round
    # (***5678 into 5678***, -12.50 into 12.50-) unless a strong one opens it.
    return _FSI + ("" if _opens_rtl(kept) else _LRM) + kept + _PDI


def _opens_rtl(text: str) -> bool:
    """Whether the first strong letter is of a script written from right to left."""
    strong = (unicodedata.bidirectional(letter) for letter in text)
    return next((kind in ("R", "AL") for kind in strong if kind in ("L", "R", "AL")), False)


def plain(text: str) -> str:
    """`text` of whatever origin without control characters and direction controls, blanks as single spaces."""
    return " ".join(clean(text).split())


def line_height(font: FreeTypeFont) -> int:
    """The pixels from one line's top to the next, the same for every string in `font`."""
    return baseline(font) + font.getmetrics()[1]


@lru_cache(maxsize=128)
def baseline(font: FreeTypeFont) -> int:
    """The pixels from a line's top down to its baseline: the font's ascent, or a little more for a tanween."""
    return max(font.getmetrics()[0], -int(font.getbbox("لًا", direction="rtl", anchor="ls")[1]))


@lru_cache(maxsize=128)
def figure_height(font: FreeTypeFont) -> int:
    """How tall a figure stands above the baseline, in pixels."""
    return -int(font.getbbox("0", anchor="ls", direction="ltr")[1])


def measure(text: str, font: FreeTypeFont, *, language: str) -> int:
    """The pixels one line of `text` needs from its first ink or pen position to its last: the mask's width."""
    way = _direction(language)
    left, _, right, _ = font.getbbox(text, direction=way, language=language, anchor="ls")
    return max(advance(text, font, language=language), int(right)) - min(0, int(left))


def advance(text: str, font: FreeTypeFont, *, language: str) -> int:
    """The pixels the pen moves along `text`, rounded up: ten times faster than `measure`, without leaning ink."""
    return ceil(font.getlength(text, direction=_direction(language), language=language))


def draw_ink(text: str, font: FreeTypeFont, *, language: str) -> Ink:
    """Draw one line of `text`: the ink alone and where it stands; for whoever places it to the dot."""
    core, (x, y) = font.getmask2(text, "L", direction=_direction(language), language=language, anchor="ls")
    mask = Image.new("L", core.size)
    if all(core.size):
        mask.im.paste(core, (0, 0, *core.size))
    return Ink(mask, int(x), int(y), font.getlength(text, direction=_direction(language), language=language))


def draw_mask(text: str, font: FreeTypeFont, *, language: str) -> Image.Image:
    """One line of `text` as an "L" mask, `measure` wide and `line_height` high.

    The baseline lies at `baseline(font)` for every string, and letters that reach beyond the pen's way are not
    cut. Stacks of two vowel marks may be, at the top: room for them would spread every line of every screen.
    """
    ink = draw_ink(text, font, language=language)
    shift = -min(0, ink.x)
    width = max(ink.advance, ink.x + ink.mask.width) + shift
    mask = Image.new("L", (width, line_height(font)))
    mask.paste(ink.mask, (ink.x + shift, baseline(font) + ink.y))
    return mask


def wrap(text: str, font: FreeTypeFont, width: int, language: str) -> list[str]:
    """`text` in lines of at most `width` pixels, in logical order, first line first.

    Breaks at spaces, inside a word only when the word alone is too wide; a line feed starts a new paragraph.
    An isolate that a break cuts is closed on its line and opened again on the next.
    """
    return wrap_if(text, lambda line: measure(line, font, language=language) <= width)


def wrap_if(text: str, fits: Callable[[str], bool]) -> list[str]:
    """`wrap` by another measure: each line `fits`, or is a single letter."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _reopened(_fill(paragraph, fits))
    return lines


def ellipsise(text: str, font: FreeTypeFont, width: int, language: str) -> str:
    """`text` if it fits into `width` pixels, else its longest beginning that does with an ellipsis."""
    if measure(text, font, language=language) <= width:
        return text
    clusters = list(_clusters(text))
    low, high = 0, len(clusters)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(_cut(clusters[:middle]), font, language=language) <= width:
            low = middle
        else:
            high = middle - 1
    return _cut(clusters[:low])


# Our own drawing of the riyal sign on a grid 100 wide and 112 high: two stems with slanted heads, the left one
# bent into a foot, the right one into a bar, one bar across both and one alone.
_RIYAL_HEIGHT = 112
_RIYAL = (
    ((35, 10), (47, 0), (47, 80), (46, 83), (40, 92), (33, 96), (0, 103), (3, 91), (35, 84)),
    ((59, 16), (71, 6), (71, 73), (100, 67), (97, 80), (59, 88)),
    ((9, 62), (100, 43), (97, 56), (6, 75)),
    ((62, 99), (100, 91), (97, 104), (59, 112)),
)


@lru_cache(maxsize=64)
def riyal(height_px: int) -> Image.Image:
    """The riyal sign as an "L" mask of `height_px`, about nine tenths as wide; give it `figure_height(font)`.

    No font here has U+20C1, so it is drawn. It stands left of the number with a space, in every language.
    """
    over = 8
    scale = height_px * over / _RIYAL_HEIGHT
    large = Image.new("L", (round(100 * scale / over) * over, height_px * over))
    draw = ImageDraw.Draw(large)
    for shape in _RIYAL:
        draw.polygon([(x * scale, y * scale) for x, y in shape], fill=255)
    return large.resize((large.width // over, height_px), Image.Resampling.BOX)


def _direction(language: str) -> str:
    return "rtl" if is_rtl(language) else "ltr"


def _is_balanced(text: str) -> bool:
    depth = 0
    for c in _CONTROL.findall(text):
        if c == _LRM:
            continue
        if c not in _OPENERS and c != _PDI:
            return False
        depth += 1 if c in _OPENERS else -1
        if depth < 0:
            return False
    return depth == 0


def _clusters(text: str) -> Iterator[str]:
    """Pieces that must not be torn apart: a letter with its marks, joiners and direction controls."""
    cluster = ""
    for c in text:
        joined = unicodedata.category(c)[0] == "M" or ord(c) in DRAWN_AS_NOTHING
        # A virama or a joiner at the end pulls the next letter into the same cluster.
        pulled = bool(cluster) and (
            unicodedata.combining(cluster[-1]) == 9 or cluster[-1] in "\u200d\u2066\u2067\u2068"
        )
        if cluster and not joined and not pulled:
            yield cluster
            cluster = ""
        cluster += c
    if cluster:
        yield cluster


def _cut(clusters: list[str]) -> str:
    kept = "".join(clusters).rstrip()
    return kept + "…" + _PDI * len(_open_isolates(kept))


def _fill(paragraph: str, fits: Callable[[str], bool]) -> list[str]:
    lines = [""]
    for word in paragraph.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if fits(longer):
            lines[-1] = longer
            continue
        pieces = _broken(word, fits)
        lines[-1:] = [lines[-1], *pieces] if lines[-1] else pieces
    return lines


def _broken(word: str, fits: Callable[[str], bool]) -> list[str]:
    pieces = [""]
    for cluster in _clusters(word):
        if pieces[-1] and not fits(pieces[-1] + cluster):
            pieces.append(cluster)
        else:
            pieces[-1] += cluster
    return pieces


def _open_isolates(text: str) -> list[str]:
    """The isolates still open at the end of `text`, outermost first, each as the direction it took."""
    found: list[str] = []
    for index, c in enumerate(text):
        if c == _FSI:
            found.append(_resolved(text[index + 1 :]))
        elif c in _OPENERS:
            found.append(c)
        elif c == _PDI and found:
            found.pop()
    return found


def _resolved(text: str) -> str:
    strong = next((d for d in map(unicodedata.bidirectional, text) if d in ("L", "R", "AL", "PDI")), "L")
    return _RLI if strong in ("R", "AL") else _LRI


def _reopened(lines: list[str]) -> list[str]:
    opened: list[str] = []
    whole: list[str] = []
    for line in lines:
        carried = "".join(opened) + line
        opened = _open_isolates(carried)
        whole.append(carried + _PDI * len(opened))
    return whole
