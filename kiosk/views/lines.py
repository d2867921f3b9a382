"""The parts of a bill that are lists: lines of the amount, tiers, readings, facts and notes."""

from __future__ import annotations

from datetime import date

from kiosk.i18n import RIYADH
from kiosk.model import Bill, Meter, Money, PlanKind, ReadingKind, Status
from kiosk.typography import iso, plain
from kiosk.viewmodel import Fact, Line, TierSlice
from kiosk.views.frame import Scene
from kiosk.views.history import carried


def lines(bill: Bill, scene: Scene) -> tuple[Line, ...]:
    """The table that leads to the amount due, as the biller wrote it; zero balances are left out."""
    return (*_charges(bill, scene), *_vat(bill, scene), *_balance(bill, scene))


def tiers(bill: Bill, scene: Scene) -> tuple[TierSlice, ...]:
    """The tiers that hold consumption, each with its part of the whole."""
    words = scene.words
    return tuple(
        TierSlice(
            label=words.text("bill.tier.name", n=words.count(tier.n)),
            kwh=words.text("energy.kwh", n=words.count(tier.kwh)),
            rate=words.text("bill.tier.rate", rate=words.number(tier.rate)),
            amount=words.figures(words.money(tier.amount)),
            part=tier.kwh / bill.kwh_total,
        )
        for tier in bill.tiers
        if tier.kwh > 0 and bill.kwh_total > 0
    )


def readings(bill: Bill, scene: Scene) -> tuple[Fact, ...]:
    """What each meter showed, its factor when it has one, and its breaker."""
    several = len(bill.meters) > 1
    facts: list[Fact] = []
    for index, meter in enumerate(bill.meters, start=1):
        of = scene.say("bill.reading.meter", n=scene.words.count(index)) if several else ""
        facts += _meter(meter, scene, of)
    return tuple(facts)


def facts(bill: Bill, scene: Scene, *, place: bool) -> tuple[Fact, ...]:
    """What every level shows: consumption, period, days, day of issue; and where it is, as `place` in `Disclosure`."""
    words, period = scene.words, bill.period
    same_year = period.start.year == period.end.year
    start = words.day_month(period.start) if same_year else words.date(period.start)
    issued = bill.issue_at.astimezone(RIYADH).date()
    return (
        Fact(scene.say("bill.fact.consumption"), scene.say("energy.kwh", n=words.count(bill.kwh_total))),
        Fact(
            scene.say("bill.fact.period"),
            scene.say("bill.fact.period_value", start=start, end=words.date(period.end)),
        ),
        Fact(scene.say("bill.fact.days"), words.days(period.days)),
        Fact(scene.say("bill.fact.issued"), _both_calendars(issued, scene)),
        *(_place(bill, scene) if place else ()),
    )


def notes(bill: Bill, scene: Scene, *, awaits_issue: bool, breakdown: bool) -> tuple[str, ...]:
    """What the subscriber should know or do, most pressing first. `breakdown` as in `Disclosure`."""
    words, said = scene.words, []
    superseded = bill.status is Status.SUPERSEDED
    if awaits_issue:
        said.append(scene.say("bill.note.awaits_issue"))
    if superseded:
        said.append(scene.say("bill.note.superseded"))
    if breakdown:
        said += _conditions(bill, scene)
        said += filter(None, (carried(bill, words),))
    if bill.account.verified is False:
        said.append(scene.say("bill.note.verify"))
    if bill.amount_due > 0 and not superseded:
        key = "pay_or_app" if scene.facts.app_link else "pay"
        said.append(scene.say(f"bill.note.{key}", biller=words.number(bill.sadad.biller)))
    return (*said, scene.say("bill.note.not_proof"))


def _conditions(bill: Bill, scene: Scene) -> list[str]:
    words, plan, said = scene.words, bill.plan, []
    if bill.disconnection_date:
        said.append(scene.say("bill.note.disconnection", date=words.date(bill.disconnection_date)))
    if any(meter.reading_kind is ReadingKind.ESTIMATED for meter in bill.meters):
        said.append(scene.say("bill.note.estimated"))
    if plan.kind is PlanKind.FIXED and plan.fixed_amount is not None:
        said.append(scene.say("bill.note.fixed", amount=words.riyals(plan.fixed_amount)))
        if plan.settlement_month:
            said.append(scene.say("bill.note.settlement", month=words.month_name(plan.settlement_month)))
    return said


def _place(bill: Bill, scene: Scene) -> tuple[Fact, ...]:
    account = bill.account
    arabic_first = (account.address_ar, account.address_en)
    address = next(filter(None, arabic_first if scene.words.rtl else reversed(arabic_first)), "")
    shown = []
    if address:
        shown.append(Fact(scene.say("bill.fact.address"), iso(plain(address))))
    if account.premise_id:
        shown.append(Fact(scene.say("bill.fact.premise"), scene.words.figures(account.premise_id)))
    return tuple(shown)


def _both_calendars(day: date, scene: Scene) -> str:
    hijri = scene.words.hijri(day)
    gregorian = scene.words.date(day)
    return scene.say("bill.fact.both_calendars", gregorian=gregorian, hijri=hijri) if hijri else gregorian


def _charges(bill: Bill, scene: Scene) -> list[Line]:
    words = scene.words
    rows = [
        Line(
            words.text("bill.tier.name", n=words.count(tier.n)),
            _figures(tier.amount, scene),
            words.text("bill.tier.detail", kwh=words.count(tier.kwh), rate=words.number(tier.rate)),
        )
        for tier in bill.tiers
    ]
    rows.append(Line(scene.say("bill.line.meter_fee"), _figures(bill.charges.meter_fee, scene)))
    rows += [
        Line(_label(other.label_ar, other.label_en, scene), _figures(other.amount, scene))
        for other in bill.charges.other
    ]
    return rows


def _vat(bill: Bill, scene: Scene) -> list[Line]:
    words = scene.words
    rows = [
        Line(
            scene.say("bill.line.vat", rate=words.number(f"{vat.rate}%")),
            _figures(vat.amount, scene),
            scene.say("bill.line.vat_detail", taxable=words.money(vat.taxable)),
        )
        for vat in bill.vat
    ]
    return [*rows, Line(scene.say("bill.line.current_total"), _figures(bill.current_total, scene), strong=True)]


def _balance(bill: Bill, scene: Scene) -> list[Line]:
    rows = []
    if bill.plan.kind is PlanKind.FIXED and bill.plan.fixed_amount is not None:
        rows.append(Line(scene.say("bill.line.fixed"), _figures(bill.plan.fixed_amount, scene)))
    if bill.previous_balance:
        rows.append(Line(scene.say("bill.line.previous_balance"), _figures(bill.previous_balance, scene)))
    if bill.payments_received:
        paid = Money(-bill.payments_received)
        rows.append(Line(scene.say("bill.line.payments"), _figures(paid, scene)))
    rows += [Line(_label(a.label_ar, a.label_en, scene), _figures(a.amount, scene)) for a in bill.adjustments]
    key, amount = (
        ("credit", bill.credit) if bill.credit and not bill.amount_due else ("amount_due", bill.amount_due)
    )
    return [*rows, Line(scene.say(f"bill.line.{key}"), _figures(amount, scene), strong=True)]


def _meter(meter: Meter, scene: Scene, of: str) -> list[Fact]:
    words = scene.words

    def fact(what: str, value: str) -> Fact:
        label = scene.say(f"bill.reading.{what}")
        return Fact(scene.say("bill.reading.of_meter", label=label, meter=of) if of else label, value)

    shown = [
        fact("previous", words.figures(f"{meter.reading_previous:,}")),
        fact("current", words.figures(f"{meter.reading_current:,}")),
    ]
    if meter.factor != 1:
        shown.append(fact("factor", words.figures(f"{meter.factor:,}")))
    return [*shown, fact("breaker", scene.say("bill.reading.ampere", n=words.count(meter.breaker_amp)))]


def _figures(amount: Money, scene: Scene) -> str:
    return scene.words.figures(scene.words.money(amount))


def _label(arabic: str, english: str, scene: Scene) -> str:
    """The biller's own words: what could steer the screen is taken out of them."""
    return iso(plain(arabic if scene.words.rtl else english))
