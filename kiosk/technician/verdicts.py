"""How each part did at its last test, kept until the next: when, by whom, and what was seen."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from kiosk import __version__
from kiosk.durable import write_whole
from kiosk.health import Verdict

logger = logging.getLogger(__name__)

FILE = "self-tests.json"


@dataclass(frozen=True, slots=True)
class LastTest:
    """A part's last test. `at` is in UTC; `by` is a technician's number; `code` a word, `seen` a sentence.

    Parts are named "printer", "card_reader <name>", "network", "service", "screen", "touch", "sound".
    """

    part: str
    verdict: Verdict
    at: datetime
    by: str
    seen: str = ""
    code: str = ""
    version: str = __version__

    def as_dict(self) -> dict[str, str]:
        """Plain values for JSON."""
        return asdict(self) | {"verdict": self.verdict.value, "at": _text(self.at)}


class Verdicts:
    """The last tests of a state folder's terminal, one file; for one thread at a time."""

    def __init__(self, folder: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = folder / FILE
        self._now = now

    def all(self) -> dict[str, LastTest]:
        """Every part's last test, by the part's name; a damaged file holds none."""
        try:
            rows = json.loads(self._path.read_bytes())
            return {part: _tested(part, row) for part, row in rows.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("self_tests_unreadable: %s", type(error).__name__)
            return {}

    def keep(self, part: str, verdict: Verdict, *, by: str, seen: str = "", code: str = "") -> LastTest:
        """Keep a test that was made now, on disk when this returns.

        Raises:
            OSError: it is not kept; what was kept stays.
        """
        made = LastTest(part, verdict, self._now().replace(microsecond=0), by, seen, code)
        self._write({**self.all(), part: made})
        return made

    def forget(self, *parts: str) -> None:
        """Forget the tests of parts that are gone or were set up anew: they are untested.

        Raises:
            OSError: they are still kept.
        """
        self._write({part: held for part, held in self.all().items() if part not in parts})

    def _write(self, held: dict[str, LastTest]) -> None:
        rows = {part: one.as_dict() for part, one in sorted(held.items())}
        write_whole(self._path, json.dumps(rows, ensure_ascii=False, indent=1).encode())


def _tested(part: str, row: dict[str, str]) -> LastTest:
    at = datetime.fromisoformat(row["at"])
    return LastTest(part, Verdict(row["verdict"]), at, row["by"], row["seen"], row["code"], row["version"])


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
