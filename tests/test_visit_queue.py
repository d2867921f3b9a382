"""The days after the issue of the bills, when many come: shorter thanks, and no attract screen in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kiosk.samples import samples
from kiosk.visit import Rules, step
from kiosk.visit.events import BackPressed, Finished, Tick
from kiosk.visit.states import Attract, Identify, StillThere

QUEUE = replace(Rules(), queues=True)


@pytest.mark.parametrize(
    ("day", "queues"),
    [
        (date(2026, 8, 27), False),
        (date(2026, 8, 28), True),
        (date(2026, 8, 30), True),
        (date(2026, 8, 31), False),
        (date(2027, 2, 28), True),
        (date(2027, 3, 2), True),
        (date(2027, 3, 3), False),
    ],
)
def test_a_queue_is_expected_for_three_days_from_the_issue(day: date, queues: bool) -> None:
    assert Rules().on(day).queues is queues
    assert QUEUE.on(day).queues is queues
    assert not replace(QUEUE, queue_days=0).on(day).queues


def test_rules_stay_the_same_object_while_the_day_changes_nothing() -> None:
    rules = Rules()
    assert rules.on(date(2026, 8, 1)) is rules


def test_the_next_in_the_queue_finds_the_choice_and_nothing_of_who_was_before() -> None:
    bill = samples()["bill"]
    after = step(bill, Finished(), now=1.0, rules=QUEUE)
    assert after.state == Identify()
    assert replace(after, state=Attract()) == step(bill, Finished(), now=1.0, rules=Rules())


def test_thanks_are_shorter_in_a_queue() -> None:
    receipt = replace(samples()["take_receipt"], heard_at=0.0)
    for rules, state in ((QUEUE, Identify()), (Rules(), receipt.state)):
        assert step(receipt, Tick(), now=QUEUE.queue_thanks_s, rules=rules).state == state
    assert QUEUE.thanks_after_s < Rules().thanks_after_s


def test_a_queue_ends_where_nobody_comes() -> None:
    waiting = replace(samples()["identify"], heard_at=0.0)
    assert step(waiting, Finished(), now=1.0, rules=QUEUE).state == Attract()
    assert step(waiting, BackPressed(), now=1.0, rules=QUEUE).state == Attract()
    warned = step(waiting, Tick(), now=QUEUE.warn_after_s, rules=QUEUE)
    assert isinstance(warned.state, StillThere)
    assert step(warned, Tick(), now=QUEUE.warn_after_s + QUEUE.answer_s, rules=QUEUE).state == Attract()
