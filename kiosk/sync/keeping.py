"""What a terminal keeps of what it synced: forgotten when it must go, read whole once a night."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from kiosk.database import StoreError
from kiosk.generations import QUARANTINE, SUFFIXES, Generations, set_aside
from kiosk.generations.pointer import STATE_FILE, State, current

_LOCK = "sync.lock"
_CHECKED = "checked"
_CHECK_FROM = 2
_RIYADH = timezone(timedelta(hours=3))


def file_name(scope: str, base: int) -> str:
    """The file of a scope's generation that was begun with a base."""
    return f"bills-{scope}-{base}.db"


def files_of(folder: Path, scope: str) -> Iterator[Path]:
    """All that belongs to a scope's generations; no other scope's, though its name may begin alike."""
    named = re.compile(rf"bills-{re.escape(scope)}-[0-9]+\.db.*")
    yield from (path for path in folder.glob("bills-*.db*") if named.fullmatch(path.name))


def keep_only(folder: Path, scopes: Collection[str], store_key: bytes) -> int:
    """Delete all bills that were synced for other scopes than these; says how many bills there were.

    What must not be forgotten stays: which manifests are too old, and the latest time believed in. A file that is
    open is gone for whoever opens it next. Works on a full disk, and with a lost key.

    Raises:
        StoreError: the files were deleted, but how many bills they held is not known.
    """
    with alone(folder):
        kept = {path for scope in scopes for path in files_of(folder, scope)}
        for path in set(folder.glob("bills-*.db*")) - kept:
            path.unlink(missing_ok=True)
        if not scopes:
            for path in (folder / QUARANTINE).glob("bills-*"):
                path.unlink(missing_ok=True)
        return _forget_pointers(folder, scopes, store_key)


def forget(folder: Path, store_key: bytes) -> int:
    """Delete all bills that were synced; as `keep_only`. The next run brings them again."""
    return keep_only(folder, (), store_key)


def check_nightly(folder: Path, store_key: bytes, now: datetime) -> tuple[str, ...]:
    """Read all that was synced once a night, from two o'clock on; what is damaged is set aside, and said.

    Raises:
        StoreError: it could not be read now.
    """
    night = now.astimezone(_RIYADH)
    with alone(folder):
        state, generations = State(folder, store_key), Generations(folder, store_key)
        try:
            if night.hour < _CHECK_FROM or state.get(_CHECKED) == str(night.date()):
                return ()
            state.put({_CHECKED: str(night.date())})
            damage = generations.damage()
            for pointer in state.pointers():
                if pointer.file in damage:
                    state.put({current(pointer.scope): None})
                    set_aside(folder / pointer.file)
            return tuple(problem for problems in damage.values() for problem in problems)
        finally:
            generations.close()
            state.close()


def delete(path: Path) -> None:
    """Delete a generation's file and all that belongs to it; readers that have it open keep what they opened."""
    for suffix in reversed(SUFFIXES):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One sync at a time; the kernel lets go of the lock for a killed one."""
    with (folder / _LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forget_pointers(folder: Path, scopes: Collection[str], store_key: bytes) -> int:
    if not (folder / STATE_FILE).exists():
        return 0
    state = State(folder, store_key)
    try:
        gone = [pointer for pointer in state.pointers() if pointer.scope not in scopes]
        try:
            if gone:
                state.put({current(pointer.scope): None for pointer in gone})
        except StoreError:
            # On a full disk the pointer stays, and points to nothing: that is no generation either.
            return sum(pointer.bills for pointer in gone)
    finally:
        state.close()
    return sum(pointer.bills for pointer in gone)
