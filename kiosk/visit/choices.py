"""What a subscriber can choose beyond the bill: have it sent, give a mobile, prove, see other accounts, get help."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.model import AccountNumber
from kiosk.visit.plain import Plain
from kiosk.wishes import Channel


class MoreChosen(Plain):
    """What else can be done with the bill?"""


class HelpChosen(Plain):
    """What can this terminal do, and whom can one call?"""


@dataclass(frozen=True, slots=True)
class SendingChosen:
    """The bill is to be sent."""

    channel: Channel


class MobileChosen(Plain):
    """A mobile is to be registered for the next bills."""


class ConsentGiven(Plain):
    """The words before it were agreed to."""


class ProofChosen(Plain):
    """The subscriber wants to show that it is their account."""


class CodeWanted(Plain):
    """A code, or another one, is to be sent."""


class IdChosen(Plain):
    """An ID or the subscriber's card is to be presented."""


class KeepChosen(Plain):
    """What cannot be done without the service is to be kept for later."""


class AccountsChosen(Plain):
    """The person's other accounts are to be listed, or more of them."""


@dataclass(frozen=True, slots=True)
class AccountChosen:
    """The bill of one of the person's accounts is to be shown."""

    account: AccountNumber


class AnotherAccount(Plain):
    """Another account is to be identified in the same visit."""


Choice = (
    MoreChosen
    | HelpChosen
    | SendingChosen
    | MobileChosen
    | ConsentGiven
    | ProofChosen
    | CodeWanted
    | IdChosen
    | KeepChosen
    | AccountsChosen
    | AccountChosen
    | AnotherAccount
)
