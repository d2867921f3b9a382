"""The moments of a visit, each with the data that is valid in it and no other.

A state that does not name an account holds none: leaving `ShowBill` for `Attract` forgets the subscriber by
construction. Anything that could identify somebody stays out of every repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from devices.card_reader import Rejection
from devices.printer import JobState
from kiosk.model import AccountNumber, CurrentBill
from kiosk.wishes import Channel, OwnAccount, Refusal, Wish


class NumberProblem(StrEnum):
    """Why a typed number was not looked up."""

    PAYMENT_CARD = "payment_card"
    TOO_MANY = "too_many"


class Trouble(StrEnum):
    """Why there is no fresh answer about an account."""

    UNREACHABLE = "unreachable"
    UNUSABLE = "unusable"
    BUSY = "busy"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attract:
    """Nobody is here; the terminal says what it can do."""


@dataclass(frozen=True, slots=True)
class Identify:
    """Somebody is here and chooses how to identify."""


@dataclass(frozen=True, slots=True)
class EnterNumber:
    """The account number is being typed: `typed` is 0 to 15 European digits."""

    typed: str = field(default="", repr=False)
    problem: NumberProblem | None = None


@dataclass(frozen=True, slots=True)
class PresentCard:
    """Waiting for a card or a code; `problem` says what was wrong with the last one."""

    problem: Rejection | None = None


@dataclass(frozen=True, slots=True)
class LookingUp:
    """Waiting for the answer that carries `ticket`. `typed` is what to correct when there is no such account
    (empty after a card); `fallback` is what to show when the service stays away; `is_again` where the service is
    asked once more for the same account."""

    account: AccountNumber
    ticket: int
    typed: str = field(default="", repr=False)
    fallback: NotIssuedYet | None = None
    is_again: bool = False


@dataclass(frozen=True, slots=True)
class ShowBill:
    """A bill on the screen.

    `ticket` belongs to the refresh that may still come (`refreshing`); `trouble` says why the last one failed.
    `awaits_issue`: the service said that a newer bill is not out yet. `copies` counts receipts that were
    printed, or may have been.
    """

    current: CurrentBill
    ticket: int
    refreshing: bool = False
    awaits_issue: bool = False
    trouble: Trouble | None = None
    details: bool = False
    copies: int = 0


@dataclass(frozen=True, slots=True)
class ShowAppLink:
    """The QR into the mobile app, over the bill it belongs to."""

    bill: ShowBill


@dataclass(frozen=True, slots=True)
class Printing:
    """A receipt is on its way, already counted in `bill.copies`; `progress` is how far the printer has come."""

    bill: ShowBill
    ticket: int
    progress: JobState = JobState.QUEUED


@dataclass(frozen=True, slots=True)
class TakeReceipt:
    """The receipt is out; `taken` when a printer with a presenter felt it go."""

    bill: ShowBill
    ticket: int
    taken: bool = False


@dataclass(frozen=True, slots=True)
class PrintFailed:
    """No receipt, or perhaps one: `outcome` is the job's last state, `reason` a health word or empty.

    HELD: the receipt is still in the printer and comes when somebody helps it. UNKNOWN: it may have come out.
    """

    bill: ShowBill
    ticket: int
    outcome: JobState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NotFound:
    """The service knows no such account; `typed` is the number to correct, empty after a card."""

    typed: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class NotIssuedYet:
    """The account exists, its bill of this month is not out yet; `previous` is the last bill if one is kept."""

    current: CurrentBill
    previous: CurrentBill | None = None


@dataclass(frozen=True, slots=True)
class ServiceAway:
    """No answer and nothing stored; the account stays for another try. `code` is for the technician."""

    account: AccountNumber
    trouble: Trouble
    typed: str = field(default="", repr=False)
    code: str = ""


Home = ShowBill | NotIssuedYet
"""What everything else a subscriber can do begins at and comes back to."""


class CodeProblem(StrEnum):
    """Why a typed code was not taken."""

    WRONG = "wrong"
    EXPIRED = "expired"


class ProofProblem(StrEnum):
    """Why what was presented proves nothing: another account's card, the code of a bill, another person's ID."""

    OTHER_ACCOUNT = "other_account"
    A_BILL = "a_bill"
    WRONG_ID = "wrong_id"


@dataclass(frozen=True, slots=True)
class More:
    """What else can be done with the bill."""

    home: Home


@dataclass(frozen=True, slots=True)
class Help:
    """What the terminal can do and whom to call, over the screen it was asked for on."""

    under: Home | Identify


@dataclass(frozen=True, slots=True)
class Consent:
    """The words to agree to before a mobile is given."""

    home: Home


@dataclass(frozen=True, slots=True)
class EnterMobile:
    """A mobile being typed; `is_wrong` once a number was confirmed that is no Saudi mobile."""

    home: Home
    typed: str = field(default="", repr=False)
    is_wrong: bool = False


@dataclass(frozen=True, slots=True)
class ChooseProof:
    """How to show that one is the subscriber; `then` is what the proof is needed for, None: to see the bill whole."""

    home: Home
    then: Wish | None = None


@dataclass(frozen=True, slots=True)
class PresentProof:
    """Waiting for an ID or the subscriber's card; `problem` says what was wrong with the last one."""

    home: Home
    then: Wish | None = None
    problem: ProofProblem | Rejection | None = None


@dataclass(frozen=True, slots=True)
class EnterCode:
    """A code that was sent is being typed; for `mobile`, which is to be registered, or (empty) as a proof.

    `hint` is what may be shown of where it went. It was sent at `sent_at` (monotonic s), is good for `valid_s`,
    and in `wait_s` seconds another one may be sent.
    """

    home: Home
    hint: str = field(repr=False)
    sent_at: float
    valid_s: float
    wait_s: int
    mobile: str = field(default="", repr=False)
    then: Wish | None = None
    typed: str = field(default="", repr=False)
    problem: CodeProblem | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """Waiting for the service's answer to `wish`; `back` is where a wrong code or ID is put right."""

    home: Home
    wish: Wish
    ticket: int
    back: EnterCode | PresentProof | None = None
    then: Wish | None = None


@dataclass(frozen=True, slots=True)
class WishDone:
    """The bill is on its way, the mobile is registered, or (`is_kept`) the wish waits for the network.

    `channel` is how the bill was sent, None for a mobile; `hint` is what may be shown of where to.
    """

    home: Home
    channel: Channel | None
    hint: str = field(default="", repr=False)
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class WishRefused:
    """Nothing came of `wish`; it can be tried again where that helps."""

    home: Home
    wish: Wish
    refusal: Refusal
    then: Wish | None = None


@dataclass(frozen=True, slots=True)
class ChooseAccount:
    """Which of the person's accounts to see; the list is shown from the `first` on."""

    home: Home
    accounts: tuple[OwnAccount, ...]
    first: int = 0


OverBill = ShowAppLink | Printing | TakeReceipt | PrintFailed
"""What lies over the `bill` it is about."""

Beyond = (
    More
    | Consent
    | EnterMobile
    | ChooseProof
    | PresentProof
    | EnterCode
    | Asking
    | WishDone
    | WishRefused
    | ChooseAccount
)
"""What lies over its `home`."""


@dataclass(frozen=True, slots=True)
class OutOfService:
    """The terminal serves nobody; `code` is a word for the technician, empty when closed by hand."""

    code: str = ""


Moment = (
    Attract
    | Identify
    | EnterNumber
    | PresentCard
    | LookingUp
    | ShowBill
    | OverBill
    | NotFound
    | NotIssuedYet
    | ServiceAway
    | Beyond
    | Help
    | OutOfService
)


@dataclass(frozen=True, slots=True)
class StillThere:
    """Nobody has touched anything for a while: `under` waits for an answer since `asked_at` (monotonic s).

    `seconds_left` is what the screen counts down; without an answer the visit ends at 0.
    """

    under: Moment
    asked_at: float
    seconds_left: int


State = Moment | StillThere
