"""Which generation of each scope's bills counts, in `state.db`: written by sync, read by whoever shows bills."""

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
_CURRENT = "current:"
_ONE = "SELECT value FROM state WHERE key = ?"
_POINTERS = "SELECT value FROM state WHERE key >= 'current:' AND key < 'current;' ORDER BY key"
"""All names that begin with `current:`; the next character after the colon is the semicolon."""


def current(scope: str) -> str:
    """The name under which a scope's pointer is kept."""
    return _CURRENT + scope


@dataclass(frozen=True, slots=True)
class Pointer:
    """The generation of a scope that counts: its file in the state folder and what is in it.

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

    def current(self, scope: str) -> Pointer | None:
        """Which generation of a scope counts; None: there is none.

        Raises:
            StoreError: the file cannot be read now.
        """
        text = self.get(current(scope))
        return None if text is None else Pointer.parse(text)

    def pointers(self) -> list[Pointer]:
        """Which generations count, one for each scope that is kept.

        Raises:
            StoreError: the file cannot be read now.
        """
        return list(filter(None, (Pointer.parse(text) for (text,) in self._file.rows(_POINTERS))))

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


def read_pointers(connection: Any) -> tuple[Pointer, ...]:
    """The pointers, over a connection to the state file."""
    texts = connection.execute(_POINTERS).fetchall()
    return tuple(filter(None, (Pointer.parse(text) for (text,) in texts)))


def _migrations() -> Migrations:
    from sqlite_utils import Migrations

    state = Migrations("state")

    @state()
    def values(db: Database) -> None:
        db.table("state").create({"key": str, "value": str}, pk="key", not_null={"value"}, strict=True)

    return state
