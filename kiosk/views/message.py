"""The screens that say in plain words what went wrong or is still to come, and what to do next."""

from __future__ import annotations

from devices.printer import JobState, PrinterHealth
from kiosk.viewmodel import Button, MessageView, Tone
from kiosk.views.frame import Scene
from kiosk.visit import may_print
from kiosk.visit.choices import MoreChosen
from kiosk.visit.events import (
    AppLinkRequested,
    BackPressed,
    CardChosen,
    Event,
    NumberChosen,
    PreviousBillRequested,
    RetryRequested,
)
from kiosk.visit.rules import ISSUE_DAY
from kiosk.visit.states import NotFound, NotIssuedYet, OutOfService, PrintFailed, ServiceAway, Trouble
from kiosk.visit.surroundings import POWER

_FIT = (PrinterHealth.READY, PrinterHealth.PAPER_LOW)
"""Nothing is wrong with the printer: it is of a make that cannot say whether it is done."""


def not_found_view(state: NotFound, scene: Scene) -> MessageView:
    """No such account; a typed number can be corrected, a card cannot."""
    which = "" if state.typed else "card_"
    number = "correct" if state.typed else "by_number"
    event: Event = RetryRequested() if state.typed else NumberChosen()
    actions = [scene.button(number, f"not_found.{number}", event, icon="keypad")]
    if scene.visit.readers:
        actions.append(scene.button("by_card", "not_found.by_card", CardChosen(), icon="card"))
    return MessageView(
        screen="not_found",
        chrome=scene.chrome(),
        tone=Tone.WARNING,
        icon="search",
        title=scene.say(f"not_found.{which}title"),
        text=scene.say(f"not_found.{which}text"),
        steps=scene.call(),
        actions=tuple(actions),
    )


def not_issued_view(state: NotIssuedYet, scene: Scene) -> MessageView:
    """The bill of this month is still to come; the last one can be looked at when it is kept."""
    more = scene.button("more", "not_issued.more", MoreChosen(), icon="bell")
    previous = scene.button("previous", "not_issued.previous", PreviousBillRequested(), icon="bill")
    return MessageView(
        screen="not_issued",
        chrome=scene.chrome(),
        tone=Tone.CALM,
        icon="calendar",
        title=scene.say("not_issued.title"),
        text=scene.say("not_issued.text", day=scene.words.count(ISSUE_DAY)),
        steps=(scene.say("not_issued.step_later"), *scene.app(), *scene.call()),
        actions=(previous, more) if state.previous else (more,),
    )


def service_away_view(state: ServiceAway, scene: Scene) -> MessageView:
    """No answer and nothing stored."""
    texts = {Trouble.BUSY: "busy_text", Trouble.UNUSABLE: "unusable_text"}
    return MessageView(
        screen="service_away",
        chrome=scene.chrome(),
        tone=Tone.WARNING,
        icon="offline",
        title=scene.say("service_away.title"),
        text=scene.say(f"service_away.{texts.get(state.trouble, 'text')}"),
        steps=(scene.say("service_away.step_retry"), *scene.app(), *scene.call()),
        actions=(scene.button("retry", "common.retry", RetryRequested(), icon="retry"),),
        code=state.code or str(state.trouble),
    )


def print_failed_view(state: PrintFailed, scene: Scene) -> MessageView:
    """No receipt, half of one, or perhaps one; what to do instead."""
    title, text = _what_became_of_it(state)
    return MessageView(
        screen="print_failed",
        chrome=scene.chrome(back=False),
        tone=Tone.WARNING,
        icon="print_off",
        title=scene.say(f"print_failed.{title}"),
        text=scene.say(f"print_failed.{text}"),
        steps=scene.call(),
        actions=tuple(_print_actions(state, scene)),
        code=f"{state.outcome} {state.reason}".strip(),
    )


def out_of_service_view(state: OutOfService, scene: Scene) -> MessageView:
    """The terminal serves nobody."""
    return MessageView(
        screen="out_of_service",
        chrome=scene.chrome(back=False, finish=False),
        tone=Tone.FAULT,
        icon="tools",
        title=scene.say("out_of_service.title"),
        text=scene.say("out_of_service.power_text" if state.code == POWER else "out_of_service.text"),
        steps=(*scene.app(), *scene.call()),
        actions=(),
        code=state.code,
    )


def _what_became_of_it(state: PrintFailed) -> tuple[str, str]:
    paper = "paper" if state.reason == PrinterHealth.PAPER_OUT else "other"
    match state.outcome:
        case JobState.HELD:
            return "held_title", f"held_text_{paper}"
        case JobState.UNKNOWN if state.reason in _FIT:
            return "maybe_title", "unproven_text"
        case JobState.UNKNOWN | JobState.ABORTED:
            return "maybe_title", "maybe_text"
        case JobState.RETRACTED:
            return "title", "retracted_text"
    return "title", f"text_{paper}"


def _print_actions(state: PrintFailed, scene: Scene) -> list[Button]:
    again = state.outcome is not JobState.HELD and may_print(scene.visit, scene.facts.rules)
    actions = []
    if scene.facts.app_link:
        actions.append(scene.button("app", "print_failed.app", AppLinkRequested(), icon="qr"))
    if again:
        actions.append(scene.button("retry", "print_failed.again", RetryRequested(), icon="printer"))
    actions.append(scene.button("bill", "take_receipt.again", BackPressed(), icon="bill"))
    return actions
