"""Letters, contrast, reach and languages from every screen: the buttons of the frame and the panel they open."""

import pytest
from ui_hands import EVERY_LANGUAGE, SAMPLES, sample

from kiosk import typography
from kiosk.viewmodel import SCREENS
from kiosk.visit.display import (
    Display,
    Panel,
    PanelClosed,
    PanelOpened,
    ReachChosen,
    TextSizeChosen,
    ThemeChosen,
)
from kiosk.visit.events import LanguageChosen

UNCOVERED = [name for name in SAMPLES if name not in ("identify_display", "bill_languages")]


@pytest.mark.parametrize("name", UNCOVERED)
def test_every_screen_has_the_way_to_see_it_otherwise(terminal, name):
    terminal.lay_out(sample(name))
    assert {"display", "reach", "language_en"} <= set(terminal.app.centres())


def test_the_frame_s_buttons_ask_for_what_they_show(terminal):
    terminal.show("identify")
    terminal.press("display")
    terminal.press("reach")
    terminal.press("language_en")
    assert terminal.sent == [PanelOpened(Panel.DISPLAY), ReachChosen(True), LanguageChosen("en")]


def test_only_the_panel_can_be_pressed_while_it_lies_over_the_screen(terminal):
    terminal.show("identify")
    below = terminal.button("by_number").center
    terminal.show("identify_display")
    assert "by_number" not in terminal.app.centres()
    terminal.down(*below).touch_up()
    terminal.frame()
    assert terminal.sent == [PanelClosed()]


def test_a_finger_on_the_panel_closes_it_only_by_its_button(terminal):
    screen = terminal.show("identify_display")
    sheet = screen._overlay.ids.sheet
    terminal.down(sheet.center_x, sheet.y + 2).touch_up()
    assert terminal.sent == []
    terminal.press("size_4")
    terminal.press("theme_high")
    terminal.press("close")
    assert terminal.sent == [TextSizeChosen(4), ThemeChosen("high"), PanelClosed()]


def test_a_slide_off_a_choice_chooses_nothing_and_closes_nothing(terminal):
    terminal.show("identify_display")
    touch = terminal.down(*terminal.button("theme_dark").center)
    touch.touch_move(10, 1800)
    touch.touch_up()
    terminal.frame()
    assert terminal.sent == []


def test_choices_look_as_they_will(terminal):
    from kiosk.ui.widgets.options import OptionButton

    terminal.show("identify_display")
    choices = {node.name: node for node in terminal.nodes() if isinstance(node, OptionButton)}
    assert [choices[f"size_{size}"].look.text_size for size in (1, 2, 3, 4)] == [1, 2, 3, 4]
    assert {theme: choices[f"theme_{theme}"].look.theme for theme in ("high", "low", "dark")} == {
        theme: theme for theme in ("high", "low", "dark")
    }
    assert {name for name, node in choices.items() if node.tick} == {"size_2", "theme_default"}


@pytest.mark.parametrize(("language", "size"), [("ar", 4), ("en", 2), ("ur", 1), ("hi", 4), ("bn", 3), ("fil", 4)])
def test_six_languages_are_one_press_further_where_they_have_no_room(terminal, language, size):
    """Each is written in its own script: one that the screen's font lacks would be boxes."""
    display = Display(text_size=size)
    terminal.lay_out(sample("identify", language, display=display, languages=EVERY_LANGUAGE))
    assert "languages" in terminal.app.centres()
    check_glyphs(terminal)
    terminal.lay_out(sample("bill_languages", language, display=display, languages=EVERY_LANGUAGE))
    assert {f"language_{code}" for code in EVERY_LANGUAGE if code != language} <= set(terminal.app.centres())
    check_glyphs(terminal)


def check_glyphs(terminal):
    for text in terminal.texts():
        assert not typography.missing(text.text, text.style.font), text.text
        assert len(text.rows) == 1 or " " in text.text, text.text


@pytest.mark.parametrize("name", SCREENS)
def test_in_reach_mode_everything_to_press_is_within_reach_and_back_up_after(terminal, name):
    """The walk measures this in every look; here it goes there and back."""
    reach = terminal.stage.glass.reach_px
    for low in (True, False):
        terminal.lay_out(sample(name, display=Display(low=low)))
        tops = [button.top for button in terminal.stage.shown.buttons()]
        assert (max(tops) <= reach) is low
