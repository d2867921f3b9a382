"""The design system: millimetres, contrast, and one name for everything."""

import re
from pathlib import Path

import pytest

from kiosk.ui.palette import PALETTES, Palette
from kiosk.ui.theme import GAP_MM, LETTERS, SIZES, SPACES, TARGET_MM, TEXT_MM, Glass, Look

UI = Path(__file__).parent.parent / "kiosk" / "ui"

INFORMATION = (
    ("text", "ground"),
    ("text", "card"),
    ("quiet", "ground"),
    ("quiet", "card"),
    ("green", "card"),
    ("green", "ground"),
    ("primary_ink", "primary"),
    ("second_ink", "second"),
    ("text", "key"),
    ("text", "sunken"),
    ("chosen_ink", "chosen"),
    ("hero_ink", "hero"),
    ("hero_quiet", "hero"),
    ("hero_ink", "hero_deep"),
    ("hero_quiet", "hero_deep"),
    ("accent_ink", "accent"),
    ("good_ink", "good"),
    ("calm_ink", "calm"),
    ("warning_ink", "warning"),
    ("fault_ink", "fault"),
    ("paper_ink", "paper"),
)
"""Every ink that carries information, on every ground it stands on."""

LEAST = {"default": 10.0, "high": 19.0, "low": 4.6, "dark": 10.0}


def brightness(hexadecimal):
    """Relative luminance of WCAG 2.2."""
    parts = [part / 255 for part in bytes.fromhex(hexadecimal)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((brightness(one), brightness(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_the_standard_does():
    assert contrast("000000", "ffffff") == pytest.approx(21)
    assert contrast("104631", "ffffff") == pytest.approx(10.8, abs=0.05)


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize(("ink", "ground"), INFORMATION)
def test_information_can_be_read_in_sunlight(theme, ink, ground):
    palette = PALETTES[theme]
    ratio = contrast(getattr(palette, ink), getattr(palette, ground))
    assert ratio >= LEAST[theme], f"{ink} on {ground} in {theme}: {ratio:.1f}"


@pytest.mark.parametrize("theme", PALETTES)
def test_a_pressed_button_can_still_be_read(theme):
    palette = PALETTES[theme]
    for ink, ground in (
        ("text", "key_pressed"),
        ("primary_ink", "primary_pressed"),
        ("second_ink", "second_pressed"),
    ):
        ratio = contrast(getattr(palette, ink), getattr(palette, ground))
        assert ratio >= 4.6, f"{ink} on {ground}: {ratio:.1f}"


@pytest.mark.parametrize("theme", PALETTES)
def test_what_cannot_be_pressed_can_still_be_read(theme):
    palette = PALETTES[theme]
    assert contrast(palette.off_ink, palette.off) >= 3.9


@pytest.mark.parametrize("theme", PALETTES)
def test_edges_of_keys_can_be_seen(theme):
    palette = PALETTES[theme]
    assert contrast(palette.key_edge, palette.ground) >= 2.4


def test_a_code_has_dark_modules_on_white_in_every_theme():
    assert {palette.paper for palette in PALETTES.values()} == {"ffffff"}


def test_every_role_is_large_enough_in_every_text_size():
    for role, letter in LETTERS.items():
        if role != "code":
            assert all(cap >= least for cap, least in zip(letter.caps_mm, TEXT_MM, strict=True)), role


def test_text_sizes_only_grow():
    for letter in LETTERS.values():
        assert list(letter.caps_mm) == sorted(letter.caps_mm)


def test_targets_and_gaps_are_large_enough():
    for name in ("target", "button", "primary", "start", "key", "tile"):
        assert SIZES[name] >= TARGET_MM
    assert SPACES["s"] >= GAP_MM


def test_a_millimetre_is_one_on_the_panel():
    glass = Glass.of(1080, 1920)
    assert glass.px_per_mm == pytest.approx(5.56, abs=0.01)
    assert Look(glass, "ar").px(12.7) == 71
    assert Glass.of(1080, 1920, width_mm=270).px_per_mm == 4


def test_the_amount_is_the_largest_thing_but_for_seconds_left():
    look = Look(Glass.of(1080, 1920), "ar")
    assert look.cap_mm("amount") >= 14
    assert all(
        look.cap_mm(role) < look.cap_mm("amount")
        for role in LETTERS
        if role not in ("amount", "dial", "watermark")
    )


SHARES = ("grow", "grow_turned", "rank", "most", "part", "shown")
"""What a layout file says in figures: shares of room, what leaves first, counts; no sizes."""


def test_layout_files_hold_no_figures_of_size_or_colour():
    """Whatever a line computes, too: without its quoted names and its indexes it holds no figure."""
    for path in UI.rglob("*.kv"):
        for line in path.read_text(encoding="utf-8").splitlines():
            key, _, value = line.strip().partition(":")
            if key in SHARES or line.strip().startswith("#"):
                continue
            computed = re.sub(r'"[^"]*"|\[[^\]]*\]', "", value)
            assert not re.search(r"(?<![\w.])\d", computed) or value.strip() == "0", f"{path.name}: {line}"


def test_layout_files_name_only_colours_there_are():
    names = set(Palette.__dataclass_fields__)
    for path in UI.rglob("*.kv"):
        for key, value in re.findall(r"^\s*(ink|fill|edge|colour): \"(\w+)\"$", path.read_text(), re.MULTILINE):
            assert value in names, f"{path.name}: {key}: {value}"
