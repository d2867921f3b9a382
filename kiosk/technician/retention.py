"""Everything kept, and for how long: one table in the settings, and the nightly work that keeps to it.

| setting | what is deleted, and from where |
|---|---|
| `bills_days` | looked-up bills (`seen.db`) |
| `regions_days` | the synced bills of whole regions (`bills-<generation>.db`), when no news has come for so long |
| `receipts_days` | closed print jobs (`journal.db`); the number of the last receipt stays |
| `letters_days` | reports that the service rejected (`journal.db`) |
| `audit_days` | what technicians did (`audit/`), whole files at a time |
| `logs_days` | the program's own log (`log/`) |
| `damaged_days` | files set aside as damaged (`quarantine/`) |

Nothing else that names anybody is kept: self-tests, counters and settings hold no subscriber, and each is replaced by
the next. Events that must reach the utility are kept until they have.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from kiosk import sync
from kiosk.audit import Audit
from kiosk.database import StoreError
from kiosk.generations import Generations
from kiosk.journal import JobJournal
from kiosk.log import FOLDER as LOGS
from kiosk.settings import RetentionSettings

logger = logging.getLogger(__name__)

QUARANTINE = "quarantine"


class Forgetful(Protocol):
    """What the looked-up bills are purged through (`kiosk.store.Store`)."""

    def purge(self, *, everything: bool = False) -> int:
        """Forget documents past their time."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where things are kept. None where the terminal has none of the kind, or they cannot be opened."""

    state: Path
    key: bytes
    store: Forgetful | None = None
    journal: JobJournal | None = None


def enforce(kept: Kept, retention: RetentionSettings, *, now: datetime) -> Mapping[str, int]:
    """Delete what is past its days; how much of each. One kind that fails is logged and holds up no other."""

    def before(days: int) -> datetime:
        return now - timedelta(days=days)

    work: dict[str, Callable[[], int]] = {
        "bills": lambda: kept.store.purge() if kept.store else 0,
        "regions": lambda: _regions(kept, before(retention.regions_days)),
        "receipts": lambda: kept.journal.forget_jobs(before(retention.receipts_days)) if kept.journal else 0,
        "letters": lambda: kept.journal.forget_letters(before(retention.letters_days)) if kept.journal else 0,
        "audit": lambda: Audit(kept.state, kept.key).forget(before(retention.audit_days)),
        "logs": lambda: _old_files(kept.state / LOGS, before(retention.logs_days)),
        "damaged": lambda: _old_files(kept.state / QUARANTINE, before(retention.damaged_days)),
    }
    gone = {}
    for name, forget in work.items():
        try:
            gone[name] = forget()
        except (OSError, StoreError) as error:
            logger.warning("not_forgotten: %s: %s", name, error)
            gone[name] = 0
    if any(gone.values()):
        logger.info("forgotten: %s", ", ".join(f"{n} {name}" for name, n in gone.items() if n))
    return gone


def _regions(kept: Kept, before: datetime) -> int:
    generations = Generations(kept.state, kept.key)
    try:
        held = generations.info()
    finally:
        generations.close()
    young = [region.scope for region in held if region.as_of >= before]
    return sync.keep_only(kept.state, young, kept.key) if len(young) < len(held) else 0


def _old_files(folder: Path, before: datetime) -> int:
    """Delete the files that were last written before a moment; says how many."""
    old = [path for path in folder.glob("*") if path.is_file() and path.stat().st_mtime < before.timestamp()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
