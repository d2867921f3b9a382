"""What can happen to a visit, in the past tense. Answers carry the ticket of the question they belong to."""

from __future__ import annotations

from dataclasses import dataclass, field

from devices.card_reader import ReaderHealth, Rejection
from devices.printer import JobState, PrinterHealth
from devices.sensors import Power, Switch
from kiosk.model import AccountNumber, CurrentBill
from kiosk.visit.display import Wish
from kiosk.visit.states import Trouble


class _Plain:
    """An event that carries nothing: two of a kind are equal. Half of all are, and a dataclass takes 0.5 ms of
    the start to make."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Touched(_Plain):
    """The screen was touched, anywhere."""


@dataclass(frozen=True, slots=True)
class LanguageChosen:
    """A language button was pressed."""

    language: str


class NumberChosen(_Plain):
    """The subscriber wants to type the account number."""


class CardChosen(_Plain):
    """The subscriber wants to present a card or a code."""


@dataclass(frozen=True, slots=True)
class DigitTyped:
    """A key of the number pad: one European digit."""

    digit: str = field(repr=False)


class DigitDeleted(_Plain):
    """The last digit was taken back."""


class DigitsCleared(_Plain):
    """All digits were taken back."""


class NumberConfirmed(_Plain):
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


class PreviousBillRequested(_Plain):
    """Show the last bill instead of the one that is not out yet."""


class DetailsToggled(_Plain):
    """Unfold or fold the details of the bill."""


class AppLinkRequested(_Plain):
    """Show the QR into the mobile app."""


class PrintRequested(_Plain):
    """Print the bill on the screen."""


@dataclass(frozen=True, slots=True)
class PrintAdvanced:
    """The job with `ticket` entered `state`; `reason` and `confirmed` as in `devices.printer.JobUpdate`."""

    ticket: int
    state: JobState
    reason: str = ""
    confirmed: bool = False


class RetryRequested(_Plain):
    """Try again what did not work."""


class BackPressed(_Plain):
    """One step back."""


class Finished(_Plain):
    """The subscriber is done."""


class MoreTimeAsked(_Plain):
    """The subscriber is still there."""


class Tick(_Plain):
    """Time has passed; sent about once a second."""


class ReadAloud(_Plain):
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


class TerminalOpened(_Plain):
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
