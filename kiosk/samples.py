"""A visit for every screen, from an invented bill: what pictures are made of when nobody is visiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from devices.card_reader import Rejection
from devices.printer import JobState, PrinterHealth
from devices.sensors import Power
from kiosk.i18n import RIYADH
from kiosk.model import (
    Account,
    AccountNumber,
    Bill,
    Category,
    Charges,
    CurrentBill,
    DocumentType,
    HistoryMonth,
    Meter,
    Money,
    NotIssued,
    Period,
    Plan,
    PlanKind,
    ReadingKind,
    Sadad,
    Seller,
    Source,
    Status,
    Tier,
    VatLine,
)
from kiosk.visit import Person, Visit
from kiosk.visit.display import Display, Panel
from kiosk.visit.states import (
    Asking,
    Attract,
    ChooseAccount,
    ChooseProof,
    CodeProblem,
    Consent,
    EnterCode,
    EnterMobile,
    EnterNumber,
    Help,
    Identify,
    LookingUp,
    More,
    NotFound,
    NotIssuedYet,
    NumberProblem,
    OutOfService,
    PresentCard,
    PresentProof,
    PrintFailed,
    Printing,
    ProofProblem,
    ServiceAway,
    ShowAppLink,
    ShowBill,
    State,
    StillThere,
    TakeReceipt,
    Trouble,
    WishDone,
    WishRefused,
)
from kiosk.visit.surroundings import POWER, Surroundings
from kiosk.wishes import Channel, OwnAccount, Refusal, SendBill, SendCode, SendMobileCode

NOW = datetime(2026, 9, 15, 9, 30, tzinfo=UTC)
"""The moment the samples are seen at: the bill is due in twelve days."""

_NUMBER = "30012345678"
_ON_BATTERY = Surroundings(power=Power.BATTERY)
_MOBILE = "0551234567"
_ADDRESS = ("الرياض، حي النرجس", "Al Narjis, Riyadh")
_KWH = (7639, 7102, 6015, 4120, 2210, 1490, 1610, 1820, 1710, 2305, 4433, 6688, 7441)
_AMOUNTS = (179711, 163944, 126236, 87009, 47472, 32568, 35052, 39399, 37122, 49439, 93488, 146901, 172880)


def samples() -> dict[str, Visit]:
    """A visit for each screen by its name, in the order of a visit, then variants as `<screen>_<what differs>`."""
    return {name: _visit(state) for name, state in (_screens() | _variants()).items()} | {
        "card_away": replace(_visit(PresentCard()), readers=frozenset()),
        "identify_no_reader": replace(_visit(Identify()), readers=frozenset()),
        "identify_display": replace(_visit(Identify()), display=Display(panel=Panel.DISPLAY)),
        "bill_languages": replace(_visit(_shown(sample_bill())), display=Display(panel=Panel.LANGUAGES)),
        "bill_proven": replace(_visit(_shown(sample_bill())), person=_person()),
        "more_proven": replace(_visit(More(_shown(sample_bill()))), person=_person()),
        "proof_no_reader": replace(_visit(ChooseProof(_shown(sample_bill()))), readers=frozenset()),
        "bill_no_paper": replace(_visit(_shown(sample_bill())), printer=PrinterHealth.PAPER_OUT),
        "attract_battery": replace(_visit(Attract()), around=_ON_BATTERY),
        "bill_battery": replace(_visit(_shown(sample_bill())), around=_ON_BATTERY),
    }


def seen(visit: Visit, display: Display) -> Visit:
    """The visit as it is seen in `display`, with the panel it has."""
    return replace(visit, display=replace(display, panel=visit.display.panel))


def sample_bill() -> Bill:
    """A household's bill of August 2026: two tiers, 15 % VAT, 1,797.11 riyals, thirteen months of history."""
    return Bill(
        status=Status.ISSUED,
        account=_account(),
        bill_id="A-2026-08",
        invoice_number="INV-2026-08-000001",
        document_type=DocumentType.SIMPLIFIED_TAX_INVOICE,
        issue_at=datetime(2026, 8, 28, 0, 5, tzinfo=RIYADH),
        due_date=date(2026, 9, 27),
        currency="SAR",
        seller=Seller("شركة الواحة للكهرباء", "Al Waha Electricity", "300000000000003"),
        period=Period(date(2026, 7, 25), date(2026, 8, 25), 31),
        meters=(Meter("KFM2017009912", 100, 1, 48210, 55849, ReadingKind.ACTUAL, 7639),),
        kwh_total=7639,
        tariff_id="sa-residential-2018",
        tiers=(
            Tier(1, 0, 6200, 6200, "18", Money(111600)),
            Tier(2, 6200, None, 1439, "30", Money(43170)),
        ),
        charges=Charges(Money(154770), Money(1500)),
        vat=(VatLine("15", Money(156270), Money(23441)),),
        current_total=Money(179711),
        previous_balance=Money(0),
        payments_received=Money(0),
        adjustments=(),
        amount_due=Money(179711),
        credit=Money(0),
        plan=Plan(PlanKind.ACTUAL),
        history=_history(),
        sadad=Sadad("002", _NUMBER),
    )


def _person() -> Person:
    home = OwnAccount(AccountNumber(_NUMBER), Category.RESIDENTIAL, _ADDRESS[0], _ADDRESS[1])
    shop = OwnAccount(AccountNumber("10098765432"), Category.COMMERCIAL, "الرياض، حي الملز", "Al Malaz, Riyadh")
    return Person(frozenset({home.number, shop.number}), (home, shop), "x" * 32)


def _account() -> Account:
    return Account(
        AccountNumber(_NUMBER),
        Category.RESIDENTIAL,
        name_ar="سعد أحمد",
        name_en="Saad Ahmed",
        premise_id="4012345678",
        address_ar=_ADDRESS[0],
        address_en=_ADDRESS[1],
        verified=True,
    )


def _history() -> tuple[HistoryMonth, ...]:
    months = (divmod(2026 * 12 + 7 - back, 12) for back in range(len(_KWH)))
    return tuple(
        HistoryMonth(f"{year}-{index + 1:02}", kwh, Money(amount))
        for (year, index), kwh, amount in zip(months, _KWH, _AMOUNTS, strict=True)
    )


def _screens() -> dict[str, State]:
    bill = _shown(sample_bill())
    return {
        "attract": Attract(),
        "identify": Identify(),
        "keypad": EnterNumber(_NUMBER[:9]),
        "card": PresentCard(),
        "looking_up": LookingUp(AccountNumber(_NUMBER), 1),
        "bill": bill,
        "app": ShowAppLink(bill),
        "printing": Printing(bill, 2, JobState.SENT),
        "take_receipt": TakeReceipt(bill, 2),
        "not_found": NotFound(_NUMBER),
        "not_issued": NotIssuedYet(_current(NotIssued(_account())), _current(_last_month())),
        "service_away": ServiceAway(AccountNumber(_NUMBER), Trouble.UNREACHABLE),
        "print_failed": PrintFailed(bill, 2, JobState.HELD, PrinterHealth.PAPER_OUT),
        "more": More(bill),
        "consent": Consent(bill),
        "mobile": EnterMobile(bill, _MOBILE[:7]),
        "code": EnterCode(bill, "…67", 0.0, 300.0, 24, mobile=_MOBILE, typed="402"),
        "proof": ChooseProof(bill),
        "proof_card": PresentProof(bill),
        "asking": Asking(bill, SendBill(Channel.SMS), 2),
        "wish_done": WishDone(bill, Channel.SMS, "…42"),
        "wish_refused": WishRefused(bill, SendMobileCode(_MOBILE), Refusal.UNREACHABLE),
        "accounts": ChooseAccount(bill, _person().accounts),
        "help": Help(bill),
        "out_of_service": OutOfService("closed"),
        "still_there": StillThere(bill, asked_at=0.0, seconds_left=14),
    }


def _variants() -> dict[str, State]:
    bill = sample_bill()
    whole = _shown(bill)
    paid = replace(bill, status=Status.PAID, payments_received=bill.current_total, amount_due=Money(0))
    carried = replace(bill, previous_balance=Money(-200000), amount_due=Money(0), credit=Money(20289))
    fixed = replace(
        bill, plan=Plan(PlanKind.FIXED, Money(65000), 1, Money(114711)), amount_due=Money(65000), credit=Money(0)
    )
    estimated = replace(bill.meters[0], reading_kind=ReadingKind.ESTIMATED)
    pressing = replace(
        bill,
        due_date=date(2026, 9, 10),
        disconnection_date=date(2026, 10, 1),
        account=replace(bill.account, verified=False),
        meters=(estimated,),
    )
    return {
        "more_not_issued": More(NotIssuedYet(_current(NotIssued(_account())))),
        "mobile_wrong": EnterMobile(whole, "0412345678", is_wrong=True),
        "code_proof": EnterCode(whole, "…42", 0.0, 300.0, 0),
        "code_wrong": EnterCode(whole, "…42", 0.0, 300.0, 12, problem=CodeProblem.WRONG),
        "proof_card_bill": PresentProof(whole, problem=ProofProblem.A_BILL),
        "wish_done_kept": WishDone(whole, Channel.EMAIL, is_kept=True),
        "wish_done_mobile": WishDone(whole, None, "…67"),
        "wish_refused_email": WishRefused(whole, SendBill(Channel.EMAIL), Refusal.NO_CONTACT),
        "wish_refused_no_more": WishRefused(whole, SendCode(), Refusal.NO_MORE),
        "accounts_many": ChooseAccount(whole, _person().accounts * 3),
        "keypad_empty": EnterNumber(),
        "keypad_payment_card": EnterNumber(problem=NumberProblem.PAYMENT_CARD),
        "keypad_too_many": EnterNumber(_NUMBER, NumberProblem.TOO_MANY),
        **{f"card_{reason}": PresentCard(reason) for reason in Rejection if reason is not Rejection.TOO_LONG},
        "bill_details": replace(whole, details=True),
        "bill_stored": replace(_stored(bill, timedelta(hours=3)), refreshing=True),
        "bill_stored_days": replace(_stored(bill, timedelta(days=4)), trouble=Trouble.UNREACHABLE),
        "bill_old": replace(_stored(_last_month(), timedelta(days=48)), trouble=Trouble.UNREACHABLE),
        "bill_awaits_issue": replace(_stored(_last_month(), timedelta(days=31)), awaits_issue=True),
        "bill_paid": _shown(paid),
        "bill_credit": _shown(carried),
        "bill_fixed": _shown(fixed),
        "bill_overdue": _shown(pressing),
        "bill_superseded": _shown(replace(bill, status=Status.SUPERSEDED)),
        "take_receipt_taken": TakeReceipt(whole, 2, taken=True),
        "not_found_card": NotFound(),
        "not_issued_alone": NotIssuedYet(_current(NotIssued(_account()))),
        "service_away_busy": ServiceAway(AccountNumber(_NUMBER), Trouble.BUSY),
        "print_failed_refused": PrintFailed(whole, 2, JobState.REFUSED, PrinterHealth.COVER_OPEN),
        "out_of_service_power": OutOfService(POWER),
        "print_failed_maybe": PrintFailed(whole, 2, JobState.UNKNOWN, PrinterHealth.SILENT),
    }


def _last_month() -> Bill:
    bill = sample_bill()
    return replace(
        bill,
        issue_at=datetime(2026, 7, 28, 0, 5, tzinfo=RIYADH),
        due_date=date(2026, 8, 27),
        period=Period(date(2026, 6, 25), date(2026, 7, 25), 30),
        history=bill.history[1:],
    )


def _visit(state: State) -> Visit:
    return Visit(state, printer=PrinterHealth.READY, readers=frozenset({"card"}), ticket=2)


def _shown(bill: Bill) -> ShowBill:
    return ShowBill(_current(bill), 1)


def _stored(bill: Bill, age: timedelta) -> ShowBill:
    return ShowBill(CurrentBill(bill, NOW - age, Source.STORED), 1)


def _current(document: Bill | NotIssued) -> CurrentBill:
    return CurrentBill(document, NOW, Source.LIVE)
