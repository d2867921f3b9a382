"""Reading a visit aloud: what is said when, to whose ears, and that nothing is left for the next visitor."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from devices.sensors import Switch
from kiosk.i18n import Catalogue
from kiosk.keypad import Act
from kiosk.narrator import Narrator
from kiosk.samples import NOW, samples
from kiosk.speech import Sentence
from kiosk.views import SiteFacts
from kiosk.visit import Rules, Visit, step
from kiosk.visit.display import HidingChosen, SpeechChosen
from kiosk.visit.events import Event, Finished, LanguageChosen, SwitchChanged, Tick
from kiosk.visit.states import EnterNumber, Printing, ShowBill, TakeReceipt

RULES = Rules(languages=("ar", "en", "hi", "fil"), language="en")
PLUGGED, UNPLUGGED = SwitchChanged(Switch.HEADPHONES, True), SwitchChanged(Switch.HEADPHONES, False)
AMOUNT = "Amount due: one thousand seven hundred and ninety-seven riyals and eleven halalas"
WELCOME = "Speech is on. The arrow keys go from one choice to the next, and Enter chooses."


@dataclass
class FakeSpeaker:
    """Keeps what it was told to say; `place` is where it says it is, `now` what it is saying."""

    said: list[list[str]] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    now: list[str] = field(default_factory=list)
    place: int = 0
    rate: int = 0
    volume: int = 0

    @property
    def is_speaking(self) -> bool:
        return bool(self.now)

    def say(self, sentences: Sequence[Sentence]) -> None:
        self.now = [sentence.text for sentence in sentences]
        self.languages = [sentence.language for sentence in sentences]
        self.place = 0
        if self.now:
            self.said.append(self.now)

    def stop(self) -> None:
        self.now = []

    def faster(self, steps: int = 1) -> None:
        self.rate += steps

    def louder(self, steps: int = 1) -> None:
        self.volume += steps

    def reset(self) -> None:
        self.rate = self.volume = 0
        self.stop()


class Listener:
    """A visit that somebody listens to."""

    def __init__(self, visit: Visit) -> None:
        self.speaker = FakeSpeaker()
        facts = SiteFacts(RULES, level="open", call_centre="920001100", app_link="https://app.example.sa/")
        self.narrator = Narrator(self.speaker, facts=facts, now=lambda: NOW)  # type: ignore[arg-type]
        self.visit = visit
        self.narrator.shown(visit)

    def does(self, *events: Event) -> list[str]:
        """Let events happen one by one; what is said at the last of them."""
        for event in events:
            self.speaker.now = []
            self.visit = step(self.visit, event, now=1.0, rules=RULES)
            self.narrator.shown(self.visit)
        return self.speaker.now

    def comes_to(self, state: object) -> list[str]:
        self.speaker.now = []
        self.visit = replace(self.visit, state=state)  # type: ignore[arg-type]
        self.narrator.shown(self.visit)
        return self.speaker.now

    def presses(self, act: Act) -> list[str]:
        self.narrator.hush()
        self.narrator.do(act)
        return self.speaker.now


def at(name: str, language: str = "en") -> Listener:
    return Listener(replace(samples()[name], language=language))


def test_nobody_who_did_not_ask_is_spoken_to() -> None:
    listener = at("bill")
    listener.comes_to(EnterNumber("3"))
    listener.narrator.focused("confirm")
    listener.presses(Act.REPEAT)
    assert listener.speaker.said == []


def test_plugging_in_welcomes_and_reads_the_screen_with_its_figures() -> None:
    said = at("bill").does(PLUGGED)
    assert said[0] == WELCOME
    assert said[1] == "Bill of August twenty twenty-six"
    assert AMOUNT in said
    assert said[-1].startswith("You can choose: Print receipt")


def test_the_marked_key_alone_keeps_figures_off_the_loudspeaker() -> None:
    said = at("bill").does(SpeechChosen(True))
    assert said[0] == WELCOME
    assert "Your figures are for you alone. Plug in headphones to hear them." in said
    assert not any("riyal" in text or "five, six" in text for text in said)


def test_head_phones_plugged_in_later_bring_the_figures_and_pulled_out_silence_at_once() -> None:
    listener = at("bill")
    listener.does(SpeechChosen(True))
    assert AMOUNT in listener.does(PLUGGED)
    assert listener.does(SpeechChosen(True), UNPLUGGED) == []
    assert AMOUNT not in listener.presses(Act.REPEAT)


def test_pulling_out_what_started_it_ends_it_without_a_word() -> None:
    listener = at("bill")
    listener.does(PLUGGED)
    assert listener.does(UNPLUGGED) == []
    assert listener.presses(Act.REPEAT) == []


def test_switching_off_says_so() -> None:
    listener = at("identify")
    listener.does(SpeechChosen(True))
    assert listener.does(SpeechChosen(False)) == ["Speech is off"]


def test_a_typed_digit_is_echoed_to_head_phones_only() -> None:
    listener = at("keypad_empty")
    listener.does(PLUGGED)
    assert listener.comes_to(EnterNumber("3")) == ["three"]
    aloud = at("keypad_empty")
    aloud.does(SpeechChosen(True))
    assert aloud.comes_to(EnterNumber("3")) == []


def test_the_focus_is_named_and_stops_what_was_said() -> None:
    listener = at("identify")
    listener.does(PLUGGED)
    listener.narrator.hush()
    assert listener.speaker.now == []
    listener.narrator.focused("by_card")
    assert listener.speaker.now == ["Present your card"]


@pytest.mark.parametrize("name", ["page_next", "page_previous"])
def test_a_button_that_turns_a_page_has_a_name(name: str) -> None:
    listener = at("bill_details")
    listener.does(PLUGGED)
    listener.narrator.focused(name)
    assert listener.speaker.now == [{"page_next": "Next page", "page_previous": "Previous page"}[name]]


def test_repeat_reads_the_screen_again_without_the_welcome() -> None:
    listener = at("bill")
    whole = listener.does(PLUGGED)
    listener.speaker.place = 7
    assert listener.presses(Act.REPEAT) == whole[1:]


def test_one_sentence_on_and_back_from_where_the_voice_is() -> None:
    listener = at("bill")
    whole = listener.does(PLUGGED)[1:]
    listener.speaker.place = 3  # the welcome is at 0: the third sentence of the screen
    assert listener.presses(Act.ITEM_ON) == whole[3:]
    listener.speaker.place = 1
    assert listener.presses(Act.ITEM_BACK) == whole[3:]
    assert listener.presses(Act.ITEM_BACK) == whole[2:]
    for _ in range(5):
        back = listener.presses(Act.ITEM_BACK)
    assert back == whole
    for _ in range(len(whole) + 5):
        on = listener.presses(Act.ITEM_ON)
    assert on == whole[-1:]


def test_moving_the_focus_does_not_lose_the_place() -> None:
    listener = at("bill")
    whole = listener.does(PLUGGED)[1:]
    listener.speaker.place = 5
    listener.narrator.hush()
    listener.narrator.focused("print")
    assert listener.presses(Act.ITEM_ON) == whole[5:]


@pytest.mark.parametrize(
    ("act", "rate", "volume"),
    [(Act.FASTER, 1, 0), (Act.SLOWER, -1, 0), (Act.LOUDER, 0, 1), (Act.SOFTER, 0, -1)],
)
def test_faster_and_louder_say_the_present_sentence_again(act: Act, rate: int, volume: int) -> None:
    listener = at("bill")
    whole = listener.does(PLUGGED)[1:]
    listener.speaker.place = 4
    assert listener.presses(act) == whole[3:]
    assert (listener.speaker.rate, listener.speaker.volume) == (rate, volume)


def test_the_end_of_a_visit_brings_back_rate_and_volume_and_leaves_nothing_to_repeat() -> None:
    listener = at("bill")
    listener.does(SpeechChosen(True))
    listener.presses(Act.FASTER)
    listener.presses(Act.LOUDER)
    assert listener.does(Finished()) == []
    assert (listener.speaker.rate, listener.speaker.volume) == (0, 0)
    assert listener.presses(Act.REPEAT) == []
    assert "riyal" not in repr(vars(listener.narrator))


def test_who_comes_next_with_head_phones_still_plugged_in_hears_the_first_screen() -> None:
    listener = at("bill")
    listener.does(PLUGGED)
    listener.presses(Act.FASTER)
    said = listener.does(Finished())
    assert said[0] == "Your electricity bill, right here"
    assert listener.speaker.rate == 0
    assert not any("riyal" in sentence.text for sentence in listener.narrator._whole)


def test_hiding_the_screen_is_told_and_the_screen_not_read_again() -> None:
    listener = at("bill")
    listener.does(PLUGGED)
    assert listener.does(HidingChosen(True)) == ["The screen is hidden"]
    assert listener.does(HidingChosen(False)) == ["The screen is shown"]


def test_the_receipt_is_read_when_it_is_out() -> None:
    listener = at("bill")
    listener.does(PLUGGED)
    bill = samples()["bill"].state
    assert isinstance(bill, ShowBill)
    listener.comes_to(Printing(bill, 2))
    said = listener.comes_to(TakeReceipt(bill, 2))
    begins = said.index("The receipt says:")
    assert said[0] == "Take your receipt"
    assert AMOUNT in said[begins:]
    assert "Meter service fee: fifteen riyals" in said[begins:]
    assert "Current reading: fifty-five thousand eight hundred and forty-nine" in said[begins:]
    aloud = at("take_receipt")
    assert "The receipt says:" not in aloud.does(SpeechChosen(True))


def test_time_that_passes_says_nothing_and_stops_nothing() -> None:
    listener = at("still_there")
    listener.does(PLUGGED)
    listener.visit = step(listener.visit, Tick(), now=5.0, rules=RULES)
    listener.narrator.shown(listener.visit)
    assert listener.speaker.now[0] == WELCOME


@pytest.mark.parametrize("language", ["hi", "fil"])
def test_a_language_without_a_script_is_told_of_and_goes_on_in_english(language: str) -> None:
    listener = at("identify", language)
    said = listener.does(PLUGGED)
    assert said[:2] == ["This terminal speaks Arabic and English. It goes on in English.", WELCOME]
    assert said[2] == "How would you like to see your bill?"
    assert set(listener.speaker.languages) == {"en"}


def test_changing_the_language_changes_the_voice() -> None:
    listener = at("identify")
    listener.does(PLUGGED)
    said = listener.does(LanguageChosen("ar"))
    title = Catalogue.load("ar", digits="words").text("identify.title")
    assert unicodedata.normalize("NFC", title) in said
    assert set(listener.speaker.languages) == {"ar"}
    assert listener.does(LanguageChosen("hi"))[0].startswith("This terminal speaks")
