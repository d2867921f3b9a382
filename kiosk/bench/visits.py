"""Thousands of whole visits one after the other: does the terminal grow by them?"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from devices.printer import JobState, PrinterHealth
from kiosk.bench.processes import pss_mb
from kiosk.model import AccountNumber, CurrentBill, Source
from kiosk.samples import NOW, sample_bill
from kiosk.viewmodel import View
from kiosk.views import SiteFacts, view
from kiosk.visit import Rules, Visit, step
from kiosk.visit.events import (
    BillRefreshed,
    DetailsToggled,
    DigitTyped,
    Event,
    Finished,
    LanguageChosen,
    NumberChosen,
    NumberConfirmed,
    PrintAdvanced,
    PrinterChanged,
    PrintRequested,
    StoredBillFound,
    Touched,
)

_WARM = 0.2
"""The share of visits after which memory is looked at first: by then every cache is as full as it gets."""

_AT = datetime(2026, 9, 15, 9, tzinfo=UTC)


def measure(*, visits: int = 20_000, drawn: int = 1_000) -> dict[str, Any]:
    """Run that many visits, `drawn` of them spread evenly through the real screens off screen.

    `slope_bytes` is how much a visit leaves behind, from a fifth of the way to the end.
    """
    from kiosk.ui.app import KioskApp

    rules = Rules()
    facts = SiteFacts(rules, level="open", call_centre="920001100", app_link="https://app.example.sa/ebill")
    visit = step(Visit(), PrinterChanged(PrinterHealth.READY), now=0.0, rules=rules)
    # A small panel: what a visit leaves behind does not depend on how many pixels it was drawn with.
    app = KioskApp(send=lambda event: None, first=_shown(visit, facts), size=(540, 960))
    every = max(1, visits // drawn) if drawn else visits + 1
    began, first, warm = time.perf_counter(), 0.0, int(visits * _WARM)
    screens = 0
    for number in range(visits):
        for event in _events(visit.ticket, number):
            visit = step(visit, event, now=float(number), rules=rules)
            shown = _shown(visit, facts)
            # A digit changes so little that drawing each would only take time.
            if number % every == 0 and not isinstance(event, DigitTyped):
                app.draw(shown)
                _give_back()
                screens += 1
        if number == warm:
            first = _memory_mb()
    last = _memory_mb()
    return {
        "visits": visits,
        "screens_drawn": screens,
        "seconds": round(time.perf_counter() - began, 1),
        "memory_mb": last,
        "slope_bytes": round((last - first) * 1024 * 1024 / (visits - warm)),
    }


def _events(ticket: int, number: int) -> Iterator[Event]:
    """A visit of every kind of screen, each with another account and the other language."""
    typed = f"3{number:010}"
    yield Touched()
    yield LanguageChosen("en" if number % 2 else "ar")
    yield NumberChosen()
    yield from map(DigitTyped, typed)
    yield NumberConfirmed()
    yield StoredBillFound(ticket + 1, _current(typed, Source.STORED))
    yield BillRefreshed(ticket + 1, _current(typed, Source.LIVE))
    yield DetailsToggled()
    yield PrintRequested()
    yield PrintAdvanced(ticket + 2, JobState.CUT, confirmed=True)
    yield Finished()


def _current(number: str, source: Source) -> CurrentBill:
    bill = sample_bill()
    return CurrentBill(replace(bill, account=replace(bill.account, number=AccountNumber(number))), _AT, source)


def _shown(visit: Visit, facts: SiteFacts) -> View:
    return view(visit, now=NOW, facts=facts)


def _memory_mb() -> float:
    gc.collect()
    _give_back()
    return pss_mb(os.getpid())


def _give_back() -> None:
    """Let a tick pass: Kivy gives textures back then. Its clock must not be imported before the window is open."""
    from kivy.clock import Clock

    Clock.tick()
