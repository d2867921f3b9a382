"""What is heard: the script of a whole visit word by word, for whose ears, and a name for everything to press."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from vowels import bare, unvowelled

from devices.card_reader import Rejection
from devices.printer import JobState
from kiosk.i18n import Catalogue
from kiosk.samples import NOW, samples
from kiosk.speech import PAGE_TURNERS, SPOKEN_LANGUAGES, Ears, Utterance, labels, news, speaks, spoken
from kiosk.viewmodel import BillView, Button, KeypadView, View
from kiosk.views import SiteFacts, view
from kiosk.visit import Rules, Visit
from kiosk.visit.states import (
    EnterNumber,
    NumberProblem,
    PresentCard,
    Printing,
    ShowBill,
    State,
    StillThere,
)

LANGUAGES = pytest.mark.parametrize("language", SPOKEN_LANGUAGES)
SAMPLES = samples()
SCRIPTS = Path(__file__).parent / "golden" / "speech"
FACTS = SiteFacts(
    Rules(languages=("ar", "en", "hi")),
    level="open",
    call_centre="920001100",
    app_link="https://app.example.sa/ebill",
    digits="words",
)


def heard(state: State | str, language: str) -> View:
    """The view a voice gets of a state, or of the sample of that name."""
    visit = SAMPLES[state] if isinstance(state, str) else replace(SAMPLES["bill"], state=state)
    return view(replace(visit, language=language), now=NOW, facts=FACTS)


def texts(utterance: Utterance, *, headphones: bool = True) -> list[str]:
    return [sentence.text for sentence in utterance.heard(headphones=headphones)]


def whole_visit() -> Iterator[tuple[str, Visit | State]]:
    """From the first touch to the end and everything that can go wrong, each step with its name."""
    bill = SAMPLES["bill"].state
    assert isinstance(bill, ShowBill)
    yield "attract", SAMPLES["attract"]
    yield "identify", SAMPLES["identify"]
    yield "keypad", SAMPLES["keypad_empty"]
    for typed in ("3", "30", "300", "30", "300123456"):
        yield f"keypad {typed}", EnterNumber(typed)
    yield "keypad cleared", EnterNumber()
    yield "keypad bank card", EnterNumber(problem=NumberProblem.PAYMENT_CARD)
    yield "card", PresentCard()
    yield "card unreadable", PresentCard(Rejection.UNREADABLE)
    yield "looking up", SAMPLES["looking_up"]
    yield "stored bill", SAMPLES["bill_stored"]
    yield "bill", bill
    yield "details", replace(bill, details=True)
    yield "printing", Printing(bill, 2, JobState.SENDING)
    yield "printed", Printing(bill, 2, JobState.PRINTED)
    for name in ("take_receipt", "bill_overdue", "app", "still_there"):
        yield name, SAMPLES[name]
    yield "still there, a second later", StillThere(bill, asked_at=0.0, seconds_left=13)
    for name in (
        *("not_found", "not_issued", "bill_awaits_issue", "bill_old", "bill_credit", "bill_no_paper"),
        *("service_away", "service_away_busy", "print_failed", "print_failed_maybe", "out_of_service"),
    ):
        yield name, SAMPLES[name]


def script(language: str) -> str:
    """What a visit sounds like; `>` goes to the headphones only, `<` to the loudspeaker only."""
    mark = {Ears.ANY: " ", Ears.HEADPHONES: ">", Ears.LOUDSPEAKER: "<"}
    lines: list[str] = []
    before: View | None = None
    for name, step in whole_visit():
        visit = step if isinstance(step, Visit) else replace(SAMPLES["bill"], state=step)
        after = view(replace(visit, language=language), now=NOW, facts=FACTS)
        lines += [f"[{name}]", *(f"{mark[s.ears]} {s.text}" for s in news(before, after).sentences)]
        before = after
    return "\n".join(lines) + "\n"


@LANGUAGES
def test_a_whole_visit_sounds_word_by_word_like_its_script(language: str) -> None:
    written = (SCRIPTS / f"visit-{language}.txt").read_text("utf-8")
    assert script(language).splitlines() == unicodedata.normalize("NFC", written).splitlines()


def test_the_heart_of_the_bill_is_said_as_a_person_says_it() -> None:
    assert texts(spoken(heard("bill", "en")))[1:5] == [
        "Account number ending in five, six, seven, eight",
        "Amount due: one thousand seven hundred and ninety-seven riyals and eleven halalas",
        "To be paid",
        "Due date: the twenty-seventh of September twenty twenty-six, due in twelve days",
    ]
    assert texts(spoken(heard("bill", "ar")))[2] == unicodedata.normalize(
        "NFC", "اَلْمَبْلَغُ ٱلْمُسْتَحَقُّ: أَلْفٌ وَسَبْعُمِئَةٍ وَسَبْعَةٌ وَتِسْعُونَ رِيَالًا وَإِحْدَى عَشْرَةَ هَلَلَةً"
    )


@LANGUAGES
@pytest.mark.parametrize("name", SAMPLES)
def test_no_figure_and_no_mask_is_left_to_the_voice(language: str, name: str) -> None:
    shown = heard(name, language)
    said = [*spoken(shown).sentences, *labels(shown).values()]
    assert [s.text for s in said if any(c.isdecimal() or c in "*{}" for c in s.text)] == []
    assert [s.text for s in said if any(unicodedata.category(c) == "Cf" for c in s.text)] == []
    assert all(s.text.strip() for s in said)


@LANGUAGES
@pytest.mark.parametrize("name", SAMPLES)
def test_a_loudspeaker_says_nothing_about_the_subscriber(language: str, name: str) -> None:
    shown = heard(name, language)
    aloud = "\n".join(texts(spoken(shown), headphones=False))
    own: list[str] = []
    if isinstance(shown, BillView) and not shown.chrome.panel:
        own = [shown.account, shown.amount.spoken, shown.due_date, shown.status, shown.sentence]
        own += [fact.value for fact in (*shown.facts, *shown.readings)] + [line.figures for line in shown.lines]
        assert _nfd(Catalogue.load(language, digits="words").text("speech.headphones")) in _nfd(aloud)
    assert [text for text in own if text and _nfd(text) in _nfd(aloud)] == []
    assert "سعد" not in aloud and "Saad" not in aloud


@LANGUAGES
@pytest.mark.parametrize("name", ["accounts", "accounts_many"])
def test_a_loudspeaker_names_no_account(language: str, name: str) -> None:
    shown = heard(name, language)
    own = {said.text for key, said in labels(shown).items() if key.startswith("account_")}
    said = [*spoken(shown).sentences, *labels(shown).values()]
    aloud = "\n".join(texts(Utterance(tuple(said)), headphones=False))
    assert own and not any(text in aloud for text in own)
    assert own & set(texts(Utterance(tuple(said))))


@LANGUAGES
@pytest.mark.parametrize("name", SAMPLES)
def test_everything_that_can_be_pressed_has_a_name(language: str, name: str) -> None:
    shown = heard(name, language)
    # A panel lies over the screen: nothing below it can be pressed.
    buttons = list(_buttons(shown.chrome.panel or shown))
    assert set(labels(shown)) - {"typed", *PAGE_TURNERS} == {button.name for button in buttons}
    assert isinstance(shown, KeypadView) == ("typed" in labels(shown))


def test_a_button_says_when_it_cannot_be_pressed() -> None:
    assert labels(heard("bill_no_paper", "en"))["print"].text == "Print receipt, not available now"
    assert labels(heard("bill", "en"))["print"].text == "Print receipt"


def test_a_language_is_named_in_its_own_voice() -> None:
    names = labels(heard("attract", "en"))
    assert (names["language_ar"].language, names["language_ar"].text) == ("ar", _nfc("اَلْعَرَبِيَّةُ"))
    assert (names["language_hi"].language, names["language_hi"].text) == ("hi", "हिन्दी")


def test_a_key_says_its_digit_as_a_word() -> None:
    assert labels(heard("keypad", "en"))["digit_7"].text == "seven"
    assert labels(heard("keypad", "ar"))["digit_0"].text == "صِفْرٌ"


def test_typed_digits_are_echoed_to_headphones_only() -> None:
    said = news(heard(EnterNumber("30"), "en"), heard(EnterNumber("305"), "en"))
    assert texts(said) == ["five"]
    assert texts(said, headphones=False) == []


def test_the_typed_number_is_read_digit_by_digit() -> None:
    label = labels(heard(EnterNumber("30012"), "en"))["typed"]
    assert label.text == "You have typed three, zero, zero, one, two"
    assert label.ears is Ears.HEADPHONES


@LANGUAGES
def test_counting_down_and_moving_paper_say_nothing_new(language: str) -> None:
    bill = SAMPLES["bill"].state
    assert isinstance(bill, ShowBill)
    steps: Sequence[tuple[State, State]] = (
        (StillThere(bill, asked_at=0.0, seconds_left=9), StillThere(bill, asked_at=0.0, seconds_left=8)),
        (Printing(bill, 2, JobState.SENDING), Printing(bill, 2, JobState.PRINTED)),
    )
    assert [news(heard(a, language), heard(b, language)).sentences for a, b in steps] == [(), ()]


def test_another_language_is_said_from_the_beginning() -> None:
    assert news(heard("bill", "en"), heard("bill", "ar")) == spoken(heard("bill", "ar"))


def test_unfolding_the_details_says_the_details_only() -> None:
    said = texts(news(heard("bill", "en"), heard("bill_details", "en")))
    assert said[0] == "The amount in detail"
    assert "Meter service fee: fifteen riyals" in said
    assert "Previous reading: forty-eight thousand two hundred and ten" in said
    assert not any("Due date" in text for text in said)


def test_no_sentence_shows_itself_where_it_is_logged() -> None:
    utterance = spoken(heard("bill", "en"))
    assert "riyal" not in repr(utterance)


def test_only_languages_with_a_speech_catalogue_are_spoken() -> None:
    assert speaks("ar") and speaks("en") and not speaks("fil")
    with pytest.raises(FileNotFoundError):
        Catalogue.load("fil", digits="words")


@LANGUAGES
def test_the_speech_catalogue_answers_the_screens_and_says_the_same_things(language: str) -> None:
    screen, speech = Catalogue.load(language).entries, Catalogue.load(language, digits="words").entries
    own = {key for key in speech if key not in screen}
    assert all(key.startswith("speech.") for key in own)
    for key in screen:
        assert _placeholders(speech[key]) == _placeholders(screen[key]), key


def test_both_speech_catalogues_have_the_same_sentences() -> None:
    arabic, english = (Catalogue.load(language, digits="words").entries for language in ("ar", "en"))
    assert set(arabic) == set(english)


def test_arabic_speech_is_the_screens_words_with_every_vowel() -> None:
    screen, speech = Catalogue.load("ar").entries, Catalogue.load("ar", digits="words").entries
    for key, entry in screen.items():
        said = speech[key]
        if isinstance(entry, str) and isinstance(said, str) and "{" not in entry and key not in SAID_OTHERWISE:
            assert bare(said).translate(_PLAIN) == bare(entry).translate(_PLAIN), key
    for key, said in speech.items():
        if not key.startswith("month"):  # names of months take no ending
            assert [w for text in _forms(said) for w in unvowelled(text) if w not in FOREIGN] == [], key


SAID_OTHERWISE = {"attract.text", "bill.chart_title", "bill.line.title", "money.letters"} | {
    "hijri_month.11",
    "hijri_month.12",
}
"""Where the ear needs other words: touching, units in brackets, letters for a currency, a name in the genitive."""

FOREIGN = {"كِيلُووَاط", "سَاعَة"}
"""The unit as it is said, without an ending."""

_PLAIN = str.maketrans("", "", "،.؟")


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def _forms(entry: object) -> list[str]:
    return [entry] if isinstance(entry, str) else list(dict(entry).values())  # type: ignore[call-overload]


def _placeholders(entry: object) -> set[str]:
    text = entry if isinstance(entry, str) else dict(entry)["other"]  # type: ignore[call-overload]
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _buttons(shown: object) -> Iterator[Button]:
    """Every button anywhere in a view model."""
    if isinstance(shown, Button):
        yield shown
    elif isinstance(shown, tuple):
        for part in shown:
            yield from _buttons(part)
    elif hasattr(shown, "__dataclass_fields__"):
        for name in shown.__dataclass_fields__:
            yield from _buttons(getattr(shown, name))
