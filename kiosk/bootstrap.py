"""The one place that puts the parts together: settings in, a working terminal out.

What the first frame does not need is imported and opened after it, on a worker, while the attract screen is
already there to be looked at.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from devices.card_reader import CardReader, CardReaderError, ReaderHealth
from devices.printer import Printer, PrinterError
from devices.sensors import Sensor
from kiosk.model import AccountNumber
from kiosk.resources import asset
from kiosk.sensing import open_sensors, paper_state, sensor_states, silence_keyboards
from kiosk.settings import DeviceTable, Settings
from kiosk.views import SiteFacts
from kiosk.visit import Rules
from kiosk.visit.display import REACH_MM, Display

if TYPE_CHECKING:
    from devices.keyboards import InertKeyboards
    from devices.monitor import Monitor
    from kiosk.bills import BillService
    from kiosk.courier import Courier, DeviceState
    from kiosk.errands import Errands
    from kiosk.gateway import Fetched, Gateway, Unchanged
    from kiosk.generations import Generations
    from kiosk.journal import JobJournal
    from kiosk.outbox import Outbox
    from kiosk.paper import PaperBook
    from kiosk.store import Store
    from kiosk.tally import Tally

logger = logging.getLogger(__name__)

T = TypeVar("T")


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


def open_bills(settings: Settings, *, state: Path) -> BillService:
    """What is kept in `state` and the gateway of the settings, behind one service."""
    from kiosk.bills import BillService

    generations = open_generations(settings, state=state)
    store = open_store(settings, state=state)
    return BillService(open_gateway(settings), store, now=utc_now, generations=generations)


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
    from kiosk.store import Store

    try:
        return open_store_file(settings, state=state)
    except StoreError as error:
        logger.error("store_unavailable: %s; looked-up bills are forgotten at the end of this run", error.code)
    return Store.memory(accounts=settings.store.accounts, days=settings.retention.bills_days)


def open_store_file(settings: Settings, *, state: Path) -> Store:
    """The store as the settings want it: the file in `state`, in memory only when the scope is `none`.

    Raises:
        StoreError: the file cannot be had.
    """
    from kiosk.store import Store, store_key

    accounts, days = settings.store.accounts, settings.retention.bills_days
    if settings.store.scope == "none":
        return Store.memory(accounts=accounts, days=days)
    return Store.file(state / "seen.db", store_key(state), accounts=accounts, days=days)


def open_generations(settings: Settings, *, state: Path) -> Generations | None:
    """The bills that sync brought to `state`, if it ever did; None when nothing may be kept here."""
    from kiosk.database import StoreError
    from kiosk.generations import Generations
    from kiosk.store import store_key

    if settings.store.scope == "none":
        return None
    try:
        return Generations(state, store_key(state))
    except StoreError as error:
        logger.error("generations_unavailable: %s; only looked-up bills are there without network", error.code)
        return None


def open_journal(state: Path) -> JobJournal:
    """The journal of print jobs in `state`."""
    from kiosk.journal import JobJournal
    from kiosk.store import store_key

    return JobJournal.file(state / "journal.db", store_key(state))


def known_languages() -> list[str]:
    """The languages that have a catalogue."""
    return sorted(path.stem for path in asset("catalogues").glob("*.toml"))


def new_job_id() -> str:
    """A name for a print job that no other job has or will have."""
    return uuid4().hex


def open_printer(tables: Sequence[DeviceTable], *, journal: JobJournal) -> Printer | None:
    """The printer of the settings; None without one, or with one that cannot work as configured (logged).

    A terminal has one receipt printer: the first table's.
    """
    from devices import registry
    from devices.settings import PrinterSettings
    from kiosk.paper import open_book

    try:
        if not tables:
            return None
        book = open_book(tables, journal=journal)
        return registry.open_printer(PrinterSettings(**tables[0]), journal=journal, book=book)
    except PrinterError as error:
        logger.error("printer_unusable: %s", error)
        return None


def open_readers(settings: Settings, *, monitor: Monitor) -> list[CardReader]:
    """Every card reader and scanner of the settings, all on the monitor's one thread."""
    from devices import registry
    from devices.settings import CardMapRule, CardReaderSettings

    card_map = registry.make_card_map(CardMapRule(**table) for table in settings.card_map)
    readers = []
    for table in settings.card_reader:
        try:
            readers.append(registry.open_card_reader(CardReaderSettings(**table), card_map, monitor=monitor))
        except CardReaderError as error:
            logger.error("card_reader_unusable: %s", error)
    return readers


def open_outbox(journal: JobJournal) -> Outbox:
    """What the utility must hear of, in the journal's file."""
    from kiosk.outbox import Outbox

    return Outbox(journal.database, journal.sealing_key, now=utc_now)


def start_courier(
    settings: Settings,
    *,
    outbox: Outbox,
    printer: Printer | None,
    readers: Sequence[CardReader],
    sensors: Sequence[Sensor] = (),
    paper: PaperBook | None = None,
) -> Courier | None:
    """What tells the utility of the outbox, lost devices and little paper, running; None without an address."""
    from kiosk.courier import Courier
    from kiosk.http import HttpSession

    gateway = settings.gateway
    if not gateway.url:
        return None
    devices = sensor_states(sensors) | {reader.name: partial(reader_state, reader) for reader in readers}
    if printer:
        devices["printer"] = partial(_printer_state, printer)
        if paper:
            devices["paper"] = partial(paper_state, paper)
    session = HttpSession(gateway.url, ca=_path(gateway.ca), client_cert=_path(gateway.client_certificate))
    courier = Courier(outbox, session, terminal=settings.site.terminal, devices=devices)
    courier.start()
    return courier


def _printer_state(printer: Printer) -> DeviceState:
    from kiosk.courier import DeviceState

    health = printer.status().health
    return DeviceState(health, health.can_print)


def reader_state(reader: CardReader) -> DeviceState:
    """What a reader is fit for now."""
    from kiosk.courier import DeviceState

    health = reader.health()
    return DeviceState(health, health in (ReaderHealth.ONLINE, ReaderHealth.BUSY))


@dataclass(frozen=True, slots=True)
class Parts:
    """What a terminal is made of besides its screen. Without a journal there is neither printer nor outbox."""

    bills: BillService
    journal: JobJournal | None
    printer: Printer | None
    readers: Sequence[CardReader]
    monitor: Monitor
    outbox: Outbox | None = None
    courier: Courier | None = None
    tally: Tally | None = None
    errands: Errands | None = None
    sensors: Sequence[Sensor] = ()
    keyboards: InertKeyboards | None = None

    def look_into_journal(self) -> None:
        """Read the journal, so that one which hangs is noticed; a fault is an answer too. Never raises for it."""
        from kiosk.database import StoreError

        if self.journal:
            with suppress(StoreError):
                self.journal.database.rows("SELECT count(*) FROM sqlite_master")

    def close(self) -> None:
        """Close every device, and stop sending; twice is fine."""
        if self.courier:
            self.courier.close()
        if self.errands:
            self.errands.close()
        for reader in self.readers:
            reader.close()
        for sensor in self.sensors:
            sensor.close()
        if self.keyboards:
            self.keyboards.close()
        if self.printer:
            self.printer.close()
        self.monitor.close()


def open_parts(settings: Settings, *, state: Path, silences_keyboards: bool = False) -> Parts:
    """Open everything the settings name; slow (imports, files), so never on the UI thread.

    With `silences_keyboards` only accepted keyboards type, here and in every other program of this machine.
    """
    from devices.monitor import Monitor
    from kiosk.database import StoreError

    monitor = Monitor()
    try:
        journal = open_journal(state)
    except StoreError as error:
        # A receipt that cannot be accounted for is not printed; a bill is still shown.
        logger.error("journal_unavailable: %s; nothing is printed in this run", error.code)
        journal = None
    parts = Parts(
        open_bills(settings, state=state),
        journal,
        open_printer(settings.printer, journal=journal) if journal else None,
        open_readers(settings, monitor=monitor),
        monitor,
        sensors=open_sensors(settings, monitor=monitor),
        keyboards=silence_keyboards(settings, state=state, monitor=monitor) if silences_keyboards else None,
    )
    prepare_receipts(settings)
    return with_courier(parts, settings)


def with_courier(parts: Parts, settings: Settings) -> Parts:
    """The parts, and what tells the utility of their receipts, of losses and of what subscribers ask, running."""
    from kiosk.paper import open_book

    if parts.journal is None:
        return parts
    outbox = open_outbox(parts.journal)
    courier = start_courier(
        settings,
        outbox=outbox,
        printer=parts.printer,
        readers=parts.readers,
        sensors=parts.sensors,
        paper=open_book(settings.printer, journal=parts.journal),
    )
    tally = open_tally(parts.journal, rules=rules_of(settings))
    errands = open_errands(settings, outbox=outbox, tally=tally, courier=courier)
    return replace(parts, outbox=outbox, courier=courier, tally=tally, errands=errands)


def open_tally(journal: JobJournal, *, rules: Rules) -> Tally:
    """The limits that a restart must not lift, in the journal's file."""
    from kiosk.tally import Tally

    return Tally(journal, window_s=rules.guess_window_s, now=utc_now)


def open_errands(settings: Settings, *, outbox: Outbox, tally: Tally, courier: Courier | None) -> Errands:
    """What carries subscribers' wishes to the utility; without an address it keeps those that can wait."""
    from kiosk.errands import Errands
    from kiosk.http import HttpSession

    gateway = settings.gateway
    session = (
        HttpSession(gateway.url, ca=_path(gateway.ca), client_cert=_path(gateway.client_certificate))
        if gateway.url
        else None
    )
    return Errands(session, outbox=outbox, tally=tally, hurry=courier.hurry if courier else lambda: None)


def prepare_receipts(settings: Settings) -> None:
    """Draw ahead what stands on every receipt, so that the first one is as quick as the others."""
    from kiosk.receipt import prepare
    from kiosk.samples import sample_bill

    language, app_link = settings.site.languages[0], settings.site.app_link
    prepare(sample_bill(), width=paper_width(settings), language=language, app_link=app_link)


def rules_of(settings: Settings) -> Rules:
    """The visit's rules as the site set them."""
    return Rules(
        language=settings.site.languages[0],
        languages=settings.site.languages,
        display=Display(settings.screen.text_size, settings.screen.theme),
        warn_after_s=settings.visit.idle_s,
        answer_s=settings.visit.answer_s,
        guesses=settings.visit.wrong_numbers,
        prints=settings.visit.prints,
        queue_days=settings.visit.queue_days,
        prints_a_day=settings.visit.prints_a_day,
    )


def facts_of(settings: Settings, *, demo: bool = False, corrections: Path | None = None) -> SiteFacts:
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
        corrections=corrections,
        stands_high=settings.screen.mount_mm + settings.screen.height_mm > REACH_MM,
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
