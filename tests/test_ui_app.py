"""The app around the screens: what it forgets, what it survives, how it starts and ends."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops
from ui_hands import sample

from kiosk.ui.blank import blank
from kiosk.viewmodel import SCREENS, BillView, Fact

ROOT = Path(__file__).parent.parent


def holds(value, text, depth=0):
    """Whether a value, or anything it is made of, is a string with `text` in it."""
    if isinstance(value, str):
        return text in value
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, list | tuple | set):
        return depth < 6 and any(holds(inner, text, depth + 1) for inner in value)
    if hasattr(value, "__dataclass_fields__"):
        return any(holds(getattr(value, name), text, depth + 1) for name in value.__dataclass_fields__)
    return False


def holders(terminal, text):
    """Every widget, on the screen or off it, that holds `text` in a property or an attribute."""
    screens = list(terminal.stage.screens())
    nodes = [node for screen in screens for node in screen.walk()]
    return [
        type(node).__name__
        for node in nodes
        if any(holds(getattr(node, name), text) for name in node.properties()) or holds(vars(node), text)
    ]


def test_a_visit_leaves_no_text_behind(terminal):
    secret = "774199355678"
    bill = sample("bill")
    assert isinstance(bill, BillView)
    facts = (Fact(secret + "r", "1"),)
    bill = replace(
        bill, account=secret + "a", owner=secret + "o", readings=facts, sentence=secret, notes=(secret,)
    )
    views = (
        bill,
        replace(sample("keypad"), typed=secret),
        replace(sample("app"), payload=f"https://a.sa/{secret}"),
    )
    for shown in views:
        terminal.show_view(shown)
        assert holders(terminal, secret)
    terminal.show("attract")
    assert holders(terminal, secret) == []


def test_a_visit_leaves_no_picture_of_a_text_behind(terminal):
    from kiosk.ui.widgets.amount import AmountText
    from kiosk.ui.widgets.charts import BarChart, TierBar
    from kiosk.ui.widgets.qr import Qr
    from kiosk.ui.widgets.words import Text

    for name in ("bill", "bill_details", "keypad", "app"):
        terminal.show(name)
    terminal.show("attract")
    for name in ("bill", "keypad", "app"):
        screen = terminal.stage.screen(name)
        frame = {text.text for node in header_and_footer(screen) for text in node.walk() if isinstance(text, Text)}
        for node in screen.walk():
            if isinstance(node, Text):
                assert node.text in frame
                assert node.text or is_empty(node._ink)
            elif isinstance(node, AmountText):
                assert all(map(is_empty, node._inks))
            elif isinstance(node, Qr):
                assert is_empty(node._code)
            elif isinstance(node, BarChart | TierBar):
                assert node._pieces._group.children == []


def is_empty(rectangle):
    """Whether Kivy's own white texture has taken the place of what was drawn."""
    return rectangle.texture.size == (64, 64) and rectangle.size == (0, 0)


def header_and_footer(screen):
    from kiosk.ui.widgets.chrome import Footer, Header

    return [node for node in screen.walk() if isinstance(node, Header | Footer)]


def test_kivys_own_caches_learn_nothing_of_a_visit(terminal):
    from kivy.cache import Cache

    terminal.show("bill")
    before = {category: set(entries) for category, entries in Cache._objects.items()}
    terminal.show("bill_overdue", "en")
    assert {category: set(entries) for category, entries in Cache._objects.items()} == before


@pytest.mark.parametrize("name", SCREENS)
def test_a_blank_screen_can_be_shown(terminal, name):
    view = blank(type(sample(name)), chrome=sample(name).chrome)
    screen = terminal.stage.screen(name)
    screen.render(view, terminal.stage.shown.look)
    frame = {"finish", "back", "reach", "display", "languages", "language_ar", "language_en"}
    assert {button.name for button in screen.buttons()} <= frame | {
        button.name for button in screen.buttons() if not button.is_enabled
    }


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_phone_reads_the_code(terminal, language):
    terminal.show("app", language)
    (code,) = zxingcpp.read_barcodes(terminal.look())
    assert code.text == sample("app").payload


def test_the_code_has_whole_pixels_and_a_quiet_zone(terminal):
    from kiosk.ui.widgets.qr import QUIET, Qr

    terminal.show("app")
    code = next(node for node in terminal.nodes() if isinstance(node, Qr))
    assert code.module_px >= 0.5 * terminal.stage.glass.px_per_mm
    assert code._code.size[0] == code.module_px * code._modules
    assert (min(code.size) - code._code.size[0]) / 2 >= QUIET * code.module_px


def test_a_screen_is_told_when_it_stands_still(terminal):
    told = []
    terminal.app.show(sample("bill"))
    terminal.app.on_drawn(lambda: told.append(terminal.look()))
    terminal.frame(4)
    assert len(told) == 1
    terminal.frame(2)
    assert terminal.look() == told[0]


def test_a_screen_is_not_told_of_before_it_is_drawn(terminal):
    told = []
    terminal.app.show(sample("looking_up"))
    terminal.app.on_drawn(lambda: told.append((terminal.stage.name, terminal.app._seen_at < inf)))

    def answered(*_):
        # Bound last, called first: ahead of the word that the waiting screen stands still.
        if terminal.stage.name == "looking_up" and terminal.app._frames == 1:
            terminal.app.post(lambda: terminal.app.show(sample("bill")))

    terminal.stage.window.bind(on_flip=answered)
    terminal.frame(8)
    terminal.stage.window.unbind(on_flip=answered)
    assert told == [("bill", True)]


def test_nothing_is_drawn_while_nothing_changes(terminal):
    terminal.show("bill")
    terminal.frame(3)
    flips = []
    terminal.stage.window.bind(on_flip=lambda *_: flips.append(1))
    terminal.frame(20)
    assert flips == []


def test_the_attract_screen_moves_on_without_a_touch(terminal, monkeypatch):
    before = terminal.look()
    monkeypatch.setattr(terminal.app, "_turned_at", float("-inf"))
    terminal.app._tick()
    terminal.frame()
    assert ImageChops.difference(before, terminal.look()).getbbox()


def test_the_card_moves_on_a_graphics_card_and_stands_on_software(terminal, monkeypatch):
    terminal.show("card")
    still = terminal.look()
    terminal.frame(2)
    assert not terminal.loop.is_moving() and terminal.look() == still
    monkeypatch.setattr(terminal.stage, "still", False)
    screen = terminal.show("card")
    assert terminal.loop.is_moving()
    screen._move(0)
    first = screen.swiped
    monkeypatch.setattr("kiosk.ui.screens.card.Clock", LaterClock())
    screen._move(0)
    assert screen.swiped != first
    terminal.show("attract")
    terminal.stage.shown.shift.stop()
    assert not terminal.loop.is_moving() and screen._motion is None


class LaterClock:
    """Kivy's clock a second later."""

    @staticmethod
    def get_boottime():
        from kivy.clock import Clock

        return Clock.get_boottime() + 1


def test_buttons_are_found_where_they_are_drawn(terminal):
    terminal.show("keypad")
    centres = terminal.app.centres()
    assert {f"digit_{d}" for d in "0123456789"} | {"delete", "clear", "confirm", "finish", "back"} <= set(centres)
    x, y = centres["confirm"]
    assert terminal.look().getpixel((x - 200, y)) == (0x10, 0x46, 0x31)
    terminal.show("keypad_empty")
    assert "confirm" not in terminal.app.centres()


def test_a_picture_is_what_the_window_shows(terminal, tmp_path):
    terminal.show("identify")
    terminal.app.picture(tmp_path / "identify.png")
    with Image.open(tmp_path / "identify.png") as picture:
        assert picture.size == (1080, 1920)
        assert picture.convert("RGB") == terminal.look()


def test_details_that_do_not_fit_turn_by_pages(terminal):
    shown = sample("bill_details")
    terminal.show_view(replace(shown, readings=shown.readings * 6))
    first = {text.text for text in terminal.texts()}
    assert "page_next" in terminal.app.centres() and "page_previous" not in terminal.app.centres()
    before = terminal.look()
    terminal.press("page_next")
    assert terminal.look() != before
    assert {text.text for text in terminal.texts()} == first
    assert terminal.sent == []
    assert "page_previous" in terminal.app.centres()


def test_a_failing_frame_shows_out_of_service_and_the_second_ends(terminal, monkeypatch):
    terminal.show("bill")
    frames = []

    def fail():
        frames.append(terminal.stage.name)
        raise RuntimeError("a frame failed")

    monkeypatch.setattr(terminal.loop, "turn", fail)
    monkeypatch.setattr(terminal.loop, "_rest", lambda: None)
    monkeypatch.setattr(terminal.loop, "_trouble_at", float("-inf"))
    with pytest.raises(RuntimeError):
        terminal.loop.run()
    assert frames == ["bill", "out_of_service"]


def run_app(script, **environment):
    """A process of its own, in which `script` runs with an app on a sample's attract screen."""
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")}
    return subprocess.Popen(
        [sys.executable, "-c", _PRELUDE + script],
        cwd=ROOT,
        env=env | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "SDL_AUDIODRIVER": "dummy"} | environment,
        stdout=subprocess.PIPE,
        text=True,
    )


_PRELUDE = """
import json, sys
from ui_hands import sample
from kiosk.ui.app import KioskApp
app = KioskApp(send=print, first=sample("attract"))
"""


def test_only_the_first_screen_is_built_before_the_first_frame_and_a_signal_ends():
    process = run_app(
        """
at_first = []
def flipped(*_):
    if not at_first:
        at_first.extend(name for name in sys.modules if name.startswith("kiosk.ui.screens."))
        at_first.extend({"qrcode", "escpos", "sqlite_utils", "requests", "pydantic"} & set(sys.modules))
app._stage.window.bind(on_flip=flipped)
app.on_drawn(lambda: print(json.dumps(at_first), flush=True))
app.run()
""",
        KCFG_MODULES_INSPECTOR="1",
    )
    built = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    process.stdout.close()
    assert built == ["kiosk.ui.screens.attract"]
