"""What an answer changes: the bill's (store and service) and the printer's. An answer to nobody is dropped."""

from __future__ import annotations

from dataclasses import replace

from devices.printer import JobState
from kiosk.model import NotIssued
from kiosk.visit.events import AccountUnknown, BillRefreshed, PrintAdvanced, ServiceWasAway, StoredBillFound
from kiosk.visit.states import (
    Beyond,
    Help,
    LookingUp,
    Moment,
    NotFound,
    NotIssuedYet,
    OverBill,
    PrintFailed,
    Printing,
    ServiceAway,
    ShowBill,
    TakeReceipt,
    Trouble,
)

Answer = StoredBillFound | BillRefreshed | AccountUnknown | ServiceWasAway

_NO_RECEIPT = (JobState.REFUSED, JobState.HELD, JobState.UNKNOWN, JobState.ABORTED, JobState.RETRACTED)


def answered(moment: Moment, event: Answer) -> Moment:
    """The moment after the store or the service answered about an account."""
    match moment:
        case LookingUp(ticket=ticket) if ticket == event.ticket:
            return _found(moment, event)
        case ShowBill(ticket=ticket, refreshing=True) if ticket == event.ticket:
            return NotFound() if isinstance(event, AccountUnknown) else _refreshed(moment, event)
        case _ if isinstance(moment, OverBill):
            return replace(moment, bill=_beneath(moment.bill, event))
        case _ if isinstance(moment, Beyond) and isinstance(moment.home, ShowBill):
            return replace(moment, home=_beneath(moment.home, event))
        case Help(under=ShowBill() as bill):
            return replace(moment, under=_beneath(bill, event))
    return moment


def paper_moved(moment: Moment, event: PrintAdvanced) -> Moment:
    """The moment after the print job it waits for, or waited for, came a step further."""
    if not isinstance(moment, Printing | TakeReceipt | PrintFailed) or moment.ticket != event.ticket:
        return moment
    bill, ticket = moment.bill, moment.ticket
    if event.state in _NO_RECEIPT:
        printed = event.state is not JobState.REFUSED
        kept = bill if printed else replace(bill, copies=bill.copies - 1)
        return PrintFailed(kept, ticket, event.state, event.reason)
    if event.state is JobState.TAKEN:
        return TakeReceipt(bill, ticket, taken=True)
    if event.confirmed or event.state is JobState.PRESENTED:
        return TakeReceipt(bill, ticket)
    if isinstance(moment, TakeReceipt):
        return moment
    return Printing(bill, ticket, event.state)


def _found(wait: LookingUp, event: Answer) -> Moment:
    match event:
        case StoredBillFound(current=current, previous=previous):
            if isinstance(current.bill, NotIssued):
                return replace(wait, fallback=NotIssuedYet(current, previous))
            return ShowBill(current, wait.ticket, refreshing=True)
        case BillRefreshed(current=current, previous=previous):
            if isinstance(current.bill, NotIssued):
                return NotIssuedYet(current, previous)
            return ShowBill(current, wait.ticket)
        case AccountUnknown():
            return NotFound(wait.typed)
        case ServiceWasAway(trouble=trouble, code=code):
            return wait.fallback or ServiceAway(wait.account, trouble, wait.typed, code)


def _beneath(bill: ShowBill, event: Answer) -> ShowBill:
    """A bill under another screen after an answer, which may not be about it."""
    return _refreshed(bill, event) if bill.refreshing and bill.ticket == event.ticket else bill


def _refreshed(bill: ShowBill, event: Answer) -> ShowBill:
    match event:
        case BillRefreshed(current=current) if isinstance(current.bill, NotIssued):
            return replace(bill, refreshing=False, awaits_issue=True)
        case BillRefreshed(current=current):
            return replace(bill, current=current, refreshing=False)
        case ServiceWasAway(trouble=trouble):
            return replace(bill, refreshing=False, trouble=trouble)
        case AccountUnknown():
            return replace(bill, refreshing=False, trouble=Trouble.UNUSABLE)
        case StoredBillFound():
            return bill
