"""The screens beyond the bill in words: what may be shown before and after a proof, and around the 28th."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from ui_hands import sample

from kiosk.i18n import Catalogue
from kiosk.model import CurrentBill, Money, Source
from kiosk.samples import NOW, sample_bill, samples
from kiosk.ui.theme import Glass, Look
from kiosk.viewmodel import BillView
from kiosk.views import view
from kiosk.views.history import carried, dearer
from kiosk.visit import Person, Visit
from kiosk.visit.states import EnterCode, ShowBill, Trouble, WishDone
from kiosk.wishes import Channel
from tests.factories import worked_bill
from tests.reading import FACTS, bare, said, seen, shown

BILL = samples()["bill"].state
assert isinstance(BILL, ShowBill)
LANGUAGES = ("ar", "en", "ur", "hi", "bn", "fil")
EN = Catalogue.load("en")


def visit(state: object, *, proven: bool = False) -> Visit:
    person = samples()["bill_proven"].person if proven else Person()
    return replace(samples()["bill"], state=state, person=person)


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_something_went_is_shown_after_a_proof_only(language: str) -> None:
    sent = WishDone(BILL, Channel.SMS, "…42")
    assert "42" not in said(seen(visit(sent), language=language, call_centre=""))
    assert "42" in said(seen(visit(sent, proven=True), language=language, call_centre=""))
    code = EnterCode(BILL, "…42", 0.0, 300.0, 0)
    assert "42" not in said(seen(visit(code), language=language, call_centre=""))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mobile_that_was_typed_here_is_named_by_its_end(language: str) -> None:
    code = EnterCode(BILL, "…67", 0.0, 300.0, 0, mobile="0551234567")
    text = said(seen(visit(code), language=language))
    assert "67" in text and "0551234567" not in text
    assert "67" in said(seen(visit(WishDone(BILL, None, "…67")), language=language))


def test_no_more_than_four_digits_of_a_hint_are_shown() -> None:
    text = said(seen(visit(WishDone(BILL, None, "0551234567"))))
    assert "4567" in text and "34567" not in text


@pytest.mark.parametrize("level", ["open", "default", "strict"])
def test_after_a_proof_every_level_shows_the_whole_bill(level: str) -> None:
    made = seen(visit(BILL, proven=True), level=level)  # type: ignore[arg-type]
    assert isinstance(made, BillView)
    assert made.chart and made.sentence and made.lines and made.readings
    assert bare(made.owner) == "Saad Ahmed"
    assert "Al Narjis, Riyadh" in said(made)


def test_what_can_be_done_depends_on_who_is_there() -> None:
    def names(of: str) -> list[str]:
        return [choice.button.name for choice in seen(samples()[of]).choices]

    assert names("more") == ["send_sms", "send_email", "mobile", "prove", "another", "help"]
    assert names("more_proven") == ["send_sms", "send_email", "mobile", "accounts", "help"]
    assert names("more_not_issued") == ["mobile", "prove", "another", "help"]
    assert names("accounts") == ["account_1", "account_2"]
    assert names("accounts_many") == ["account_1", "account_2", "account_3", "account_4", "more_accounts"]


def test_figures_of_the_new_screens_are_in_the_digits_of_the_site() -> None:
    made = seen(samples()["code"], language="ar", digits="arabic_indic")
    assert bare(made.typed) == "٤٠٢" and made.keys[0].text == "١"
    assert "٢٤" in bare(made.extra.text)
    own = seen(samples()["mobile"], language="hi", digits="native")
    assert bare(own.typed) == "०५५ १२३ ४"


def test_why_a_bill_rose_on_the_worked_bills() -> None:
    a, b, c = (worked_bill(letter) for letter in "abc")
    assert bare(dearer(a, EN)) == "Of this bill, 1,439 kWh are in tier 2, at 30 halalas."
    assert bare(carried(b, EN)) == "The amount includes 250 riyals from earlier bills."
    assert dearer(c, EN) == carried(c, EN) == ""


def test_a_bill_that_did_not_rise_is_not_explained() -> None:
    bill = sample_bill()
    assert dearer(bill, EN)
    assert dearer(replace(bill, amount_due=Money(100)), EN) == ""
    assert dearer(replace(bill, history=bill.history[:1]), EN) == ""
    assert "Consumption tiers" in said(shown(replace(bill, history=())))


AWAITED = "The bill of this month is not issued yet. This is your last bill."


@pytest.mark.parametrize(
    ("day", "awaited"),
    [
        (date(2026, 9, 15), False),
        (date(2026, 9, 27), False),
        (date(2026, 9, 28), True),
        (date(2026, 9, 29), True),
        (date(2026, 9, 30), False),
    ],
)
def test_on_the_days_of_issue_the_last_bill_is_said_to_be_the_last(day: date, awaited: bool) -> None:
    now = datetime(day.year, day.month, day.day, 9, 0, tzinfo=UTC)
    state = ShowBill(CurrentBill(sample_bill(), now, Source.LIVE), 1)
    made = view(replace(visit(state), language="en"), now=now, facts=FACTS)
    assert (AWAITED in said(made)) is awaited


def test_a_stored_bill_older_than_the_last_issue_is_said_to_be_old_at_once() -> None:
    now = datetime(2026, 9, 28, 9, 0, tzinfo=UTC)
    stored = CurrentBill(sample_bill(), now - timedelta(days=3), Source.STORED)
    away = ShowBill(stored, 1, trouble=Trouble.UNREACHABLE)
    made = view(replace(visit(away), language="en"), now=now, facts=FACTS)
    assert "A newer bill may have been issued since." in said(made)
    before = view(replace(visit(away), language="en"), now=NOW.replace(day=27), facts=FACTS)
    assert "A newer bill may have been issued since." not in said(before)


@pytest.mark.parametrize("panel", [(1080, 1920), (1024, 768), (1920, 1080)])
@pytest.mark.parametrize("text_size", [1, 2, 3, 4])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_size_leaves_out_the_words_of_consent(
    terminal: object, language: str, text_size: int, panel: tuple[int, int]
) -> None:
    from kiosk.ui.widgets.words import Text

    view = sample("consent", language)
    screen = terminal.stage.screen("consent")  # type: ignore[attr-defined]
    screen.render(view, Look(Glass.of(*panel), language, text_size))
    texts = [node.text for node in screen.nodes() if isinstance(node, Text)]
    assert view.text in texts and view.title in texts  # type: ignore[union-attr]
