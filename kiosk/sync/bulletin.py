"""How far sync is, for a technician's screen and for commands: `sync.json` in the state folder."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from kiosk.packs.envelope import utc_text

logger = logging.getLogger(__name__)

FILE = "sync.json"

_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class SyncNews:
    """What sync last said of itself.

    `at` is in UTC, as in manifests; `done` of `of` rows of `scope` are taken; `code` says why it failed, else empty.
    """

    at: str
    scope: str
    state: Literal["taking", "done", "failed"]
    done: int
    of: int
    code: str = ""


class Bulletin:
    """Keeps the newest word of sync where others read it. A disk that takes none is no reason to stop."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._path = folder / FILE
        self._now = now
        self._written = 0.0
        self._last = (0, 0)

    def taking(self, scope: str, done: int, of: int) -> SyncNews | None:
        """Say that rows were taken, every two seconds; what was said, if it was."""
        self._last = (done, of)
        if time.monotonic() - self._written < _EVERY_S:
            return None
        return self._say(SyncNews(utc_text(self._now()), scope, "taking", done, of))

    def done(self, scope: str) -> SyncNews:
        """Say that a run brought all there is."""
        return self._say(SyncNews(utc_text(self._now()), scope, "done", *self._last))

    def failed(self, scope: str, code: str) -> SyncNews:
        """Say that a run failed, and why."""
        return self._say(SyncNews(utc_text(self._now()), scope, "failed", *self._last, code))

    def _say(self, news: SyncNews) -> SyncNews:
        self._written = time.monotonic()
        draft = self._path.with_suffix(".new")
        try:
            draft.write_text(json.dumps(asdict(news)))
            draft.replace(self._path)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        return news


def read_bulletin(folder: Path) -> SyncNews | None:
    """What sync said last; None when it never did, or another version of this program wrote it."""
    try:
        return SyncNews(**json.loads((folder / FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
