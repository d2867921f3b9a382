"""Which generation of bills counts, in `state.db`: written by sync alone, read by whoever shows bills."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from kiosk.database import DatabaseFile

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

STATE_FILE = "state.db"
CURRENT = "current"

_ONE = "SELECT value FROM state WHERE key = ?"


@dataclass(frozen=True, slots=True)
class Pointer:
    """The generation that counts: its file in the state folder and what is in it.

    `base` is the generation its snapshot was cut in; `deltas` of the changes since are in it too.
    """

    file: str
    scope: str
    generation: int
    base: int
    deltas: int
    bills: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The pointer of a text; None when another version of this program wrote it."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return None

    def text(self) -> str:
        """The pointer as `parse` takes it."""
        return json.dumps(asdict(self))


class State:
    """What sync knows from one run to the next, as texts by name. One process writes."""

    def __init__(self, folder: Path, key: bytes) -> None:
        """Open it in a state folder.

        Raises:
            StoreError: it can be neither opened nor replaced.
        """
        self._file = DatabaseFile(folder / STATE_FILE, migrations=_migrations, key=key, durable=True)

    def get(self, name: str) -> str | None:
        """What was put last under a name.

        Raises:
            StoreError: the file cannot be read now.
        """
        rows = self._file.rows(_ONE, (name,))
        return str(rows[0][0]) if rows else None

    def current(self) -> Pointer | None:
        """Which generation counts; None: there is none.

        Raises:
            StoreError: the file cannot be read now.
        """
        text = self.get(CURRENT)
        return None if text is None else Pointer.parse(text)

    def put(self, values: Mapping[str, str | None]) -> None:
        """Keep values together, or none of them; None forgets one.

        Raises:
            StoreError: nothing was kept.
        """
        with self._file.writing() as db:
            for name, value in values.items():
                if value is None:
                    db.conn.execute("DELETE FROM state WHERE key = ?", (name,))
                else:
                    db.table("state").insert({"key": name, "value": value}, replace=True)

    def close(self) -> None:
        """Let go of the file; twice is fine."""
        self._file.close()


def read_pointer(connection: Any) -> str:
    """The text of the pointer, over a connection to the state file; empty when there is none."""
    row = connection.execute(_ONE, (CURRENT,)).fetchone()
    return "" if row is None else str(row[0])


def _migrations() -> Migrations:
    from sqlite_utils import Migrations

    state = Migrations("state")

    @state()
    def values(db: Database) -> None:
        db.table("state").create({"key": str, "value": str}, pk="key", not_null={"value"}, strict=True)

    return state
