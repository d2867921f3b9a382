"""`doctor` and `check`: is this machine ready for the program, is this terminal ready for subscribers."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from kiosk import bootstrap, health
from kiosk.commands.common import settings_of, state_folder
from kiosk.commands.outcome import Exit, emit, tell
from kiosk.database import StoreError
from kiosk.health import Finding, Verdict
from kiosk.settings import Settings

_SETTLE_S = 3.0
"""How long a device gets to say how it is."""


def doctor(options: Namespace) -> Exit:
    """Check the machine; exit 69 with what to install when something is missing."""
    findings = list(health.machine())
    _say(options, health.report(findings, now=bootstrap.utc_now()), findings)
    return Exit.MISSING_HERE if health.missing(findings) else Exit.DONE


def check(options: Namespace) -> Exit:
    """Check everything a visit needs; exit 1 when the terminal should not serve."""
    state = state_folder(options)
    settings = settings_of(options, state=state)
    findings = [*health.machine(), *_terminal(settings, state=state)]
    report = health.report(findings, terminal=settings.site.terminal, now=bootstrap.utc_now())
    _say(options, report, findings)
    return Exit.DONE if report["ready"] else Exit.CHECK_FAILED


def _terminal(settings: Settings, *, state: Path) -> Iterator[Finding]:
    now = bootstrap.utc_now()
    yield Finding("settings", Verdict.OK, "every key is right")
    yield from health.terminal(state, app_link=settings.site.app_link, now=now)
    yield health.probe("store", lambda: _store(settings, state), remedy="ebill-kiosk store purge --all")
    yield health.probe("journal", lambda: _journal(state), remedy="call support: receipts cannot be accounted for")
    # A terminal whose service is away still answers from its store, so this does not keep it from serving.
    yield health.probe(
        "service", lambda: _service(settings), remedy="check the network and gateway.url", failed=Verdict.WARNING
    )
    yield _printer(settings, state=state)
    yield from _readers(settings)


def _store(settings: Settings, state: Path) -> str:
    store = bootstrap.open_store_file(settings, state=state)
    try:
        problems = store.check()
        if problems:
            raise RuntimeError("; ".join(problems))
        return f"{store.info().accounts} accounts"
    finally:
        store.close()


def _journal(state: Path) -> str:
    journal = bootstrap.open_journal(state)
    try:
        problems = journal.check()
        if problems:
            raise RuntimeError("; ".join(problems))
        return f"{len(journal.unfinished())} jobs unfinished"
    finally:
        journal.close()


def _service(settings: Settings) -> str:
    from kiosk.http import HttpSession

    gateway = settings.gateway
    if not gateway.url:
        raise ValueError("gateway.url is not set")
    files = [Path(name) if name else None for name in (gateway.ca, gateway.client_certificate)]
    session = HttpSession(gateway.url, ca=files[0], client_cert=files[1])
    try:
        session.get("/readyz", headers={}, deadline_s=gateway.deadline_s, max_bytes=4096, content_types=None)
    finally:
        session.close()
    return "answers"


def _printer(settings: Settings, *, state: Path) -> Finding:
    try:
        journal = bootstrap.open_journal(state)
    except StoreError:
        return Finding("printer", Verdict.FAILED, "not tried: nothing prints without the journal")
    printer = bootstrap.open_printer(settings.printer, journal=journal)
    if printer is None:
        return Finding("printer", Verdict.WARNING, "none: nothing can be printed", "add a [[printer]] table")
    try:
        until = time.monotonic() + _SETTLE_S
        while not (status := printer.status()).health.can_print and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        printer.close()
    seen = f"{status.health}: {status.detail}" if status.detail else str(status.health)
    if status.health.can_print:
        return Finding("printer", Verdict.OK, seen)
    return Finding("printer", Verdict.FAILED, seen, "look at the printer: power, cable, paper, cover")


def _readers(settings: Settings) -> Iterator[Finding]:
    from devices.card_reader import ReaderHealth
    from devices.monitor import Monitor

    monitor = Monitor()
    readers = bootstrap.open_readers(settings, monitor=monitor)
    if not readers:
        yield Finding("card_reader", Verdict.WARNING, "none: numbers are typed", "add a [[card_reader]] table")
    try:
        for reader in readers:
            reader.start(lambda event: None)
        until = time.monotonic() + _SETTLE_S
        for reader in readers:
            while (seen := reader.health()) is not ReaderHealth.ONLINE and time.monotonic() < until:
                time.sleep(0.05)
            fit = seen is ReaderHealth.ONLINE
            remedy = "" if fit else "look at the reader: cable, port, rights"
            yield Finding(f"card_reader {reader.name}", Verdict.OK if fit else Verdict.FAILED, seen, remedy)
    finally:
        for reader in readers:
            reader.close()
        monitor.close()


def _say(options: Namespace, report: dict[str, object], findings: Sequence[Finding]) -> None:
    if options.json:
        emit(report)
        return
    marks = {Verdict.OK: "ok     ", Verdict.WARNING: "warning", Verdict.FAILED: "FAILED "}
    for finding in findings:
        remedy = f"  -> {finding.remedy}" if finding.remedy else ""
        tell(f"{marks[finding.verdict]}  {finding.name}: {finding.seen}{remedy}")
    tell("ready" if report["ready"] else "not ready")
