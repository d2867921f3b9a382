"""The bill on the screen: its figures, its age, and what each privacy level leaves out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from devices.printer import PrinterHealth
from kiosk.i18n import Catalogue
from kiosk.model import Adjustment, CurrentBill, DocumentType, Money, Source, Status
from kiosk.samples import NOW, sample_bill, samples
from kiosk.sums import problems
from kiosk.viewmodel import Tone
from kiosk.views import Level
from kiosk.views.bill import bill_view
from kiosk.views.frame import Scene
from kiosk.views.privacy import masked_name
from kiosk.visit import Rules
from kiosk.visit.states import ShowBill, Trouble
from tests.factories import make_bill, worked_bill
from tests.reading import FACTS, bare, buttons, said, seen, shown, stored

PARTS = {
    "tiers": lambda made: made.tiers,
    "lines": lambda made: made.lines,
    "readings": lambda made: made.readings,
    "history": lambda made: made.chart,
    "comparison": lambda made: made.sentence,
}


@pytest.mark.parametrize(
    ("level", "proven", "parts"),
    [
        ("open", False, {"tiers", "lines", "readings", "history", "comparison"}),
        ("default", False, {"tiers", "lines", "readings"}),
        ("strict", False, set()),
        ("open", True, set(PARTS)),
        ("default", True, set(PARTS)),
        ("strict", True, set(PARTS)),
    ],
)
def test_each_level_shows_its_part_of_the_bill(level: Level, proven: bool, parts: set[str]) -> None:
    visit = replace(samples()["bill"], language="en")
    scene = Scene(visit, replace(FACTS, level=level), NOW, Catalogue.load("en"))
    assert isinstance(visit.state, ShowBill)
    made = bill_view(visit.state, sample_bill(), scene, proven=proven)
    assert {name for name, part in PARTS.items() if part(made)} == parts
    assert bare(made.owner) == ("Saad Ahmed" if proven else "" if level == "strict" else "S*** A***")
    assert ("Al Narjis, Riyadh" in said(made), "4012345678" in said(made)) == (proven, proven)
    text = said(made)
    for always in ("1,797.11", "27 September 2026", "7,639 kWh", "25 July to 25 August 2026", "To be paid"):
        assert always in text


def test_a_name_is_masked_to_its_first_letters() -> None:
    assert masked_name("سعد أحمد") == "س*** أ***"
    assert masked_name("Al Waha Trading Company of Riyadh") == "A*** W*** T***"


def test_a_strict_site_says_nothing_of_readings_and_disconnection() -> None:
    pressing = samples()["bill_overdue"]
    assert "Estimated reading" in said(seen(pressing, level="default"))
    assert "Disconnection" in said(seen(pressing, level="default"))
    strict = said(seen(pressing, level="strict"))
    assert "Estimated reading" not in strict
    assert "Disconnection" not in strict


def test_the_bill_reads_as_its_biller_wrote_it() -> None:
    made = shown(sample_bill())
    assert [(bare(line.label), bare(line.figures), bare(line.detail)) for line in made.lines] == [
        ("Tier 1", "1,116.00", "6,200 kWh at 18 halalas"),
        ("Tier 2", "431.70", "1,439 kWh at 30 halalas"),
        ("Meter service fee", "15.00", ""),
        ("VAT 15%", "234.41", "on 1,562.70"),
        ("Total of this period", "1,797.11", ""),
        ("Amount due", "1,797.11", ""),
    ]
    assert [bare(fact.value) for fact in made.readings] == ["48,210", "55,849", "100 ampere"]


def test_a_commercial_bill_shows_its_factor_its_balance_and_its_payments() -> None:
    made = shown(worked_bill("b"))
    assert ("Multiplication factor", "40") in [(bare(f.label), bare(f.value)) for f in made.readings]
    assert [(bare(line.label), bare(line.figures)) for line in made.lines[-3:]] == [
        ("Previous balance", "412.65"),
        ("Payments received", "-162.65"),
        ("Amount due", "4,338.71"),
    ]


def test_several_meters_are_told_apart() -> None:
    bill = sample_bill()
    made = shown(replace(bill, meters=bill.meters * 2))
    assert [bare(fact.label) for fact in made.readings[:4:3]] == [
        "Previous reading (meter 1)",
        "Previous reading (meter 2)",
    ]


def test_a_billers_label_cannot_turn_the_line_around() -> None:
    trick = Adjustment("تسوية\u202e", "Discount\u202e\n", Money(-500))
    made = shown(replace(sample_bill(), adjustments=(trick,)))
    assert (made.lines[-2].label, bare(made.lines[-2].figures)) == ("\u2068\u200eDiscount\u2069", "-5.00")


def test_a_credit_shows_what_is_in_the_subscribers_favour() -> None:
    made = seen(samples()["bill_credit"])
    assert (made.amount_label, bare(made.amount.figures), made.due_date) == ("Credit", "202.89", "")
    assert (made.status, made.status_tone) == ("Nothing to pay", Tone.GOOD)
    assert bare(made.lines[-1].label) == "Credit"
    assert "SADAD" not in said(made.notes)


def test_a_paid_bill_asks_for_nothing() -> None:
    made = seen(samples()["bill_paid"])
    assert (made.status, bare(made.amount.figures), made.due_words) == ("Paid", "0.00", "")


def test_a_credit_note_is_called_one() -> None:
    bill = make_bill(document_type=DocumentType.CREDIT_NOTE)
    made = shown(replace(bill, amount_due=Money(0), credit=bill.current_total))
    assert (made.status, made.amount_label) == ("Credit note", "Credit")


def test_a_fixed_plan_shows_its_instalment_and_its_settlement() -> None:
    made = seen(samples()["bill_fixed"])
    assert bare(made.amount.figures) == "650.00"
    assert ("Fixed plan instalment", "650.00") in [(line.label, bare(line.figures)) for line in made.lines]
    assert "You are on the fixed plan: 650 riyals every month." in said(made.notes)
    assert "The fixed plan is settled in January." in said(made.notes)


def test_a_superseded_bill_is_not_to_be_paid() -> None:
    made = seen(samples()["bill_superseded"])
    assert (made.status_tone, made.due_date) == (Tone.WARNING, "")
    assert "Do not pay this amount" in said(made.notes)
    assert "SADAD" not in said(made.notes)


@pytest.mark.parametrize(
    ("due", "words", "tone", "status"),
    [
        (date(2026, 9, 27), "due in 12 days", Tone.CALM, "To be paid"),
        (date(2026, 9, 18), "due in 3 days", Tone.WARNING, "To be paid"),
        (date(2026, 9, 15), "due today", Tone.WARNING, "To be paid"),
        (date(2026, 9, 14), "1 day overdue", Tone.WARNING, ""),
    ],
)
def test_a_due_date_is_said_in_words_and_marked_when_it_presses(
    due: date, words: str, tone: Tone, status: str
) -> None:
    made = shown(replace(sample_bill(), due_date=due))
    assert (bare(made.due_words), made.due_tone, made.status) == (words, tone, status)


def test_a_bill_without_a_due_date_says_nothing_of_one() -> None:
    made = shown(replace(sample_bill(), due_date=None))
    assert (made.due_label, made.due_date, made.due_words) == ("", "", "")


def test_a_partly_paid_bill_says_so() -> None:
    assert shown(replace(sample_bill(), status=Status.PARTLY_PAID)).status == "Partly paid"


def test_every_bill_says_that_it_proves_no_payment() -> None:
    for name, visit in samples().items():
        if name.startswith("bill"):
            assert seen(visit, level="strict").notes[-1] == "Not proof of payment."


def test_an_unverified_meter_is_to_be_verified_and_an_unknown_one_is_left_alone() -> None:
    for verified, told in ((False, True), (True, False), (None, False)):
        bill = sample_bill()
        made = shown(replace(bill, account=replace(bill.account, verified=verified)))
        assert ("not verified" in said(made.notes)) is told


@pytest.mark.parametrize(
    ("age", "text", "tone"),
    [
        (timedelta(hours=3), "Last stored bill, as of 15 September, 09:30 (3 hours ago)", Tone.CALM),
        (timedelta(days=4), "Last stored bill, as of 11 September, 12:30 (4 days ago)", Tone.WARNING),
        (
            timedelta(days=31),
            "Last stored bill, as of 15 August 2026. A newer bill may have been issued since.",
            Tone.FAULT,
        ),
    ],
)
def test_a_stored_bill_says_of_when_it_is(age: timedelta, text: str, tone: Tone) -> None:
    made = stored(sample_bill(), age)
    assert made.age is not None
    assert (bare(made.age.text), made.age.tone) == (text, tone)


def test_a_live_bill_has_no_age() -> None:
    assert shown(sample_bill()).age is None


def test_a_stored_bill_says_why_there_is_no_newer_one() -> None:
    away = stored(sample_bill(), timedelta(hours=3), trouble=Trouble.UNREACHABLE)
    busy = stored(sample_bill(), timedelta(hours=3), trouble=Trouble.BUSY)
    assert away.age is not None
    assert busy.age is not None
    assert away.age.text.startswith("The service cannot be reached now.")
    assert busy.age.text.startswith("The service is busy now.")


def test_a_bill_being_refreshed_says_so() -> None:
    assert stored(sample_bill(), timedelta(hours=1), refreshing=True).refreshing == "Looking for the latest bill"


def test_last_months_bill_is_called_that_while_the_next_is_not_out() -> None:
    assert "not issued yet" in said(shown(sample_bill(), awaits_issue=True).notes)


def test_the_chart_runs_from_the_same_month_a_year_before_to_this_one() -> None:
    chart = shown(sample_bill()).chart
    assert chart is not None
    assert [bar.label for bar in chart.bars[:2]] + [chart.bars[-1].label] == ["Aug", "Sep", "Aug"]
    assert (chart.bars[0].is_year_ago, chart.bars[-1].is_current, chart.bars[-1].part) == (True, True, 1.0)
    assert bare(chart.legend_year_ago) == "August 2025"


def test_a_month_without_a_row_leaves_a_gap() -> None:
    bill = sample_bill()
    chart = shown(replace(bill, history=bill.history[:3] + bill.history[4:-1])).chart
    assert chart is not None
    assert [(bar.figures, bar.part) for bar in (chart.bars[0], chart.bars[9])] == [("", 0.0), ("", 0.0)]
    assert chart.legend_year_ago == ""
    assert not any(bar.is_year_ago for bar in chart.bars)


def test_a_first_bill_has_no_chart_and_compares_with_nothing() -> None:
    made = shown(replace(sample_bill(), history=()))
    assert (made.chart, made.sentence) == (None, "")


def test_a_home_that_used_nothing_has_no_chart() -> None:
    bill = make_bill(kwh=0, history=0)
    made = shown(bill)
    assert (made.chart, made.tiers) == (None, ())


def test_a_bill_that_does_not_add_up_shows_its_figures_and_hides_what_is_derived() -> None:
    wrong = replace(sample_bill(), current_total=Money(179712))
    made = shown(wrong)
    assert problems(wrong)
    assert (made.chart, made.sentence) == (None, "")
    assert "1,797.12" in said(made.lines)


@pytest.mark.parametrize(
    ("july", "august_before", "sentence"),
    [
        (7102, 7441, "You used 537 kWh more than in July. It is 198 kWh more than in August 2025."),
        (8000, 8000, "You used 361 kWh less than in July. It is 361 kWh less than in August 2025."),
        (7639, 7639, "You used as much as in July. It is as much as in August 2025."),
        (None, 7441, "You used 198 kWh more than in August 2025."),
        (7102, None, "You used 537 kWh more than in July."),
        (None, None, ""),
    ],
)
def test_the_comparison_says_only_what_the_figures_say(
    july: int | None, august_before: int | None, sentence: str
) -> None:
    bill = sample_bill()
    rows = {"2026-07": july, "2025-08": august_before}
    history = tuple(
        replace(row, kwh=rows.get(row.month, row.kwh) or 0)
        for row in bill.history
        if rows.get(row.month, row.kwh) is not None
    )
    assert bare(shown(replace(bill, history=history)).sentence) == sentence


@pytest.mark.parametrize(
    ("health", "note"),
    [
        (PrinterHealth.PAPER_OUT, "The printer is out of paper. Open the bill on your phone."),
        (PrinterHealth.PAPER_WAITING, "An earlier receipt is still in the printer. Take it, then print."),
        (PrinterHealth.JAM, "The printer is not working now. Open the bill on your phone."),
        (PrinterHealth.ABSENT, "There is no printing here now. Open the bill on your phone."),
        (PrinterHealth.PAPER_LOW, ""),
    ],
)
def test_the_print_button_says_why_it_cannot(health: PrinterHealth, note: str) -> None:
    made = seen(replace(samples()["bill"], printer=health))
    assert (made.print.enabled, made.print_note) == (note == "", note)
    assert made.app.enabled


def test_after_the_last_copy_printing_is_over() -> None:
    visit = samples()["bill"]
    assert visit.account
    made = seen(replace(visit, printed=(visit.account,) * Rules().prints))
    assert (made.print.enabled, made.print_note) == (False, "You have printed all copies of this visit.")
    made = seen(replace(visit, printed_before=Rules().prints_a_day))
    enough = "All copies of today have been printed for this account."
    assert (made.print.enabled, made.print_note) == (False, enough)


def test_without_an_app_none_is_offered() -> None:
    for visit in samples().values():
        made = seen(visit, app_link="")
        assert [button for button in buttons(made) if button.name == "app" and button.enabled] == []
        if made.screen not in ("app", "attract"):
            assert " app." not in said(made).replace("Verify it in the app", "")


def test_details_cannot_be_unfolded_where_they_may_not_be_shown() -> None:
    made = seen(samples()["bill_details"], level="strict")
    assert (made.details.enabled, made.shows_details) == (False, False)
    assert seen(samples()["bill_details"]).shows_details


def test_the_qr_is_the_services_link_when_its_host_is_trusted_and_the_settings_link_otherwise() -> None:
    for host, payload in (
        ("app.example.sa", "https://app.example.sa/s/x7"),
        ("evil.example", "https://app.example.sa/bill"),
    ):
        bill = ShowBill(CurrentBill(sample_bill(), NOW, Source.LIVE, f"https://{host}/s/x7"), 1)
        app = samples()["app"]
        assert seen(replace(app, state=replace(app.state, bill=bill))).payload == payload
