"""How tests tell a visit: as a list of events, one second apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from devices.printer import PrinterHealth
from kiosk.model import AccountNumber, Source
from kiosk.visit import Rules, Visit, step
from kiosk.visit.events import (
    BillRefreshed,
    DigitTyped,
    Event,
    Identified,
    NumberChosen,
    NumberConfirmed,
    Touched,
)
from kiosk.visit.states import (
    ShowBill,
)
from tests.factories import make_bill, make_current, make_not_issued

RULES = Rules()
DIGITS = "30012345678"
ACCOUNT = AccountNumber(DIGITS)
LIVE = make_current(make_bill())
STORED = make_current(make_bill(), source=Source.STORED)
NOT_ISSUED = make_current(make_not_issued(DIGITS))
AMEX = "371449635398431"
READY = Visit(printer=PrinterHealth.READY, readers=frozenset({"card"}))
TYPE_IT = [Touched(), NumberChosen(), *map(DigitTyped, DIGITS), NumberConfirmed()]
SWIPE_IT = [Identified(ACCOUNT)]
SEE_IT = [*SWIPE_IT, BillRefreshed(1, LIVE)]
SHOWN = ShowBill(LIVE, 1)
PRINTED_ONCE = replace(SHOWN, copies=1)


def play(events: Sequence[Event], visit: Visit = READY, *, rules: Rules = RULES, now: float = 0.0) -> Visit:
    """The visit after all events, one second apart."""
    for second, event in enumerate(events):
        visit = step(visit, event, now=now + second, rules=rules)
    return visit
