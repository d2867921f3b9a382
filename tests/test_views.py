"""Every screen in every language: complete, drawable, and with nothing on it that may not be seen."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from devices.card_reader import Rejection
from devices.printer import JobState, PrinterHealth
from kiosk.fonts import font, missing
from kiosk.samples import samples
from kiosk.viewmodel import (
    SCREENS,
    CardView,
    Chrome,
    IdentifyView,
    KeypadView,
    MessageView,
    StillThereView,
    TakeReceiptView,
    Tone,
    View,
)
from kiosk.views import Level
from kiosk.visit import Visit
from kiosk.visit.states import NotFound, NotIssuedYet, PresentCard, PrintFailed, ServiceAway, ShowBill, Trouble
from tests.reading import bare, buttons, said, seen, strings

LEVELS: tuple[Level, ...] = ("open", "default", "strict")
ACCOUNT = "30012345678"


def test_every_screen_has_a_sample() -> None:
    assert tuple(seen(visit).screen for visit in samples().values())[: len(SCREENS)] == SCREENS
    assert tuple(samples())[: len(SCREENS)] == SCREENS


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("name", samples())
def test_every_screen_can_be_drawn_with_its_font(name: str, language: str) -> None:
    made = seen(samples()[name], language=language)
    face = font(language, 400, 20)
    names = {button.text for button in made.chrome.languages}
    assert [text for text in strings(made) if missing(text, face)] == []
    assert names == {"العربية", "English"}
    assert made.chrome.rtl == (language == "ar")


ALONE = re.compile(r"\d{1,2}|(\d{1,2} )?\w+ \d{4}")
"""A number or a date with nothing beside it that it could change places with."""


@pytest.mark.parametrize("name", samples())
def test_in_arabic_no_run_of_figures_stands_outside_an_isolate(name: str) -> None:
    for text in strings(seen(samples()[name], language="ar")):
        assert not re.search(r"\d", outside_isolates(text)) or ALONE.fullmatch(text), text


def outside_isolates(text: str) -> str:
    depth, kept = 0, ""
    for character in text:
        depth += (character == "\u2068") - (character == "\u2069")
        kept += character if depth == 0 else ""
    return kept


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", [name for name in samples() if "keypad" not in name and name != "bill_proven"])
def test_no_screen_shows_a_whole_account_number_or_a_whole_name(name: str, level: Level) -> None:
    for language, person in (("ar", "أحمد"), ("en", "Ahmed")):
        text = said(seen(samples()[name], language=language, level=level))
        assert ACCOUNT not in text.replace(" ", "")
        assert person not in text


@pytest.mark.parametrize("name", samples())
def test_button_names_are_unique_on_a_screen(name: str) -> None:
    whole = seen(samples()[name])
    uncovered = replace(whole, chrome=replace(whole.chrome, panel=None))
    for shown in (uncovered, whole.chrome.panel):
        names = [button.name for button in buttons(shown)]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("name", samples())
def test_every_screen_has_a_way_out_or_moves_on_by_itself(name: str) -> None:
    made = seen(samples()[name])
    alone = ("attract", "printing", "out_of_service")
    assert (made.chrome.finish is None) == (made.screen in alone)


def test_the_demo_says_so_on_every_screen() -> None:
    assert {seen(visit, demo=True).chrome.demo for visit in samples().values()} == {"Demo"}
    assert {seen(visit).chrome.demo for visit in samples().values()} == {""}


def test_without_a_call_centre_nobody_is_told_to_call_it() -> None:
    for visit in samples().values():
        made = seen(visit, call_centre="")
        assert made.chrome.help_number == ""
        if isinstance(made, MessageView):
            assert "Call" not in said(made.steps)


def test_the_call_centre_is_written_as_it_is_read_aloud() -> None:
    chrome: Chrome = seen(samples()["attract"]).chrome
    assert bare(chrome.help_number) == "9200\u00a001100"


def test_the_number_pad_is_in_telephone_order_and_confirms_from_eight_digits() -> None:
    made = seen(samples()["keypad"])
    assert isinstance(made, KeypadView)
    assert [key.name for key in made.keys] == [f"digit_{digit}" for digit in "1234567890"]
    assert (bare(made.typed), made.confirm.enabled) == ("3001 2345 6", True)
    empty = seen(samples()["keypad_empty"])
    assert (empty.typed, empty.confirm.enabled, empty.delete.enabled) == ("", False, False)


def test_arabic_indic_figures_reach_every_figure_of_the_arabic_screen() -> None:
    for visit in samples().values():
        made = seen(visit, language="ar", digits="arabic_indic")
        assert not re.search("[0-9]", said(made).replace(getattr(made, "code", "") or "\0", ""))


def test_the_currency_can_be_letters() -> None:
    assert seen(samples()["bill"]).amount.sign == "riyal"
    assert seen(samples()["bill"], currency="letters").amount.sign == "SAR"
    assert seen(samples()["bill"], currency="letters", language="ar").amount.sign == "ر.س"


@pytest.mark.parametrize("reason", Rejection)
def test_every_rejected_card_has_its_sentence(reason: Rejection) -> None:
    visit = replace(samples()["card"], state=PresentCard(reason))
    for language in ("ar", "en"):
        made = seen(visit, language=language)
        assert isinstance(made, CardView)
        assert (made.problem != "", made.tone) == (True, Tone.WARNING)


def test_every_sentence_of_the_card_screen_has_its_own_picture() -> None:
    cards = [seen(visit) for name, visit in samples().items() if name.startswith("card")]
    shown = [(made.problem, made.picture) for made in cards if isinstance(made, CardView)]
    assert len(shown) == len({problem for problem, _ in shown}) == len({picture for _, picture in shown}) == 11


def test_without_a_reader_the_card_cannot_be_chosen_and_the_screen_says_why() -> None:
    made = seen(samples()["identify_no_reader"])
    assert isinstance(made, IdentifyView)
    assert [(choice.button.enabled, bool(choice.note)) for choice in made.choices] == [
        (True, False),
        (False, True),
    ]
    card = seen(replace(samples()["card"], readers=frozenset()))
    assert (card.problem, card.tone) == (
        "The card reader is not working now. Type the account number.",
        Tone.FAULT,
    )


def names(made: View) -> list[str]:
    assert isinstance(made, MessageView | TakeReceiptView)
    return [button.name for button in made.actions]


@pytest.mark.parametrize(
    ("name", "actions"),
    [
        ("not_found", ["correct", "by_card"]),
        ("not_found_card", ["by_number", "by_card"]),
        ("not_issued", ["previous", "more"]),
        ("not_issued_alone", ["more"]),
        ("consent", ["agree"]),
        ("asking", []),
        ("wish_done", ["bill"]),
        ("wish_done_kept", ["bill"]),
        ("wish_refused", ["app", "retry", "keep"]),
        ("wish_refused_email", ["mobile"]),
        ("wish_refused_no_more", []),
        ("help", ["understood"]),
        ("service_away", ["retry"]),
        ("print_failed", ["app", "bill"]),
        ("print_failed_refused", ["app", "retry", "bill"]),
        ("print_failed_maybe", ["app", "retry", "bill"]),
        ("take_receipt", ["bill"]),
        ("out_of_service", []),
    ],
)
def test_each_message_offers_what_can_be_done_here(name: str, actions: list[str]) -> None:
    assert names(seen(samples()[name])) == actions


@pytest.mark.parametrize("outcome", [state for state in JobState if state.is_final or state is JobState.HELD])
@pytest.mark.parametrize("reason", [*PrinterHealth, ""])
def test_every_failed_receipt_has_its_words(outcome: JobState, reason: str) -> None:
    bill = samples()["bill"].state
    assert isinstance(bill, ShowBill)
    made = seen(replace(samples()["bill"], state=PrintFailed(bill, 2, outcome, reason)))
    assert made.title
    assert made.text


@pytest.mark.parametrize("trouble", Trouble)
def test_a_service_that_is_away_is_named_for_the_technician_in_small_print(trouble: Trouble) -> None:
    state = samples()["service_away"].state
    assert isinstance(state, ServiceAway)
    made = seen(replace(samples()["service_away"], state=replace(state, trouble=trouble, code="")))
    assert made.code == trouble


def test_the_warning_counts_down_and_shows_nothing_of_the_bill_beneath() -> None:
    made = seen(samples()["still_there"])
    assert isinstance(made, StillThereView)
    assert (bare(made.seconds), made.part) == ("14", 0.7)
    assert "1,797.11" not in said(made)


def test_a_bill_not_issued_is_never_drawn_as_a_bill() -> None:
    waiting = samples()["not_issued"].state
    assert isinstance(waiting, NotIssuedYet)
    assert seen(Visit(ShowBill(waiting.current, 1))).screen == "not_issued"


def test_a_number_to_correct_is_told_from_a_card() -> None:
    assert seen(Visit(NotFound(ACCOUNT))).title != seen(Visit(NotFound())).title
