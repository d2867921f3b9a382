"""A keypad: the ring that says where one is, what keys press, and what they must not do."""

from __future__ import annotations

from dataclasses import asdict
from itertools import cycle

import pytest
from ui_hands import LANGUAGES, sample

from kiosk.keypad import DIGITS, KEY_NAMES, Act, Key, Keymap
from kiosk.settings import load
from kiosk.ui.palette import PALETTES
from kiosk.ui.press_guard import BOUNCE_S, STILL_HELD_S, KeyGuard
from kiosk.viewmodel import SCREENS
from kiosk.visit.display import Display
from kiosk.visit.events import BackPressed, DigitDeleted, DigitTyped, Finished, NumberChosen, NumberConfirmed

PLACES = {"tab": 43, "enter": 40, "up": 82, "down": 81, "left": 80, "right": 79, "escape": 41, "backspace": 42}
PLACES |= {digit: place for place, digit in DIGITS.items() if place < 43}


@pytest.fixture
def keys(terminal, monkeypatch):
    """Presses keys one after the other, each long after the one before."""
    now = [1e6]
    monkeypatch.setattr("kiosk.ui.keys.monotonic", lambda: now[0])
    window = terminal.stage.window

    def press(*names, modifiers=()):
        for name in names:
            now[0] += 2 * BOUNCE_S
            assert window.dispatch("on_key_down", 0, PLACES[name], None, list(modifiers))
            window.dispatch("on_key_up", 0, PLACES[name])

    terminal.app._focus.turn_off()
    monkeypatch.setattr(terminal.app._keys, "_guard", KeyGuard())
    yield press
    terminal.app._focus.turn_off()


def order(terminal):
    """The buttons that can be pressed, in the order of the screen's own tree."""
    return [button.name for button in terminal.stage.shown.buttons() if button.is_enabled]


def ringed(terminal):
    return [button.name for button in terminal.stage.shown.buttons() if button.focused]


def test_the_first_key_shows_where_one_is_and_presses_nothing(terminal, keys):
    terminal.show("identify")
    keys("enter")
    assert ringed(terminal) == ["by_number"] == [terminal.app.focus]
    assert terminal.sent == []


@pytest.mark.parametrize(("name", "language"), list(zip(SCREENS, cycle(LANGUAGES), strict=False)))
def test_the_ring_goes_round_every_button_in_reading_order_but_not_from_the_way_out(
    terminal, keys, name, language
):
    terminal.app.show(sample(name, language))
    names = order(terminal)
    keys("tab")
    begun = terminal.app.focus
    frame = {
        "finish",
        "back",
        "reach",
        "display",
        "languages",
        *(button.name for button in sample(name).chrome.languages),
    }
    assert begun in (set(names) - frame or names)
    seen = []
    for _ in names:
        assert ringed(terminal) == [terminal.app.focus]
        seen.append(terminal.app.focus)
        keys("tab")
    start = names.index(begun)
    assert seen == names[start:] + names[:start]
    assert terminal.app.focus == begun
    keys("tab", modifiers=["shift"])
    assert terminal.app.focus == seen[-1]


@pytest.mark.parametrize(("language", "on", "back"), [("ar", "left", "right"), ("en", "right", "left")])
def test_the_arrows_go_the_way_the_language_reads(terminal, keys, language, on, back):
    terminal.show("identify", language)
    keys("tab", on)
    assert terminal.app.focus == "by_card"
    keys(back)
    assert terminal.app.focus == "by_number"


def test_enter_presses_what_has_the_ring(terminal, keys):
    terminal.show("identify")
    keys("tab", "enter")
    assert terminal.sent == [NumberChosen()]


def test_digits_type_themselves_and_enter_then_means_the_way_on(terminal, keys):
    terminal.show("keypad")
    keys("3", "3", "0")
    assert terminal.sent == [DigitTyped("3"), DigitTyped("3"), DigitTyped("0")]
    assert terminal.app.focus == "confirm"
    keys("enter")
    assert terminal.sent[-1] == NumberConfirmed()


def test_enter_does_nothing_while_the_number_is_too_short(terminal, keys):
    terminal.show("keypad_empty")
    keys("3", "enter")
    assert terminal.sent == [DigitTyped("3")]
    assert ringed(terminal) == ["confirm"]


def test_digits_are_dropped_where_there_are_none(terminal, keys):
    terminal.show("bill")
    keys("3")
    assert terminal.sent == []


def test_delete_and_back_need_no_ring(terminal, keys):
    terminal.show("keypad")
    keys("backspace", "escape")
    assert terminal.sent == [DigitDeleted(), BackPressed()]


def test_the_ring_stays_on_its_button_while_the_screen_changes_a_little(terminal, keys):
    terminal.show("bill")
    keys("tab", "tab")
    before = terminal.app.focus
    terminal.show("bill_overdue")
    assert ringed(terminal) == [before]


def test_another_screen_begins_anew(terminal, keys):
    terminal.show("identify")
    keys("tab", "tab", "tab")
    assert terminal.app.focus == "finish"
    terminal.show("keypad_empty")
    assert ringed(terminal) == ["digit_1"]


def test_a_page_turns_by_key(terminal, keys):
    terminal.show("bill_details", display=Display(text_size=4))
    while terminal.app.focus != "page_next":
        keys("tab")
    before = terminal.look()
    keys("enter")
    assert terminal.look() != before
    assert terminal.sent == []
    assert len(ringed(terminal)) == 1


def test_a_finger_takes_the_ring_away(terminal, keys):
    terminal.show("identify")
    keys("tab")
    terminal.down(5, 5).touch_up()
    assert ringed(terminal) == [] and terminal.app.focus == ""


def test_a_key_is_a_sign_of_life(terminal, keys):
    terminal.show("bill")
    before = terminal.touches
    keys("tab")
    assert terminal.touches == before + 1


def test_what_was_not_drawn_yet_cannot_be_pressed(terminal, keys, monkeypatch):
    terminal.show("keypad")
    keys("tab")
    terminal.app.show(sample("bill"))
    terminal.stage.window.dispatch("on_key_down", 0, PLACES["enter"], None, [])
    assert terminal.sent == []
    terminal.stage.window.dispatch("on_key_up", 0, PLACES["enter"])


@pytest.mark.parametrize("modifier", ["ctrl", "alt", "meta"])
def test_a_key_of_a_shortcut_means_nothing(terminal, keys, modifier):
    terminal.show("identify")
    keys("tab", modifiers=[modifier])
    assert terminal.app.focus == ""


def test_a_key_held_down_is_one_press():
    guard = KeyGuard()
    assert guard.accepts(4, at=10.0)
    assert not any(guard.accepts(4, at=10.66 + 0.04 * n) for n in range(50))
    guard.released(4)
    assert guard.accepts(4, at=13.0)


def test_a_worn_key_that_bounces_is_one_press():
    guard = KeyGuard()
    assert guard.accepts(4, at=10.0)
    guard.released(4)
    assert not guard.accepts(4, at=10.0 + BOUNCE_S / 2)
    guard.released(4)
    assert guard.accepts(4, at=10.0 + 3 * BOUNCE_S)


def test_a_key_whose_release_got_lost_works_again_soon():
    guard = KeyGuard()
    assert guard.accepts(4, at=10.0)
    assert guard.accepts(4, at=10.1 + STILL_HELD_S)


def test_every_act_has_a_key_and_every_digit_both_its_keys():
    keymap = Keymap.of(asdict(load().keys))
    assert set(keymap.acts.values()) == set(Act)
    assert sorted(DIGITS.values()) == sorted("0123456789" * 2)
    assert not set(keymap.acts) & set(DIGITS)
    assert keymap.key(43, backwards=True) == Key(Act.PREVIOUS)
    assert keymap.key(999) is None
    assert len(set(KEY_NAMES)) == len(KEY_NAMES)


def luminance(colour):
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", PALETTES)
def test_the_ring_is_seen_on_every_ground_and_round_every_button(theme):
    palette = PALETTES[theme]
    ring, halo = palette.rgba("focus"), palette.rgba("card")
    assert contrast(ring, halo) >= 3
    for ground in ("ground", "card", "hero", "primary", "accent", "sunken", "key"):
        assert max(contrast(ring, palette.rgba(ground)), contrast(halo, palette.rgba(ground))) >= 3, ground


def test_the_ring_does_not_reach_the_next_button(terminal, keys):
    terminal.show("keypad")
    keys("tab")
    look = terminal.stage.shown.look
    assert look.space("xs") * 2 < look.space("s") + 1
    assert look.stroke("focus") >= 2 and look.stroke("halo") > look.stroke("focus")


def test_finishing_by_key_ends_like_a_finger(terminal, keys):
    terminal.show("take_receipt")
    while terminal.app.focus != "finish":
        keys("tab")
    keys("enter")
    assert terminal.sent == [Finished()]
