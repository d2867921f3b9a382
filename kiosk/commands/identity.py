"""`pairing`, `keys` and `decommission`: how a terminal gets its identity, changes its keys, and gives both up."""

from __future__ import annotations

import fcntl
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kiosk import bootstrap
from kiosk.audit import Audit
from kiosk.commands.common import settings_of, state_folder
from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.settings import Settings
from kiosk.settings_files import change
from kiosk.store import store_key
from kiosk.technician import decommission as ending
from kiosk.technician import pairing
from kiosk.technician.identity import Identity, IdentityUnusable

_OPERATIONS = "operations"


def issue(options: Namespace) -> Exit:
    """A pairing code for one terminal, for operations beside the reference service."""
    from kiosk.service.certificates import Authority
    from kiosk.service.pairings import Pairings

    pairings = Pairings(
        options.data,
        open_authority=lambda: Authority.open(options.tls or options.data),
        trust=lambda: "",
        now=bootstrap.utc_now,
        is_secured=options.tls is not None,
    )
    code = pairings.issue(options.terminal, host=options.host).text()
    if options.png:
        import qrcode

        qrcode.make(code, box_size=8, border=4).save(options.png)
    if options.json:
        emit({"code": code})
    else:
        print(code)
    return Exit.DONE


def take(options: Namespace) -> Exit:
    """Pair with the service that a code names; from then on nobody else is believed."""
    state = state_folder(options)
    settings = settings_of(options, state=state)
    with _failures():
        code = pairing.PairingCode.parse(options.code)
        paired = pairing.pair(code, terminal=settings.site.terminal, state=state, identity=Identity.open(state))
    pairing.forget_others(state, change(paired.values, files=options.settings, state=state))
    Audit(state, store_key(state)).add("paired", who=_OPERATIONS, url=code.url, terminal=paired.terminal)
    return _told(options, {"terminal": paired.terminal, "url": code.url, "until": paired.until.isoformat()})


def renew(options: Namespace) -> Exit:
    """A new certificate for a paired terminal."""
    state = state_folder(options)
    settings = settings_of(options, state=state)
    if not settings.gateway.client_certificate:
        raise CommandError("not_paired", "this terminal is not paired", exit=Exit.SETTINGS_WRONG)
    with _failures():
        renewed = pairing.renew(
            settings.gateway.url,
            ca=settings.gateway.ca,
            terminal=settings.site.terminal,
            state=state,
            identity=Identity.open(state),
            now=bootstrap.utc_now(),
        )
    pairing.forget_others(state, change(renewed.values, files=options.settings, state=state))
    Audit(state, store_key(state)).add("certificate_renewed", who=_OPERATIONS)
    return _told(options, {"terminal": renewed.terminal, "until": renewed.until.isoformat()})


def show(options: Namespace) -> Exit:
    """The public key that the terminal signs with, for those who verify its status."""
    with _failures():
        identity = Identity.open(state_folder(options))
    if options.json:
        emit({"key": identity.public_pem, "fingerprint": identity.fingerprint})
    else:
        print(identity.public_pem, end="")
    return Exit.DONE


def rotate(options: Namespace) -> Exit:
    """Encrypt everything that is kept under a new key; the terminal must not run."""
    from kiosk.technician.rotation import RotationRefused, rotate_store_key

    state = state_folder(options)
    with _alone(state):
        try:
            files = rotate_store_key(state)
        except RotationRefused as refused:
            sentence = {
                "key_is_credential": "systemd provides the key: change it there, then `ebill-kiosk store purge --all`",
                "in_use": "a file is in use: stop the terminal and sync first",
            }[refused.code]
            raise CommandError(refused.code, sentence, exit=Exit.CHECK_FAILED) from refused
    Audit(state, store_key(state)).add("store_key_rotated", who=_OPERATIONS, files=files)
    return _told(options, {"files": files})


def decommission(options: Namespace) -> Exit:
    """Destroy the keys and everything they open, and say so; or begin anew after that."""
    state = state_folder(options)
    if options.again:
        if not ending.is_decommissioned(state):
            raise CommandError("in_use", "this terminal was not taken out of use", exit=Exit.USAGE)
        ending.begin_anew(state)
        return _told(options, {"begun_anew": True})
    if not options.yes:
        raise CommandError("not_sure", "everything on this terminal is destroyed; say --yes", exit=Exit.USAGE)
    with _alone(state):
        if ending.is_decommissioned(state):
            return _told(options, ending.finish(state))
        settings = settings_of(options, state=state)
        _refuse_unsent(options, state)
        if options.print:
            _print(settings, state)
        said = ending.decommission(state, terminal=settings.site.terminal, by=_OPERATIONS, now=bootstrap.utc_now())
    return _told(options, said)


def _refuse_unsent(options: Namespace, state: Path) -> None:
    """What must reach the utility has not: it would be lost."""
    if options.force:
        return
    journal = bootstrap.open_journal(state)
    try:
        waiting = bootstrap.open_outbox(journal).waiting()
    finally:
        journal.close()
    if waiting:
        sentence = f"{waiting} reports have not reached the utility; --force destroys them too"
        raise CommandError("unsent_reports", sentence, exit=Exit.CHECK_FAILED, waiting=waiting)


def _print(settings: Settings, state: Path) -> None:
    from devices.printer import PrintJob
    from kiosk.receipt import ending as slip
    from kiosk.technician.selftest import print_and_wait

    journal = bootstrap.open_journal(state)
    printer = bootstrap.open_printer(settings.printer, journal=journal)
    if printer is None:
        raise CommandError("no_printer", "there is no printer to say it on paper", exit=Exit.DEVICE_FAILED)
    try:
        until = time.monotonic() + 5
        while not printer.status().health.can_print and time.monotonic() < until:
            time.sleep(0.05)
        page = slip.page(
            terminal=settings.site.terminal,
            key=Identity.open(state).fingerprint,
            by=_OPERATIONS,
            now=bootstrap.utc_now(),
            width=bootstrap.paper_width(settings),
            language=settings.site.languages[0],
        )
        outcome = print_and_wait(printer, PrintJob(bootstrap.new_job_id(), 0, page))
    finally:
        printer.close()
        journal.close()
    if outcome.code not in ("confirmed", "sent"):
        raise CommandError("not_printed", f"the slip was not printed ({outcome.code})", exit=Exit.DEVICE_FAILED)


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """While no terminal runs with this state folder."""
    with (state / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError("already_running", "stop the terminal first", exit=Exit.CHECK_FAILED) from error
        yield


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except pairing.PairingError as error:
        exit_code = Exit.NOTHING_TO_SHOW if error.code == "unreachable" else Exit.CHECK_FAILED
        wrong = Exit.USAGE if error.code == "not_a_code" else exit_code
        raise CommandError(error.code, f"the terminal is not paired ({error.code})", exit=wrong) from error
    except IdentityUnusable as error:
        raise CommandError("identity_unusable", str(error), exit=Exit.MISSING_HERE) from error


def _told(options: Namespace, facts: Mapping[str, Any]) -> Exit:
    if options.json:
        emit(facts)
    else:
        tell("\n".join(f"{name}: {value}" for name, value in facts.items()))
    return Exit.DONE
