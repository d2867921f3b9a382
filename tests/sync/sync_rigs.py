"""What the tests of sync share: a terminal that syncs with a utility, over a folder or a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pack_rigs import NOW, STORE_KEY, Utility

from kiosk.database import connect
from kiosk.generations import Generations
from kiosk.generations.pointer import State
from kiosk.http import HttpSession
from kiosk.model import AccountNumber
from kiosk.packs.sealing import PackRefused
from kiosk.sync import Keys, Synced, synchronise
from kiosk.sync.source import FolderSource, HttpSource, PackSource, Patience, SyncFault

ACCOUNTS = [str(30_000_000_000 + n) for n in range(20)]
QUICK = Patience(manifest_s=1.0, object_s=1.0, enough_bytes=1024, pause_s=0.0)


class Terminal:
    """A terminal that syncs with a utility; its clock stands at `now`."""

    def __init__(self, folder: Path, utility: Utility) -> None:
        self.folder = folder / "state"
        self.folder.mkdir()
        self.utility = utility
        self.keys = Keys(utility.keys.trust, (utility.keys.scope,), STORE_KEY)
        self.now = NOW
        self.generations = Generations(self.folder, STORE_KEY)

    def sync(self, source: PackSource | None = None, **options: Any) -> Synced:
        """One run, from the utility's folder unless told otherwise."""
        arguments = {
            "folder": self.folder,
            "scope": self.utility.scope,
            "keys": self.keys,
            "now": lambda: self.now,
        }
        return synchronise(source or FolderSource(self.utility.folder), **(arguments | options))

    def document(self, number: str) -> Any:
        """What is stored for an account."""
        stored = self.generations.stored(AccountNumber(number))
        return stored and stored.document

    def files(self) -> list[str]:
        """The generations on disk."""
        return sorted(path.name for path in self.folder.glob("bills-*"))

    def count(self) -> int:
        """How many accounts there really are in the files that count."""
        state = State(self.folder, STORE_KEY)
        pointers = state.pointers()
        state.close()
        return sum(_count(self.folder / pointer.file) for pointer in pointers)


def _count(path: Path) -> int:
    connection = connect(path, STORE_KEY)
    sql = "SELECT count(*) FROM (SELECT account FROM bill UNION SELECT account FROM waiting)"
    counted, known = (
        int(connection.execute(query).fetchone()[0]) for query in (sql, "SELECT accounts FROM about")
    )
    assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    connection.close()
    assert counted == known
    return counted


def over_http(url: str) -> HttpSource:
    return HttpSource(HttpSession(url), patience=QUICK, chance=lambda: 0.0)


def refusal(terminal: Terminal, source: PackSource | None = None) -> str:
    """How a run was refused; what counted before must count on."""
    before = terminal.count()
    with pytest.raises((PackRefused, SyncFault)) as refused:
        terminal.sync(source)
    assert terminal.count() == before
    assert isinstance(refused.value, PackRefused)
    return refused.value.code


def damage(path: Path) -> None:
    octets = bytearray(path.read_bytes())
    for page in range(1, len(octets) // 4096):
        octets[page * 4096 + 200] ^= 1
    path.write_bytes(octets)
