"""The screens beyond the bill: what else can be done, proving, codes and mobiles typed, and what came of it."""

from __future__ import annotations

from devices.card_reader import Rejection
from kiosk.typography import iso, plain
from kiosk.viewmodel import Button, CardView, Choice, ChoicesView, KeypadView, MessageView, Tone
from kiosk.views.frame import Scene
from kiosk.visit.choices import (
    AccountChosen,
    AccountsChosen,
    AnotherAccount,
    CodeWanted,
    ConsentGiven,
    HelpChosen,
    IdChosen,
    KeepChosen,
    MobileChosen,
    ProofChosen,
    SendingChosen,
)
from kiosk.visit.events import (
    AppLinkRequested,
    BackPressed,
    DigitDeleted,
    DigitsCleared,
    DigitTyped,
    Event,
    NumberConfirmed,
    RetryRequested,
)
from kiosk.visit.states import (
    Asking,
    ChooseAccount,
    EnterCode,
    EnterMobile,
    More,
    PresentProof,
    ProofProblem,
    ShowBill,
    WishDone,
    WishRefused,
)
from kiosk.visit.wanting import PAGE, is_worth_another_try
from kiosk.wishes import (
    CODE_DIGITS,
    MOBILE_DIGITS,
    MOBILE_START,
    Channel,
    OwnAccount,
    Refusal,
    SendBill,
    SendMobileCode,
)

_SHOWN_OF_MOBILE = 4
"""No more of a mobile is ever shown, whatever the service sends as a hint."""


def more_view(state: More, scene: Scene) -> ChoicesView:
    """What else can be done with the bill, or until it is out."""
    choices = []
    if isinstance(state.home, ShowBill):
        choices.append(_choice("send_sms", "more.sms", SendingChosen(Channel.SMS), scene, icon="phone"))
        choices.append(_choice("send_email", "more.email", SendingChosen(Channel.EMAIL), scene, icon="mail"))
    choices.append(_choice("mobile", "more.mobile", MobileChosen(), scene, icon="bell"))
    if not scene.visit.is_proven:
        choices.append(_choice("prove", "more.prove", ProofChosen(), scene, icon="lock"))
    if len(scene.visit.person.accounts) > 1:
        choices.append(_choice("accounts", "more.accounts", AccountsChosen(), scene, icon="bill"))
    else:
        choices.append(_choice("another", "more.another", AnotherAccount(), scene, icon="keypad"))
    choices.append(_choice("help", "more.help", HelpChosen(), scene, icon="help"))
    return ChoicesView("more", scene.chrome(), scene.say("more.title"), "", tuple(choices))


def help_view(scene: Scene) -> MessageView:
    """What the terminal can do, and whom to call."""
    steps = (scene.say("help.see"), scene.say("help.take"), scene.say("help.pay"), *scene.call())
    return MessageView(
        screen="help",
        chrome=scene.chrome(),
        tone=Tone.CALM,
        icon="help",
        title=scene.say("help.title"),
        text=scene.say("help.text"),
        steps=steps,
        actions=(scene.button("understood", "help.understood", BackPressed(), icon="back"),),
    )


def consent_view(scene: Scene) -> MessageView:
    """What happens to a mobile that is given, before it is."""
    return MessageView(
        screen="consent",
        chrome=scene.chrome(),
        tone=Tone.CALM,
        icon="lock",
        title=scene.say("consent.title"),
        text=scene.say("consent.text"),
        steps=(),
        actions=(scene.button("agree", "consent.agree", ConsentGiven(), icon="check"),),
    )


def mobile_view(state: EnterMobile, scene: Scene) -> KeypadView:
    """The number pad for a mobile."""
    problem = scene.say("mobile.wrong") if state.is_wrong else ""
    hint = scene.say("mobile.hint", start=scene.words.number(MOBILE_START))
    return _pad("mobile", state.typed, scene, most=MOBILE_DIGITS, problem=problem, hint=hint)


def code_view(state: EnterCode, scene: Scene) -> KeypadView:
    """The number pad for a code, and another code once it may be sent."""
    words = scene.words
    again = words.plural("code.wait", state.wait_s) if state.wait_s else scene.say("code.again")
    return _pad(
        "code",
        state.typed,
        scene,
        most=CODE_DIGITS,
        problem=scene.say(f"code.{state.problem}") if state.problem else "",
        hint=_where(state.hint, scene, "code.hint", may_show=bool(state.mobile)),
        extra=Button("again", again, CodeWanted(), state.wait_s == 0, "retry"),
        is_complete=len(state.typed) == CODE_DIGITS,
    )


def proof_view(scene: Scene) -> ChoicesView:
    """How to show that one is the subscriber."""
    reads = bool(scene.visit.readers)
    card = _choice("by_id", "proof.by_id", IdChosen(), scene, icon="card", enabled=reads)
    if not reads:
        card = Choice(card.button, card.text, scene.say("identify.by_card_away"))
    return ChoicesView(
        "proof",
        scene.chrome(),
        scene.say("proof.title"),
        scene.say("proof.text"),
        (_choice("by_code", "proof.by_code", CodeWanted(), scene, icon="phone"), card),
    )


def proof_card_view(state: PresentProof, scene: Scene) -> CardView:
    """Presenting an ID or the subscriber's card, and what was wrong with the last one."""
    key, picture, tone = _what_was_presented(state.problem), "swipe", Tone.CALM
    if key:
        tone, picture = Tone.WARNING, key.replace(".", "_") if key.startswith("card.") else "card_unknown_card"
    if not scene.visit.readers:
        key, picture, tone = "identify.by_card_away", "card_away", Tone.FAULT
    return CardView(
        chrome=scene.chrome(),
        title=scene.say("proof.by_id"),
        hint=scene.say("proof.hint"),
        problem=scene.say(key) if key else "",
        tone=tone,
        picture=picture,
        instead=scene.button("by_code", "proof.by_code", CodeWanted(), icon="phone"),
        screen="proof_card",
    )


def asking_view(state: Asking, scene: Scene) -> MessageView:
    """Waiting for the service."""
    return MessageView(
        screen="asking",
        chrome=scene.chrome(),
        tone=Tone.CALM,
        icon="clock",
        title=scene.say("asking.title"),
        text=scene.say("asking.send" if isinstance(state.wish, SendBill) else "asking.text"),
        steps=(),
        actions=(),
    )


def done_view(state: WishDone, scene: Scene) -> MessageView:
    """The bill is on its way, the mobile is registered, or it waits for the network."""
    steps: tuple[str, ...] = ()
    if state.is_kept:
        what, tone, icon = ("kept" if state.channel else "kept_mobile"), Tone.WARNING, "clock"
        text, steps = scene.say(f"done.{what}_text"), (scene.say("done.kept_step"), *scene.call())
    elif state.channel:
        what, tone, icon = "sent", Tone.GOOD, "check"
        may_show = scene.visit.is_proven and state.channel is Channel.SMS
        text = _where(state.hint, scene, f"done.{state.channel}", may_show=may_show)
    else:
        what, tone, icon = "registered", Tone.GOOD, "check"
        text = _where(state.hint, scene, "done.registered", may_show=True)
    return MessageView(
        screen="wish_done",
        chrome=scene.chrome(back=False),
        tone=tone,
        icon=icon,
        title=scene.say(f"done.{what}_title"),
        text=text,
        steps=steps,
        actions=(scene.button("bill", "done.back", BackPressed(), icon="bill"),),
    )


def refused_view(state: WishRefused, scene: Scene) -> MessageView:
    """Nothing came of a wish: why, and what can be done instead."""
    key = "failed" if state.refusal in (Refusal.WRONG, Refusal.PROOF_NEEDED) else str(state.refusal)
    title = key
    if state.refusal is Refusal.NO_CONTACT:
        is_mail = isinstance(state.wish, SendBill) and state.wish.channel is Channel.EMAIL
        title = "no_email" if is_mail else "no_mobile"
    away = state.refusal is Refusal.UNREACHABLE
    meanwhile = (scene.say("refused.meanwhile"), *scene.app()) if away else ()
    return MessageView(
        screen="wish_refused",
        chrome=scene.chrome(),
        tone=Tone.WARNING,
        icon="offline" if away else "info",
        title=scene.say(f"refused.{title}_title"),
        text=scene.say(f"refused.{key}"),
        steps=(*meanwhile, *scene.call()),
        actions=tuple(_instead(state, scene)),
    )


def accounts_view(state: ChooseAccount, scene: Scene) -> ChoicesView:
    """The person's accounts, a page at a time."""
    shown = state.accounts[state.first : state.first + PAGE]
    here = scene.visit.account
    choices = [_account(own, place, scene, is_here=own.number == here) for place, own in enumerate(shown, start=1)]
    if len(state.accounts) > PAGE:
        choices.append(_choice("more_accounts", "accounts.more", AccountsChosen(), scene, icon="down"))
    return ChoicesView("accounts", scene.chrome(), scene.say("accounts.title"), "", tuple(choices))


def _what_was_presented(problem: ProofProblem | Rejection | None) -> str:
    """The key of the sentence for what was wrong with a card or an ID; empty where nothing was."""
    if isinstance(problem, ProofProblem):
        return f"proof.{problem}"
    if problem in (Rejection.UNREADABLE, Rejection.PARTIAL, Rejection.WRONG_WAY, Rejection.COLLISION):
        return f"card.{problem}"
    return "proof.nothing" if problem else ""


def _instead(state: WishRefused, scene: Scene) -> list[Button]:
    actions = []
    away = state.refusal is Refusal.UNREACHABLE
    if away and scene.facts.app_link and isinstance(state.home, ShowBill):
        actions.append(scene.button("app", "refused.app", AppLinkRequested(), icon="qr"))
    if is_worth_another_try(state.refusal):
        actions.append(scene.button("retry", "common.retry", RetryRequested(), icon="retry"))
    if away and isinstance(state.wish, SendMobileCode):
        actions.append(scene.button("keep", "refused.keep", KeepChosen(), icon="clock"))
    if state.refusal is Refusal.NO_CONTACT:
        actions.append(scene.button("mobile", "more.mobile", MobileChosen(), icon="bell"))
    return actions


def _choice(name: str, key: str, event: Event, scene: Scene, *, icon: str, enabled: bool = True) -> Choice:
    return Choice(scene.button(name, key, event, enabled=enabled, icon=icon), scene.say(f"{key}_text"))


def _account(own: OwnAccount, place: int, scene: Scene, *, is_here: bool) -> Choice:
    words = scene.words
    arabic_first = (own.address_ar, own.address_en)
    address = next(filter(None, arabic_first if words.rtl else reversed(arabic_first)), "")
    name = scene.say(f"accounts.{own.category}")
    label = scene.say("accounts.account", kind=name, account=words.number(own.number.masked[-4:]))
    return Choice(
        Button(f"account_{place}", label, AccountChosen(own.number), not is_here, "bill"),
        iso(plain(address)) if address else "",
        scene.say("accounts.here") if is_here else "",
    )


def _where(hint: str, scene: Scene, key: str, *, may_show: bool) -> str:
    """Where something was sent: the end of a mobile where it may be shown, else that it is the one on record."""
    digits = "".join(c for c in hint if c.isascii() and c.isdigit())[-_SHOWN_OF_MOBILE:]
    if may_show and digits:
        return scene.say(f"{key}_ending", digits=scene.words.number(digits))
    return scene.say(key)


def _pad(
    screen: str,
    typed: str,
    scene: Scene,
    *,
    most: int,
    problem: str,
    hint: str,
    extra: Button | None = None,
    is_complete: bool | None = None,
) -> KeypadView:
    words = scene.words
    complete = bool(typed) if is_complete is None else is_complete
    return KeypadView(
        chrome=scene.chrome(),
        title=scene.say(f"{screen}.title"),
        hint=hint,
        typed=words.figures(_grouped(typed, 3)) if typed else "",
        placeholder=scene.say(f"{screen}.placeholder"),
        problem=problem,
        keys=tuple(
            Button(f"digit_{digit}", words.count(int(digit)), DigitTyped(digit), len(typed) < most)
            for digit in "1234567890"
        ),
        delete=scene.button("delete", "keypad.delete", DigitDeleted(), enabled=bool(typed), icon="delete"),
        clear=scene.button("clear", "keypad.clear", DigitsCleared(), enabled=bool(typed), icon="clear"),
        confirm=scene.button("confirm", f"{screen}.confirm", NumberConfirmed(), enabled=complete, icon="forward"),
        screen=screen,
        extra=extra,
    )


def _grouped(digits: str, length: int) -> str:
    return " ".join(digits[at : at + length] for at in range(0, len(digits), length))
