"""What can happen to a visit, in the past tense. Answers carry the ticket of the question they belong to."""

from __future__ import annotations

from dataclasses import dataclass, field

from devices.card_reader import ReaderHealth, Rejection
from devices.printer import JobState, PrinterHealth
from devices.sensors import Power, Switch
from kiosk.model import AccountNumber, CurrentBill
from kiosk.visit.choices import Choice
from kiosk.visit.display import Wish
from kiosk.visit.plain import Plain
from kiosk.visit.states import Trouble
from kiosk.wishes import Outcome


class Touched(Plain):
    """The screen was touched, anywhere."""


@dataclass(frozen=True, slots=True)
class LanguageChosen:
    """A language button was pressed."""

    language: str


class NumberChosen(Plain):
    """The subscriber wants to type the account number."""


class CardChosen(Plain):
    """The subscriber wants to present a card or a code."""


@dataclass(frozen=True, slots=True)
class DigitTyped:
    """A key of the number pad: one European digit."""

    digit: str = field(repr=False)


class DigitDeleted(Plain):
    """The last digit was taken back."""


class DigitsCleared(Plain):
    """All digits were taken back."""


class NumberConfirmed(Plain):
    """The typed number is to be looked up."""


@dataclass(frozen=True, slots=True)
class Identified:
    """A card or a code named an account; only a card proves that its bearer is the subscriber (`by_card`)."""

    account: AccountNumber
    by_card: bool = False


@dataclass(frozen=True, slots=True)
class IdPresented:
    """The bar code of an ID was read."""

    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardRejected:
    """Something was presented that names no account."""

    reason: Rejection


@dataclass(frozen=True, slots=True)
class StoredBillFound:
    """The store knows the account; `previous` is the last issued bill when `current` is not issued yet."""

    ticket: int
    current: CurrentBill
    previous: CurrentBill | None = None


@dataclass(frozen=True, slots=True)
class BillRefreshed:
    """The service answered; `previous` as in `StoredBillFound`."""

    ticket: int
    current: CurrentBill
    previous: CurrentBill | None = None


@dataclass(frozen=True, slots=True)
class AccountUnknown:
    """The service knows no such account."""

    ticket: int


@dataclass(frozen=True, slots=True)
class ServiceWasAway:
    """The service gave no answer that can be shown; `code` is the gateway's word for the technician."""

    ticket: int
    trouble: Trouble = Trouble.UNREACHABLE
    code: str = ""


@dataclass(frozen=True, slots=True)
class WishAnswered:
    """What came of the wish with this ticket."""

    ticket: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class PrintsRemembered:
    """How many receipts this terminal printed for the account of this ticket today, in earlier visits."""

    ticket: int
    prints: int


class PreviousBillRequested(Plain):
    """Show the last bill instead of the one that is not out yet."""


class DetailsToggled(Plain):
    """Unfold or fold the details of the bill."""


class AppLinkRequested(Plain):
    """Show the QR into the mobile app."""


class PrintRequested(Plain):
    """Print the bill on the screen."""


@dataclass(frozen=True, slots=True)
class PrintAdvanced:
    """The job with `ticket` entered `state`; `reason` and `confirmed` as in `devices.printer.JobUpdate`."""

    ticket: int
    state: JobState
    reason: str = ""
    confirmed: bool = False


class RetryRequested(Plain):
    """Try again what did not work."""


class BackPressed(Plain):
    """One step back."""


class Finished(Plain):
    """The subscriber is done."""


class MoreTimeAsked(Plain):
    """The subscriber is still there."""


class Tick(Plain):
    """Time has passed; sent about once a second."""


class ReadAloud(Plain):
    """The voice was speaking just now; sent about once a second while it does."""


@dataclass(frozen=True, slots=True)
class PrinterChanged:
    """The printer's health is another than before."""

    health: PrinterHealth


@dataclass(frozen=True, slots=True)
class ReaderChanged:
    """The health of the reader called `device` is another than before."""

    device: str
    health: ReaderHealth


@dataclass(frozen=True, slots=True)
class PowerChanged:
    """The terminal runs on something else than before."""

    power: Power


@dataclass(frozen=True, slots=True)
class SwitchChanged:
    """A switch went on or off: `SwitchChanged(Switch.HEADPHONES, True)` when head-phones were plugged in.

    `on` None: nothing is known any more.
    """

    switch: Switch
    on: bool | None


@dataclass(frozen=True, slots=True)
class TerminalClosed:
    """The terminal is to serve nobody; `code` as in `OutOfService`."""

    code: str = ""


class TerminalOpened(Plain):
    """The terminal may serve again."""


Event = (
    Touched
    | LanguageChosen
    | NumberChosen
    | CardChosen
    | DigitTyped
    | DigitDeleted
    | DigitsCleared
    | NumberConfirmed
    | Identified
    | IdPresented
    | CardRejected
    | StoredBillFound
    | BillRefreshed
    | AccountUnknown
    | ServiceWasAway
    | WishAnswered
    | PrintsRemembered
    | Choice
    | PreviousBillRequested
    | DetailsToggled
    | AppLinkRequested
    | PrintRequested
    | PrintAdvanced
    | RetryRequested
    | BackPressed
    | Finished
    | MoreTimeAsked
    | Wish
    | Tick
    | ReadAloud
    | PrinterChanged
    | ReaderChanged
    | PowerChanged
    | SwitchChanged
    | TerminalClosed
    | TerminalOpened
)
