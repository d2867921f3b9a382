"""The bill on the screen: what it is about, how old it is, and what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from devices.printer import PrinterHealth
from kiosk.i18n import RIYADH
from kiosk.model import Bill, DocumentType, Money, Source, Status
from kiosk.typography import iso, plain
from kiosk.viewmodel import Age, Amount, BillView, Tone
from kiosk.views.frame import Scene
from kiosk.views.history import bill_month, change, chart, dearer
from kiosk.views.lines import facts, lines, notes, readings, tiers
from kiosk.views.privacy import Disclosure, masked_name
from kiosk.visit import may_print
from kiosk.visit.choices import MoreChosen
from kiosk.visit.events import AppLinkRequested, DetailsToggled, PrintRequested
from kiosk.visit.states import ShowBill, Trouble
from kiosk.visit.whole import issued_last

ISSUE_DAYS = 2
"""Bills come out over the day of issue, and a late one on the day after it."""

SOON = 3
"""A bill due in so many days, or fewer, is marked."""

_NO_PRINT = {
    PrinterHealth.PAPER_OUT: "no_paper",
    PrinterHealth.PAPER_WAITING: "waiting",
    PrinterHealth.ABSENT: "away",
    PrinterHealth.DENIED: "away",
}


def bill_view(state: ShowBill, bill: Bill, scene: Scene, *, proven: bool = False) -> BillView:
    """The whole bill as far as the site's level shows it; `proven` after a second proof."""
    # The sums are checked where they are needed and not at the start of the program.
    from kiosk.sums import problems

    may = Disclosure.at(scene.facts.level, proven=proven)
    derived = may.history and not problems(bill)
    owed = bill.amount_due > 0 or bill.credit == 0
    status, status_tone = _status(bill, scene)
    due = _due(bill, scene)
    unfolds = state.details and may.breakdown
    return BillView(
        chrome=scene.chrome(),
        title=scene.say("bill.title", month=scene.words.month(bill_month(bill))),
        owner=_owner(bill, scene, how=may.name),
        account=scene.say("bill.account", account=scene.words.number(bill.account.number.masked)),
        # That it is overdue is said with the days, beside the amount.
        status="" if due.words and status_tone is Tone.WARNING else status,
        status_tone=status_tone,
        amount_label=scene.say("bill.amount_due" if owed else "bill.credit"),
        amount=_amount(bill.amount_due if owed else bill.credit, scene),
        due_label=due.label,
        due_date=due.day,
        due_words=due.words,
        due_tone=due.tone,
        age=_age(state, bill, scene),
        sentence=change(bill, scene.words) if derived else "",
        facts=facts(bill, scene, place=may.place),
        chart=chart(bill, scene.words) if derived else None,
        tiers_title=_about_tiers(bill, scene, derived=derived) if may.breakdown else "",
        tiers=tiers(bill, scene) if may.breakdown else (),
        lines_title=scene.say("bill.line.title") if may.breakdown else "",
        lines=lines(bill, scene) if may.breakdown else (),
        readings_title=scene.say("bill.readings_title") if may.breakdown else "",
        readings=readings(bill, scene) if may.breakdown else (),
        notes=notes(bill, scene, awaits_issue=_awaits_issue(state, bill, scene), breakdown=may.breakdown),
        print=scene.button(
            "print",
            "bill.print",
            PrintRequested(),
            enabled=may_print(scene.visit, scene.facts.rules),
            icon="printer",
        ),
        print_note=_print_note(scene),
        app=scene.button("app", "bill.app", AppLinkRequested(), enabled=bool(scene.facts.app_link), icon="qr"),
        details=scene.button(
            "details",
            "bill.fewer_details" if unfolds else "bill.details",
            DetailsToggled(),
            enabled=may.breakdown,
            icon="up" if unfolds else "down",
        ),
        shows_details=unfolds,
        refreshing=scene.say("bill.refreshing") if state.refreshing else "",
        more=scene.button("more", "bill.more", MoreChosen(), icon="more"),
    )


@dataclass(frozen=True, slots=True)
class _Due:
    label: str = ""
    day: str = ""
    words: str = ""
    tone: Tone = Tone.CALM


def _about_tiers(bill: Bill, scene: Scene, *, derived: bool) -> str:
    """Why the bill is higher than the last one, where the tiers are why; else what they are."""
    return (dearer(bill, scene.words) if derived else "") or scene.say("bill.tier.title")


def _owner(bill: Bill, scene: Scene, *, how: Literal["whole", "masked", "none"]) -> str:
    account = bill.account
    if how == "none":
        return ""
    arabic_first = (account.name_ar, account.name_en)
    name = next(filter(None, arabic_first if scene.words.rtl else reversed(arabic_first)), "")
    return iso(plain(name) if how == "whole" else masked_name(plain(name))) if name else ""


def _status(bill: Bill, scene: Scene) -> tuple[str, Tone]:
    tone = Tone.GOOD
    if bill.status is Status.SUPERSEDED:
        key, tone = "superseded", Tone.WARNING
    elif bill.document_type is DocumentType.CREDIT_NOTE:
        key = "credit_note"
    elif bill.status is Status.PAID:
        key = "paid"
    elif bill.amount_due == 0:
        key = "no_due"
    elif bill.due_date and bill.due_date < scene.today:
        key, tone = "overdue", Tone.WARNING
    else:
        key, tone = ("partly_paid" if bill.status is Status.PARTLY_PAID else "issued"), Tone.CALM
    return scene.say(f"bill.status.{key}"), tone


def _amount(amount: Money, scene: Scene) -> Amount:
    words = scene.words
    sign = "riyal" if scene.facts.currency == "sign" else scene.say("money.letters")
    return Amount(words.figures(words.money(amount)), sign, words.riyals(amount))


def _due(bill: Bill, scene: Scene) -> _Due:
    """When to pay; nothing when nothing is to be paid."""
    day = bill.due_date
    if day is None or bill.amount_due == 0 or bill.status is Status.SUPERSEDED:
        return _Due()
    tone = Tone.WARNING if (day - scene.today).days <= SOON else Tone.CALM
    words = scene.words
    return _Due(scene.say("bill.due_date"), words.date(day), words.due(day, today=scene.today), tone)


def _awaits_issue(state: ShowBill, bill: Bill, scene: Scene) -> bool:
    """Whether the service says, or the calendar while it goes on issuing, that this month's bill is still to come."""
    is_live = state.current.source is Source.LIVE
    is_issue_time = (scene.today - issued_last(scene.today)).days < ISSUE_DAYS
    return state.awaits_issue or (is_live and is_issue_time and _is_last(bill, scene))


def _is_last(bill: Bill, scene: Scene) -> bool:
    """Whether bills have been issued since this one was."""
    return bill.issue_at.astimezone(RIYADH).date() < issued_last(scene.today)


def _age(state: ShowBill, bill: Bill, scene: Scene) -> Age | None:
    """How old a stored bill is, after why there is no newer one; a live one has no age."""
    current, trouble = state.current, state.trouble
    if current.source is Source.LIVE:
        return None
    words, age = scene.words, scene.now - current.as_of
    day = current.as_of.astimezone(RIYADH).date()
    is_old = age >= timedelta(days=31) or (trouble is not None and _is_last(bill, scene))
    if is_old and not state.awaits_issue:
        said, tone = scene.say("bill.age.old", date=words.date(day)), Tone.FAULT
    else:
        date = words.day_month(day) if day.year == scene.today.year else words.date(day)
        ago = words.ago(age.total_seconds())
        said = scene.say("bill.age.recent", date=date, time=words.time(current.as_of), ago=ago)
        tone = Tone.CALM if age < timedelta(days=1) else Tone.WARNING
    if trouble:
        why = scene.say("bill.age.busy" if trouble is Trouble.BUSY else "bill.age.away")
        said = f"{why} {said}"
    return Age(said, tone)


def _print_note(scene: Scene) -> str:
    """Why no receipt can be had now; empty when one can."""
    health = scene.visit.printer
    if not scene.visit.around.power.may_begin_printing:
        return scene.say("print.battery")
    if not health.can_print:
        return scene.say(f"print.{_NO_PRINT.get(health, 'stopped')}")
    if may_print(scene.visit, scene.facts.rules):
        return ""
    return scene.say("print.enough" if scene.visit.printed else "print.enough_today")
