"""`store`: what is kept for when the network is away, and whether it is whole."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from datetime import datetime

from kiosk import sync
from kiosk.bootstrap import open_generations, open_store_file
from kiosk.commands.common import settings_of, state_folder
from kiosk.commands.outcome import Exit, emit, tell
from kiosk.generations import GenerationInfo, Generations
from kiosk.store import Store, store_key


def info(options: Namespace) -> Exit:
    """Say how much is stored and since when, never whose it is."""
    found, generations = _store(options).info(), _generations(options)
    facts = {
        "documents": found.documents,
        "accounts": found.accounts,
        "oldest": _text(found.oldest),
        "newest": _text(found.newest),
        "bytes": found.bytes,
        "set_aside": found.set_aside,
        "generation": _facts(generations.info()) if generations else None,
        "sqlite": found.sqlite,
        "sqlcipher": found.sqlcipher,
    }
    emit(facts, indent=None if options.json else 1)
    return Exit.DONE


def check(options: Namespace) -> Exit:
    """Read the whole file; exit 1 when something in it is damaged."""
    generations = _generations(options)
    problems = (*_store(options).check(), *(generations.check() if generations else ()))
    if options.json:
        emit({"whole": not problems, "problems": list(problems)})
    else:
        tell("the store is whole" if not problems else "\n".join(problems))
    return Exit.CHECK_FAILED if problems else Exit.DONE


def purge(options: Namespace) -> Exit:
    """Forget what is past its time, or everything."""
    gone = _store(options).purge(everything=options.all)
    if options.all:
        folder = state_folder(options)
        gone += sync.forget(folder, store_key(folder))
    if options.json:
        emit({"forgotten": gone})
    else:
        tell(f"{gone} documents forgotten")
    return Exit.DONE


def _facts(found: GenerationInfo | None) -> dict[str, object] | None:
    return None if found is None else asdict(found) | {"as_of": _text(found.as_of)}


def _generations(options: Namespace) -> Generations | None:
    state = state_folder(options)
    return open_generations(settings_of(options, state=state), state=state)


def _store(options: Namespace) -> Store:
    state = state_folder(options)
    return open_store_file(settings_of(options, state=state), state=state)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
