"""The reference bill service as an ASGI application: bills, and all else that terminals ask.

`openapi.json` is its contract, written by hand; the tests hold the two together. A terminal is known by its
network address until it brings a certificate. No account number is logged, wherever a request ends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.service import answers, contract
from kiosk.service.answers import Problem
from kiosk.service.belonging import Belonging
from kiosk.service.certificates import Authority
from kiosk.service.contacts import Contacts
from kiosk.service.door import MAINTENANCE_RETRY_S, Door, route
from kiosk.service.errands import Errands
from kiosk.service.links import Links
from kiosk.service.page import Pages
from kiosk.service.pairings import Pairings
from kiosk.service.proofs import Proofs
from kiosk.service.published import Published
from kiosk.service.reports import Reports
from kiosk.service.storage import Database, DatabaseAway, SqliteDatabase, own_secret
from kiosk.service.subscribers import Document, SubscriberBook

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_BILL_HEADERS = {
    "Cache-Control": "private, no-store",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
_BILLS_PATH = "/v1/bills/"
_KEY_FILE = "signing-key"


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """How the service runs.

    `public_url` is where phones reach it, without a final slash (None: its own address on this machine).
    `rate_per_min` and `burst` hold for each terminal. `data` is the folder that keeps events and codes; None keeps
    nothing. `database` is the address of a PostgreSQL that keeps them instead. `published` is a folder that `publish`
    filled. `lists_received`: whether anybody may read, below `/demo`, what terminals reported and what subscribers
    were sent; for tests and demos. `needs_certificate`: whether only terminals with one are told of accounts.
    `authority` is the folder of who issues certificates to terminals that are paired (None: `data`). `now`
    gives the time in UTC, `clock` seconds that never run back.
    """

    seed: int = 1
    subscribers: int = 1000
    public_url: str | None = None
    token_ttl_s: float = 900
    rate_per_min: float = 30
    burst: int = 10
    data: Path | None = None
    database: str | None = None
    published: Path | None = None
    lists_received: bool = False
    needs_certificate: bool = False
    authority: Path | None = None
    now: Callable[[], datetime] = _utc_now
    clock: Callable[[], float] = time.monotonic


class Desk:
    """What answers the requests: the book of subscribers, the links, the limits, and what terminals reported."""

    def __init__(self, config: ServiceConfig) -> None:
        self.book = SubscriberBook(config.seed, config.subscribers)
        self._config = config
        self._door = Door(
            per_min=config.rate_per_min,
            burst=config.burst,
            clock=config.clock,
            needs_certificate=config.needs_certificate,
        )
        self._records = _records(config)
        self._links = Links(hmac.digest(own_secret(self._records), b"links", hashlib.sha256)[:16])
        self._errands = Errands(
            self.book,
            door=self._door,
            proofs=Proofs(self._records),
            belonging=Belonging(self.book),
            contacts=Contacts(self._records, seed=config.seed, keeps_messages=config.lists_received),
            issue_link=self._issue_link,
            now=config.now,
            is_listed=config.lists_received,
        )
        self._reports = Reports(
            self._records,
            door=self._door,
            grant=self._errands.grant,
            now=config.now,
            is_listed=config.lists_received,
        )
        self._published = Published(config.published, open_key=lambda: _signer(config.data), now=config.now)
        self.pairings = Pairings(
            config.data,
            open_authority=lambda: Authority.open(config.authority or config.data),
            trust=lambda: _trust(config.data),
            now=config.now,
            is_secured=config.needs_certificate,
        )
        self._encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
        self._pages = Pages()
        self._contract = json.dumps(contract.openapi(), ensure_ascii=False).encode()

    @property
    def maintenance(self) -> bool:
        """Whether bills, reports and readiness answer 503; may be set from any thread."""
        return self._door.maintenance

    @maintenance.setter
    def maintenance(self, is_on: bool) -> None:
        self._door.maintenance = is_on

    def routes(self) -> list[Route]:
        """Every address that is answered; the same as in `openapi.json`."""
        return [
            route("/v1/bills/{account}", self._bill),
            *self._errands.routes(),
            *self._reports.routes(),
            route("/v1/sync/{scope}/manifest", self._published.manifest),
            route("/v1/objects/{sha256}", self._published.object),
            route("/v1/kiosks/self/config", self._published.settings),
            *self.pairings.routes(),
            route("/b/{token}", self._page),
            route("/healthz", self._health),
            route("/readyz", self._readiness),
            route("/openapi.json", self._openapi),
        ]

    def close(self) -> None:
        """Give the records back; a second time does nothing."""
        self._records.close()

    async def _bill(self, request: Request) -> Response:
        refusal = self._door.refusal(request, "accounts")
        if refusal:
            return refusal
        # A text that is no account number goes the same way as a number that is nobody's.
        subscriber = self.book.index_of(request.path_params["account"])
        if subscriber is None:
            return answers.problem(Problem.ACCOUNT_UNKNOWN)
        if self.book.is_withheld(subscriber):
            return answers.problem(Problem.WITHHELD)
        now = self._config.now()
        document = self.book.current(subscriber, now)
        body = self._encode(document).encode()
        link = self._issue_link(request, subscriber, self._config.token_ttl_s)
        headers = {
            **_BILL_HEADERS,
            "Last-Modified": format_datetime(_posted_at(document, now), usegmt=True),
            "Link": f'<{link}>; rel="alternate"',
        }
        tag = base64.urlsafe_b64encode(hashlib.sha256(body).digest()[:15]).decode("ascii")
        return answers.tagged(request, body, tag=tag, media_type="application/json", headers=headers)

    async def _page(self, request: Request) -> Response:
        language = answers.language(request)
        headers = {**self._pages.headers, "Content-Language": language}
        now = self._config.now()
        link = self._links.opened(request.path_params["token"], now=now)
        if link is None:
            gone = self._pages.gone(language=language).encode()
            return answers.body(request, gone, status=410, media_type="text/html", headers=headers)
        document = self.book.current(link.subscriber, now)
        as_of = _posted_at(document, now)
        page = self._pages.bill(document, language=language, now=now, as_of=as_of, closes=link.expires)
        return answers.body(request, page.encode(), media_type="text/html", headers=headers)

    async def _health(self, _request: Request) -> Response:
        return answers.small_json({"status": "up"})

    async def _readiness(self, _request: Request) -> Response:
        if self.maintenance:
            return answers.problem(Problem.MAINTENANCE, retry_after_s=MAINTENANCE_RETRY_S)
        self._records.rows("SELECT 1")
        return answers.small_json({"status": "ready"})

    async def _openapi(self, request: Request) -> Response:
        headers = {"Vary": "Accept-Encoding"}
        return answers.body(request, self._contract, media_type="application/json", headers=headers)

    def _issue_link(self, request: Request, subscriber: int, ttl_s: float) -> str:
        token = self._links.issue(subscriber, now=self._config.now(), ttl_s=ttl_s)
        return f"{self._public_url(request)}/b/{token}"

    def _public_url(self, request: Request) -> str:
        if self._config.public_url is not None:
            return self._config.public_url
        # Not the Host header, which whoever asks may invent.
        host, port = request.scope["server"]
        return f"{request.scope['scheme']}://{host}:{port}"


def create_app(config: ServiceConfig) -> Starlette:
    """The service, ready to be served; `app.state.desk` is its `Desk`.

    Raises:
        ValueError: there cannot be that many subscribers.
        OSError, DatabaseAway: the data folder, or the database, cannot be used.
        ModuleNotFoundError: PostgreSQL is asked for, and its client is not installed.
    """
    desk = Desk(config)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        desk.close()

    app = Starlette(
        routes=desk.routes(),
        exception_handlers={HTTPException: _refusal, DatabaseAway: _away, Exception: _fault},
        lifespan=lifespan,
    )
    # A redirect would repeat an account number in its Location.
    app.router.redirect_slashes = False
    app.state.desk = desk
    return app


def _records(config: ServiceConfig) -> Database:
    """Where the service keeps what it must know tomorrow.

    Subscribers are numbered by the seed: what one of them asked must not come to another's.
    """
    if config.database is not None:
        from kiosk.service.postgres import PostgresDatabase

        return PostgresDatabase(config.database, schema=f"seed_{config.seed}")
    return SqliteDatabase(None if config.data is None else config.data / f"records-{config.seed}.db")


def _posted_at(document: Document, now: datetime) -> datetime:
    """Since when the figures are right: payments are posted every hour on the hour, a new bill at its minute."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if "issue_at" not in document:
        return hour
    issued = datetime.fromisoformat(document["issue_at"]).astimezone(UTC)
    return issued if hour < issued <= now else hour


def _signer(data: Path | None) -> Ed25519PrivateKey:
    """The key that signs the terminals' settings: of the data folder, or one that ends with the process."""
    from cryptography.hazmat.primitives.asymmetric import ed25519

    from kiosk.publish.keys import Keys

    return ed25519.Ed25519PrivateKey.generate() if data is None else Keys.open(data / _KEY_FILE).signer


def _trust(data: Path | None) -> str:
    """The public key of who signs settings; empty where that key ends with the process."""
    from kiosk.technician.identity import public_pem

    return public_pem(_signer(data).public_key()) if data is not None else ""


async def _refusal(request: Request, error: Any) -> Response:
    if error.status_code == 405:
        return answers.problem(Problem.METHOD_NOT_ALLOWED, headers={"Allow": _in_order(error.headers["Allow"])})
    if error.status_code != 404:
        return answers.problem(Problem.BAD_REQUEST)
    is_of_bills = request.scope["path"].startswith(_BILLS_PATH)
    return answers.problem(Problem.ACCOUNT_UNKNOWN if is_of_bills else Problem.NOT_FOUND)


def _in_order(methods: str) -> str:
    """The methods of an Allow header, which come in any order."""
    return ", ".join(sorted(methods.split(", ")))


async def _away(_request: Request, _error: Exception) -> Response:
    return answers.problem(Problem.MAINTENANCE, retry_after_s=MAINTENANCE_RETRY_S)


async def _fault(_request: Request, _error: Exception) -> Response:
    return answers.problem(Problem.FAULT)
