"""The utility's billing API, asked for one subscriber's current document with a hard end to the wait.

`HttpGateway` speaks the contract `GET /v1/bills/{account}`; whatever goes wrong comes out as one of four errors,
split by what the caller does next. Nothing here puts an account number, a path or a body into a message or a log.
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kiosk.model import AccountNumber, Document

if TYPE_CHECKING:
    from kiosk.http import Answer
    from kiosk.wire import HttpFault

logger = logging.getLogger(__name__)

BILL_CAP_BYTES = 16 * 1024
"""No bill is larger, plain or packed (contract of the bill service)."""

_TRIES = 3
_LONGEST_PAUSE_S = 0.2
_FAULTS_TO_OPEN = 5
_HOLD_S = 30.0
_LONGEST_HOLD_S = 300.0
# Faults of the moment: the next try may meet another address, connection or worker of the service.
_PASSING = frozenset(
    {"refused", "reset", "empty_reply", "truncated", "protocol", "http_502", "http_503", "http_504"}
)
# The service itself answered, and the answer is no use; trying again brings the same.
_UNUSABLE = frozenset({"too_big", "encoding", "no_length"})
_CLOCK_FAULTS = frozenset({"tls_expired", "tls_not_yet_valid"})
_ACCOUNT_UNKNOWN = "account_unknown"
"""The service's own word for it, in `application/problem+json`; whoever else answers 404 does not know its accounts."""

_ETAG = re.compile(r'(W/)?"[\x21\x23-\x7e]{0,128}"')
_LINK = re.compile(r'<([^<>\s]{1,2048})>((?:\s*;\s*[a-z*]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*)', re.IGNORECASE)
_ALTERNATE = re.compile(
    r';\s*rel\s*=\s*(?:"(?:[^"]*\s)?alternate(?:\s[^"]*)?"|alternate(?=\s|;|$))', re.IGNORECASE
)


class GatewayError(Exception):
    """No document came; `code` is a word for logs and technicians, the same for the same cause."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class GatewayUnreachable(GatewayError):
    """The service cannot be had now (network, TLS, captive portal, 5xx): show what is stored, retry later.

    `retry_after_s`: what the service asked for, if it did.
    """

    def __init__(self, code: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(code)
        self.retry_after_s = retry_after_s


class AnswerUnusable(GatewayError):
    """The service answered with something that must not be shown: show what is stored, tell the utility."""


class AccountNotFound(GatewayError):
    """The service says that it knows no such account: tell the subscriber."""


class TooManyRequests(GatewayError):
    """This terminal asked too often; ask again after `retry_after_s` seconds, an hour at most."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("http_429")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document as the service has it: right since `as_of` (UTC, never in the future).

    `etag` is for the next `fetch`; `link` the address the service sent beside it, unchecked. None: it sent none.
    """

    document: Document
    as_of: datetime
    etag: str | None = None
    link: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The document of the `etag` asked with is still the current one; `as_of` and `link` as in `Fetched`."""

    as_of: datetime
    link: str | None = field(default=None, repr=False)


class Gateway(Protocol):
    """Where current documents come from. Callable from any thread."""

    def fetch(self, account: AccountNumber, *, etag: str | None) -> Fetched | Unchanged:
        """The account's current document, or that the one of `etag` still is.

        Raises:
            AccountNotFound: there is no such account.
            GatewayUnreachable: not now.
            TooManyRequests: not before its `retry_after_s`.
            AnswerUnusable: what came may not be shown.
        """


class HttpGateway:
    """The billing API over HTTPS, for any thread.

    Args:
        url: what `/v1/bills/` is appended to; plain `http://` for this machine only.
        ca: PEM file of the only authorities to trust; None: the system's.
        client_cert: PEM with certificate and key (one file or two) that says which terminal asks.
        deadline_s: the longest `fetch` takes, tries and pauses together.
        clock: now, in UTC.
        chance: a number in [0, 1) for the pauses between tries.

    Raises:
        ValueError, OSError: as `kiosk.http.HttpSession`.
    """

    def __init__(
        self,
        url: str,
        *,
        ca: Path | None = None,
        client_cert: Path | tuple[Path, Path] | None = None,
        deadline_s: float = 2.5,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        from kiosk import ebill  # late: these two bring pydantic and requests, which the first frame does without
        from kiosk.http import HttpSession

        self._read = ebill.read
        self._invalid = ebill.BillInvalid
        self._session = HttpSession(url, ca=ca, client_cert=client_cert)
        self._deadline_s = deadline_s
        self._clock = clock
        self._monotonic = monotonic
        self._pause = pause
        self._chance = chance
        self._breaker = _Breaker(monotonic)

    def fetch(self, account: AccountNumber, *, etag: str | None) -> Fetched | Unchanged:
        """As `Gateway.fetch`, in `deadline_s` at most; at once while the service is left alone after faults."""
        self._breaker.admit()
        outcome: GatewayError | None = GatewayUnreachable("broken_off")
        try:
            fetched = self._fetch(account, etag)
            outcome = None
        except GatewayError as error:
            outcome = error
            raise
        finally:
            self._breaker.note(outcome)
        return fetched

    def close(self) -> None:
        """Let go of the pooled connections; twice is fine."""
        self._session.close()

    def _fetch(self, account: AccountNumber, etag: str | None) -> Fetched | Unchanged:
        answer = self._ask(account, etag)
        as_of, link = self._as_of(answer.headers), _link(answer.headers)
        if answer.status == 304:
            return Unchanged(as_of, link)
        document = self._document(answer.body, account)
        tag = answer.headers.get("ETag", "")
        return Fetched(document, as_of, tag if _ETAG.fullmatch(tag) else None, link)

    def _ask(self, account: AccountNumber, etag: str | None) -> Answer:
        ends = self._monotonic() + self._deadline_s
        headers = {"Accept": "application/json"} | ({"If-None-Match": etag} if etag else {})
        attempt = 1
        while isinstance(tried := self._try(account, headers, ends - self._monotonic()), Exception):
            # Full jitter: after a power cut a whole street of terminals asks at the same moment.
            pause = self._chance() * _LONGEST_PAUSE_S * attempt
            in_time = attempt < _TRIES and self._monotonic() + pause < ends
            if not in_time or tried.code not in _PASSING or tried.retry_after_s:
                raise _error(tried)
            self._pause(pause)
            attempt += 1
        if tried.status == 206 or (tried.status == 304 and not etag):
            raise AnswerUnusable(f"http_{tried.status}")
        return tried

    def _try(self, account: AccountNumber, headers: Mapping[str, str], left_s: float) -> Answer | HttpFault:
        from kiosk.wire import HttpFault

        try:
            return self._session.get(
                f"/v1/bills/{account.digits}",
                headers=headers,
                deadline_s=max(left_s, 0.001),
                max_bytes=BILL_CAP_BYTES,
                content_types=("application/json",),
            )
        except HttpFault as fault:
            return fault

    def _document(self, body: bytes, account: AccountNumber) -> Document:
        try:
            document = self._read(body, limit_bytes=BILL_CAP_BYTES)
        except self._invalid as error:
            code, problems = ("bill_invalid" if error.problems[0].path else "json"), str(error)
        else:
            if document.account.number == account:
                return document
            code, problems = "wrong_account", "the document is another account's"
        logger.warning("a document was rejected: %s: %s", code, problems)
        raise AnswerUnusable(code)

    def _as_of(self, headers: Mapping[str, str]) -> datetime:
        """When the answer was right: `Last-Modified`, else `Date`, else now.

        Never later than now: a service clock ahead of ours would make a bill of tomorrow, with a negative age.
        """
        from kiosk.http import http_date

        now = self._clock()
        said = http_date(headers.get("Last-Modified", "")) or http_date(headers.get("Date", ""))
        return min(said or now, now)


class _Breaker:
    """Leaves a service that fails alone: after five faults in a row for 30 s, doubling to five minutes.

    One call then goes through as a probe; the others are refused until it is back.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._faults = 0
        self._hold_s = _HOLD_S
        self._closed_until = 0.0
        self._busy = False
        self._probing = False

    def admit(self) -> None:
        """Return when a call may be made; it must end in `note`."""
        with self._lock:
            left = self._closed_until - self._monotonic()
            if left > 0 and self._busy:
                raise TooManyRequests(left)
            if left > 0 or self._probing:
                raise GatewayUnreachable("left_alone")
            self._probing = self._faults >= _FAULTS_TO_OPEN

    def note(self, outcome: GatewayError | None) -> None:
        """Take in how a call ended; any answer of the service counts as life."""
        with self._lock:
            self._probing = False
            self._busy = isinstance(outcome, TooManyRequests)
            match outcome:
                case TooManyRequests(retry_after_s=wait):
                    self._hold(min(wait, _LONGEST_HOLD_S))
                case GatewayUnreachable():
                    self._failed(outcome)
                    return
            if self._faults:
                logger.info("bill service back")
            self._faults, self._hold_s = 0, _HOLD_S

    def _failed(self, error: GatewayUnreachable) -> None:
        if not self._faults:
            hint = ": check the terminal's clock first" if error.code in _CLOCK_FAULTS else ""
            logger.warning("bill service away: %s%s", error.code, hint)
        self._faults += 1
        if self._faults >= _FAULTS_TO_OPEN:
            self._hold(self._hold_s)
            self._hold_s = min(2 * self._hold_s, _LONGEST_HOLD_S)
        elif error.retry_after_s:
            self._hold(min(error.retry_after_s, _LONGEST_HOLD_S))

    def _hold(self, seconds: float) -> None:
        self._closed_until = self._monotonic() + seconds


def _error(fault: HttpFault) -> GatewayError:
    match fault.status:
        case 404 if fault.problem == _ACCOUNT_UNKNOWN:
            return AccountNotFound(fault.code)
        case 404:  # of a portal, or of another path than the service's
            return GatewayUnreachable(fault.code)
        case 429:
            return TooManyRequests(fault.retry_after_s or 1.0)
        case int(status) if 400 <= status < 500:
            return AnswerUnusable(fault.code)
    if fault.code in _UNUSABLE:
        return AnswerUnusable(fault.code)
    return GatewayUnreachable(fault.code, retry_after_s=fault.retry_after_s)


def _link(headers: Mapping[str, str]) -> str | None:
    for address, parameters in _LINK.findall(headers.get("Link", "")[:8192]):
        if _ALTERNATE.search(parameters):
            return str(address)
    return None
