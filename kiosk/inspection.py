"""What is asked of a terminal's parts all together: how they are, how old the bills are, what is past its days."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from kiosk.audit import Audit
from kiosk.bootstrap import Parts, open_generations, open_store_file, reader_state, utc_now
from kiosk.database import StoreError
from kiosk.health import Finding, Verdict, probe
from kiosk.journal import JobJournal
from kiosk.paper import open_book
from kiosk.settings import Settings
from kiosk.store import store_key
from kiosk.technician.readiness import DataAge
from kiosk.technician.refresh import fetch_settings, renew_certificate
from kiosk.technician.retention import Kept, enforce

logger = logging.getLogger(__name__)


def look_at(parts: Parts, settings: Settings, *, state: Path) -> list[Finding]:
    """What the parts of a running terminal say; no device is opened a second time. For a worker."""

    def stored() -> str:
        store = open_store_file(settings, state=state)
        try:
            return f"{store.info().accounts} accounts"
        finally:
            store.close()

    found = [probe("store", stored, remedy="ebill-kiosk store check"), _journal(parts.journal), _printer(parts)]
    if parts.printer and parts.journal:
        found.append(open_book(settings.printer, journal=parts.journal).forecast().finding())
    for reader in parts.readers:
        told = reader_state(reader)
        remedy = "" if told.is_fit else "look at the reader: cable, port, rights"
        verdict = Verdict.OK if told.is_fit else Verdict.FAILED
        found.append(Finding(f"card_reader {reader.name}", verdict, told.health, remedy))
    return found


def data_age(settings: Settings, *, state: Path) -> DataAge:
    """Since when the stored bills are right: the newest of those looked up, the oldest region of those synced."""
    try:
        store, generations = open_store_file(settings, state=state), open_generations(settings, state=state)
        try:
            looked_up, regions = store.info().newest, generations.info() if generations else ()
        finally:
            store.close()
            if generations:
                generations.close()
    except StoreError:
        return DataAge()
    held = min(regions, key=lambda region: region.as_of, default=None)
    return DataAge(looked_up, held.as_of if held else None, held.generation if held else 0)


def nightly(
    settings: Settings, *, state: Path, journal: JobJournal | None, files: Sequence[Path] = ()
) -> Mapping[str, int]:
    """What is done once a night: everything past its days is deleted, a certificate that ends soon is renewed, and
    the fleet's settings are fetched. For a worker; never raises for a part of it. How much was deleted.
    """
    store = None
    try:
        store, key, now = open_store_file(settings, state=state), store_key(state), utc_now()
        gone = enforce(Kept(state, key, store, journal), settings.retention, now=now)
        audit = Audit(state, key)
        renew_certificate(settings, files=files, state=state, audit=audit, now=now)
        fetch_settings(settings, files=files, state=state, audit=audit, now=now)
        return gone
    except StoreError as error:
        logger.warning("nightly_work_not_done: %s", error.code)
        return {}
    finally:
        if store:
            store.close()


def _journal(journal: JobJournal | None) -> Finding:
    if journal is None:
        return Finding("journal", Verdict.FAILED, "cannot be used", "call support: nothing is printed")
    problems = journal.check()
    verdict = Verdict.FAILED if problems else Verdict.OK
    return Finding("journal", verdict, "; ".join(problems) or "whole", "call support" if problems else "")


def _printer(parts: Parts) -> Finding:
    if parts.printer is None:
        return Finding("printer", Verdict.WARNING, "none: nothing can be printed", "add a [[printer]] table")
    status = parts.printer.status()
    fit = status.health.can_print
    seen = f"{status.health}: {status.detail}" if status.detail else str(status.health)
    remedy = "" if fit else "look at the printer: power, cable, paper, cover"
    return Finding("printer", Verdict.OK if fit else Verdict.FAILED, seen, remedy)
