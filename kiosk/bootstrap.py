"""The one place that puts the parts together: settings in, a working terminal out.

What the first frame does not need is imported and opened after it, on a worker, while the attract screen is
already there to be looked at.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from devices.card_reader import CardReader, CardReaderError
from devices.printer import Printer, PrinterError, PrintJob
from kiosk.controller import Controller
from kiosk.model import AccountNumber, CurrentBill
from kiosk.settings import DeviceTable, Settings
from kiosk.views import SiteFacts, view
from kiosk.visit import Rules, Visit
from kiosk.visit_events import Event

if TYPE_CHECKING:
    from kiosk.bills import BillService
    from kiosk.gateway import Fetched, Gateway, Unchanged
    from kiosk.journal import JobJournal
    from kiosk.store import Store
    from kiosk.ui.app import KioskApp

logger = logging.getLogger(__name__)

T = TypeVar("T")


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


def open_bills(settings: Settings, *, state: Path) -> BillService:
    """The store in `state` and the gateway of the settings, behind one service."""
    from kiosk.bills import BillService

    return BillService(open_gateway(settings), open_store(settings, state=state), now=utc_now)


def open_gateway(settings: Settings) -> Gateway:
    """The utility's billing API; one that nobody has set an address for is never reachable."""
    from kiosk.gateway import HttpGateway

    if not settings.gateway.url:
        return _NoGateway()
    return HttpGateway(
        settings.gateway.url,
        ca=_path(settings.gateway.ca),
        client_cert=_path(settings.gateway.client_certificate),
        deadline_s=settings.gateway.deadline_s,
    )


def open_store(settings: Settings, *, state: Path) -> Store:
    """The store of looked-up bills; in memory when the scope is `none` or the file cannot be had."""
    from kiosk.database import StoreError
    from kiosk.store import Store, store_key

    accounts, days = settings.store.accounts, settings.store.days
    if settings.store.scope != "none":
        try:
            return Store.file(state / "seen.db", store_key(state), accounts=accounts, days=days)
        except StoreError as error:
            logger.error("store_unavailable: %s; looked-up bills are forgotten at the end of this run", error.code)
    return Store.memory(accounts=accounts, days=days)


def open_journal(state: Path) -> JobJournal:
    """The journal of print jobs in `state`."""
    from kiosk.journal import JobJournal
    from kiosk.store import store_key

    return JobJournal.file(state / "journal.db", store_key(state))


def new_job_id() -> str:
    """A name for a print job that no other job has or will have."""
    return uuid4().hex


def open_printer(tables: Sequence[DeviceTable], *, journal: JobJournal) -> Printer | None:
    """The printer of the settings; None without one, or with one that cannot work as configured (logged).

    A terminal has one receipt printer: the first table's.
    """
    from devices import registry
    from devices.settings import PrinterSettings

    try:
        return registry.open_printer(PrinterSettings(**tables[0]), journal=journal) if tables else None
    except PrinterError as error:
        logger.error("printer_unusable: %s", error)
        return None


def open_readers(settings: Settings) -> list[CardReader]:
    """Every card reader and scanner of the settings, on one supervising thread."""
    from devices import registry
    from devices.monitor import Monitor
    from devices.settings import CardMapRule, CardReaderSettings

    card_map = registry.make_card_map(CardMapRule(**table) for table in settings.card_map)
    monitor, readers = Monitor(), []
    for table in settings.card_reader:
        try:
            readers.append(registry.open_card_reader(CardReaderSettings(**table), card_map, monitor=monitor))
        except CardReaderError as error:
            logger.error("card_reader_unusable: %s", error)
    return readers


@dataclass(frozen=True, slots=True)
class Parts:
    """What a terminal is made of besides its screen."""

    bills: BillService
    journal: JobJournal
    printer: Printer | None
    readers: Sequence[CardReader]


def open_parts(settings: Settings, *, state: Path) -> Parts:
    """Open everything the settings name; slow (imports, files), so never on the UI thread."""
    journal = open_journal(state)
    return Parts(
        open_bills(settings, state=state),
        journal,
        open_printer(settings.printer, journal=journal),
        open_readers(settings),
    )


def rules_of(settings: Settings) -> Rules:
    """The visit's rules as the site set them; larger letters get more time (peers of ours: two minutes)."""
    patience = 2 if settings.screen.text_size > 2 else 1
    return Rules(
        language=settings.site.languages[0],
        languages=settings.site.languages,
        warn_after_s=settings.visit.idle_s * patience,
        answer_s=settings.visit.answer_s,
        guesses=settings.visit.wrong_numbers,
        prints=settings.visit.prints,
    )


def facts_of(settings: Settings, *, demo: bool = False) -> SiteFacts:
    """What the screens need to know of the site."""
    site = settings.site
    return SiteFacts(
        rules_of(settings),
        level=site.privacy,
        call_centre=site.call_centre,
        app_link=site.app_link,
        app_hosts=site.app_hosts,
        digits=site.digits,
        currency=site.currency,
        demo=demo,
    )


@dataclass(slots=True)
class Terminal:
    """The screen and, once they are open, the parts behind it. Everything here runs on the UI thread.

    What is touched before the parts are open waits and is then done in order.
    """

    settings: Settings
    state: Path
    app: KioskApp
    facts: SiteFacts
    parts: Parts | None = None
    controller: Controller | None = None
    on_visit: Callable[[Visit], None] | None = None
    _workers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "worker"))
    _waiting: list[Event] = field(default_factory=list)
    _number: int = 0

    def send(self, event: Event) -> None:
        """Let an event happen now, or as soon as there is somebody to take it."""
        if self.controller:
            self.controller.send(event)
        else:
            self._waiting.append(event)

    def open(self, opening: Callable[[], Parts]) -> None:
        """Open the parts on a worker, then begin."""
        self.run(opening, self._begin)

    def run(self, job: Callable[[], T], done: Callable[[T], None]) -> None:
        """The only crossing: `job` on a worker, then `done` with its result on the UI thread."""

        def work() -> None:
            try:
                result = job()
            except BaseException as error:  # noqa: BLE001 - the edge of a thread: the screen must hear of it
                self.app.post(lambda error=error: self.app.fail(error))
                return
            self.app.post(lambda: done(result))

        self._workers.submit(work)

    def close(self) -> None:
        """Close the devices and let the workers go; twice is fine."""
        if self.controller:
            self.controller.close()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _begin(self, parts: Parts) -> None:
        self.parts = parts
        self.controller = Controller(
            rules=self.facts.rules,
            bills=parts.bills,
            printer=parts.printer,
            readers=parts.readers,
            run=self.run,
            post=self.app.post,
            make_page=self._make_page,
            clock=time.monotonic,
            present=self._present,
        )
        self.controller.start()
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            self.controller.send(event)

    def _present(self, visit: Visit) -> None:
        self.app.show(view(visit, now=utc_now(), facts=self.facts))
        if self.on_visit:
            self.on_visit(visit)

    def _make_page(self, current: CurrentBill, *, language: str, copy: int) -> PrintJob:
        from kiosk.receipt import page

        assert self.parts is not None
        site = self.settings.site
        if copy == 1:
            self._number = self.parts.journal.next_receipt_number()
        number = self._number  # a copy carries the number of the receipt it is a copy of
        return PrintJob(
            id=new_job_id(),
            number=number,
            page=page(
                current,
                width=paper_width(self.settings),
                language=language,
                level=site.privacy,
                number=number,
                terminal=site.terminal,
                copy=copy,
                now=utc_now(),
                app_link=site.app_link,
                call_centre=site.call_centre,
                demo=self.facts.demo,
            ),
            copy=copy,
        )


def paper_width(settings: Settings) -> int:
    """Dots across the printer's paper; 80 mm when there is no printer to ask."""
    return int(settings.printer[0].get("width", 576)) if settings.printer else 576


def _path(name: str) -> Path | None:
    return Path(name) if name else None


class _NoGateway:
    def fetch(self, account: AccountNumber, *, etag: str | None) -> Fetched | Unchanged:
        from kiosk.gateway import GatewayUnreachable

        raise GatewayUnreachable("no_address")
