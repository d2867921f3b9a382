"""Contactless and chip card readers that the PC/SC service drives (CCID, ACR122)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from typing import TypeVar
from urllib.parse import unquote

from devices.card_map import CardMap
from devices.card_reader import CardReaderError, ReaderEvent, ReaderHealth, Rejection
from devices.codecs.frames import CardGone, Frame, Part
from devices.codecs.tags import TagRead, read_type2, read_type4
from devices.intake import Intake
from devices.pcsc import MUTE, PRESENT, UNAVAILABLE, Card, Pcsc, first_that_fits
from devices.transports import TransportDenied, TransportError, TransportLost

_GET_UID = bytes.fromhex("FFCA000000")
"""PC/SC part 3, section 3.2.2.1.3: the serial number of a contactless card."""
_READ_PAGES = bytes.fromhex("FFB000")
_STORAGE_CARD = bytes.fromhex("A000000306")
"""In the ATR of a contactless card that has no ISO 14443-4, such as an NTAG: PC/SC part 3, section 3.1.3.2.3."""
_WAIT_S, _RETRY_S, _JOIN_S = 1.0, 0.5, 5.0

T = TypeVar("T")


class PcscCardReader:
    """One PC/SC reader, on a thread of its own: waiting for a card is a call that only pcscd can end."""

    def __init__(self, *, name: str = "card reader", url: str = "pcsc:", card_map: CardMap | None = None) -> None:
        """`pcsc:` takes the first reader there is, `pcsc:ACR122` the first whose name holds that.

        Raises:
            CardReaderError: the address is none of those.
        """
        scheme, _, wanted = url.partition(":")
        if scheme != "pcsc" or wanted.startswith("/"):
            raise CardReaderError(ReaderHealth.FAULT, f"{name}: such a reader is written pcsc: or pcsc:NAME")
        self.name = name
        self._wanted = unquote(wanted)
        self._intake = Intake(name, card_map=card_map)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._service: Pcsc | None = None
        self._asked = 0

    def start(self, sink: Callable[[ReaderEvent], None]) -> None:
        """Open and watch; once only. Health follows as events."""
        self._intake.connect(sink)
        self._thread = threading.Thread(target=self._run, name=f"pcsc {self.name}", daemon=True)
        self._thread.start()

    def arm(self, armed: bool) -> None:
        """Read cards from now on, also one that lies there already; or stop."""
        self._intake.arm(armed)
        self._asked += armed
        self._wake()

    def health(self) -> ReaderHealth:
        """As last known."""
        return self._intake.health

    @property
    def counts(self) -> Mapping[str, int]:
        """How often something was presented, refused by reason, dropped unarmed or repeated."""
        return self._intake.counts

    @property
    def trace(self) -> tuple[str, ...]:
        """The shapes of what was read lately, without a digit of it."""
        return self._intake.trace

    def close(self) -> None:
        """Stop and release the reader; twice is fine."""
        self._intake.shut()
        self._stopping.set()
        self._wake()
        if self._thread:
            self._thread.join(_JOIN_S)

    def _wake(self) -> None:
        service = self._service
        if service:
            service.wake()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._serve()
            except TransportError as error:
                denied = isinstance(error, TransportDenied)
                self._intake.report(ReaderHealth.DENIED if denied else ReaderHealth.ABSENT, str(error))
                self._stopping.wait(_RETRY_S)

    def _serve(self) -> None:
        """Watch a reader until it or the service is gone.

        Raises:
            TransportError: it is.
        """
        service = Pcsc()
        self._service = service
        try:
            while not self._stopping.is_set():
                reader = first_that_fits(service.readers(), self._wanted)
                if reader:
                    self._intake.report(ReaderHealth.ONLINE)
                    self._watch(service, reader)
                else:
                    self._intake.report(ReaderHealth.ABSENT, "no such reader is plugged in")
                    service.wait(None, 0, timeout_s=_WAIT_S)
        finally:
            self._service = None
            service.close()

    def _watch(self, service: Pcsc, reader: str) -> None:
        """Read each card once for each time that it is asked for; returns when the reader was unplugged."""
        state, served = 0, -1
        was_there = False
        while not self._stopping.is_set():
            state, atr = service.wait(reader, state, timeout_s=_WAIT_S)
            if state & UNAVAILABLE or not state:
                return
            is_there = bool(state & PRESENT)
            if was_there and not is_there:
                self._intake.take([CardGone(time.monotonic())])
                served = -1
            was_there = is_there
            if is_there and self._intake.armed and served != self._asked:
                served = self._asked
                frame = _unreadable() if state & MUTE else self._read(service, reader, atr)
                self._intake.take([frame])

    def _read(self, service: Pcsc, reader: str, atr: bytes) -> Frame:
        first_at = time.monotonic()
        parts: list[Part] = []
        try:
            card = service.connect(reader)
        except TransportLost:
            return Frame((), first_at, Rejection.PARTIAL)
        try:
            uid = card.exchange(_GET_UID)
            if uid[-2:] == b"\x90\x00" and len(uid) > 2:
                parts.append(Part("uid", bytearray(uid[:-2].hex().upper().encode())))
            read = self._content(card, atr)
            return Frame((*parts, *read.parts), first_at, read.fault)
        except TransportLost:
            return Frame(tuple(parts), first_at, Rejection.PARTIAL)
        finally:
            card.close()

    def _content(self, card: Card, atr: bytes) -> TagRead:
        if _STORAGE_CARD in atr:
            return _carry(read_type2(), lambda page: _page(card, page))
        return _carry(read_type4(self._intake.card_map.applications), card.exchange)


def _unreadable() -> Frame:
    """A card that does not answer to power: the wrong way round, or broken."""
    return Frame((), time.monotonic(), Rejection.UNREADABLE)


def _page(card: Card, page: int) -> bytearray:
    answer = card.exchange(_READ_PAGES + bytes((page, 16)))
    return answer[:-2] if answer[-2:] == b"\x90\x00" else bytearray()


def _carry(reading: Generator[T, bytearray, TagRead], exchange: Callable[[T], bytearray]) -> TagRead:
    """Carry what `reading` asks to the card, and the card's answers back."""
    try:
        question = next(reading)
        while True:
            question = reading.send(exchange(question))
    except StopIteration as done:
        read: TagRead = done.value
        return read
