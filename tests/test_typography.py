import subprocess
import sys
from unicodedata import combining

import pytest
from PIL import Image, ImageChops, features
from strokes import topology

from kiosk import typography
from kiosk.fonts import FACES

SAMPLES = {
    "ar": "أبتثجحخدذرزسشصضطظعغفقكلمنهوي ءآإؤئةى ًٌٍَُِّْ ـ ٠١٢٣٤٥٦٧٨٩ ٪٫٬ ،؛؟ 0123456789 %()-–—/.,:+×·“”«»…",
    "en": "ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz 0123456789 %()-–—/.,:;'’“”+×·…&@#*",
    "ur": "آابپتٹثجچحخدڈذرڑزژسشصضطظعغفقکگلمنںوہھءیےئ ۰۱۲۳۴۵۶۷۸۹ ۔،؛؟ ًٍَُِّ",
    "fil": "ABCDEFGHIJKLMNÑOPQRSTUVWXYZ abcdefghijklmnñopqrstuvwxyz 0123456789 áéíóú",
}
LATIN_IN_ARABIC = "(SEC) 12-34 / A+B"


@pytest.fixture
def paper():
    return typography.font("ar", 500, 22, medium="paper")


def test_this_machine_can_join_arabic():
    typography.require()


@pytest.mark.parametrize(
    ("lacking", "advice"), [("raqm", "pip install pillow"), ("fribidi", "apt install libfribidi0")]
)
def test_a_machine_that_cannot_join_arabic_is_told_what_to_install(monkeypatch, lacking, advice):
    monkeypatch.setattr(features, "check", lambda feature: feature != lacking)
    with pytest.raises(typography.TypographyMissing, match=advice):
        typography.require()


def test_letters_of_an_arabic_word_are_joined(paper):
    assert topology(typography.draw_mask("سسس", paper, language="ar"))[0] == 1
    assert topology(typography.draw_mask("س س س", paper, language="ar"))[0] == 3


def test_lam_and_alef_become_one_shape(paper):
    assert topology(typography.draw_mask("لا", paper, language="ar"))[0] == 1


def test_arabic_begins_at_the_right(paper):
    ink = typography.draw_mask("ا ـــــــــ", paper, language="ar")
    assert topology(ink.crop((ink.width - 8, 0, ink.width, ink.height)))[0] == 1
    tall = ink.crop((ink.width - 8, 0, ink.width, ink.height)).getbbox()
    flat = ink.crop((0, 0, ink.width - 12, ink.height)).getbbox()
    assert tall[3] - tall[1] > 3 * (flat[3] - flat[1])


def test_an_isolated_latin_text_keeps_its_own_order_inside_arabic(paper):
    alone = typography.draw_ink(LATIN_IN_ARABIC, paper, language="en").mask
    isolated = typography.draw_ink(typography.iso(LATIN_IN_ARABIC), paper, language="ar").mask
    bare = typography.draw_ink(LATIN_IN_ARABIC, paper, language="ar").mask
    assert ImageChops.difference(alone, isolated).getbbox() is None
    assert bare.size != alone.size or ImageChops.difference(alone, bare).getbbox() is not None


@pytest.mark.parametrize(
    "hostile", ["a\u202eb", "a\u2069b", "a\u2067b", "\u2069\u2066", "\u200fa", "\u2066\u202a\u2069", "\u061c1"]
)
def test_controls_inside_a_placeholder_cannot_leave_it(hostile):
    whole = typography.iso(hostile)
    assert whole[0] == "\u2068" and whole[-1] == "\u2069"
    assert not set(whole[1:-1]) & set("\u202a\u202e\u2066\u2067\u2069\u200f\u061c")


def test_isolates_inside_a_placeholder_are_kept():
    assert typography.iso(typography.iso("12")) == "\u2068\u200e\u2068\u200e12\u2069\u2069"


def test_isolates_take_no_room(paper):
    assert typography.measure(typography.iso("1,797.11"), paper, language="ar") == typography.measure(
        "1,797.11", paper, language="ar"
    )


def test_a_plain_text_has_no_control_left():
    hostile = "Al\x1b@Waha\x1dV\x00 \u202eElec\u2066tricity\u2069\r\n\t Co"
    plain = typography.plain(hostile)
    assert plain.replace(" ", "") == "Al@WahaVElectricityCo"
    assert plain.endswith("y Co")


def test_every_string_stands_on_the_same_baseline():
    font = typography.font("ar", 400, 30)
    masks = {s: typography.draw_mask(s, font, language="ar") for s in ("ا", "أ", "ي", "اللّٰه", "123", "pH")}
    assert {m.height for m in masks.values()} == {typography.line_height(font)}
    assert masks["ا"].getbbox()[3] == typography.baseline(font)
    assert abs(masks["123"].getbbox()[3] - typography.baseline(font)) <= 1


@pytest.mark.parametrize("language", SAMPLES)
@pytest.mark.parametrize("medium", ["screen", "paper"])
def test_no_ink_is_cut(language, medium):
    font = typography.font(language, 400, 26, medium=medium)
    letters = [c for c in SAMPLES[language] if not combining(c)]
    for text in ("".join(letters), *letters, "fj", "شكرًا", "اللّه", "إيصالًا", "عُدّت"):
        ink = typography.draw_ink(text, font, language=language).mask
        mask = typography.draw_mask(text, font, language=language)
        assert mask.width == typography.measure(text, font, language=language)
        assert _dark(mask) == _dark(ink), text


def _dark(mask):
    return sum(level * count for level, count in enumerate(mask.histogram()))


@pytest.mark.parametrize("language", SAMPLES)
@pytest.mark.parametrize("medium", ["screen", "paper"])
def test_every_letter_of_a_language_is_in_its_font(language, medium):
    assert typography.missing(SAMPLES[language], typography.font(language, 400, 20, medium=medium)) == ""


def test_a_letter_no_font_has_is_reported(paper):
    assert typography.missing("\u20c1 कब\u20c1", paper) == "\u20c1कब"
    assert typography.covers("\u2068\u2066\u2067\u2069\u200f\u00a0", paper)
    assert not typography.covers("क", paper)


@pytest.mark.parametrize("row", FACES)
def test_every_face_has_its_files(row):
    face = FACES[row]
    assert all(face.path(weight).is_file() for weight in face.files)


def test_a_heavier_weight_is_darker_on_paper_too():
    light, heavy = (typography.font("ar", w, 40, medium="paper") for w in (300, 800))
    assert _dark(typography.draw_mask("كهرباء", heavy, language="ar")) > 1.2 * _dark(
        typography.draw_mask("كهرباء", light, language="ar")
    )


PARAGRAPH = (
    "افتح الفاتورة " + typography.iso("Al Waha Electricity Company (SEC) 1234") + " في تطبيق الكهرباء على هاتفك"
)


@pytest.mark.parametrize("width", [130, 140, 200, 333, 2000])
def test_wrapped_lines_fit_and_lose_nothing(paper, width):
    lines = typography.wrap(PARAGRAPH, paper, width, "ar")
    assert max(typography.measure(line, paper, language="ar") for line in lines) <= width
    assert " ".join(typography.plain(line) for line in lines) == typography.plain(PARAGRAPH)


def test_an_isolate_cut_by_a_line_end_is_opened_again(paper):
    lines = typography.wrap(PARAGRAPH, paper, 200, "ar")
    assert len(lines) > 2
    for line in lines:
        assert line.count("\u2069") == sum(map(line.count, "\u2066\u2067\u2068"))
    continued = next(line for line in lines[1:] if "Company" in line)
    assert continued.startswith("\u2066")


def test_a_word_wider_than_the_line_is_broken_between_letters(paper):
    lines = typography.wrap("x" + "ب\u064e" * 60, paper, 100, "ar")
    assert len(lines) > 3
    assert "".join(lines) == "x" + "ب\u064e" * 60
    assert not any(line.startswith("\u064e") for line in lines)


def test_a_line_feed_starts_a_new_line(paper):
    assert typography.wrap("سطر\n\nسطر", paper, 500, "ar") == ["سطر", "", "سطر"]


def test_a_text_too_long_ends_in_an_ellipsis(paper):
    short = typography.ellipsise(PARAGRAPH, paper, 200, "ar")
    assert typography.measure(short, paper, language="ar") <= 200
    assert short.rstrip("\u2069").endswith("…")
    assert short.count("\u2068") == short.count("\u2069")
    assert typography.ellipsise("سعد", paper, 200, "ar") == "سعد"


@pytest.mark.parametrize("height", [15, 16, 17, 18, 20, 24, 28, 36, 60, 120])
@pytest.mark.parametrize("threshold", [110, 140])
def test_the_riyal_sign_keeps_its_bars_apart(height, threshold):
    sign = typography.riyal(height)
    assert sign.height == height
    assert topology(sign, threshold=threshold) == (2, 0)


def test_figures_of_the_screen_fonts_are_equally_wide():
    font = typography.font("en", 600, 64)
    assert len({font.getlength(d, direction="ltr") for d in "0123456789"}) == 1
    assert typography.figure_height(font) == -typography.draw_ink("0", font, language="en").y


def test_typography_does_not_load_the_screen_library():
    code = "import sys, kiosk.typography; sys.exit('kivy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_empty_line_is_an_empty_mask(paper):
    mask = typography.draw_mask("", paper, language="ar")
    assert mask.size == (0, typography.line_height(paper))
    assert isinstance(mask, Image.Image)
