"""The colours of each theme, by what they are for. Text on its ground keeps 10:1, in "high" nearly 20:1.

The greens, greys and golds are the public tokens of the national design system (Platforms Code, 2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

Rgba = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as hex text. Names ending in `_ink` are text on the colour of the same name."""

    ground: str  # behind everything
    card: str  # a sheet on the ground
    sunken: str  # a quiet area on a card
    line: str  # hairlines and edges
    text: str  # titles and figures
    quiet: str  # labels; still readable in sunlight
    faint: str  # placeholders and what cannot be pressed
    green: str  # green text and icons on ground or card
    primary: str
    primary_pressed: str
    primary_ink: str
    second: str  # the other buttons
    second_pressed: str
    second_edge: str
    second_ink: str
    off: str  # a button that cannot be pressed
    off_ink: str
    key: str
    key_edge: str
    key_pressed: str
    chosen: str  # the present one of several
    chosen_ink: str
    hero: str  # the one strong area of a screen
    hero_deep: str  # a quiet area on it
    hero_ink: str
    hero_quiet: str
    hero_line: str
    hero_shape: str
    accent: str
    accent_pressed: str
    accent_ink: str
    spark: str  # the one golden thing in a picture on paper
    good: str
    good_ink: str
    calm: str
    calm_ink: str
    warning: str
    warning_ink: str
    fault: str
    fault_ink: str
    bar: str
    bar_current: str
    bar_year_ago: str
    tier_1: str
    tier_2: str
    tier_3: str
    tier_4: str
    bone: str  # the skeleton of what is still coming
    focus: str
    paper: str  # paper in pictures, and the ground of every QR code
    paper_ink: str
    steel: str  # metal and plastic in pictures
    steel_dark: str

    def rgba(self, name: str) -> Rgba:
        """A colour by name, as Kivy takes it; "" is fully transparent."""
        if not name:
            return (0, 0, 0, 0)
        red, green, blue = bytes.fromhex(str(getattr(self, name)))
        return (red / 255, green / 255, blue / 255, 1)


_DEFAULT = Palette(
    ground="f9fafb",
    card="ffffff",
    sunken="f3f4f6",
    line="e5e7eb",
    text="0d121c",
    quiet="35404e",
    faint="6c737f",
    green="104631",
    primary="104631",
    primary_pressed="092a1e",
    primary_ink="ffffff",
    second="ffffff",
    second_pressed="dff6e7",
    second_edge="104631",
    second_ink="104631",
    off="e5e7eb",
    off_ink="4d5761",
    key="ffffff",
    key_edge="9da4ae",
    key_pressed="b8eacb",
    chosen="e5e7eb",
    chosen_ink="0d121c",
    hero="104631",
    hero_deep="092a1e",
    hero_ink="ffffff",
    hero_quiet="f3fcf6",
    hero_line="1b8354",
    hero_shape="14573a",
    accent="f5bd02",
    accent_pressed="dba102",
    accent_ink="0d121c",
    spark="f5bd02",
    good="dff6e7",
    good_ink="092a1e",
    calm="e9ecf0",
    calm_ink="111927",
    warning="fcf3bd",
    warning_ink="4d1f08",
    fault="fee4e2",
    fault_ink="5f1a14",
    bar="b8eacb",
    bar_current="104631",
    bar_year_ago="25935f",
    tier_1="88d8ad",
    tier_2="f5bd02",
    tier_3="25935f",
    tier_4="b87b02",
    bone="e5e7eb",
    focus="175cd3",
    paper="ffffff",
    paper_ink="0d121c",
    steel="d2d6db",
    steel_dark="384250",
)


def _varied(base: Palette, **changes: str) -> Palette:
    return Palette(**{f.name: getattr(base, f.name) for f in fields(base)} | changes)


_HIGH = _varied(
    _DEFAULT,
    ground="ffffff",
    sunken="ffffff",
    line="000000",
    text="000000",
    quiet="000000",
    faint="595959",
    green="000000",
    primary="000000",
    primary_pressed="384250",
    second_edge="000000",
    second_ink="000000",
    off="ffffff",
    off_ink="595959",
    key_edge="000000",
    key_pressed="d2d6db",
    chosen="000000",
    chosen_ink="ffffff",
    hero="000000",
    hero_deep="000000",
    hero_quiet="ffffff",
    hero_line="ffffff",
    hero_shape="1f2a37",
    accent="ffffff",
    accent_pressed="d2d6db",
    accent_ink="000000",
    spark="000000",
    good="ffffff",
    good_ink="000000",
    calm="ffffff",
    calm_ink="000000",
    warning="ffffff",
    warning_ink="000000",
    fault="ffffff",
    fault_ink="000000",
    bar="9da4ae",
    bar_current="000000",
    bar_year_ago="4d5761",
    tier_1="d2d6db",
    tier_2="6c737f",
    tier_3="384250",
    tier_4="000000",
    paper_ink="000000",
    steel_dark="000000",
)

_LOW = _varied(
    _DEFAULT,
    ground="e9e6dc",
    card="f2efe6",
    sunken="e6e2d6",
    line="cfcabb",
    text="4a4f4a",
    quiet="555a55",
    faint="6f736c",
    green="2f5c47",
    primary="3f6b56",
    primary_pressed="2f5c47",
    primary_ink="f7f4ec",
    second="f2efe6",
    second_pressed="dde4d6",
    second_edge="3f6b56",
    second_ink="2f5c47",
    off="dedacd",
    off_ink="5c6059",
    key="f2efe6",
    key_edge="8b8f86",
    key_pressed="cfdccb",
    chosen="d8d4c6",
    chosen_ink="4a4f4a",
    hero="3f6b56",
    hero_deep="2f5c47",
    hero_ink="f7f4ec",
    hero_quiet="f2efe6",
    hero_line="6c9480",
    hero_shape="4a7661",
    accent="e0c878",
    accent_pressed="cdb463",
    accent_ink="4a4220",
    good="dde8d9",
    good_ink="2f5040",
    calm="e6e2d6",
    calm_ink="4a4f4a",
    warning="efe3bd",
    warning_ink="624718",
    fault="eed9d2",
    fault_ink="6e3630",
    bar="bccfbb",
    bar_current="3f6b56",
    bar_year_ago="769c85",
    tier_1="bccfbb",
    tier_2="769c85",
    tier_3="e0c878",
    tier_4="b3954a",
    bone="dedacd",
)

_DARK = _varied(
    _DEFAULT,
    ground="0d121c",
    card="161e2a",
    sunken="1f2a37",
    line="384250",
    text="ffffff",
    quiet="e5e7eb",
    faint="9da4ae",
    green="9fe0bd",
    primary="dff6e7",
    primary_pressed="b8eacb",
    primary_ink="092a1e",
    second="161e2a",
    second_pressed="14573a",
    second_edge="88d8ad",
    second_ink="dff6e7",
    off="1f2a37",
    off_ink="9da4ae",
    key="1f2a37",
    key_edge="6c737f",
    key_pressed="14573a",
    chosen="384250",
    chosen_ink="ffffff",
    hero="092a1e",
    hero_deep="0d121c",
    hero_line="1b8354",
    hero_shape="104631",
    good="104631",
    good_ink="f3fcf6",
    calm="1f2a37",
    calm_ink="f3f4f6",
    warning="3d2f08",
    warning_ink="fcf3bd",
    fault="4a1713",
    fault_ink="fff1f0",
    bar="166a45",
    bar_current="f5bd02",
    bar_year_ago="54c08a",
    tier_1="1b8354",
    tier_2="54c08a",
    tier_3="f5bd02",
    tier_4="fae996",
    bone="1f2a37",
    focus="84caff",
    steel="4d5761",
    steel_dark="9da4ae",
)

PALETTES: Mapping[str, Palette] = {"default": _DEFAULT, "high": _HIGH, "low": _LOW, "dark": _DARK}
"""The four themes."""
