"""Fingers: what a press is, what it is not, and what keys and wheels must not do."""

import threading
from time import monotonic

import pytest
from ui_hands import sample

from kiosk.ui.press_guard import BOUNCE_S, PressGuard
from kiosk.visit.events import DigitTyped, LanguageChosen, NumberChosen, NumberConfirmed, PrintRequested, Touched


@pytest.fixture
def clock(terminal, monkeypatch):
    """The time that presses are measured by, standing still until it is moved."""
    now = [monotonic()]
    for module in ("kiosk.ui.widgets.button", "kiosk.ui.app"):
        monkeypatch.setattr(f"{module}.monotonic", lambda: now[0])
    terminal.app._seen_at = now[0]
    return now


def test_a_press_sends_its_event_when_the_finger_leaves(terminal):
    terminal.show("identify")
    touch = terminal.down(*terminal.button("by_number").center)
    assert terminal.sent == []
    touch.touch_up()
    terminal.frame()
    assert terminal.sent == [NumberChosen()]


def test_sliding_off_a_button_takes_the_press_back(terminal):
    terminal.show("identify")
    button = terminal.button("by_number")
    touch = terminal.down(*button.center)
    touch.touch_move(button.center_x, button.y - 40)
    terminal.frame()
    assert not button.pressed
    touch.touch_up()
    terminal.frame()
    assert terminal.sent == []


def test_sliding_onto_another_button_presses_neither(terminal):
    terminal.show("keypad")
    touch = terminal.down(*terminal.button("digit_1").center)
    touch.touch_move(*terminal.button("digit_2").center)
    touch.touch_up()
    terminal.frame()
    assert terminal.sent == []


def test_a_touched_button_looks_pressed_with_the_next_frame(terminal):
    terminal.show("keypad")
    button = terminal.button("digit_5")
    box = (int(button.x) + 30, 1920 - int(button.top) + 30, int(button.x) + 60, 1920 - int(button.y) - 30)
    before = terminal.look().crop(box)
    touch = terminal.down(*button.center)
    assert terminal.look().crop(box) != before
    touch.touch_up()
    terminal.frame()
    assert terminal.look().crop(box) == before


def test_a_button_that_is_not_enabled_does_nothing(terminal):
    terminal.show("keypad_empty")
    assert not terminal.button("confirm").is_enabled
    terminal.press("confirm")
    assert terminal.sent == []


def test_a_button_that_became_another_under_the_finger_does_nothing(terminal):
    terminal.show("bill")
    touch = terminal.down(*terminal.button("print").center)
    terminal.app.show(sample("bill_no_paper"))
    touch.touch_up()
    terminal.frame()
    assert terminal.sent == []


def test_a_screen_that_left_under_the_finger_gets_no_press(terminal):
    terminal.show("identify")
    touch = terminal.down(*terminal.button("by_number").center)
    terminal.app.show(sample("looking_up"))
    touch.touch_up()
    terminal.frame()
    assert terminal.sent == []


def test_one_press_never_reaches_two_screens(terminal, clock, monkeypatch):
    terminal.show("keypad")
    place = terminal.button("confirm").center

    def answer(event):
        terminal.sent.append(event)
        terminal.app.show(sample("bill"))

    monkeypatch.setattr(terminal.app, "_send", answer)
    terminal.press("confirm")
    assert terminal.button("print").collide_point(*place)
    clock[0] += BOUNCE_S / 2
    terminal.down(*place).touch_up()
    terminal.frame()
    assert terminal.sent == [NumberConfirmed()]
    clock[0] += BOUNCE_S
    terminal.press("print")
    assert terminal.sent == [NumberConfirmed(), PrintRequested()]


def test_a_bounce_types_a_digit_once(terminal, clock):
    terminal.show("keypad")
    terminal.press("digit_7")
    clock[0] += BOUNCE_S / 2
    terminal.press("digit_7")
    assert terminal.sent == [DigitTyped("7")]
    clock[0] += BOUNCE_S
    terminal.press("digit_7")
    assert terminal.sent == [DigitTyped("7")] * 2


def test_different_keys_may_follow_at_once(terminal, clock):
    terminal.show("keypad")
    for digit in "3071":
        terminal.press(f"digit_{digit}")
    assert terminal.sent == [DigitTyped(digit) for digit in "3071"]


def test_the_guard_lets_a_real_second_press_through():
    guard = PressGuard(70)
    assert guard.accepts(at=10.0, pos=(500, 500), seen_at=0)
    assert not guard.accepts(at=10.0 + BOUNCE_S / 2, pos=(510, 490), seen_at=0)
    assert guard.accepts(at=10.0 + BOUNCE_S / 2, pos=(700, 500), seen_at=0)
    assert guard.accepts(at=10.01 + 2 * BOUNCE_S, pos=(700, 500), seen_at=0)


def test_the_guard_refuses_what_had_not_been_drawn():
    guard = PressGuard(70)
    assert not guard.accepts(at=10.0, pos=(0, 0), seen_at=10.2)
    assert guard.accepts(at=10.3, pos=(0, 0), seen_at=10.2)


def test_a_touch_anywhere_begins_a_visit(terminal):
    touch = terminal.down(540, 1500)
    touch.touch_up()
    terminal.frame()
    assert terminal.sent == [Touched()]
    assert terminal.touches == 1


def test_choosing_a_language_on_the_first_screen_does_not_begin_a_visit(terminal):
    terminal.press("language_en")
    assert terminal.sent == [LanguageChosen("en")]


@pytest.mark.parametrize("button", ["right", "middle", "scrolldown", "scrollup"])
def test_only_a_finger_or_the_left_button_presses(terminal, button):
    for name, place in (("identify", "by_number"), ("attract", "start")):
        terminal.show(name)
        window, (x, y) = terminal.stage.window, terminal.button(place).center
        window.dispatch("on_mouse_down", x, 1920 - y, button, [])
        window.dispatch("on_mouse_up", x, 1920 - y, button, [])
        terminal.frame(2)
        assert terminal.sent == []


def test_tapping_by_name_goes_through_the_windows_input(terminal):
    terminal.show("identify")
    terminal.app.tap("by_number")
    terminal.frame(2)
    assert terminal.sent == [NumberChosen()]
    with pytest.raises(KeyError):
        terminal.app.tap("no_such_button")


KEYS = {"F1": (282, []), "F11": (292, []), "escape": (27, []), "ctrl+e": (101, ["ctrl"]), "alt+F4": (285, ["alt"])}


@pytest.mark.parametrize("key", KEYS)
def test_keys_leave_the_screen_as_it_is(terminal, key):
    terminal.show("bill")
    before = terminal.look()
    code, modifiers = KEYS[key]
    window = terminal.stage.window
    if not window.dispatch("on_key_down", code, code, None, modifiers):
        window.dispatch("on_keyboard", code, code, None, modifiers)
    terminal.frame(2)
    assert terminal.look() == before
    assert len(window.children) == 1
    assert terminal.sent == []


def test_closing_the_window_from_outside_is_refused(terminal):
    assert terminal.stage.window.dispatch("on_request_close")


def test_kivy_is_locked_down(terminal):
    from kivy.config import Config

    assert dict(Config.items("input")) == {"mouse": "mouse,disable_multitouch,disable_hover"}
    assert Config.items("modules") == []
    assert Config.get("kivy", "exit_on_escape") == "0"
    assert Config.get("graphics", "multisamples") == "0"


def test_a_job_from_another_thread_runs_on_the_screens_thread(terminal):
    ran = []
    thread = threading.Thread(target=lambda: terminal.app.post(lambda: ran.append(threading.current_thread())))
    thread.start()
    thread.join()
    terminal.frame()
    assert ran == [threading.current_thread()]
