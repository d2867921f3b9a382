"""Puts the demo together: the bundled bill service, simulated parts, and the real terminal between them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kiosk import bootstrap
from kiosk.bootstrap import Parts
from kiosk.demo.bill_service import BillServiceProcess
from kiosk.demo.stand import Stand
from kiosk.sensing import open_sensors
from kiosk.settings import Settings
from kiosk.terminal import open_terminal

APP_LINK = "https://app.ebill.example/"
"""Where the demo's paper points to; nobody can ever own that name (RFC 2606)."""

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
    )


def wire(settings: Settings, *, state: Path, slips: Path, service: BillServiceProcess, headless: bool) -> Stand:
    """Open the window and connect everything; the parts open while the first screen is already shown."""
    size = PORTRAIT if headless else ON_A_DESK
    terminal = open_terminal(settings, size=size, width_mm=settings.screen.width_mm, demo=True)
    stand = Stand(terminal.app, terminal, service)
    terminal.clock = stand.clock
    terminal.open(lambda: _parts(settings, state=state, slips=slips, service=service))
    return stand


def _parts(settings: Settings, *, state: Path, slips: Path, service: BillServiceProcess) -> Parts:
    from devices.monitor import Monitor
    from kiosk.demo.recording_printer import RecordingPrinter

    journal, monitor = bootstrap.open_journal(state), Monitor()
    printer = RecordingPrinter(
        journal=journal, folder=slips, encoder="lines", width=bootstrap.paper_width(settings)
    )
    readers = bootstrap.open_readers(settings, monitor=monitor)
    settings = replace(settings, gateway=replace(settings.gateway, url=service.url))
    sensors = open_sensors(settings, monitor=monitor)
    bills = bootstrap.open_bills(settings, state=state)
    parts = Parts(bills, journal, printer, readers, monitor, sensors=sensors)
    return bootstrap.with_courier(parts, settings)
