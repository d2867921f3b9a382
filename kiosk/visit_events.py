"""What can happen to a visit, in the past tense. Answers carry the ticket of the question they belong to."""

from __future__ import annotations

from dataclasses import dataclass, field

from devices.card_reader import ReaderHealth, Rejection
from devices.printer import JobState, PrinterHealth
from kiosk.model import AccountNumber, CurrentBill
from kiosk.visit_states import Trouble


@dataclass(frozen=True, slots=True)
class Touched:
    """The screen was touched, anywhere."""


@dataclass(frozen=True, slots=True)
class LanguageChosen:
    """A language button was pressed."""

    language: str


@dataclass(frozen=True, slots=True)
class NumberChosen:
    """The subscriber wants to type the account number."""


@dataclass(frozen=True, slots=True)
class CardChosen:
    """The subscriber wants to present a card or a code."""


@dataclass(frozen=True, slots=True)
class DigitTyped:
    """A key of the number pad: one European digit."""

    digit: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DigitDeleted:
    """The last digit was taken back."""


@dataclass(frozen=True, slots=True)
class DigitsCleared:
    """All digits were taken back."""


@dataclass(frozen=True, slots=True)
class NumberConfirmed:
    """The typed number is to be looked up."""


@dataclass(frozen=True, slots=True)
class Identified:
    """A card or a code named an account."""

    account: AccountNumber


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
class PreviousBillRequested:
    """Show the last bill instead of the one that is not out yet."""


@dataclass(frozen=True, slots=True)
class DetailsToggled:
    """Unfold or fold the details of the bill."""


@dataclass(frozen=True, slots=True)
class AppLinkRequested:
    """Show the QR into the mobile app."""


@dataclass(frozen=True, slots=True)
class PrintRequested:
    """Print the bill on the screen."""


@dataclass(frozen=True, slots=True)
class PrintAdvanced:
    """The job with `ticket` entered `state`; `reason` and `confirmed` as in `devices.printer.JobUpdate`."""

    ticket: int
    state: JobState
    reason: str = ""
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class RetryRequested:
    """Try again what did not work."""


@dataclass(frozen=True, slots=True)
class BackPressed:
    """One step back."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The subscriber is done."""


@dataclass(frozen=True, slots=True)
class MoreTimeAsked:
    """The subscriber is still there."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; sent about once a second."""


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
class TerminalClosed:
    """The terminal is to serve nobody; `code` as in `OutOfService`."""

    code: str = ""


@dataclass(frozen=True, slots=True)
class TerminalOpened:
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
    | CardRejected
    | StoredBillFound
    | BillRefreshed
    | AccountUnknown
    | ServiceWasAway
    | PreviousBillRequested
    | DetailsToggled
    | AppLinkRequested
    | PrintRequested
    | PrintAdvanced
    | RetryRequested
    | BackPressed
    | Finished
    | MoreTimeAsked
    | Tick
    | PrinterChanged
    | ReaderChanged
    | TerminalClosed
    | TerminalOpened
)
