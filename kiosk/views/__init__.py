"""From a visit to what its screen draws: ready strings in its language, and nothing that may not be seen."""

from __future__ import annotations

from datetime import datetime

from kiosk.i18n import Catalogue
from kiosk.model import Bill, CurrentBill
from kiosk.viewmodel import View
from kiosk.views.beyond import (
    accounts_view,
    asking_view,
    code_view,
    consent_view,
    done_view,
    help_view,
    mobile_view,
    more_view,
    proof_card_view,
    proof_view,
    refused_view,
)
from kiosk.views.bill import bill_view
from kiosk.views.frame import Level, Scene, SiteFacts
from kiosk.views.message import (
    not_found_view,
    not_issued_view,
    out_of_service_view,
    print_failed_view,
    service_away_view,
)
from kiosk.views.receipt import app_link_view, printing_view, take_receipt_view
from kiosk.views.start import (
    attract_view,
    card_view,
    identify_view,
    keypad_view,
    looking_up_view,
    still_there_view,
)
from kiosk.visit import Visit
from kiosk.visit.states import (
    Asking,
    Attract,
    Beyond,
    ChooseAccount,
    ChooseProof,
    Consent,
    EnterCode,
    EnterMobile,
    EnterNumber,
    Help,
    Identify,
    LookingUp,
    More,
    NotFound,
    NotIssuedYet,
    OutOfService,
    PresentCard,
    PresentProof,
    PrintFailed,
    Printing,
    ServiceAway,
    ShowAppLink,
    ShowBill,
    StillThere,
    TakeReceipt,
    WishDone,
    WishRefused,
)

__all__ = ["Level", "SiteFacts", "view"]


def view(visit: Visit, *, now: datetime, facts: SiteFacts) -> View:
    """What to draw for `visit`; `now` is the wall clock with its zone.

    Raises:
        FileNotFoundError: the visit's language has no catalogue.
    """
    scene = Scene(visit, facts, now, _words(visit.language, facts))
    match visit.state:
        case Attract():
            return attract_view(scene)
        case Identify():
            return identify_view(scene)
        case EnterNumber() as state:
            return keypad_view(state, scene)
        case PresentCard() as state:
            return card_view(state, scene)
        case LookingUp():
            return looking_up_view(scene)
        case ShowBill(CurrentBill(bill=Bill() as bill)) as state:
            return bill_view(state, bill, scene, proven=visit.is_proven)
        case ShowBill(current):
            return not_issued_view(NotIssuedYet(current), scene)
        case ShowAppLink() as state:
            return app_link_view(state, scene)
        case Printing() as state:
            return printing_view(state, scene)
        case TakeReceipt() as state:
            return take_receipt_view(state, scene)
        case StillThere() as state:
            return still_there_view(state, scene)
        case NotFound() as state:
            return not_found_view(state, scene)
        case NotIssuedYet() as state:
            return not_issued_view(state, scene)
        case ServiceAway() as state:
            return service_away_view(state, scene)
        case PrintFailed() as state:
            return print_failed_view(state, scene)
        case OutOfService() as state:
            return out_of_service_view(state, scene)
    return _beyond(visit.state, scene)


def _words(language: str, facts: SiteFacts) -> Catalogue:
    return Catalogue.load(language, digits=facts.digits, corrections=facts.corrections)


def _beyond(state: Beyond | Help, scene: Scene) -> View:
    match state:
        case More():
            return more_view(state, scene)
        case Help():
            return help_view(scene)
        case Consent():
            return consent_view(scene)
        case EnterMobile():
            return mobile_view(state, scene)
        case EnterCode():
            return code_view(state, scene)
        case ChooseProof():
            return proof_view(scene)
        case PresentProof():
            return proof_card_view(state, scene)
        case Asking():
            return asking_view(state, scene)
        case WishDone():
            return done_view(state, scene)
        case WishRefused():
            return refused_view(state, scene)
        case ChooseAccount():
            return accounts_view(state, scene)
