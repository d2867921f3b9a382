"""The end of a terminal's life: its keys are destroyed first, then everything they open, and then it says so, signed.

A marker is written before anything is destroyed. Whatever happens in between, the next start finds it, goes on and
serves nobody.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kiosk.durable import sync_folder, write_whole
from kiosk.technician.identity import Identity, IdentityUnusable, text_of

logger = logging.getLogger(__name__)

FILE = "decommissioned.json"

_KEYS = ("store.key", "store.key.next", "scope.key", "terminal.key")
_KEYS_BELOW = ("pairing/*/terminal.pem",)
_CREDENTIALS = ("store-key", "scope-key", "terminal-key")
_STAY = (FILE, "run.lock")
"""What is not destroyed: the statement, and the lock that keeps a second terminal out."""


def is_decommissioned(state: Path) -> bool:
    """Whether the terminal of a state folder was taken out of use, or is being taken."""
    return (state / FILE).exists()


def decommission(state: Path, *, terminal: str, by: str, now: datetime) -> Mapping[str, Any]:
    """Destroy the keys and then everything else in the state folder; the statement that says so.

    What lies elsewhere cannot be destroyed here and is named under `left`: systemd's credentials, and files of
    settings outside.

    Raises:
        OSError: it is not finished; call again, or `finish` at the next start.
    """
    statement = _statement(state, terminal=terminal, by=by, now=now)
    write_whole(state / FILE, _text({**statement, "finished": False}))
    return finish(state)


def finish(state: Path) -> Mapping[str, Any]:
    """Go on where it was interrupted; the statement.

    Raises:
        OSError: as `decommission`.
    """
    statement: dict[str, Any] = json.loads((state / FILE).read_bytes())
    if statement.get("finished"):
        return statement
    for path in keys(state):
        _destroy(path)
    for path in sorted(state.iterdir()):
        if path.name in _STAY:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    sync_folder(state)
    statement["finished"] = True
    write_whole(state / FILE, _text(statement))
    logger.info("decommissioned: %s", statement["statement"]["terminal"])
    return statement


def begin_anew(state: Path) -> None:
    """Let the terminal be set up again, as a new one: it has nothing left of the old one.

    Raises:
        OSError: it cannot.
    """
    finish(state)
    (state / FILE).unlink()


def keys(state: Path) -> Iterator[Path]:
    """Every key in the state folder."""
    for name in _KEYS:
        if (state / name).exists():
            yield state / name
    for pattern in _KEYS_BELOW:
        yield from state.glob(pattern)


def _statement(state: Path, *, terminal: str, by: str, now: datetime) -> dict[str, Any]:
    """What is said, signed with the key that is destroyed next."""
    names = sorted(path.name for path in state.iterdir() if path.name not in _STAY)
    try:
        identity: Identity | None = Identity.open(state)
    except IdentityUnusable:
        identity = None  # destroyed all the same, and said without a signature
    said = {
        "schema": "kiosk-end/1",
        "terminal": terminal,
        "at": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "by": by,
        "key": identity.fingerprint if identity else "",
        "keys": len(list(keys(state))),
        "destroyed": names,
        "left": _left(),
    }
    signed = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    signature = text_of(identity.sign(signed)) if identity else ""
    return {"statement": said, "signature": signature, "key": identity.public_pem if identity else ""}


def _left() -> list[str]:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    names = [name for name in _CREDENTIALS if folder and (Path(folder) / name).exists()]
    return [f"credential {name}" for name in names]


def _destroy(path: Path) -> None:
    """Overwrite and delete; on flash memory the old block may outlive it, which is why stores are encrypted too."""
    size = path.stat().st_size
    with path.open("r+b", buffering=0) as file:
        file.write(secrets.token_bytes(size))
        os.fsync(file.fileno())
    path.unlink()
    sync_folder(path.parent)


def _text(statement: Mapping[str, Any]) -> bytes:
    return json.dumps(statement, indent=1).encode()
