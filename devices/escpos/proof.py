"""Which fence a printer answers, found out while it has nothing to do and before a job relies on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from devices.escpos.conversation import Conversation, Timing
from devices.escpos.profiles import Fence, Profile
from devices.printer import PrinterHealth

# A printer that used to answer fences and is well has worked off any receipt by then: it is another printer now.
_WORKED_OFF_S = 60.0


class FenceProof:
    """What is known of one printer's fences; `kind` is the one to use now, None: none is proven."""

    def __init__(
        self,
        talk: Conversation,
        *,
        profile: Profile,
        clock: Callable[[], float],
        timing: Timing,
        known: Fence | None,
    ) -> None:
        """`known` was answered on an earlier line to the same printer."""
        self._talk = talk
        self._profile = profile
        self._timing = timing
        self._clock = clock
        self._missed_at: float | None = None
        self.known = known
        self.kind: Fence | None = None

    def find(self) -> None:
        """Find the first fence of the profile that is answered promptly."""
        for kind in self._profile.fences:
            if self._settle() if kind is Fence.STATUS else self._answers(kind):
                self.kind = self.known = kind
                self._missed_at = None
                return
        if self._missed_at is None:
            self._missed_at = self._clock()

    def ready(self) -> PrinterHealth | None:
        """None when a job may go, with `kind` to prove it if there is one; else why it should not."""
        if self.kind is None:
            self.find()
        if self.kind is None:
            # One that answered before is still at work on what an earlier line brought it.
            waited = self._clock() - (self._missed_at or 0.0)
            return PrinterHealth.BUSY if self.known is not None and waited < _WORKED_OFF_S else None
        if self.kind is Fence.STATUS and self._talk.fences.awaited and not self._settle():
            return PrinterHealth.BUSY
        return None

    def _answers(self, kind: Fence) -> bool:
        token = self._talk.fence(kind)
        return self._talk.until(partial(self._talk.passed, token), timeout_s=self._timing.fence_s)

    def _settle(self) -> bool:
        """Make sure that no late answer to an old `GS r` can be taken for one of the next job's.

        Two fences, one after the other: a first prompt answer may be an old one, a second means an idle printer.
        """
        fences = self._talk.fences
        for _ in range(2):
            before = fences.awaited
            self._talk.fence(Fence.STATUS)
            if not self._talk.until(partial(self._fewer, before + 1), timeout_s=self._timing.fence_s):
                return False
        self._talk.until(partial(self._fewer, 1), timeout_s=self._timing.fence_s)
        fences.forget()
        return True

    def _fewer(self, than: int) -> bool:
        return self._talk.fences.awaited < than
