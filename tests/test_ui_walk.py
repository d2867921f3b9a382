"""Every screen, walked through: is each thing large enough, apart from the others, whole, on its side?"""

from dataclasses import replace
from itertools import combinations

import pytest
from ui_hands import LANGUAGES, SAMPLES, sample

from kiosk import typography
from kiosk.ui import icons
from kiosk.ui.theme import GAP_MM, TARGET_MM, TEXT_MM

EVERY = [(name, language) for name in SAMPLES for language in LANGUAGES]


def box(node):
    """Left, bottom, right and top of a node in whole pixels."""
    return int(node.x), int(node.y), int(node.right), int(node.top)


def overlap(one, other):
    a, b = box(one), box(other)
    return min(a[2], b[2]) - max(a[0], b[0]) > 0 and min(a[3], b[3]) - max(a[1], b[1]) > 0


def cut_away(node):
    """Whether a page turner hides it."""
    parent = node.parent
    while hasattr(parent, "nodes"):
        if hasattr(parent, "clip"):
            opening = parent._opening
            return node.y < opening.y - 1 or node.top > opening.y + opening.height + 1
        parent = parent.parent
    return False


def gap(one, other):
    """The pixels between two nodes, along the axis on which they are further apart."""
    a, b = box(one), box(other)
    return max(max(a[0], b[0]) - min(a[2], b[2]), max(a[1], b[1]) - min(a[3], b[3]))


def check_texts(terminal):
    """No text is cut, hidden or over another; every letter is tall enough and has a glyph."""
    texts = [text for text in terminal.texts() if not cut_away(text)]
    assert texts
    for text in texts:
        left, bottom, right, top = box(text)
        assert left >= 0 and bottom >= 0 and right <= 1080 and top <= 1920, text.text
        assert text.longest(int(text.width)) <= text.width + 1, text.text
        assert len(text.rows) * text.style.leading <= text.height + 1, text.text
        assert "…" not in "".join(text.rows), text.text
        # What shows how another text size would look is in that size.
        is_sample = text.look.text_size != terminal.stage.shown.look.text_size
        assert text.style.look.cap_mm(text.role) >= TEXT_MM[1] or text.role == "code" or is_sample, text.text
        assert not typography.missing(text.text, text.style.font), text.text
    for one, other in combinations(texts, 2):
        assert not overlap(one, other), f"{one.text!r} over {other.text!r}"


def check_buttons(terminal):
    """Buttons are large enough, far enough apart and on the screen."""
    millimetre = terminal.stage.glass.px_per_mm
    buttons = list(terminal.stage.shown.buttons())
    for button in buttons:
        assert min(button.size) >= TARGET_MM * millimetre, button.name
        assert button.x >= 0 and button.y >= 0 and button.right <= 1080 and button.top <= 1920, button.name
    for one, other in combinations(buttons, 2):
        assert gap(one, other) >= int(GAP_MM * millimetre), f"{one.name} beside {other.name}"


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_everything_can_be_read_and_pressed(terminal, name, language):
    terminal.lay_out(sample(name, language))
    check_texts(terminal)
    check_buttons(terminal)


@pytest.mark.parametrize("level", ["default", "strict"])
@pytest.mark.parametrize(("name", "language"), [each for each in EVERY if each[0].startswith("bill")])
def test_a_bill_that_shows_less_can_be_read_and_pressed(terminal, name, language, level):
    terminal.lay_out(sample(name, language, level))
    check_texts(terminal)
    check_buttons(terminal)


def test_every_picture_of_a_card_is_drawn(terminal):
    from kiosk.ui.widgets.pictures import SCENES

    named = {sample(name, "en").picture for name in SAMPLES if name.startswith("card")}
    assert named == {name for name in SCENES if name == "swipe" or name.startswith("card_")}


@pytest.mark.parametrize("name", SAMPLES)
def test_right_to_left_is_left_to_right_in_a_mirror(terminal, name):
    english = sample(name, "en")
    terminal.lay_out(english)
    left = [(type(n).__name__, *n.center) for n in terminal.nodes()]
    arabic = replace(english, chrome=replace(english.chrome, language="ar", rtl=True))
    terminal.lay_out(arabic)
    mirrored = list(terminal.nodes())
    assert len(left) == len(mirrored)
    for (kind, x, y), node in zip(left, mirrored, strict=True):
        assert type(node).__name__ == kind
        assert node.center_y == pytest.approx(y, abs=1)
        if not keeps_its_direction(node):
            assert node.center_x + x == pytest.approx(1080, abs=2), getattr(node, "text", kind)


def keeps_its_direction(node):
    """Whether it stands in a row that runs from left to right in every language."""
    while hasattr(node, "nodes"):
        if getattr(node, "ltr", False):
            return True
        node = node.parent
    return False


def test_the_number_pad_is_a_telephones_in_both_languages(terminal):
    places = {}
    for language in LANGUAGES:
        terminal.lay_out(sample("keypad", language))
        places[language] = {f"digit_{d}": terminal.button(f"digit_{d}").center for d in "1234567890"}
    assert places["ar"] == places["en"]
    one, two, four, zero, eight = (places["ar"][f"digit_{d}"] for d in "12408")
    assert one[0] < two[0] and one[1] == two[1]
    assert one[0] == four[0] and one[1] > four[1]
    assert zero[0] == eight[0] and zero[1] < eight[1]


def test_finish_stands_in_the_same_corner_everywhere(terminal):
    for language in LANGUAGES:
        corners = set()
        for name in SAMPLES:
            terminal.lay_out(sample(name, language))
            for button in terminal.stage.shown.buttons():
                if button.name == "finish":
                    corners.add((round(button.x if language == "en" else 1080 - button.right), round(button.y)))
        assert len(corners) == 1


def test_the_next_step_is_low_and_the_largest_button(terminal):
    for name, step in {
        "attract": "start",
        "keypad": "confirm",
        "bill": "print",
        "still_there": "more_time",
    }.items():
        terminal.lay_out(sample(name))
        buttons = {button.name: button for button in terminal.stage.shown.buttons()}
        assert buttons[step].center_y < 1920 * 0.2
        assert buttons[step].width * buttons[step].height == max(b.width * b.height for b in buttons.values())


def test_the_help_number_and_the_other_language_are_on_every_screen(terminal):
    for name in SAMPLES:
        terminal.lay_out(sample(name))
        if not terminal.stage.shown.is_covered:
            assert "language_en" in terminal.app.centres()
            assert any("9200\u00a001100" in text.text and text.y > 1700 for text in terminal.texts()), name


def test_columns_of_figures_end_at_the_same_pixel(terminal):
    for language in LANGUAGES:
        terminal.lay_out(sample("bill_details", language))
        ends = {text.right for text in terminal.texts() if text.align == "right"}
        widths = {text.width for text in terminal.texts() if text.align == "right"}
        assert len(ends) == len(widths) == 1


def test_time_runs_with_the_reading_direction(terminal):
    from kiosk.ui.widgets.charts import BarChart

    for language, newest_is_right in (("ar", False), ("en", True)):
        terminal.lay_out(sample("bill", language))
        chart = next(node for node in terminal.nodes() if isinstance(node, BarChart))
        assert (chart._middle(12) > chart._middle(0)) is newest_is_right


def test_every_icon_that_views_ask_for_is_drawn():
    asked = set()
    for name in SAMPLES:
        asked |= set(icon_names(sample(name)))
    assert asked - {""} <= set(icons.NAMES)


def icon_names(value):
    if hasattr(value, "__dataclass_fields__"):
        for field in value.__dataclass_fields__:
            inner = getattr(value, field)
            if field == "icon":
                yield inner
            yield from icon_names(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from icon_names(inner)


@pytest.mark.parametrize("name", icons.NAMES)
def test_icons_fill_their_square_with_ink(name):
    drawn = icons.mask(name, 48)
    left, top, right, bottom = drawn.getbbox()
    assert max(right - left, bottom - top) >= 30
    assert left >= 0 and top >= 0 and right <= 48 and bottom <= 48


def test_only_icons_that_point_along_the_line_are_mirrored():
    for name in icons.NAMES:
        is_flipped = icons.mask(name, 48) != icons.mask(name, 48, mirrored=True)
        assert is_flipped is (name in icons.MIRRORED)
