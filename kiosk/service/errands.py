"""What a subscriber asks at a terminal: a one-time code, a proof, a mobile for the e-bill, the bill sent.

No answer holds a whole mobile or an e-mail address, and none but a proof's an account number: those of the person
who proved to hold them. A proof goes to the terminal alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.service import answers
from kiosk.service.answers import Problem
from kiosk.service.belonging import Belonging
from kiosk.service.contacts import Channel, Contact, Contacts, mobile
from kiosk.service.door import Door, route
from kiosk.service.events import BillWanted, Wish
from kiosk.service.proofs import CODE_VALID_FOR, Outcome, Proofs, Purpose, until_tomorrow_s
from kiosk.service.subscribers import SubscriberBook

_LIMIT_BYTES = 1024
_LINK_VALID_S = 24 * 3600
"""How long the link of a bill that was sent opens it."""

_Code = Annotated[str, Field(pattern="^[0-9]{6}$")]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _CodeWanted(_Fields):
    channel: Literal["sms"]


class _ProofTried(_Fields):
    code: _Code = ""
    national_id: Annotated[str, Field(pattern="^[12][0-9]{9}$")] = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.code) == bool(self.national_id):
            raise ValueError("a code or an ID")
        return self


class _MobileGiven(_Fields):
    mobile: Annotated[str, Field(pattern="^05[0-9]{8}$")]
    code: _Code | None = None
    proof: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{32}$")] | None = None


class _MessageWanted(_Fields):
    channel: Channel


_Wanted = TypeVar("_Wanted", bound=_Fields)


@dataclass(frozen=True, slots=True)
class _Caller:
    """The account somebody asks for; `last2` are the mobile's on record."""

    subscriber: int
    account: str
    last2: str | None
    now: datetime


IssueLink = Callable[[Request, int, float], str]
"""A fresh address of a subscriber's bill on a phone, good for so many seconds."""


class Errands:
    """Answers the addresses below `/v1/accounts/{account}`."""

    def __init__(
        self,
        book: SubscriberBook,
        *,
        door: Door,
        proofs: Proofs,
        contacts: Contacts,
        belonging: Belonging,
        issue_link: IssueLink,
        now: Callable[[], datetime],
        is_listed: bool,
    ) -> None:
        """`is_listed`: whether anybody may read what would have been sent."""
        self._book = book
        self._door = door
        self._proofs = proofs
        self._contacts = contacts
        self._belonging = belonging
        self._issue_link = issue_link
        self._now = now
        self._is_listed = is_listed

    def routes(self) -> list[Route]:
        """Every address that is answered."""
        return [
            route("/v1/accounts/{account}/codes", self._code, method="POST"),
            route("/v1/accounts/{account}/proofs", self._proof, method="POST"),
            route("/v1/accounts/{account}/mobile", self._mobile, method="POST"),
            route("/v1/accounts/{account}/messages", self._message, method="POST"),
            route("/demo/messages", self._list),
        ]

    def grant(self, request: Request, wish: Wish) -> str:
        """Do what a subscriber asked for at a terminal that was cut off; why not, in a word, or nothing.

        A mobile is not registered by that: what is sent there says how to confirm it.
        """
        caller = self._known(wish.account)
        if isinstance(caller, Problem):
            return "account_unknown"
        subscriber = caller.subscriber
        if isinstance(wish, BillWanted):
            contact = self._contacts.reached(subscriber, caller.last2, wish.channel)
            return self._send_bill(request, caller, contact)
        if self._contacts.reached(subscriber, caller.last2, "sms") is not None:
            return Problem.PROOF_NEEDED.value[1]
        if not self._proofs.allow(subscriber, "code", now=caller.now):
            return Problem.TOO_MANY_TRIES.value[1]
        text = "لتسجيل هذا الجوال للفاتورة أدخله عند أي جهاز / To register this mobile, enter it at any terminal"
        self._contacts.send(mobile(wish.mobile), text, account=wish.account, now=caller.now)
        return ""

    async def _code(self, request: Request) -> Response:
        caller = self._caller(request)
        if isinstance(caller, Response):
            return caller
        wanted = await _read(request, _CodeWanted)
        if isinstance(wanted, Response):
            return wanted
        # Only where the biller knows the number from: one registered at a terminal proves nothing.
        contact = self._contacts.on_record(caller.subscriber, caller.last2)
        return self._send_code(caller, contact, "proof")

    async def _proof(self, request: Request) -> Response:
        caller = self._caller(request)
        if isinstance(caller, Response):
            return caller
        tried = await _read(request, _ProofTried)
        if isinstance(tried, Response):
            return tried
        if tried.code:
            refusal = self._refused(caller, "proof", tried.code)
        else:
            refusal = self._refused_id(caller, tried.national_id)
        if refusal:
            return refusal
        proof = self._proofs.prove(self._belonging.person(caller.subscriber), now=caller.now)
        return answers.small_json(
            {
                "proof": proof.token,
                "expires": proof.expires.isoformat(timespec="seconds"),
                "accounts": self._accounts(caller),
            }
        )

    async def _mobile(self, request: Request) -> Response:
        caller = self._caller(request)
        if isinstance(caller, Response):
            return caller
        given = await _read(request, _MobileGiven)
        if isinstance(given, Response):
            return given
        if given.code is not None:
            refusal = self._refused(caller, "mobile", given.code, subject=given.mobile)
            if refusal:
                return refusal
            self._contacts.register(caller.subscriber, given.mobile)
            return answers.small_json({"registered": mobile(given.mobile).hint})
        known = self._contacts.reached(caller.subscriber, caller.last2, "sms")
        person = self._belonging.person(caller.subscriber)
        proven = given.proof and self._proofs.holds(given.proof, person, now=caller.now)
        if known is not None and not proven:
            return answers.problem(Problem.PROOF_NEEDED)
        return self._send_code(caller, mobile(given.mobile), "mobile")

    async def _message(self, request: Request) -> Response:
        caller = self._caller(request)
        if isinstance(caller, Response):
            return caller
        wanted = await _read(request, _MessageWanted)
        if isinstance(wanted, Response):
            return wanted
        contact = self._contacts.reached(caller.subscriber, caller.last2, wanted.channel)
        match self._send_bill(request, caller, contact):
            case "no_contact":
                return answers.problem(Problem.NO_CONTACT)
            case "too_many_tries":
                return _no_more(caller)
        return answers.small_json({"sent_to": contact.hint if contact else None})

    def _accounts(self, caller: _Caller) -> list[dict[str, Any]]:
        """The person's accounts that may be shown at terminals, and what tells one from another."""
        mine = [n for n in self._belonging.accounts(caller.subscriber) if not self._book.is_withheld(n)]
        held = [self._book.current(n, caller.now)["account"] for n in mine]
        fields = ("number", "category", "address_ar", "address_en")
        return [{field: account.get(field) for field in fields} for account in held]

    async def _list(self, _request: Request) -> Response:
        if not self._is_listed:
            return answers.problem(Problem.NOT_FOUND)
        return answers.small_json({"messages": self._contacts.messages()})

    def _caller(self, request: Request) -> _Caller | Response:
        refusal = self._door.refusal(request, "accounts")
        if refusal:
            return refusal
        caller = self._known(request.path_params["account"])
        return answers.problem(caller) if isinstance(caller, Problem) else caller

    def _known(self, account: str) -> _Caller | Problem:
        subscriber = self._book.index_of(account)
        if subscriber is None:
            return Problem.ACCOUNT_UNKNOWN
        if self._book.is_withheld(subscriber):
            return Problem.WITHHELD
        now = self._now()
        last2 = self._book.current(subscriber, now)["account"].get("mobile_last2")
        return _Caller(subscriber, account, last2, now)

    def _send_bill(self, request: Request, caller: _Caller, contact: Contact | None) -> str:
        """Send the bill's link, or say in a word why not."""
        if contact is None:
            return "no_contact"
        if not self._proofs.allow(caller.subscriber, "message", now=caller.now):
            return "too_many_tries"
        link = self._issue_link(request, caller.subscriber, _LINK_VALID_S)
        self._contacts.send(contact, f"فاتورتك / Your bill: {link}", account=caller.account, now=caller.now)
        return ""

    def _send_code(self, caller: _Caller, contact: Contact | None, purpose: Purpose) -> Response:
        if contact is None:
            return answers.problem(Problem.NO_CONTACT)
        if not self._proofs.allow(caller.subscriber, "code", now=caller.now):
            return _no_more(caller)
        subject = contact.address if purpose == "mobile" else ""
        code = self._proofs.new_code(caller.subscriber, purpose, subject=subject, now=caller.now)
        self._contacts.send(contact, f"رمزك / Your code: {code}", account=caller.account, now=caller.now)
        return answers.small_json({"sent_to": contact.hint, "valid_s": int(CODE_VALID_FOR.total_seconds())})

    def _refused_id(self, caller: _Caller, number: str) -> Response | None:
        holder = self._belonging.national_id(caller.subscriber)
        match self._proofs.try_id(caller.subscriber, number, holder=holder, now=caller.now):
            case Outcome.RIGHT:
                return None
            case Outcome.WRONG:
                return answers.problem(Problem.WRONG_ID)
            case Outcome.NO_MORE:
                return _no_more(caller)

    def _refused(self, caller: _Caller, purpose: Purpose, code: str, *, subject: str = "") -> Response | None:
        match self._proofs.try_code(caller.subscriber, purpose, code, subject=subject, now=caller.now):
            case Outcome.RIGHT:
                return None
            case Outcome.WRONG:
                return answers.problem(Problem.WRONG_CODE)
            case Outcome.NO_MORE:
                return _no_more(caller)


def _no_more(caller: _Caller) -> Response:
    return answers.problem(Problem.TOO_MANY_TRIES, retry_after_s=until_tomorrow_s(caller.now))


async def _read(request: Request, kind: type[_Wanted]) -> _Wanted | Response:
    body = await answers.received(request, media_type="application/json", limit=_LIMIT_BYTES)
    if isinstance(body, Problem):
        return answers.problem(body)
    try:
        return kind.model_validate_json(body)
    except ValidationError:
        return answers.problem(Problem.BAD_REQUEST)
