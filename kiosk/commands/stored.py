"""`store`: what is kept for when the network is away, and whether it is whole."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime

from kiosk.bootstrap import open_store_file
from kiosk.commands.common import settings_of, state_folder
from kiosk.commands.outcome import Exit, emit, tell
from kiosk.store import Store


def info(options: Namespace) -> Exit:
    """Say how much is stored and since when, never whose it is."""
    found = _store(options).info()
    facts = {
        "documents": found.documents,
        "accounts": found.accounts,
        "oldest": _text(found.oldest),
        "newest": _text(found.newest),
        "bytes": found.bytes,
        "set_aside": found.set_aside,
        "sqlite": found.sqlite,
        "sqlcipher": found.sqlcipher,
    }
    emit(facts, indent=None if options.json else 1)
    return Exit.DONE


def check(options: Namespace) -> Exit:
    """Read the whole file; exit 1 when something in it is damaged."""
    problems = _store(options).check()
    if options.json:
        emit({"whole": not problems, "problems": list(problems)})
    else:
        tell("the store is whole" if not problems else "\n".join(problems))
    return Exit.CHECK_FAILED if problems else Exit.DONE


def purge(options: Namespace) -> Exit:
    """Forget what is past its time, or everything."""
    gone = _store(options).purge(everything=options.all)
    if options.json:
        emit({"forgotten": gone})
    else:
        tell(f"{gone} documents forgotten")
    return Exit.DONE


def _store(options: Namespace) -> Store:
    state = state_folder(options)
    return open_store_file(settings_of(options, state=state), state=state)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
