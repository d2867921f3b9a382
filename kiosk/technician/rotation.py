"""A new store key: every file it encrypts is written anew beside the old one, and then all of them count at once.

The moment is the renaming of the key. Whoever is interrupted before it has the old key and the old files; whoever is
interrupted after it has the new key, and the next start renames the rest.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from kiosk.audit import Audit
from kiosk.database import connect, store_error
from kiosk.durable import sync_folder, write_whole
from kiosk.store import KEY_BYTES, store_key

logger = logging.getLogger(__name__)

_KEY = "store.key"
_NEXT = "store.key.next"
_NEW = ".rekeyed"


class RotationRefused(Exception):
    """The key is not changed; `code` is a word.

    `key_is_credential`: systemd provides it: change it there, then `store purge --all`. `in_use`: the terminal runs.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def rotate_store_key(state: Path) -> int:
    """Encrypt everything under a key nobody has had; says how many files that were. The terminal must not run.

    Raises:
        RotationRefused, StoreError, OSError: everything is as it was.
    """
    _refuse_credential()
    recover(state)
    old, new = store_key(state), secrets.token_bytes(KEY_BYTES)
    with ExitStack() as held:
        files = list(_encrypted(state))
        for path in files:
            held.enter_context(_alone(path))
        # As long as this file is there nothing new counts; without it, all that is new does.
        write_whole(state / _NEXT, new.hex().encode() + b"\n")
        try:
            for path in files:
                _rewrite(path, old, new)
            seal = state / "audit" / "head"
            Audit(state, old).seal_copy(seal.with_name(seal.name + _NEW), new)
            sync_folder(state)
        except Exception:
            recover(state)
            raise
        _count(state)
    logger.info("store_key_rotated: %d files", len(files))
    return len(files)


def recover(state: Path) -> None:
    """Finish, or undo, a rotation that was interrupted; nothing happens where there was none.

    Raises:
        OSError: it can do neither now.
    """
    if (state / _NEXT).exists():
        _drop(state)  # the old key still counts
        (state / _NEXT).unlink()
    elif any(_fresh(state)):
        _rename(state)


def _count(state: Path) -> None:
    """From here on the new key counts."""
    (state / _NEXT).replace(state / _KEY)
    sync_folder(state)
    _rename(state)


def _rename(state: Path) -> None:
    for fresh in _fresh(state):
        path = fresh.with_name(fresh.name.removesuffix(_NEW))
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        fresh.replace(path)
    sync_folder(state)


def _drop(state: Path) -> None:
    for below in ("", "audit/"):
        for fresh in state.glob(f"{below}*{_NEW}*"):
            fresh.unlink()


def _fresh(state: Path) -> list[Path]:
    return [*state.glob(f"*{_NEW}"), *state.glob(f"audit/*{_NEW}")]


def _encrypted(state: Path) -> Iterator[Path]:
    """The files that the store's key encrypts; the journal is plain."""
    for name in ("seen.db", "state.db"):
        if (state / name).exists():
            yield state / name
    yield from sorted(path for path in state.glob("bills-*.db"))


def _rewrite(path: Path, old: bytes, new: bytes) -> None:
    """Write a file anew under another key, beside it, whole and on the disk."""
    fresh = path.with_name(path.name + _NEW)
    fresh.unlink(missing_ok=True)
    conn = connect(path, old, mode="rw")
    try:
        conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
        conn.execute("ATTACH DATABASE ? AS fresh KEY ?", (str(fresh), f"x'{new.hex()}'"))
        conn.execute("SELECT sqlcipher_export('fresh')").fetchone()
        version = conn.execute("PRAGMA main.user_version").fetchone()[0]
        conn.execute(f"PRAGMA fresh.user_version = {int(version)}")
        conn.execute("DETACH DATABASE fresh")
    except Exception as error:
        # The driver's errors are its own classes; what is none of them is raised as it is.
        if hasattr(error, "sqlite_errorcode"):
            raise store_error(error) from None
        raise
    finally:
        conn.close()
    fresh.chmod(0o600)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())


def _alone(path: Path) -> ExitStack:
    """Holds a file that nobody else has open (`kiosk.database` holds it shared)."""
    held = ExitStack()
    lock = held.enter_context(path.with_name(path.name + ".lock").open("ab"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise RotationRefused("in_use") from None
    return held


def _refuse_credential() -> None:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and (Path(folder) / "store-key").exists():
        raise RotationRefused("key_is_credential")
