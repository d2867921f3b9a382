"""Which typeface sets which language, on screen and on paper, and what its files can draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from struct import iter_unpack, unpack_from
from typing import Literal

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

Medium = Literal["screen", "paper"]

DRAWN_AS_NOTHING = frozenset(map(ord, "\u061c\u200c\u200d\u200e\u200f\u2066\u2067\u2068\u2069"))
"""Joiners and direction controls: they shape a line and need no glyph."""

# HarfBuzz itself puts these for their plain twins when a font lacks them.
_SUBSTITUTED = {0x00A0: 0x20, 0x202F: 0x20, 0x2011: 0x2D}


@dataclass(frozen=True, slots=True)
class Face:
    """Where a typeface lies: a fontpkg package, a file for each weight, or one variable file (`axes` true).

    `em` enlarges a face whose capital I is lower than that of the first face, so a size means the same height.
    """

    package: str
    files: Mapping[int, str]
    axes: bool = False
    em: float = 1.0

    def path(self, weight: int) -> Path:
        """The file for `weight` (100 to 900).

        Raises:
            KeyError: a static face without that weight.
        """
        name = self.files[0 if self.axes else weight]
        return Path(import_module(self.package).ROOT) / "files" / name


_PLEX = Face(
    "fontpkg_ibm_plex_sans_arabic",
    {
        400: "IBMPlexSansArabic-Regular.ttf",
        500: "IBMPlexSansArabic-Medium.ttf",
        600: "IBMPlexSansArabic-SemiBold.ttf",
        700: "IBMPlexSansArabic-Bold.ttf",
    },
)
_NOTO = Face("fontpkg_noto_sans_arabic", {0: "NotoSansArabic[wdth,wght].ttf"}, axes=True)
# Capital I of Plex and of the two Hinds, in thousandths of an em.
_AS_TALL = 698 / 674
_HIND = Face(
    "fontpkg_hind",
    {400: "Hind-Regular.ttf", 500: "Hind-Medium.ttf", 600: "Hind-SemiBold.ttf", 700: "Hind-Bold.ttf"},
    em=_AS_TALL,
)
_SILIGURI = Face(
    "fontpkg_hind_siliguri",
    {
        400: "HindSiliguri-Regular.ttf",
        500: "HindSiliguri-Medium.ttf",
        600: "HindSiliguri-SemiBold.ttf",
        700: "HindSiliguri-Bold.ttf",
    },
    em=_AS_TALL,
)

FACES: Mapping[tuple[Medium, str], Face] = {
    ("screen", "ar"): _PLEX,
    ("screen", "en"): _PLEX,
    ("screen", "ur"): _PLEX,
    ("screen", "hi"): _HIND,
    ("screen", "bn"): _SILIGURI,
    ("screen", "fil"): _PLEX,
    ("paper", "ar"): _NOTO,
    ("paper", "en"): _NOTO,
    ("paper", "ur"): _NOTO,
    ("paper", "hi"): _HIND,
    ("paper", "bn"): _SILIGURI,
    ("paper", "fil"): _NOTO,
}
"""Which face sets which language where; a language joins by a row here."""


@lru_cache(maxsize=128)
def font(
    language: str, weight: int, size_px: int, *, medium: Medium = "screen", width: float = 100
) -> FreeTypeFont:
    """The font that sets `language`, cached for ever.

    Args:
        language: its code; a language no face is listed for gets the English face.
        weight: 400, 500, 600 or 700 on screen; anything from 100 to 900 on paper.
        size_px: the em in pixels or dots.
        medium: the screen's face or the paper's, which stays legible in one bit at 203 dpi.
        width: per cent of the normal letter width, 62.5 to 100, on paper only.
    """
    face = FACES.get((medium, language)) or FACES[medium, "en"]
    size = round(size_px * face.em)
    made = ImageFont.truetype(str(face.path(weight)), size, layout_engine=ImageFont.Layout.RAQM)
    if face.axes:
        made.set_variation_by_axes([weight, width])
    return made


def covers(text: str, font: FreeTypeFont) -> bool:
    """Whether `font` has a glyph for every character of `text`; direction controls need none."""
    return not missing(text, font)


def missing(text: str, font: FreeTypeFont) -> str:
    """The characters of `text` that `font` would draw as a box, each once, in order."""
    known = _characters(str(font.path))
    needed = dict.fromkeys(c for c in text if c != "\n" and ord(c) not in DRAWN_AS_NOTHING)
    return "".join(c for c in needed if not known & {ord(c), _SUBSTITUTED.get(ord(c), ord(c))})


@lru_cache(maxsize=16)
def _characters(path: str) -> frozenset[int]:
    """The characters a TrueType file maps to glyphs (its `cmap` table, subtables 4 and 12)."""
    data = Path(path).read_bytes()
    (tables,) = unpack_from(">H", data, 4)
    offsets = {tag: start for tag, _, start, _ in iter_unpack(">4sLLL", data[12 : 12 + 16 * tables])}
    cmap = offsets[b"cmap"]
    (count,) = unpack_from(">H", data, cmap + 2)
    found: set[int] = set()
    for _, _, start in iter_unpack(">HHL", data[cmap + 4 : cmap + 4 + 8 * count]):
        found |= _subtable(data, cmap + start)
    return frozenset(found)


def _subtable(data: bytes, at: int) -> set[int]:
    (kind,) = unpack_from(">H", data, at)
    if kind == 12:
        (groups,) = unpack_from(">L", data, at + 12)
        rows = iter_unpack(">LLL", data[at + 16 : at + 16 + 12 * groups])
        return {c for first, last, _ in rows for c in range(first, last + 1)}
    if kind == 4:
        (twice,) = unpack_from(">H", data, at + 6)
        ends = unpack_from(f">{twice // 2}H", data, at + 14)
        starts = unpack_from(f">{twice // 2}H", data, at + 16 + twice)
        return {c for first, last in zip(starts, ends, strict=True) for c in range(first, last + 1)} - {0xFFFF}
    return set()
