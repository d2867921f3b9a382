"""Hearing a visit: what starts and ends the voice, what time it takes, and that the next visitor begins in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.sensors import Switch
from kiosk.samples import samples
from kiosk.visit import Rules, Visit, step
from kiosk.visit.display import HidingChosen, SpeechChosen
from kiosk.visit.events import Event, Finished, MoreTimeAsked, ReadAloud, SwitchChanged, Tick
from kiosk.visit.states import Attract, Identify, ShowBill, StillThere

RULES = Rules()
PLUGGED, UNPLUGGED = SwitchChanged(Switch.HEADPHONES, True), SwitchChanged(Switch.HEADPHONES, False)


def after(visit: Visit, *events: Event, now: float = 1.0) -> Visit:
    for event in events:
        visit = step(visit, event, now=now, rules=RULES)
    return visit


def bill(**changes: object) -> Visit:
    return replace(samples()["bill"], heard_at=0.0, **changes)  # type: ignore[arg-type]


def test_head_phones_start_the_voice_and_their_end_ends_it() -> None:
    heard = after(bill(), PLUGGED)
    assert heard.is_aloud
    assert not after(heard, UNPLUGGED).is_aloud
    assert not after(heard, SwitchChanged(Switch.HEADPHONES, None)).is_aloud


def test_the_marked_key_starts_the_voice_without_head_phones_and_begins_a_visit() -> None:
    heard = after(Visit(), SpeechChosen(True))
    assert heard.is_aloud and isinstance(heard.state, Identify)
    assert not after(heard, SpeechChosen(False)).is_aloud


def test_who_silenced_the_voice_hears_it_again_by_plugging_in_again() -> None:
    silenced = after(bill(), PLUGGED, SpeechChosen(False))
    assert not silenced.is_aloud
    assert after(silenced, UNPLUGGED, PLUGGED).is_aloud
    assert not after(silenced, PLUGGED).is_aloud


def test_the_screen_hides_only_while_it_is_read_aloud() -> None:
    assert not after(bill(), HidingChosen(True)).is_hidden
    hidden = after(bill(), PLUGGED, HidingChosen(True))
    assert hidden.is_hidden
    assert not after(hidden, UNPLUGGED).is_hidden
    assert not after(hidden, SpeechChosen(False), SpeechChosen(True)).is_hidden


def test_the_next_visitor_begins_in_silence_and_sees_the_screen() -> None:
    ended = after(bill(), SpeechChosen(True), HidingChosen(True), Finished())
    assert isinstance(ended.state, Attract)
    assert not ended.is_aloud and not ended.is_hidden


def test_who_listens_gets_twice_the_time() -> None:
    once = RULES.warn_after_s
    assert isinstance(after(bill(), Tick(), now=once).state, StillThere)
    heard = after(bill(), SpeechChosen(True), now=0.0)
    assert isinstance(after(heard, Tick(), now=2 * once - 1).state, ShowBill)
    assert isinstance(after(heard, Tick(), now=2 * once).state, StillThere)


@pytest.mark.parametrize("name", ["bill", "take_receipt", "identify", "not_found", "app", "keypad"])
def test_no_time_counts_while_the_voice_speaks(name: str) -> None:
    visit = after(replace(samples()[name], heard_at=0.0), SpeechChosen(True), now=0.0)
    before = visit.state
    for second in range(1, 600):
        visit = after(visit, ReadAloud(), Tick(), now=float(second))
    assert visit.state == before


def test_the_warning_counts_down_only_after_it_was_read() -> None:
    warned = after(bill(), SpeechChosen(True), now=0.0)
    warned = after(warned, Tick(), now=2 * RULES.warn_after_s)
    assert isinstance(warned.state, StillThere)
    later = 2 * RULES.warn_after_s + 2 * RULES.answer_s
    read = after(warned, ReadAloud(), Tick(), now=later)
    assert isinstance(read.state, StillThere) and read.state.seconds_left == RULES.answer_s
    assert isinstance(after(read, Tick(), now=later + RULES.answer_s).state, Attract)


def test_speech_can_be_chosen_at_the_warning_and_leaves_it_there() -> None:
    warned = after(bill(), Tick(), now=RULES.warn_after_s)
    heard = after(warned, SpeechChosen(True), now=RULES.warn_after_s + 1)
    assert isinstance(heard.state, StillThere) and heard.is_aloud
    assert isinstance(after(heard, MoreTimeAsked(), now=RULES.warn_after_s + 2).state, ShowBill)
