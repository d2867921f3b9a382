"""What moves by itself, and what must not: slides, the first screen when nobody is near."""

from dataclasses import replace

import pytest
from ui_hands import sample

from kiosk.ui.motion import DIM_AFTER_S, SLIDE_S


@pytest.fixture
def moving(terminal, monkeypatch):
    """The screens as on a graphics card, their time standing still until it is moved."""
    now = [1000.0]
    monkeypatch.setattr(terminal.stage, "still", False)
    monkeypatch.setattr("kiosk.ui.motion.monotonic", lambda: now[0])
    yield now
    terminal.stage.shown.shift.stop()


@pytest.mark.parametrize(("language", "side"), [("en", 1), ("ar", -1)])
def test_a_screen_slides_in_along_the_reading_direction_and_stands_after(terminal, moving, language, side):
    terminal.show("identify", language)
    moving[0] += SLIDE_S
    terminal.frame()
    screen = terminal.show("keypad", language)
    assert screen.shift.place[0] * side > 0 and terminal.loop.is_moving()
    moving[0] += SLIDE_S / 2
    terminal.frame()
    assert 0 < screen.shift.place[0] * side < terminal.stage.glass.width / 2
    moving[0] += SLIDE_S
    terminal.frame()
    assert screen.shift.place == (0, 0) and not terminal.loop.is_moving()


def test_the_way_back_slides_back(terminal, moving):
    terminal.show("keypad", "en")
    assert terminal.show("identify", "en").shift.place[0] < 0


def test_a_button_is_where_it_will_stand_while_its_screen_slides(terminal, moving):
    still = terminal.app.centres
    terminal.show("identify", "en")
    sliding = still()
    moving[0] += SLIDE_S
    terminal.frame()
    assert still() == sliding


def test_on_software_nothing_slides(terminal):
    terminal.show("identify")
    assert terminal.show("keypad").shift.place == (0, 0)
    assert not terminal.loop.is_moving()


def near(somebody):
    return replace(sample("attract"), is_near=somebody)


def brightest(terminal):
    return terminal.look().convert("L").getextrema()[1]


def test_the_first_screen_dims_after_a_long_time_alone_and_a_touch_gives_light(terminal, monkeypatch):
    whole = brightest(terminal)
    monkeypatch.setattr(terminal.loop, "_touched_at", terminal.loop._touched_at - DIM_AFTER_S - 1)
    terminal.app._tick()
    assert brightest(terminal) < 0.5 * whole
    terminal.down(5, 5)
    assert brightest(terminal) == whole


@pytest.mark.parametrize("name", ["identify", "bill", "out_of_service"])
def test_no_other_screen_dims(terminal, monkeypatch, name):
    terminal.show(name)
    whole = brightest(terminal)
    monkeypatch.setattr(terminal.loop, "_touched_at", float("-inf"))
    terminal.app._tick()
    assert brightest(terminal) == whole


def test_a_presence_switch_decides_where_there_is_one(terminal, monkeypatch):
    whole = brightest(terminal)
    terminal.show_view(near(False))
    assert brightest(terminal) < 0.5 * whole
    monkeypatch.setattr(terminal.loop, "_touched_at", float("-inf"))
    terminal.show_view(near(True))
    terminal.app._tick()
    assert brightest(terminal) == whole


def test_while_it_is_dim_nothing_keeps_its_place(terminal, monkeypatch):
    terminal.show_view(near(False))
    places = set()
    for _ in range(8):
        monkeypatch.setattr(terminal.app, "_turned_at", float("-inf"))
        terminal.app._tick()
        places.add(terminal.stage.shown.shift.place)
    assert len(places) == 8
    assert all(max(map(abs, place)) <= 2 * terminal.stage.glass.px_per_mm for place in places)
    terminal.show("attract")
    assert terminal.stage.shown.shift.place == (0, 0)
