"""Letters on paper: every dot apart, nothing cut, room for the printer's own letters."""

from __future__ import annotations

import string
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from strokes import topology

from kiosk.receipt import labels as receipt_labels
from kiosk.receipt import report
from kiosk.receipt.labels import Say
from kiosk.receipt.type import (
    AMOUNTS,
    CELL,
    LABEL,
    QUIET,
    STRONG,
    STYLES,
    TITLE,
    Pin,
    set_line,
    set_words,
    wrapped,
)
from kiosk.typography import draw_ink, font, missing
from kiosk.words import money

JOINING = "بتثجحخسشصضطظعغفقكلمنهيئى"
ENDING = "اأإآدذرزوؤة"
FORMS = (
    "ء",
    *JOINING,
    *(f"{c}ـ" for c in JOINING),
    *(f"ـ{c}ـ" for c in JOINING),
    *(f"ـ{c}" for c in JOINING + ENDING),
    *ENDING,
    *("لا", "ـلا", "لأ", "لإ", "لآ", "ـلأ"),
    *("بثينة", "تثبيت", "يتثبت", "شيشة", "الكهرباء", "المشترك"),
)
FIGURES = "0123456789,.-/:"
LATIN = string.ascii_letters + FIGURES + "()*%+'&="


SCRIPTS = {"ur": "arabic", "hi": "hindi", "bn": "bengali"}
"""The languages that write with other letters than Arabic has or Latin, and their pin in a style."""


def own_texts(language: str) -> set[str]:
    """Every text of the program on paper in one language."""
    found = {receipt_labels.tier(n, "6,200", "0.18").of(language) for n in range(1, 6)}
    found |= {receipt_labels.vat("15").of(language), receipt_labels.sadad("002").of(language)}
    for value in [*vars(receipt_labels).values(), *vars(report).values()]:
        says = value.values() if isinstance(value, dict) else [value]
        found |= {getattr(say, language) for say in says if isinstance(say, Say)} - {""}
    return found


def own_words(language: str) -> set[str]:
    """Every word of them that is not all figures."""
    words = {word for text in own_texts(language) for word in text.split()}
    return {word for word in words if any(c.isalpha() for c in word)}


def spelled_words() -> set[str]:
    """Every word that an amount can be spelled with."""
    riyals = [
        *range(1, 101),
        *range(100, 1001, 100),
        1001,
        2000,
        3000,
        11797,
        10**6,
        2 * 10**6,
        3 * 10**6,
        11 * 10**6 + 1,
    ]
    return {word for n in riyals for text in (money(n * 100, "ar"), money(n % 100, "ar")) for word in text.split()}


def marks(text: str, pin: Pin, language: str) -> tuple[int, int]:
    drawn = draw_ink(text, pin.font(), language=language)
    return topology(drawn.mask, threshold=pin.threshold)


@cache
def true_marks(text: str, weight: int, width: float, language: str) -> tuple[int, int]:
    large = font(language, weight, 200, medium="paper", width=width)
    return topology(draw_ink(text, large, language=language).mask)


@pytest.mark.parametrize("style", [QUIET, LABEL, STRONG, TITLE], ids=["quiet", "label", "strong", "title"])
def test_every_arabic_letter_and_word_keeps_its_dots_apart(style):
    pin = style.arabic
    texts = {*FORMS, *own_texts("ar"), *(spelled_words() if style in (QUIET, LABEL) else ())}
    wrong = [t for t in texts if marks(t, pin, "ar")[0] != true_marks(t, pin.weight, pin.width, "ar")[0]]
    assert wrong == []


@pytest.mark.parametrize("pin", [s.latin for s in STYLES[:4]], ids=["quiet", "label", "strong", "title"])
def test_every_latin_letter_keeps_its_strokes_and_holes(pin):
    assert [c for c in LATIN if marks(c, pin, "en") != true_marks(c, pin.weight, pin.width, "en")] == []


@pytest.mark.parametrize("pin", [style.latin for style in AMOUNTS], ids=lambda pin: str(pin.size))
def test_every_large_figure_keeps_its_strokes_and_holes(pin):
    assert [c for c in FIGURES if marks(c, pin, "en") != true_marks(c, pin.weight, pin.width, "en")] == []


@pytest.mark.parametrize("style", [QUIET, LABEL, STRONG, TITLE], ids=["quiet", "label", "strong", "title"])
@pytest.mark.parametrize("language", SCRIPTS)
def test_every_word_keeps_its_dots_apart(language, style):
    pin = getattr(style, SCRIPTS[language])
    words = own_words(language)
    assert all(style.pin(word) == pin for word in words if not word.isascii())
    wrong = [w for w in words if marks(w, pin, language)[0] != true_marks(w, pin.weight, pin.width, language)[0]]
    assert wrong == []


@pytest.mark.parametrize("language", receipt_labels.LANGUAGES)
def test_every_text_of_the_program_is_in_the_paper_font(language):
    texts = own_texts(language)
    assert [text for style in STYLES[:4] for text in texts if missing(text, style.pin(text).font())] == []


@pytest.mark.parametrize("style", STYLES[:4])
def test_figures_are_no_wider_than_a_printers_own(style):
    for figure in "0123456789":
        assert style.latin.font().getlength(figure, direction="ltr") <= CELL * style.latin.cell + 0.05


@pytest.mark.parametrize("style", STYLES[:4])
def test_a_latin_line_has_the_room_of_the_printers_letters(style):
    setting = set_line("Meter service fee: 1,797.11 (gjpqy)", style, language="en")
    assert setting.scale == style.latin.cell
    assert setting.width >= CELL * setting.scale * len(setting.text)
    assert setting.height == 2 * CELL * setting.scale


@pytest.mark.parametrize(("lean", "edge"), [("left", 0), ("right", -1)])
def test_letters_lean_to_the_edge_of_their_room(lean, edge):
    setting = set_line("iiii", LABEL, language="en", lean=lean)
    picture = Image.frombytes("1", (setting.width, setting.height), setting.rows)
    left, _, right, _ = picture.getbbox()
    assert (left if edge == 0 else setting.width - right) <= 3
    assert right - left < setting.width / 2


def dark(image: Image.Image) -> int:
    return sum(image.convert("L").histogram()[1:])


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.sampled_from(LATIN + ' @#$[]{}|~_^`\\"<>?!;W'), min_size=1, max_size=40),
    st.sampled_from(STYLES[:4]),
)
def test_no_latin_dot_is_cut(text, style):
    pin = style.latin
    setting = set_line(text, style, language="en")
    picture = Image.frombytes("1", (setting.width, setting.height), setting.rows)
    if set(text) <= set(FIGURES + string.ascii_uppercase + "* "):
        # Put together from single letters, which may touch a neighbour elsewhere than in one piece.
        parts = [marks(c, pin, "en")[0] for c in text if c != " "]
        assert topology(picture.convert("L"))[0] <= sum(parts)
        assert dark(picture) >= 0.9 * sum(dark(black(c, pin)) for c in text)
    else:
        assert dark(picture) == dark(black(text, pin))


def black(text: str, pin: Pin, language: str = "en") -> Image.Image:
    mask = draw_ink(text, pin.font(), language=language).mask
    return mask.point(lambda level: 255 if level >= pin.threshold else 0)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءآأؤإئ ًٌٍَُِّْ123()"), min_size=1, max_size=40))
def test_no_arabic_dot_is_cut(text):
    setting = set_line("م" + text, LABEL, language="ar")
    picture = Image.frombytes("1", (setting.width, setting.height), setting.rows)
    assert dark(picture) == dark(black("م" + text, LABEL.arabic, "ar"))


def test_words_put_together_say_what_is_drawn_at_once():
    text = money(1_797_11, "ar")
    together, at_once = set_words(text, LABEL, language="ar"), set_line(text, LABEL, language="ar")
    assert (together.height, together.over) == (at_once.height, at_once.over)
    assert abs(together.width - at_once.width) <= len(text.split())
    pictures = [Image.frombytes("1", (s.width, s.height), s.rows).convert("L") for s in (together, at_once)]
    assert topology(pictures[0]) == topology(pictures[1])
    # The line begins at the right: there lies the alif of "ألف", with its hamza.
    assert [topology(p.crop((p.width - 40, 0, p.width, p.height)))[0] for p in pictures] == [4, 4]


@pytest.mark.parametrize("width", [384, 576])
def test_lines_of_capitals_wrap_by_the_wider_of_both_letters(width):
    lines = wrapped("W" * 90 + " " + "i" * 90, LABEL, width, language="en")
    assert all(set_line(line, LABEL, language="en").width <= width for line in lines)
    assert "".join(lines) == "W" * 90 + "i" * 90
