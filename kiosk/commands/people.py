"""`technician`: who may come in for maintenance, what opens a lock, and what operations answer to a challenge."""

from __future__ import annotations

import base64
import binascii
import getpass
import sys
from argparse import Namespace
from datetime import date
from typing import Any

from kiosk.audit import Audit
from kiosk.bootstrap import utc_now
from kiosk.commands.common import settings_of, state_folder
from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.settings_files import change
from kiosk.store import store_key
from kiosk.technician.attempts import Attempts
from kiosk.technician.people import CODE_DIGITS, Enrolled, enrol, response
from kiosk.technician.roles import Role

_OPERATIONS = "operations"


def add(options: Namespace) -> Exit:
    """Enrol a technician in the technician's layer, in place of one with the same number; the PIN is told once."""
    state = state_folder(options)
    present = [dict(table) for table in settings_of(options, state=state).technician]
    made = _made(options)
    others = [table for table in present if table["number"] != options.number]
    tables = [*others, dict(made.table)]
    if not options.print_only:
        change({"technician": tables}, files=options.settings, state=state)
        Audit(state, store_key(state)).add("technician_enrolled", who=_OPERATIONS, number=options.number)
    secrets = {"pin": made.pin, "totp_secret": made.totp_secret, "totp_uri": made.totp_uri}
    if options.json:
        emit({"technician": dict(made.table), **secrets})
    else:
        tell("told once and kept nowhere:")
        print("\n".join(f"{name}: {value}" for name, value in secrets.items() if value))
    return Exit.DONE


def listed(options: Namespace) -> Exit:
    """Who is enrolled, without hashes."""
    tables = settings_of(options, state=state_folder(options)).technician
    people = [_shown(dict(table)) for table in tables]
    if options.json:
        emit({"technicians": people})
    else:
        for one in people:
            tell(
                f"{one['number']}  {one['role']}  {' and '.join(one['ways'])}  until {one['until'] or 'further notice'}"
            )
    return Exit.DONE


def remove(options: Namespace) -> Exit:
    """Let somebody in no more."""
    state = state_folder(options)
    tables = [dict(table) for table in settings_of(options, state=state).technician]
    left = [table for table in tables if table["number"] != options.number]
    if len(left) == len(tables):
        raise CommandError("no_such_technician", f"nobody has the number {options.number}", exit=Exit.USAGE)
    change({"technician": left}, files=options.settings, state=state)
    Audit(state, store_key(state)).add("technician_removed", who=_OPERATIONS, number=options.number)
    return _done(options, f"{options.number} is let in no more")


def unlock(options: Namespace) -> Exit:
    """Open the lock after too many wrong tries."""
    state = state_folder(options)
    Attempts(state).reset()
    Audit(state, store_key(state)).add("lock_opened", who=_OPERATIONS)
    return _done(options, "technicians may try again")


def answer(options: Namespace) -> Exit:
    """What to read to a technician whose terminal shows a challenge; the secret is read from stdin."""
    if len(options.challenge) != CODE_DIGITS or not options.challenge.isdecimal():
        raise CommandError("no_challenge", f"a challenge has {CODE_DIGITS} digits", exit=Exit.USAGE)
    typed = getpass.getpass("secret (base32): ") if sys.stdin.isatty() else sys.stdin.readline()
    try:
        secret = base64.b32decode(typed.strip().upper())
    except (binascii.Error, ValueError):
        raise CommandError("no_secret", "that is no base32 secret of an enrolment", exit=Exit.USAGE) from None
    code = response(secret, options.challenge, terminal=options.terminal)
    if options.json:
        emit({"response": code})
    else:
        print(code)
    return Exit.DONE


def _made(options: Namespace) -> Enrolled:
    card = sys.stdin.readline().strip() if options.card else ""
    try:
        until = date.fromisoformat(options.until) if options.until else None
        if until and until < utc_now().date():
            raise ValueError("the last day is past")
        return enrol(
            options.number, Role(options.role), card=card, codes=not options.card or options.codes, until=until
        )
    except ValueError as error:
        raise CommandError("not_enrolled", str(error), exit=Exit.USAGE) from error


def _shown(table: dict[str, Any]) -> dict[str, Any]:
    ways = [*(["card and PIN"] if table.get("pin") else []), *(["PIN and code"] if table.get("totp") else [])]
    return {"number": table["number"], "role": table["role"], "ways": ways, "until": table.get("until", "")}


def _done(options: Namespace, sentence: str) -> Exit:
    if options.json:
        emit({"done": True})
    else:
        tell(sentence)
    return Exit.DONE
