"""The screens on the way out with the bill: the QR into the app, the receipt coming, the receipt there."""

from __future__ import annotations

from urllib.parse import urlsplit

from devices.printer import JobState
from kiosk.viewmodel import AppLinkView, PrintingView, TakeReceiptView
from kiosk.views.frame import Scene
from kiosk.visit.events import BackPressed
from kiosk.visit.states import Printing, ShowAppLink, TakeReceipt

_STEPS = (
    JobState.QUEUED,
    JobState.PREFLIGHT,
    JobState.SENDING,
    JobState.SENT,
    JobState.PRINTED,
    JobState.CUT,
    JobState.PRESENTED,
)


def app_link_view(state: ShowAppLink, scene: Scene) -> AppLinkView:
    """The QR: the service's own short-lived link where the site trusts its host, else the link to the app."""
    from kiosk.applink import link

    facts = scene.facts
    payload = link(state.bill.current, app_link=facts.app_link, app_hosts=facts.app_hosts)
    return AppLinkView(
        chrome=scene.chrome(),
        title=scene.say("app.title"),
        steps=tuple(scene.say(f"app.step_{n}") for n in (1, 2, 3)),
        payload=payload,
        address=urlsplit(payload).hostname or "",
        note=scene.say("app.note"),
    )


def printing_view(state: Printing, scene: Scene) -> PrintingView:
    """Paper is moving: nothing to press, no time counts."""
    done = _STEPS.index(state.progress) + 1 if state.progress in _STEPS else 1
    return PrintingView(
        chrome=scene.chrome(back=False, finish=False),
        title=scene.say("printing.title"),
        text=scene.say("printing.text"),
        part=done / len(_STEPS),
    )


def take_receipt_view(state: TakeReceipt, scene: Scene) -> TakeReceiptView:
    """The receipt is out, or already taken."""
    taken = "taken_" if state.taken else ""
    return TakeReceiptView(
        chrome=scene.chrome(back=False),
        title=scene.say(f"take_receipt.{taken}title"),
        text=scene.say(f"take_receipt.{taken}text"),
        note=scene.say("take_receipt.note"),
        actions=(scene.button("bill", "take_receipt.again", BackPressed(), icon="bill"),),
    )
