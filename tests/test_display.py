"""Whole visits through a real X server, with real events: by touch, by keys only, and blind by what is said.

Each in Arabic and in English; every day one by touch and one blind, the others with the slow suite.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import robot as robots
from robot import Robot

from kiosk.i18n import RIYADH
from kiosk.model import CurrentBill, Source
from kiosk.speaker import arabic_for_voice
from kiosk.viewmodel import BillView
from kiosk.views import SiteFacts, view
from kiosk.visit import Rules, Visit
from kiosk.visit.states import ShowBill
from tests.factories import worked_bill

pytestmark = [
    pytest.mark.display,
    pytest.mark.skipif(not robots.is_there, reason="apt-get install xvfb xdotool"),
]

ACCOUNT = "30012345678"
SCRIPTS = Path(__file__).parent / "golden" / "speech"


def daily(*languages: str) -> list[object]:
    """Arabic and English, those not named for the slow suite only."""
    return [pytest.param(code, marks=() if code in languages else pytest.mark.slow) for code in ("ar", "en")]


@pytest.fixture
def robot(tmp_path: Path) -> Iterator[Robot]:
    with robots.display() as name, robots.at_the_demo(name, tmp_path) as robot:
        yield robot


@pytest.mark.parametrize("language", daily("ar"))
def test_a_visit_by_touch(robot: Robot, language: str) -> None:
    robot.sees("attract")
    if language == "en":
        robot.presses("language_en")
    else:
        robot.presses("start")
    robot.sees("identify")
    robot.presses("by_number")
    for digit in ACCOUNT:
        robot.sees("keypad")
        robot.presses(f"digit_{digit}")
    robot.sees("keypad")
    robot.presses("confirm")
    other = "ar" if language == "en" else "en"
    assert f"language_{other}" in robot.sees("bill")["buttons"]
    robot.presses(f"language_{other}")
    assert f"language_{language}" in robot.sees("bill")["buttons"]
    robot.presses("print")
    robot.sees("take_receipt")
    robot.presses("finish")
    assert "language_en" in robot.sees("attract")["buttons"]


@pytest.mark.parametrize("language", daily())
def test_a_visit_by_keys_only(robot: Robot, language: str) -> None:
    robot.sees("attract")
    robot.strikes("Tab")
    robot.sees("attract", focus="start")
    robot.chooses("language_en" if language == "en" else "start")
    robot.sees("identify", focus="by_number")
    # The arrow that leads on is the one the language reads towards.
    robot.strikes("Left" if language == "ar" else "Right")
    robot.sees("identify", focus="by_card")
    robot.strikes("Up")
    robot.sees("identify", focus="by_number")
    robot.strikes("Return")
    robot.sees("keypad", focus="digit_1")
    for key in ("9", "KP_9", "BackSpace", "Delete", *ACCOUNT):
        robot.strikes(key)
        robot.sees("keypad", focus="confirm")
    robot.strikes("KP_Enter")
    robot.sees("bill")
    robot.chooses("app")
    robot.sees("app")
    robot.strikes("Escape")
    robot.sees("bill")
    robot.chooses("print")
    robot.sees("take_receipt")
    robot.chooses("finish")
    assert "focus" in robot.sees("attract")


@pytest.mark.parametrize("language", daily("en"))
def test_a_blind_visit_by_what_is_said(robot: Robot, language: str) -> None:
    script = Script(language)
    robot.sees("attract")
    if language == "en":
        robot.strikes("Tab")
        robot.sees("attract", focus="start")
        robot.chooses("language_en")
        robot.sees("identify")
    robot.plugs_in()
    if language == "ar":
        robot.hears(*script["welcome"], *script["attract"])
        robot.strikes("Return")
        robot.hears(*script["identify"])
    else:
        robot.hears(*script["welcome"], *script["identify"])
    robot.strikes("Down")
    robot.hears(*script["by_card"])
    robot.strikes("Up", "Return")
    robot.hears(*script["keypad"])
    for digit in ACCOUNT:
        robot.strikes(digit)
        robot.hears(*script[f"digit {digit}"])
    robot.strikes("Return")
    robot.hears(*script["bill"])
    robot.strikes("F9")
    robot.hears(*script["hidden"])
    robot.strikes("F2")
    robot.hears(*script["bill"])
    robot.sees("bill")
    robot.goes_to("print")
    robot.hears(*script["print"])
    robot.strikes("Return")
    robot.hears(*script["take_receipt"])
    robot.sees("take_receipt")
    robot.goes_to("finish")
    robot.hears(*script["finish"])
    robot.strikes("Return")
    robot.sees("attract")
    assert {voice for voice, _ in robot.words()} <= {language, "en-gb", "ar"}


class Script(dict[str, list[str]]):
    """What is to be heard, part by part, as the voice is given it; only the day of today is filled in."""

    def __init__(self, language: str) -> None:
        shown = self._bill_today(language)
        due = {"status": shown.status, "due_words": shown.due_words}
        part: list[str] = []
        for line in (SCRIPTS / f"walk-{language}.txt").read_text("utf-8").splitlines():
            if line.startswith("["):
                part = self.setdefault(line[1:-1], [])
            else:
                text = unicodedata.normalize("NFC", line.format(**due))
                if text:  # today's bill may have no status to tell of
                    part.append(arabic_for_voice(text) if language == "ar" else text)

    @staticmethod
    def _bill_today(language: str) -> BillView:
        now = datetime.now(RIYADH)
        current = CurrentBill(worked_bill("a"), now, Source.LIVE, None)
        facts = SiteFacts(Rules(), level="open", digits="words")
        shown = view(Visit(ShowBill(current, 1), language=language), now=now, facts=facts)
        assert isinstance(shown, BillView)
        return shown
