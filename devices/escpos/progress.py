"""One job's way through its states: into the journal first, then to whoever watches."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from devices.printer import JobState, JobUpdate, Journal, JournalEntry, PrintJob

logger = logging.getLogger(__name__)

Watch = Callable[[JobUpdate], None]

# What a technician would want to find in the log tomorrow; the rest is debug.
_NOTABLE = frozenset({JobState.REFUSED, JobState.HELD, JobState.UNKNOWN, JobState.ABORTED, JobState.RETRACTED})


class Progress:
    """Implements the session's `Teller` for one job."""

    def __init__(
        self,
        job: PrintJob,
        *,
        watch: Watch,
        journal: Journal,
        noticed: Callable[[JobState, str], None],
    ) -> None:
        """`noticed` hears of each state after the journal and before the watcher."""
        self.job = job
        self.entry = JournalEntry(job.id, job.number, job.copy, JobState.QUEUED)
        self.confirmed = False
        self._watch = watch
        self._journal = journal
        self._noticed = noticed

    @property
    def state(self) -> JobState:
        """The state told last."""
        return self.entry.state

    def enter(
        self, state: JobState, *, reason: str = "", confirmed: bool = False, owed: int | None = None
    ) -> None:
        """Write the state down, then tell it.

        Raises whatever the journal raises: a step that cannot be written down is not taken.
        """
        self._record(
            replace(
                self.entry,
                state=state,
                reason=str(reason),
                owed=self.entry.owed if owed is None else owed,
                confirmed=confirmed,
            )
        )
        self._tell(state, reason, confirmed)

    def at(self, offset: int, *, owed: int) -> None:
        """Write down how far the bytes have come."""
        self._record(replace(self.entry, offset=offset, owed=owed))

    def give_up(self, state: JobState, *, reason: str) -> None:
        """Tell an end that the journal cannot take any more; it will find the job unfinished at the next start."""
        self.entry = replace(self.entry, state=state, reason=str(reason))
        self._tell(state, reason, False)

    def _record(self, entry: JournalEntry) -> None:
        self._journal.record(entry)
        self.entry = entry

    def _tell(self, state: JobState, reason: str, confirmed: bool) -> None:
        self.confirmed = confirmed
        logger.log(
            logging.INFO if state in _NOTABLE else logging.DEBUG, "job %s: %s %s", self.job.id, state, reason
        )
        self._noticed(state, reason)
        try:
            self._watch(JobUpdate(self.job.id, state, str(reason), confirmed))
        except Exception:  # whoever watches must not be able to stop the printer
            logger.exception("a watcher of job %s failed", self.job.id)
