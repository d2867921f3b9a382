"""`receipt` and `print`: a bill file laid out, encoded, drawn, and sent through the real printer session."""

from __future__ import annotations

import queue
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from devices.escpos.probing import ProbeReport
from devices.page import Page
from devices.printer import JobState, JobUpdate, Printer, PrinterError, PrintJob
from kiosk.bootstrap import utc_now
from kiosk.commands.common import known_language, read_file, settings_of, state_folder
from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.durable import write_whole
from kiosk.ebill import LIMIT_BYTES, BillInvalid, read
from kiosk.model import Bill, CurrentBill, Source
from kiosk.paper import open_book
from kiosk.receipt import page as lay_out
from kiosk.settings import Settings

DOTS = {"80": 576, "58": 384}
"""Printable dots across 80 mm and 58 mm paper at 203 dpi."""

PROFILES = {"80": "generic", "58": "generic-58"}
"""What is taken for granted of a printer nobody named, by paper."""

_PATIENCE_S = 60.0
"""How long a test may take before it counts as failed."""

EXAMPLE_LINK = "https://app.ebill.example/"
"""The app link of a receipt made without settings."""


def receipt(options: Namespace) -> Exit:
    """Write the ESC/POS bytes of a bill's receipt, and its picture if asked; same call, same bytes."""
    from devices.escpos.encoding import Encoder, encode
    from devices.escpos.profiles import profile

    page = _page(options)
    data = encode(page, encoder=Encoder(options.encoder), profile=profile(PROFILES[options.paper]))
    picture = BytesIO()
    page.image().save(picture, "PNG")
    try:
        _write(Path(options.out), data)
        if options.png:
            _write(Path(options.png), picture.getvalue())
    except OSError as error:
        raise CommandError("not_written", f"cannot write: {error.strerror}", exit=Exit.USAGE) from error
    facts = {"bytes": len(data), "width": page.width, "height": page.height, "encoder": options.encoder}
    if options.json:
        emit(facts)
    else:
        tell(f"{options.out}: {len(data)} bytes, {page.width} x {page.height} dots")
    return Exit.DONE


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all; what is no file (a pipe, a terminal) is written to as it is."""
    if path.exists() and not path.is_file():
        path.write_bytes(content)
    else:
        write_whole(path, content, mode=0o644)


def print_bill(options: Namespace) -> Exit:
    """Print one receipt and follow it: one line per state; done only when the printer confirmed it."""
    from pydantic import ValidationError

    from devices.registry import open_printer
    from devices.settings import PrinterSettings
    from kiosk.bootstrap import new_job_id, open_journal

    page = _page(options)
    journal = open_journal(state_folder(options))
    try:
        table = PrinterSettings(
            url=options.printer,
            profile=options.profile or PROFILES[options.paper],
            width=page.width,
            encoder=options.encoder,
        )
        book = open_book([{"name": options.printer, **table.model_dump(exclude_unset=True)}], journal=journal)
        printer = open_printer(table, journal=journal, book=book)
    except ValidationError as error:
        sentence = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise CommandError("printer_url", f"not a printer: {sentence}", exit=Exit.USAGE) from error
    except PrinterError as error:
        raise CommandError("printer_url", f"not a printer: {error.status.detail}", exit=Exit.USAGE) from error
    job = PrintJob(id=new_job_id(), number=options.number, page=page, copy=options.copy)
    try:
        return _print(printer, job, options)
    finally:
        printer.close()


def test_printer(options: Namespace) -> Exit:
    """Ask the printer of the settings what it can do, then print a page marked as a test and follow it."""
    from devices.escpos.driver import EscposPrinter
    from kiosk.bootstrap import new_job_id, open_journal, open_printer, paper_width
    from kiosk.samples import sample_bill

    state = state_folder(options)
    settings = settings_of(options, state=state)
    journal = open_journal(state)
    printer = open_printer(settings.printer, journal=journal)
    if printer is None:
        raise CommandError("no_printer", "no printer is set, or it cannot be used", exit=Exit.DEVICE_FAILED)
    bill = sample_bill()
    page = lay_out(
        CurrentBill(bill, bill.issue_at, Source.LIVE),
        width=paper_width(settings),
        language=settings.site.languages[0],
        level="default",
        number=0,
        terminal=settings.site.terminal,
        copy=1,
        now=utc_now(),
        app_link=settings.site.app_link,
        call_centre=settings.site.call_centre,
        demo=True,
    )
    try:
        if isinstance(printer, EscposPrinter):
            _tell_probe(printer.probe(), as_json=options.json)
        return _print(printer, PrintJob(id=new_job_id(), number=0, page=page), options)
    finally:
        printer.close()
        _tell({"paper": open_book(settings.printer, journal=journal).forecast().facts()}, as_json=options.json)


def print_report(report: Mapping[str, Any], settings: Settings, *, state: Path) -> JobUpdate | None:
    """Print a readiness report; the last thing heard of it, None: nothing, or there is no printer."""
    from kiosk.bootstrap import new_job_id, open_journal, open_printer, paper_width
    from kiosk.receipt.report import report_page
    from kiosk.technician.identity import Identity, IdentityUnusable
    from kiosk.technician.status_code import signed

    printer = open_printer(settings.printer, journal=open_journal(state))
    if printer is None:
        return None
    updates: queue.SimpleQueue[JobUpdate] = queue.SimpleQueue()
    try:
        code = ""
        with suppress(IdentityUnusable):
            code = signed(report, Identity.open(state))
        page = report_page(report, width=paper_width(settings), code=code)
        printer.submit(PrintJob(id=new_job_id(), number=0, page=page), updates.put)
        return _follow(updates, deadline=time.monotonic() + _PATIENCE_S, say=lambda facts: None)
    finally:
        printer.close()


def _tell_probe(found: ProbeReport, *, as_json: bool) -> None:
    facts = {
        "health": found.health.value,
        "real_time": list(found.real_time),
        "full_status": found.full_status,
        "fences": [fence.value for fence in found.fences],
        "pushes": found.pushes,
        "identity": list(found.identity),
        "noise": found.noise,
    }
    _tell(facts, as_json=as_json)


def _tell(facts: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        emit(facts)
    else:
        tell("\n".join(f"{key}: {value}" for key, value in facts.items()))


def _state_told(facts: Mapping[str, object]) -> None:
    tell(f"{facts['state']} {facts['reason']}".rstrip())


def _print(printer: Printer, job: PrintJob, options: Namespace) -> Exit:
    updates: queue.SimpleQueue[JobUpdate] = queue.SimpleQueue()
    printer.submit(job, updates.put)
    timeout_s = options.timeout or _PATIENCE_S
    last = _follow(updates, deadline=time.monotonic() + timeout_s, say=emit if options.json else _state_told)
    if last is None or not last.confirmed:
        state, reason = (last.state, last.reason) if last else (JobState.QUEUED, "")
        raise CommandError(
            "not_confirmed",
            f"the receipt is not confirmed: {state} {reason}".rstrip(),
            exit=Exit.DEVICE_FAILED,
            state=state.value,
            reason=reason,
        )
    return Exit.DONE


def _follow(
    updates: queue.SimpleQueue[JobUpdate], *, deadline: float, say: Callable[[Mapping[str, object]], None]
) -> JobUpdate | None:
    last, start = None, time.monotonic()
    while True:
        try:
            last = updates.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return last
        since = round(time.monotonic() - start, 3)
        say({"t": since, "job": last.job, "state": last.state.value, "reason": last.reason})
        if last.confirmed or last.state.is_final:
            return last


def _page(options: Namespace) -> Page:
    from kiosk.typography import require

    require()
    language, bill = known_language(options.language), _bill(options.bill)
    app_link, call_centre = EXAMPLE_LINK, ""
    if options.settings:
        site = settings_of(options, state=None).site
        app_link, call_centre = site.app_link, site.call_centre
    return lay_out(
        CurrentBill(bill, bill.issue_at, Source.LIVE),
        width=DOTS[options.paper],
        language=language,
        level=options.level,
        number=options.number,
        terminal=options.terminal,
        copy=options.copy,
        now=_moment(options.now) if options.now else bill.issue_at,
        app_link=app_link,
        call_centre=call_centre,
    )


def _bill(name: str) -> Bill:
    raw = read_file(name, most=LIMIT_BYTES)
    try:
        document = read(raw)
    except BillInvalid as error:
        problems = [{"path": p.path, "problem": p.problem} for p in error.problems]
        sentence = "; ".join(f"{p.path}: {p.problem}" if p.path else f"it {p.problem}" for p in error.problems)
        raise CommandError(
            "bill_invalid", f"not an e-bill: {sentence}", exit=Exit.USAGE, problems=problems
        ) from error
    if not isinstance(document, Bill):
        raise CommandError("not_issued", "this bill is not issued yet: there is nothing to print", exit=Exit.USAGE)
    return document


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError("malformed_time", f"not an ISO 8601 time: {text}", exit=Exit.USAGE) from error
    if moment.tzinfo is None:
        raise CommandError("malformed_time", "the time needs its offset, e.g. +03:00", exit=Exit.USAGE)
    if not 2000 <= moment.year < 2100:
        raise CommandError("malformed_time", f"not a time of this century: {text}", exit=Exit.USAGE)
    return moment
