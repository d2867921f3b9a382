"""A covered screen: hidden for somebody who listens, or resting so that it can be cleaned."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_hands import sample

from kiosk.visit.events import NumberChosen


def hidden(name, words="الشاشة مخفية"):
    view = sample(name)
    return replace(view, chrome=replace(view.chrome, hidden=words))


@pytest.fixture
def later(terminal, monkeypatch):
    """Moves the app's clock on, and lets a second pass."""
    now = [1e6]
    monkeypatch.setattr("kiosk.ui.app.monotonic", lambda: now[0])
    monkeypatch.setattr(terminal.app, "_seen_at", 0.0)

    def pass_by(seconds):
        now[0] += seconds
        terminal.app._tick()
        terminal.frame()

    yield pass_by
    pass_by(1000)


def lit(picture):
    """The share of pixels that are not nearly black."""
    histogram = picture.convert("L").histogram()
    return sum(histogram[24:]) / sum(histogram)


def test_nothing_of_a_hidden_screen_is_seen_and_its_words_are(terminal):
    plain = terminal.show("bill")
    assert plain is not None and lit(terminal.look()) > 0.5
    terminal.show_view(hidden("bill"))
    covered = terminal.look()
    assert 0 < lit(covered) < 0.05
    terminal.show_view(hidden("keypad"))
    assert terminal.look() == covered
    terminal.show("bill")
    assert lit(terminal.look()) > 0.5


def test_a_finger_presses_nothing_on_a_hidden_screen_but_is_felt(terminal):
    terminal.show_view(hidden("identify"))
    before = terminal.touches
    terminal.press("by_number")
    assert terminal.sent == [] and terminal.touches == before + 1
    terminal.show("identify")
    terminal.press("by_number")
    assert terminal.sent == [NumberChosen()]


def test_a_finger_that_came_down_on_the_cover_presses_nothing_when_it_is_lifted(terminal):
    terminal.show_view(hidden("attract"))
    touch = terminal.down(540, 960)
    terminal.show("attract")
    touch.touch_up()
    terminal.frame()
    assert terminal.sent == []


def test_a_resting_screen_counts_down_feels_nothing_and_comes_back(terminal, later):
    terminal.show("identify")
    before = terminal.look()
    ended = []
    terminal.app.rest(30, text="امسح الشاشة بقطعة قماش ناعمة", done=lambda: ended.append(1))
    pictures = []
    for _ in range(3):
        terminal.frame()
        pictures.append(terminal.look())
        later(1)
    assert pictures[0] != pictures[1] != pictures[2]
    assert all(lit(picture) < 0.05 for picture in pictures)
    touches = terminal.touches
    terminal.press("by_number")
    terminal.stage.window.dispatch("on_key_down", 0, 43, None, [])
    assert (terminal.sent, terminal.touches, terminal.app.focus, ended) == ([], touches, "", [])
    later(30)
    assert ended == [1]
    assert terminal.look() == before


def test_what_is_shown_meanwhile_stays_covered_until_the_rest_is_over(terminal, later):
    terminal.app.rest(30, text="…")
    terminal.show("bill")
    assert lit(terminal.look()) < 0.05
    later(31)
    assert lit(terminal.look()) > 0.5


def test_a_rest_on_a_hidden_screen_ends_hidden(terminal, later):
    terminal.show_view(hidden("bill"))
    terminal.app.rest(5, text="…")
    later(6)
    assert 0 < lit(terminal.look()) < 0.05
    terminal.show("attract")


def test_touches_reach_the_panels_health_in_millimetres(terminal):
    from kiosk.touch.health import Fault, TouchHealth

    terminal.app.touch_health = health = TouchHealth()
    terminal.show("attract")
    for number in range(10):
        terminal.show("keypad")
        for digit in "30012345678":
            if digit != "5":
                terminal.app.touch_health.pressed(f"digit_{digit}")
        terminal.app.touch_health.pressed("confirm")
        terminal.show("attract")
        assert number < 9 or health._uses["digit_1"].pressed == 10
    x, y = health._uses["digit_5"].at
    glass = terminal.stage.glass
    terminal.show("keypad")
    centre = terminal.button("digit_5").center
    assert (x, y) == pytest.approx((centre[0] / glass.px_per_mm, centre[1] / glass.px_per_mm), abs=0.3)
    touch = terminal.down(*centre)
    assert health._down is not None and health._down[1] == pytest.approx((x, y), abs=0.3)
    assert Fault.STUCK in [fault.fault for fault in health.faults(at=health._down[0] + 60)]
    touch.touch_up()
    assert health._down is None
