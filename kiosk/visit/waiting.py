"""What time does to a visit: how long each state waits, and what then happens."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from devices.printer import JobState, PrinterHealth
from kiosk.visit.answers import answered, paper_moved
from kiosk.visit.events import PrintAdvanced, ServiceWasAway, WishAnswered
from kiosk.visit.rules import Rules
from kiosk.visit.states import (
    Asking,
    Attract,
    EnterCode,
    LookingUp,
    NotFound,
    NotIssuedYet,
    OutOfService,
    PrintFailed,
    Printing,
    ServiceAway,
    StillThere,
    TakeReceipt,
    Trouble,
    WishDone,
    WishRefused,
)
from kiosk.visit.wanting import wish_answered
from kiosk.visit.whole import Visit, ended, entered, following, through
from kiosk.wishes import Refusal, Refused


def ticked(visit: Visit, *, now: float, rules: Rules) -> Visit:
    """The visit after a second in which nobody did anything."""
    if _is_left(visit, now=now, rules=rules):
        return ended(visit, Attract(), now=now, rules=rules)
    waited = now - visit.heard_at
    match visit.state:
        case StillThere(asked_at=asked_at) as warning:
            left = ceil(rules.answer_s - (now - asked_at))
            if left <= 0:
                return ended(visit, Attract(), now=now, rules=rules)
            return replace(visit, state=replace(warning, seconds_left=left))
        case LookingUp() | Asking() | Printing():
            return _given_up(visit, waited, now=now, rules=rules)
        case TakeReceipt(taken=taken):
            limit = rules.taken_s if taken else rules.thanks_after_s
            return ended(visit, following(visit, rules), now=now, rules=rules) if waited >= limit else visit
        case Attract():
            return visit
        case OutOfService():
            if waited < rules.warn_after_s * visit.patience:
                return visit
            return replace(visit, language=rules.language, display=rules.display)
    visit = _counted_down(visit, now=now, rules=rules)
    if waited < _patience_s(visit, rules) * visit.patience:
        return visit
    warning = StillThere(visit.moment, now, ceil(rules.answer_s))
    return replace(visit, state=warning, display=visit.display.closed)


def _patience_s(visit: Visit, rules: Rules) -> float:
    match visit.state:
        case NotFound() | NotIssuedYet() | ServiceAway() | PrintFailed() | WishRefused() | EnterCode():
            return rules.fault_after_s
        case WishDone():
            return rules.done_after_s
    return rules.warn_after_s


def held(visit: Visit, *, now: float) -> Visit:
    """The visit while the voice still speaks: no time counts meanwhile, not even that of the idle warning.

    Waits for answers go on: they are not the subscriber's to end.
    """
    match visit.state:
        case StillThere():
            return replace(visit, state=replace(visit.state, asked_at=now))
        case LookingUp() | Asking() | Printing():
            return visit
    return replace(visit, heard_at=now)


def _given_up(visit: Visit, waited: float, *, now: float, rules: Rules) -> Visit:
    """What waits for an answer that got lost becomes an honest screen."""
    match visit.state:
        case LookingUp(ticket=ticket) if waited >= rules.look_up_limit_s:
            lost = ServiceWasAway(ticket, Trouble.FAILED)
            return entered(visit, through(visit, lambda moment: answered(moment, lost)), now=now)
        case Printing(ticket=ticket) if waited >= rules.print_limit_s:
            silent = PrintAdvanced(ticket, JobState.UNKNOWN, PrinterHealth.SILENT)
            return entered(visit, through(visit, lambda moment: paper_moved(moment, silent)), now=now)
        case Asking(ticket=ticket) if waited >= rules.look_up_limit_s:
            return wish_answered(visit, WishAnswered(ticket, Refused(Refusal.FAILED)), now=now, rules=rules)
    return visit


def _counted_down(visit: Visit, *, now: float, rules: Rules) -> Visit:
    """Another code can be had a little sooner."""
    match visit.state:
        case EnterCode(sent_at=sent_at) as code:
            return replace(visit, state=replace(code, wait_s=max(0, ceil(rules.resend_s - (now - sent_at)))))
    return visit


def _is_left(visit: Visit, *, now: float, rules: Rules) -> bool:
    """Whether nobody has been near for a while; whoever the switch does not see is still felt by touch."""
    left_at = visit.around.left_at
    if left_at is None or isinstance(visit.state, Attract | OutOfService) or isinstance(visit.moment, Printing):
        return False
    return now - max(left_at, visit.heard_at) >= rules.gone_after_s
