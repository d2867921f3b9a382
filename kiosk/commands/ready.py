"""`doctor` and `check`: is this machine ready for the program, is this terminal ready for subscribers."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kiosk import bootstrap, health, inspection
from kiosk.commands.common import read_file, settings_of, state_folder
from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.database import StoreError
from kiosk.health import Finding, Verdict
from kiosk.paper import open_book
from kiosk.settings import Settings

_SETTLE_S = 3.0
"""How long a device gets to say how it is."""


def doctor(options: Namespace) -> Exit:
    """Check the machine; exit 69 with what to install when something is missing."""
    findings = list(health.machine())
    _say(options, health.report(findings, now=bootstrap.utc_now()))
    return Exit.MISSING_HERE if health.missing(findings) else Exit.DONE


def check(options: Namespace) -> Exit:
    """Check everything a visit needs; exit 1 when the terminal should not serve, 6 when it was not printed."""
    if options.verify:
        return _verify(options)
    state = state_folder(options)
    settings = settings_of(options, state=state)
    report = readiness_of(settings, state=state)
    printed = True
    if options.print:
        from kiosk.commands.paper import print_report

        last = print_report(report, settings, state=state)
        printed = last is not None and last.confirmed
        report["printed"] = f"{last.state.value} {last.reason}".rstrip() if last else "there is no printer"
    _say(options, report)
    if not printed:
        tell(f"the report is not printed: {report['printed']}")
        return Exit.DEVICE_FAILED
    return Exit.DONE if report["ready"] else Exit.CHECK_FAILED


def readiness_of(settings: Settings, *, state: Path) -> dict[str, Any]:
    """The readiness report of a terminal that is not running: its parts are opened for it and closed again."""
    from kiosk.technician import readiness

    return readiness.report(
        settings,
        state=state,
        now=bootstrap.utc_now(),
        asked=_terminal(settings, state=state),
        data=inspection.data_age(settings, state=state),
    )


def _verify(options: Namespace) -> Exit:
    from kiosk.technician.status_code import StatusRefused, verify

    if not options.key:
        raise CommandError("no_key", "--verify needs --key FILE: the terminal's public key", exit=Exit.USAGE)
    text = sys.stdin.read(1 << 16) if options.verify == "-" else options.verify
    try:
        found = verify(text, read_file(options.key, most=1 << 16))
    except StatusRefused as refused:
        sentence = f"this is no status of that terminal ({refused.code})"
        raise CommandError(refused.code, sentence, exit=Exit.CHECK_FAILED) from refused
    emit(found, indent=None if options.json else 1)
    return Exit.DONE


def _terminal(settings: Settings, *, state: Path) -> Iterator[Finding]:
    yield health.probe("store", lambda: _store(settings, state), remedy="ebill-kiosk store purge --all")
    yield health.probe("journal", lambda: _journal(state), remedy="call support: receipts cannot be accounted for")
    # A terminal whose service is away still answers from its store, so this does not keep it from serving.
    yield health.probe(
        "service", lambda: _service(settings), remedy="check the network and gateway.url", failed=Verdict.WARNING
    )
    yield _printer(settings, state=state)
    yield from _paper(settings, state=state)
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


def _paper(settings: Settings, *, state: Path) -> Iterator[Finding]:
    if not settings.printer:
        return
    try:
        journal = bootstrap.open_journal(state)
    except StoreError:
        return  # told already
    try:
        yield open_book(settings.printer, journal=journal).forecast().finding()
    finally:
        journal.close()


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


def _say(options: Namespace, report: dict[str, Any]) -> None:
    if options.json:
        emit(report)
        return
    marks = {Verdict.OK: "ok     ", Verdict.WARNING: "warning", Verdict.FAILED: "FAILED "}
    for check in report["checks"]:
        remedy = f"  -> {check['remedy']}" if check["remedy"] else ""
        tell(f"{marks[Verdict(check['verdict'])]}  {check['name']}: {check['seen']}{remedy}")
    tell("ready" if report["ready"] else "not ready")
