"""Puts the demo together: the bundled bill service, simulated parts, and the real terminal between them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kiosk import bootstrap
from kiosk.bootstrap import Parts
from kiosk.demo.bill_service import BillServiceProcess
from kiosk.demo.dock import WIDTH, Dock
from kiosk.demo.stand import Stand
from kiosk.demo.surroundings import SimulatedSurroundings
from kiosk.demo.wire import Wire
from kiosk.sensing import open_sensors
from kiosk.settings import Settings
from kiosk.terminal import Terminal, open_terminal

APP_LINK = "https://app.ebill.example/"
"""Where the demo's paper points to; nobody can ever own that name (RFC 2606)."""

_ACCOUNT = r"(?P<account>\d{8,15})"
_CARD_MAP = (
    {"source": "track2", "pattern": f"{_ACCOUNT}(=|$)", "example": "10023456789=2912"},
    {"source": "gs1", "ai": "8020", "example": "4156281000000017802010023456789"},
    {"source": "barcode", "kind": "national_id", "pattern": r"[12]\d{9}$", "example": "1000000008"},
    {"source": "barcode", "pattern": f"{_ACCOUNT}$", "example": "10023456789"},
    {"source": "ndef", "pattern": f"{_ACCOUNT}$", "example": "10023456789"},
)
"""What the terminal reads without a map of its own, and the national ID."""

PORTRAIT = (1080, 1920)
ON_A_DESK = (540, 960)
"""Window sizes in pixels: the picture of a real panel, and one that fits a desk's display."""


def demo_settings(settings: Settings, *, language: str | None) -> Settings:
    """The settings of a demo: open like a terminal at home, with simulated parts."""
    known = settings.site.languages
    first = language or known[0]
    site = replace(
        settings.site,
        terminal="DEMO-1",
        privacy="open",
        languages=(first, *(code for code in known if code != first)),
        app_link=APP_LINK,
        app_hosts=("app.ebill.example",),
    )
    return replace(
        settings,
        site=site,
        printer=({"url": "simulated:", "name": "printer"},),
        card_reader=({"url": "simulated:", "name": "card"},),
        card_map=_CARD_MAP,
    )


def wire(settings: Settings, *, state: Path, slips: Path, service: BillServiceProcess) -> Stand:
    """Open the window and connect everything; the parts open while the first screen is already shown."""
    terminal = open_terminal(settings, size=PORTRAIT, width_mm=settings.screen.width_mm, demo=True)
    stand = _stand(terminal, service)
    terminal.open(lambda: _parts(settings, state=state, slips=slips, url=service.url))
    return stand


def wire_with_dock(settings: Settings, *, state: Path, service: BillServiceProcess) -> Dock:
    """As `wire`, on a desk, with the dock beside the screen and what it can break between the parts."""
    around = SimulatedSurroundings(state)
    # A board of switches that the settings name is real, or somebody else's simulation: it stays.
    switches = settings.switches or around.tables["switches"]
    settings = replace(settings, ups=around.tables["ups"], switches=switches)
    width_mm = settings.screen.width_mm
    terminal = open_terminal(settings, size=ON_A_DESK, width_mm=width_mm, demo=True, beside=WIDTH)
    dock = Dock(_stand(terminal, service), around)
    dock.stand_up()

    def opening() -> Parts:
        dock.wire = Wire(service.url)
        return _parts(settings, state=state, slips=state / "slips", url=dock.wire.url)

    terminal.open(opening)
    terminal.on_open = dock.show
    return dock


def _stand(terminal: Terminal, service: BillServiceProcess) -> Stand:
    stand = Stand(terminal.app, terminal, service)
    terminal.clock = stand.clock
    return stand


def _parts(settings: Settings, *, state: Path, slips: Path, url: str) -> Parts:
    from devices.monitor import Monitor
    from kiosk.demo.recording_printer import RecordingPrinter

    journal, monitor = bootstrap.open_journal(state), Monitor()
    printer = RecordingPrinter(
        journal=journal, folder=slips, encoder="lines", width=bootstrap.paper_width(settings)
    )
    readers = bootstrap.open_readers(settings, monitor=monitor)
    settings = replace(settings, gateway=replace(settings.gateway, url=url))
    sensors = open_sensors(settings, monitor=monitor)
    bills = bootstrap.open_bills(settings, state=state)
    parts = Parts(bills, journal, printer, readers, monitor, sensors=sensors)
    return bootstrap.with_courier(parts, settings)
