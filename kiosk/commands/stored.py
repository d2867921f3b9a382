"""`store`: what is kept for when the network is away, and whether it is whole."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from kiosk import ballast
from kiosk.bootstrap import open_generations, open_store_file
from kiosk.commands.common import settings_of, state_folder
from kiosk.commands.outcome import Exit, emit, tell
from kiosk.database import StoreFull
from kiosk.generations import GenerationInfo, Generations
from kiosk.store import Store, store_key
from kiosk.sync import forget
from kiosk.sync.bulletin import read_bulletin


def info(options: Namespace) -> Exit:
    """Say how much is stored and since when, never whose it is."""
    found, generations = _store(options).info(), _generations(options)
    news = read_bulletin(state_folder(options))
    facts = {
        "documents": found.documents,
        "accounts": found.accounts,
        "oldest": _text(found.oldest),
        "newest": _text(found.newest),
        "bytes": found.bytes,
        "set_aside": found.set_aside,
        "generations": [_facts(found) for found in generations.info()] if generations else [],
        "sync": asdict(news) if news else None,
        "sqlite": found.sqlite,
        "sqlcipher": found.sqlcipher,
    }
    emit(facts, indent=None if options.json else 1)
    return Exit.DONE


def check(options: Namespace) -> Exit:
    """Read everything; exit 1 when something is damaged."""
    generations = _generations(options)
    damage = generations.damage() if generations else {}
    problems = [*_store(options).check(), *(problem for found in damage.values() for problem in found)]
    if options.json:
        emit({"whole": not problems, "problems": problems})
    else:
        tell("the store is whole" if not problems else "\n".join(problems))
    return Exit.CHECK_FAILED if problems else Exit.DONE


def purge(options: Namespace) -> Exit:
    """Forget what is past its time, or everything; works on a full disk too."""
    folder, gone = state_folder(options), 0
    if options.all:
        gone += forget(folder, store_key(folder))  # first: it makes room without needing any
    gone += _purged(_store(options), folder, everything=options.all)
    if options.json:
        emit({"forgotten": gone})
    else:
        tell(f"{gone} documents forgotten")
    return Exit.DONE


def _purged(store: Store, folder: Path, *, everything: bool) -> int:
    try:
        return store.purge(everything=everything)
    except StoreFull:
        if not ballast.throw(folder):
            raise
    gone = store.purge(everything=everything)  # with the room of the ballast
    ballast.lay(folder)
    return gone


def _facts(found: GenerationInfo) -> dict[str, object]:
    return asdict(found) | {"as_of": _text(found.as_of)}


def _generations(options: Namespace) -> Generations | None:
    state = state_folder(options)
    return open_generations(settings_of(options, state=state), state=state)


def _store(options: Namespace) -> Store:
    state = state_folder(options)
    return open_store_file(settings_of(options, state=state), state=state)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
