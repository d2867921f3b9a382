"""Opening a terminal's parts, again and again until they are open: a screen must not stay dead for a full disk."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from kiosk.bootstrap import Parts

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0

GIVES_UP_S = 25.0
"""Under a supervisor the program ends then, to be started afresh: before the watchdog, which waits for 30 s, ends it
without a word."""


class Opening:
    """Opens the parts on a worker; after a failure again, each pause twice the one before. UI thread only."""

    def __init__(
        self,
        *,
        submit: Callable[[Callable[[], None]], object],
        post: Callable[[Callable[[], None]], None],
        clock: Callable[[], float],
        opened: Callable[[Parts], None],
        failed: Callable[[str], None],
        gave_up: Callable[[], None],
    ) -> None:
        """Compose; nothing happens before `begin`.

        Args:
            submit: calls its argument on a worker.
            post: calls its argument on the UI thread, from any thread.
            clock: monotonic seconds.
            opened: told once, with the parts.
            failed: told of each failure, with a word for the technician.
            gave_up: told when it has failed for so long that the program had better start afresh; it goes on trying.
        """
        self._submit = submit
        self._post = post
        self._clock = clock
        self._opened = opened
        self._failed = failed
        self._gave_up = gave_up
        self._parts: Future[Parts] = Future()
        self._work: Callable[[], Parts] | None = None
        self._failed_at: float | None = None
        self._pause_s = FIRST_PAUSE_S
        self._due_at: float | None = None

    @property
    def has_failed(self) -> bool:
        """Whether the last try failed."""
        return self._failed_at is not None

    def begin(self, work: Callable[[], Parts]) -> None:
        """Let `work` open the parts, which is slow."""
        self._work = work
        self._submit(self._try)

    def tick(self) -> None:
        """Try again when it is time."""
        if self._due_at is not None and self._clock() >= self._due_at:
            self._due_at = None
            self._submit(self._try)

    def close(self) -> None:
        """Close the parts, also those that are only opened after this."""
        self._due_at = None
        self._parts.add_done_callback(lambda opened: opened.result().close())

    def _try(self) -> None:
        assert self._work is not None
        try:
            parts = self._work()
        except Exception as error:  # noqa: BLE001 - the edge of a thread: the screen must hear of it
            self._post(partial(self._could_not, error))
            return
        self._parts.set_result(parts)
        self._post(lambda: self._done(parts))

    def _done(self, parts: Parts) -> None:
        self._failed_at = None
        self._opened(parts)

    def _could_not(self, error: Exception) -> None:
        code = str(getattr(error, "code", "") or type(error).__name__)
        now = self._clock()
        if self._failed_at is None:
            self._failed_at = now
            logger.error("parts_not_opened: %s", code, exc_info=error)
        self._due_at, self._pause_s = now + self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._failed(code)
        if now - self._failed_at >= GIVES_UP_S:
            logger.error("parts_given_up: %s", code)
            self._gave_up()
