"""A subscriber's current bill: from the store at once, from the billing API when it answers, and then kept."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime

from kiosk import sums
from kiosk.database import StoreError
from kiosk.gateway import AnswerUnusable, Fetched, Gateway, Unchanged
from kiosk.generations import Generations
from kiosk.model import AccountNumber, Bill, CurrentBill, Document, Source
from kiosk.store import Store, StoredBill

logger = logging.getLogger(__name__)

_BILLS_REMEMBERED = 500


class BillService:
    """What the terminal knows of bills, for any thread. A store that fails costs the stored bills, never a visit.

    Args:
        generations: the bills of whole regions, where this terminal keeps them; of one there and one looked up,
            the document that was right later counts.
        now: the moment, in UTC; no live answer is said to be right later than that. A stored one may be: then the
            clock was set back, and the date it was stored with is the better one to show.
    """

    def __init__(
        self,
        gateway: Gateway,
        store: Store,
        *,
        now: Callable[[], datetime],
        generations: Generations | None = None,
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._generations = generations
        self._now = now
        self._store_fault = ""
        # Hashes: enough to tell bills apart, and nobody's.
        self._reported: deque[int] = deque(maxlen=_BILLS_REMEMBERED)

    def stored(self, account: AccountNumber) -> CurrentBill | None:
        """The newest document on this terminal, from disk in well under a millisecond; None when there is none.

        Never raises for the store's sake: a fault of it is logged by its code when it begins and when it ends.
        """
        return self._shown(self._held(account))

    def previous(self, account: AccountNumber) -> CurrentBill | None:
        """The last issued bill kept, when the current document is a `NotIssued`; None otherwise. As `stored`."""
        current = self._held(account)
        if current is None or isinstance(current.document, Bill):
            return None
        kept = list(self._kept_bills(account))
        return CurrentBill(*max(kept, key=_issued), Source.STORED) if kept else None

    def refresh(self, account: AccountNumber) -> CurrentBill:
        """The document as the billing API has it now, kept for when it is away. Waits as long as the gateway does.

        Raises:
            AccountNotFound: there is no such account: tell the subscriber.
            GatewayUnreachable, TooManyRequests: not now: show what is stored.
            AnswerUnusable: something came that must not be shown and was not kept: show what is stored.
        """
        held = self._ask_store(self._store.stored, account)
        answer = self._gateway.fetch(account, etag=held.etag if held else None)
        match answer:
            case Fetched(document, as_of, etag):
                self._report_sums(document)
            case Unchanged() if held:
                document, as_of, etag = held.document, max(held.as_of, answer.as_of), held.etag
            case _:
                raise AnswerUnusable("unchanged_unasked")
        self._keep(account, document, as_of=as_of, etag=etag)
        return CurrentBill(document, min(as_of, self._now()), Source.LIVE, answer.link)

    def _keep(self, account: AccountNumber, document: Document, *, as_of: datetime, etag: str | None) -> None:
        try:
            self._store.keep(account, document, as_of=as_of, etag=etag)
        except StoreError as error:
            self._note(error.code)
        else:
            self._note("")

    def _held(self, account: AccountNumber) -> StoredBill | None:
        seen = self._ask_store(self._store.stored, account)
        if self._generations is None:
            return seen
        synced = self._ask_store(self._generations.stored, account)
        return synced if seen is None or (synced is not None and synced.as_of > seen.as_of) else seen

    def _kept_bills(self, account: AccountNumber) -> Iterator[tuple[Bill, datetime]]:
        questions = [self._store.stored, self._store.previous]
        if self._generations is not None:
            questions.append(self._generations.bill)
        for question in questions:
            kept = self._ask_store(question, account)
            if kept is not None and isinstance(kept.document, Bill):
                yield kept.document, kept.as_of

    def _ask_store(
        self, question: Callable[[AccountNumber], StoredBill | None], account: AccountNumber
    ) -> StoredBill | None:
        try:
            return question(account)
        except StoreError as error:
            self._note(error.code)
            return None

    def _note(self, fault: str) -> None:
        if fault and fault != self._store_fault:
            logger.error("store fault: %s", fault)
        elif self._store_fault and not fault:
            logger.info("store works again")
        self._store_fault = fault

    @staticmethod
    def _shown(held: StoredBill | None) -> CurrentBill | None:
        return CurrentBill(held.document, held.as_of, Source.STORED) if held else None

    def _report_sums(self, document: Document) -> None:
        if not isinstance(document, Bill) or hash(document) in self._reported:
            return
        codes = sums.problems(document)
        if codes:
            self._reported.append(hash(document))
            logger.warning("a bill does not add up: %s", " ".join(codes))


def _issued(kept: tuple[Bill, datetime]) -> datetime:
    return kept[0].issue_at
