"""The screens before a bill: attract, how to identify, the number pad, the card, waiting; and the idle warning."""

from __future__ import annotations

from devices.card_reader import Rejection
from kiosk.model import ACCOUNT_DIGITS
from kiosk.viewmodel import (
    AttractView,
    Button,
    CardView,
    Choice,
    IdentifyView,
    KeypadView,
    LookingUpView,
    Promise,
    StillThereView,
    Tone,
)
from kiosk.views.frame import Scene
from kiosk.visit.choices import HelpChosen
from kiosk.visit.events import (
    CardChosen,
    DigitDeleted,
    DigitsCleared,
    DigitTyped,
    MoreTimeAsked,
    NumberChosen,
    NumberConfirmed,
    Touched,
)
from kiosk.visit.keying import is_complete
from kiosk.visit.states import EnterNumber, PresentCard, StillThere

_UNKNOWN_CODE = (Rejection.TOO_LONG, Rejection.CONTROL_CHARS)


def attract_view(scene: Scene) -> AttractView:
    """Nobody is here yet."""
    note = "note" if scene.visit.around.power.may_begin_printing else "battery"
    promises = (("see", "bill"), ("print", "printer"), ("phone", "phone"))
    return AttractView(
        chrome=scene.chrome(back=False, finish=False),
        title=scene.say("attract.title"),
        text=scene.say("attract.text"),
        promises=tuple(
            Promise(icon, scene.say(f"attract.{what}_title"), scene.say(f"attract.{what}_text"))
            for what, icon in promises
        ),
        start=scene.button("start", "attract.start", Touched(), icon="touch"),
        note=scene.say(f"attract.{note}"),
        is_near=scene.visit.around.is_near,
    )


def identify_view(scene: Scene) -> IdentifyView:
    """How to identify; the card cannot be chosen while no reader is fit."""
    reads = bool(scene.visit.readers)
    return IdentifyView(
        chrome=scene.chrome(back=False),
        title=scene.say("identify.title"),
        text=scene.say("identify.text"),
        choices=(
            Choice(
                scene.button("by_number", "identify.by_number", NumberChosen(), icon="keypad"),
                scene.say("identify.by_number_text"),
            ),
            Choice(
                scene.button("by_card", "identify.by_card", CardChosen(), enabled=reads, icon="card"),
                scene.say("identify.by_card_text"),
                "" if reads else scene.say("identify.by_card_away"),
            ),
        ),
        privacy=scene.say("identify.privacy"),
        help=scene.button("help", "more.help", HelpChosen(), icon="help"),
    )


def keypad_view(state: EnterNumber, scene: Scene) -> KeypadView:
    """The number pad; the number stands in groups of four."""
    words, typed = scene.words, state.typed
    groups = " ".join(typed[i : i + 4] for i in range(0, len(typed), 4))
    most = ACCOUNT_DIGITS.stop - 1
    return KeypadView(
        chrome=scene.chrome(),
        title=scene.say("keypad.title"),
        hint=scene.say("keypad.hint", least=words.count(ACCOUNT_DIGITS.start), most=words.count(most)),
        typed=words.figures(groups) if typed else "",
        placeholder=scene.say("keypad.placeholder"),
        problem=scene.say(f"keypad.{state.problem}") if state.problem else "",
        keys=tuple(
            # Also on a full number: the sixteenth digit tells a bank card from an account.
            Button(f"digit_{digit}", words.count(int(digit)), DigitTyped(digit))
            for digit in "1234567890"
        ),
        delete=scene.button("delete", "keypad.delete", DigitDeleted(), enabled=bool(typed), icon="delete"),
        clear=scene.button("clear", "keypad.clear", DigitsCleared(), enabled=bool(typed), icon="clear"),
        confirm=scene.button(
            "confirm", "keypad.confirm", NumberConfirmed(), enabled=is_complete(typed), icon="forward"
        ),
    )


def card_view(state: PresentCard, scene: Scene) -> CardView:
    """Presenting a card, what was wrong with the last one, or that no reader is fit."""
    key, tone = "", Tone.CALM
    if state.problem:
        key, tone = "unknown_code" if state.problem in _UNKNOWN_CODE else str(state.problem), Tone.WARNING
    if not scene.visit.readers:
        key, tone = "away", Tone.FAULT
    return CardView(
        chrome=scene.chrome(),
        title=scene.say("card.title"),
        hint=scene.say("card.hint"),
        problem=scene.say(f"card.{key}") if key else "",
        tone=tone,
        picture=f"card_{key}" if key else "swipe",
        instead=scene.button("by_number", "card.instead", NumberChosen(), icon="keypad"),
    )


def looking_up_view(scene: Scene) -> LookingUpView:
    """Waiting for an answer."""
    return LookingUpView(
        chrome=scene.chrome(), title=scene.say("looking_up.title"), text=scene.say("looking_up.text")
    )


def still_there_view(state: StillThere, scene: Scene) -> StillThereView:
    """The idle warning. It shows nothing of the bill beneath: whoever comes next must not see it."""
    left = state.seconds_left
    return StillThereView(
        chrome=scene.chrome(back=False),
        title=scene.say("still_there.title"),
        text=scene.words.plural("still_there.text", left),
        seconds=scene.words.count(left),
        part=min(left / scene.facts.rules.answer_s, 1.0),
        more_time=scene.button("more_time", "still_there.more_time", MoreTimeAsked(), icon="clock"),
    )
