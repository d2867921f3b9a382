"""How tests read a screen: the view of a visit, and all that it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import Any

from devices.printer import PrinterHealth
from kiosk.model import Bill, CurrentBill, Source
from kiosk.samples import NOW
from kiosk.viewmodel import BillView, Button
from kiosk.views import Level, SiteFacts, view
from kiosk.visit import Rules, Visit
from kiosk.visit.states import ShowBill

FACTS = SiteFacts(
    Rules(), call_centre="920001100", app_link="https://app.example.sa/bill", app_hosts=("app.example.sa",)
)


def seen(visit: Visit, *, language: str = "en", level: Level = "open", **facts: Any) -> Any:
    """The view of a visit, in the words of `language`, with its isolates left in."""
    return view(replace(visit, language=language), now=NOW, facts=replace(FACTS, level=level, **facts))


def shown(bill: Bill, *, language: str = "en", level: Level = "open", **state: Any) -> BillView:
    """The view of a live bill; `state` are further fields of `ShowBill`."""
    current = state.pop("current", CurrentBill(bill, NOW, Source.LIVE))
    visit = Visit(ShowBill(current, 1, **state), printer=PrinterHealth.READY)
    made = seen(visit, language=language, level=level)
    assert isinstance(made, BillView)
    return made


def stored(bill: Bill, age: timedelta, **state: Any) -> BillView:
    return shown(bill, current=CurrentBill(bill, NOW - age, Source.STORED), **state)


def strings(thing: object) -> Iterator[str]:
    """Every string a screen would draw."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, tuple):
        for item in thing:
            yield from strings(item)
    elif is_dataclass(thing):
        for each in fields(thing):
            if each.name not in ("event", "name", "icon", "payload", "screen", "sign", "address", "language"):
                yield from strings(getattr(thing, each.name))


def buttons(thing: object) -> Iterator[Button]:
    if isinstance(thing, Button):
        yield thing
    elif isinstance(thing, tuple):
        for item in thing:
            yield from buttons(item)
    elif is_dataclass(thing):
        for each in fields(thing):
            yield from buttons(getattr(thing, each.name))


def bare(text: str) -> str:
    return re.sub("[\u200e\u2066-\u2069]", "", text)


def said(thing: object) -> str:
    """All a screen says, as one text."""
    return "\n".join(map(bare, strings(thing)))
