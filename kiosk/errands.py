"""Carries a subscriber's wishes to the utility and says what came of each, without ever raising.

What needs no answer at once, the bill sent, waits sealed in the outbox when the service cannot be reached. Tries
to prove are counted on this terminal before they are made, besides the service's own count.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from kiosk.database import StoreError
from kiosk.limits import clean
from kiosk.model import AccountNumber, AccountNumberError, Category
from kiosk.outbox.events import BillWanted, MobileGiven, Request
from kiosk.wire import HttpFault
from kiosk.wishes import (
    BillSent,
    CodeSent,
    ConfirmMobile,
    KeepMobile,
    Kept,
    Outcome,
    OwnAccount,
    Proved,
    Refusal,
    Refused,
    Registered,
    SendBill,
    SendCode,
    SendMobileCode,
    TryCode,
    TryId,
    Wish,
)

if TYPE_CHECKING:
    from kiosk.http import Answer
    from kiosk.outbox import Outbox
    from kiosk.tally import Tally

logger = logging.getLogger(__name__)

DEADLINE_S = 6.0
"""The longest a subscriber waits for an answer; less than what the visit waits for it."""

_ANSWER_BYTES = 64 * 1024
_HINT_LENGTH = 16
_ADDRESS_LENGTH = 160
_MOST_ACCOUNTS = 200
_LONGEST_VALID_S = 3600.0

_PROBLEMS: Mapping[str, Refusal] = {
    "wrong_code": Refusal.WRONG,
    "wrong_id": Refusal.WRONG,
    "proof_needed": Refusal.PROOF_NEEDED,
    "no_contact": Refusal.NO_CONTACT,
    "too_many_tries": Refusal.NO_MORE,
    "too_many_requests": Refusal.BUSY,
}
"""What the service's words for a problem mean to a subscriber (its contract)."""


class Poster(Protocol):
    """What errands need of `kiosk.http.HttpSession`."""

    def post(
        self,
        path: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        deadline_s: float,
        max_bytes: int,
        content_types: Collection[str] | None = None,
    ) -> Answer:
        """Hand in a body; raises `HttpFault`."""

    def close(self) -> None:
        """Let go of the connections."""


class Errands:
    """Runs errands for subscribers, for any thread.

    Args:
        session: None where no service is set: nothing is asked, what can wait is kept.
        outbox: None where nothing can be kept.
        tally: counts tries here; None where nothing can be counted.
        hurry: called once something new is in the outbox.
    """

    def __init__(
        self,
        session: Poster | None,
        *,
        outbox: Outbox | None = None,
        tally: Tally | None = None,
        hurry: Callable[[], None] = lambda: None,
    ) -> None:
        self._session = session
        self._outbox = outbox
        self._tally = tally
        self._hurry = hurry

    def ask(self, account: AccountNumber, wish: Wish) -> Outcome:
        """What came of `wish` for `account`. Waits `DEADLINE_S` at most; never raises for the service's sake."""
        match wish:
            case SendBill(channel):
                sent = self._post(account, "messages", wish, channel=channel.value)
                if sent == Refused(Refusal.UNREACHABLE):
                    return self._keep(BillWanted(account, channel.value))
                return sent
            case KeepMobile(mobile):
                return self._keep(MobileGiven(account, mobile))
            case SendCode():
                return self._post(account, "codes", wish, channel="sms")
            case SendMobileCode(mobile, proof):
                given = {"mobile": mobile} | ({"proof": proof} if proof else {})
                return self._post(account, "mobile", wish, **given)
            case ConfirmMobile(mobile, code):
                return self._tried(account, "mobile", wish, mobile=mobile, code=code)
            case TryCode(code):
                return self._tried(account, "proofs", wish, code=code)
            case TryId(number):
                return self._tried(account, "proofs", wish, national_id=number)

    def close(self) -> None:
        """Let go of the connections; twice is fine."""
        if self._session:
            self._session.close()

    def _tried(self, account: AccountNumber, errand: str, wish: Wish, **fields: str) -> Outcome:
        if self._tally and not self._tally.may_try(account):
            return Refused(Refusal.NO_MORE)
        outcome = self._post(account, errand, wish, **fields)
        is_right = isinstance(outcome, Proved | Registered)
        if self._outbox and (is_right or outcome == Refused(Refusal.WRONG)):
            means = "national_id" if isinstance(wish, TryId) else "sms_code"
            purpose = "mobile" if isinstance(wish, ConfirmMobile) else "details"
            try:
                self._outbox.tell_proof(means=means, purpose=purpose, is_right=is_right)
            except StoreError as error:
                logger.warning("a proof is not told of: %s", error.code)
        return outcome

    def _post(self, account: AccountNumber, errand: str, wish: Wish, **fields: str) -> Outcome:
        if self._session is None:
            return Refused(Refusal.UNREACHABLE)
        try:
            answer = self._session.post(
                f"/v1/accounts/{account.digits}/{errand}",
                json.dumps(fields).encode(),
                headers={"Content-Type": "application/json", "Accept": "application/json"},
                deadline_s=DEADLINE_S,
                max_bytes=_ANSWER_BYTES,
                content_types=("application/json",),
            )
        except HttpFault as fault:
            logger.info("a subscriber's wish was not fulfilled: %s %s", fault.code, fault.problem)
            return Refused(_refusal(fault, wish))
        try:
            return _outcome(json.loads(answer.body), wish)
        except (ValueError, KeyError, TypeError, RecursionError):
            logger.warning("an answer to a subscriber's wish is unusable")
            return Refused(Refusal.FAILED)

    def _keep(self, request: Request) -> Outcome:
        if self._outbox is None:
            return Refused(Refusal.UNREACHABLE)
        try:
            self._outbox.request(request)
        except StoreError as error:
            logger.warning("a subscriber's wish cannot be kept: %s", error.code)
            return Refused(Refusal.UNREACHABLE)
        self._hurry()
        return Kept()


def _refusal(fault: HttpFault, wish: Wish) -> Refusal:
    if fault.status is None or fault.status >= 500:
        return Refusal.UNREACHABLE
    if fault.problem in _PROBLEMS:
        return _PROBLEMS[fault.problem]
    match fault.status:
        case 403:
            return Refusal.PROOF_NEEDED if isinstance(wish, SendMobileCode) else Refusal.WRONG
        case 409:
            return Refusal.NO_CONTACT
        case 429:
            return Refusal.BUSY
    return Refusal.FAILED


def _outcome(fields: Any, wish: Wish) -> Outcome:
    """The answer's meaning; raises ValueError, KeyError or TypeError for what the contract does not know."""
    match wish:
        case SendBill():
            return BillSent(_hint(fields["sent_to"]))
        case SendCode() | SendMobileCode():
            valid_s = float(fields["valid_s"])
            if not 0 < valid_s <= _LONGEST_VALID_S:
                raise ValueError("valid_s")
            return CodeSent(_hint(fields["sent_to"]), valid_s)
        case ConfirmMobile():
            return Registered(_hint(fields["registered"]))
        case _:
            accounts = tuple(_own_account(own) for own in fields["accounts"][:_MOST_ACCOUNTS])
            return Proved(str(fields["proof"]), accounts)


def _own_account(fields: Any) -> OwnAccount:
    try:
        number = AccountNumber.parse(str(fields["number"]))
    except AccountNumberError as error:
        raise ValueError("number") from error
    addresses = (fields["address_ar"], fields["address_en"])
    arabic, english = (clean(str(text))[:_ADDRESS_LENGTH] if text else None for text in addresses)
    return OwnAccount(number, Category(fields["category"]), arabic, english)


def _hint(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError("hint")
    return clean(text)[:_HINT_LENGTH]
