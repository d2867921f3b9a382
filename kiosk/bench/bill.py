"""From a known account to its bill drawn: the stored path part by part, and a live answer beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from kiosk import bootstrap
from kiosk.bench import median_cpu_ms, median_ms
from kiosk.model import AccountNumber, CurrentBill
from kiosk.service import Service, ServiceConfig
from kiosk.settings import load
from kiosk.viewmodel import View
from kiosk.views import SiteFacts, view
from kiosk.visit import Visit
from kiosk.visit.states import ShowBill


def measure(folder: Path, *, runs: int) -> dict[str, Any]:
    """Medians in ms: `stored_ms` is store + view + layout + draw, `live_ms` the service's answer alone."""
    from kiosk.ui.app import KioskApp

    settings = load()
    settings = replace(
        settings, site=replace(settings.site, privacy="open", app_link="https://app.ebill.example/")
    )
    facts = bootstrap.facts_of(settings)
    with Service(ServiceConfig(rate_per_min=100_000, burst=10_000)) as service:
        settings = replace(settings, gateway=replace(settings.gateway, url=service.url))
        bills = bootstrap.open_bills(settings, state=folder)
        account = AccountNumber("30012345678")
        current = bills.refresh(account)
        app = KioskApp(send=lambda event: None, first=_shown(current, facts))
        figures = {
            "store_ms": median_ms(lambda: bills.stored(account), runs=runs),
            "view_ms": median_ms(lambda: _shown(current, facts), runs=runs),
            "layout_and_draw_ms": median_ms(lambda: app.draw(_shown(current, facts)), runs=runs),
            "live_ms": median_ms(lambda: bills.refresh(account), runs=runs),
        }

        def whole() -> None:
            stored = bills.stored(account)
            assert stored is not None
            app.draw(_shown(stored, facts))

        figures["stored_ms"] = median_ms(whole, runs=runs)
        figures["stored_cpu_ms"] = median_cpu_ms(whole, runs=runs)
    return figures


def _shown(current: CurrentBill, facts: SiteFacts) -> View:
    return view(Visit(ShowBill(current, 1)), now=bootstrap.utc_now(), facts=facts)
