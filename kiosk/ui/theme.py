"""The design system in millimetres: every size, space, radius, letter and colour a screen may use, by name.

Screens name tokens and hold no figure. A token becomes pixels only here, through the panel's real pixels per
millimetre, so that another panel, text size, contrast or language is another `Look` and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot

from kiosk.typography import is_rtl
from kiosk.ui.palette import PALETTES, Palette
from kiosk.visit.display import REACH_MM

DIAGONAL_MM = 396.24
"""A 15.6-inch panel, assumed until the settings say how wide the screen is."""

CAP_RATIO = 0.698
"""Height of a capital I in IBM Plex Sans Arabic, in em (`sCapHeight` 698 of 1000); its alef stands higher."""

TARGET_MM = 12.7
"""The least side of anything to be pressed (VVSG 2.0)."""

GAP_MM = 2.54
"""The least gap between two things to be pressed (VVSG 2.0)."""

MOUNT_MM = 850.0
"""From the floor to the panel's lower edge, until the settings say it."""

TEXT_MM = (3.5, 4.8, 6.4, 8.5)
"""The least height of a capital in text sizes 1 to 4 (VVSG 2.0; 4.8 is also ADA 707.7.2)."""

LARGEST = len(TEXT_MM)
"""The largest text size."""

_NOTHING = ""

_SNUG = (1, 1, 0.75, 0.5)
"""How much of a space beyond the least gap between targets is kept in text sizes 1 to 4: letters need it more."""

SPACES: Mapping[str, float] = {
    _NOTHING: 0,
    "hair": 0.25,
    "xs": 1.3,
    "s": 2.7,
    "m": 4.2,
    "l": 6.2,
    "xl": 8.6,
    "xxl": 13,
}
"""Gaps and paddings in mm; "s" is the least between two targets."""

RADII: Mapping[str, float] = {_NOTHING: 0, "xs": 0.8, "s": 1.5, "m": 3, "l": 4.4, "round": 1000}
"""Corner radii in mm (8, 16, 24 px on the reference panel); "round" is as round as the side allows."""

STROKES: Mapping[str, float] = {
    _NOTHING: 0,
    "hair": 0.3,
    "line": 0.5,
    "focus": 0.8,
    "bold": 0.9,
    "halo": 1.3,
    "ring": 3,
}
"""Widths of lines in mm."""

SIZES: Mapping[str, float] = {
    "target": 13.6,
    "button": 17.5,
    "primary": 22,
    "start": 27,
    "key": 29,
    "key_low": 20,
    "field": 28,
    "tile": 66,
    "tile_low": 34,
    "mark": 15,
    "icon_s": 6,
    "icon": 8,
    "icon_l": 12,
    "icon_xl": 20,
    "badge": 11,
    "emblem": 40,
    "tier": 6.5,
    "chart": 17,
    "note": 9.6,
    "meter": 3.2,
    "qr": 112,
    "qr_small": 78,
    "dial": 76,
    "scene": 120,
    "scene_small": 76,
    "strip": 1.3,
    "rule": 0.3,
}
"""Heights (or sides) in mm of the things we draw; those that hold text grow with it."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One step of the type scale: height of a capital in mm for text sizes 1 to 4, weight, line height in em."""

    caps_mm: tuple[float, float, float, float]
    weight: int
    leading: float


LETTERS: Mapping[str, Letter] = {
    "code": Letter((2.4, 2.4, 2.4, 2.4), 400, 1.4),
    "label": Letter((3.6, 4.8, 6.4, 8.5), 400, 1.42),
    "value": Letter((3.6, 4.8, 6.4, 8.5), 500, 1.42),
    "strong": Letter((3.6, 4.8, 6.4, 8.5), 600, 1.42),
    "lead": Letter((4.1, 5.3, 6.7, 8.6), 400, 1.5),
    "heading": Letter((4.3, 5.6, 6.9, 8.7), 600, 1.42),
    "button": Letter((4.3, 5.5, 6.8, 8.6), 600, 1.4),
    "primary": Letter((4.9, 6.3, 7.4, 8.8), 600, 1.4),
    "due": Letter((5.2, 6.4, 7.6, 8.8), 600, 1.35),
    "title": Letter((6.2, 7.6, 8.6, 9.6), 700, 1.3),
    "key": Letter((7.4, 9, 10, 11), 500, 1.2),
    "typed": Letter((8, 9.4, 9.6, 9.8), 600, 1.2),
    "headline": Letter((9, 11, 11.6, 12), 700, 1.38),
    "dial": Letter((18, 20, 21, 22), 700, 1.1),
    "amount": Letter((13.6, 15.4, 16, 16.5), 700, 1.12),
    "watermark": Letter((30, 30, 30, 30), 700, 1.2),
}
"""The type scale. Only "code", a technician's small print, is below `TEXT_MM`."""


@dataclass(frozen=True, slots=True)
class Glass:
    """The panel a picture is made for: its pixels, its width, and how high its lower edge hangs, in mm."""

    width: int
    height: int
    width_mm: float
    mount_mm: float = MOUNT_MM

    @classmethod
    def of(cls, width: int, height: int, *, width_mm: float | None = None, mount_mm: float = MOUNT_MM) -> Glass:
        """The panel of that many pixels; without `width_mm` it is taken to be 15.6 inches across."""
        return cls(width, height, width_mm or DIAGONAL_MM * width / hypot(width, height), mount_mm)

    @property
    def px_per_mm(self) -> float:
        """Pixels in one millimetre."""
        return self.width / self.width_mm

    @property
    def reach_px(self) -> int:
        """How far up from its lower edge everybody reaches; never less than the bottom row takes."""
        return round(max(REACH_MM - self.mount_mm, 2 * SIZES["start"]) * self.px_per_mm)


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that decides how a screen looks, and nothing of what it says.

    `text_size` is 1 to 4 (2 is the default), `still` means that nothing moves by itself (software GL, or a
    picture is being taken), `low` that everything to press is within reach from a seat.
    """

    glass: Glass
    language: str
    text_size: int = 2
    theme: str = "default"
    still: bool = True
    low: bool = False

    @property
    def rtl(self) -> bool:
        """Whether screens are mirrored."""
        return is_rtl(self.language)

    @property
    def is_wide(self) -> bool:
        """Whether the panel lies: screens then put beside each other what stands above each other."""
        return self.glass.width > self.glass.height

    @property
    def key(self) -> str:
        """The size token of a key's height, for the height there is."""
        return "key_low" if self.low else "primary" if self.is_wide else "key"

    @property
    def is_largest(self) -> bool:
        """Whether letters are the largest there are: what letters do not need then goes."""
        return self.text_size == LARGEST

    @property
    def palette(self) -> Palette:
        """The colours of the theme."""
        return PALETTES[self.theme]

    def px(self, mm: float) -> int:
        """Whole pixels for a length in mm, at least one when there is any length at all."""
        return max(1, round(mm * self.glass.px_per_mm)) if mm else 0

    def space(self, name: str) -> int:
        """A gap or padding in pixels."""
        mm, least = SPACES[name], SPACES["s"]
        return self.px(mm if mm <= least else least + (mm - least) * _SNUG[self.text_size - 1])

    def radius(self, name: str) -> int:
        """A corner radius in pixels."""
        return self.px(RADII[name])

    def stroke(self, name: str) -> int:
        """The width of a line in pixels."""
        return self.px(STROKES[name])

    def size(self, name: str) -> int:
        """A height or side in pixels."""
        return self.px(SIZES[name])

    def cap_mm(self, role: str) -> float:
        """How tall a capital of that role stands, in mm."""
        return LETTERS[role].caps_mm[self.text_size - 1]

    def em(self, role: str) -> int:
        """The font size of a role, in pixels."""
        return self.px(self.cap_mm(role) / CAP_RATIO)

    def leading(self, role: str) -> int:
        """From one line to the next of a role, in pixels."""
        return round(self.em(role) * LETTERS[role].leading)
