"""A card reader without hardware: the same bytes, codec, guard and card map, and it fails like the real thing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from devices import dialogues, simulated_hardware
from devices.card_map import CardMap
from devices.card_reader import CardReaderError, ReaderEvent, ReaderHealth, Rejection
from devices.channels import Channel
from devices.codecs import ndef
from devices.codecs.frames import Bytes, Frame
from devices.dialogues.dialogue import Dialogue
from devices.intake import Intake
from devices.monitor import Monitor
from devices.near_miss import unknown
from devices.pseudo_terminal import open_pseudo_terminal
from devices.simulated_hardware import BANK_CARD, SUBSCRIBER_CARD, Mishap
from devices.transports import TransportError

_STRIPES = ("magtek", "idtech", "uic")


class SimulatedCardReader:
    """A stripe head, a scanner and a contactless pad in one, for demonstrations and tests.

    Presenting runs on the caller's thread and is over, silence after a broken frame included, when it returns.
    """

    simulated = True

    def __init__(
        self,
        *,
        name: str = "simulated",
        url: str = "simulated:",
        codec: str = "magtek",
        card_map: CardMap | None = None,
        monitor: Monitor | None = None,
    ) -> None:
        """With `simulated:?link=/path` it also makes a pseudo-terminal there and reads what is written to it.

        Raises:
            CardReaderError: the address or the codec makes no sense.
        """
        self.name = name
        self._intake = Intake(name, card_map=card_map)
        self._lock = threading.Lock()
        self._shared = monitor
        self._monitor: Monitor | None = None
        try:
            if codec not in _STRIPES:
                raise ValueError(unknown("codec of a simulated reader", codec, known=_STRIPES))
            self._hardware = simulated_hardware.hardware(codec)
            self._line = dialogues.kind(codec).make(dialogues.Options())
            link = _link(url)
        except ValueError as error:
            raise CardReaderError(ReaderHealth.FAULT, f"{name}: {error}") from None
        self._scanner = simulated_hardware.hardware("scanner")
        self._scan_line = dialogues.kind("scanner").make(dialogues.Options())
        self._link = _PtyLink(link, line=self._line, intake=self._intake, lock=self._lock) if link else None

    def start(self, sink: Callable[[ReaderEvent], None]) -> None:
        """Be ready; where there is a pseudo-terminal, once that is there."""
        self._intake.connect(sink)
        if self._link:
            self._monitor = self._shared or Monitor()
            self._monitor.add(self._link)
        else:
            self._intake.report(ReaderHealth.ONLINE)

    def arm(self, armed: bool) -> None:
        """Count data from now on, or stop counting it."""
        self._intake.arm(armed)

    def health(self) -> ReaderHealth:
        """As last simulated."""
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
        """Nothing is presented afterwards; twice is fine."""
        self._intake.shut()
        monitor, self._monitor = self._monitor, None
        if monitor and self._link:
            monitor.remove(self._link)
            if monitor is not self._shared:
                monitor.close()

    def present_track2(self, text: str = SUBSCRIBER_CARD["track2"]) -> None:
        """Swipe a card with this second track, without sentinels."""
        self.present({"track2": text})

    def present(self, tracks: Mapping[str, str]) -> None:
        """Swipe a card with these tracks (`track1` to `track3`)."""
        self.present_bytes(self._hardware.present(tracks))

    def present_bytes(self, data: bytes) -> None:
        """Let exactly these bytes come from the stripe head, then silence."""
        self._hear(self._line, data)

    def scan(self, code: str) -> None:
        """Scan a bar code or QR code; with 1Dh in it, a GS1 code."""
        self._hear(self._scan_line, self._scanner.present({"gs1" if "\x1d" in code else "barcode": code}))

    def tap(self, text: str) -> None:
        """Hold a contactless card to it that has this text, or link, written on it."""
        message = ndef.link_record(text) if "://" in text else ndef.text_record(text)
        self._find(Frame(tuple(ndef.parts(bytearray(message))), time.monotonic()))

    def mishap(self, mishap: Mishap) -> None:
        """Present an invented card and let it go wrong; two cards at once are contactless ones."""
        if mishap is Mishap.TWO_CARDS:
            self._find(Frame((), time.monotonic(), Rejection.COLLISION))
            return
        self.present_bytes(self._hardware.mishap(mishap, SUBSCRIBER_CARD))

    def bank_card(self) -> None:
        """Swipe a payment card, first and second track."""
        self.present(BANK_CARD)

    def unplug(self) -> None:
        """The reader is gone: what is presented now is lost."""
        self._intake.report(ReaderHealth.ABSENT, "unplugged (simulated)")

    def plug_in(self) -> None:
        """The reader is back."""
        self._intake.report(ReaderHealth.ONLINE)

    def _find(self, frame: Frame) -> None:
        if self._intake.health is ReaderHealth.ONLINE:
            with self._lock:
                self._intake.take([frame])

    def _hear(self, line: Dialogue, data: bytes) -> None:
        if self._intake.health is not ReaderHealth.ONLINE:
            return
        with self._lock:
            now = time.monotonic()
            turn = line.heard(data, now)
            self._intake.take(turn.found)
            if turn.due_at is not None:
                self._intake.take(line.due(turn.due_at).found)


class _PtyLink:
    """The pseudo-terminal of a simulated reader, as the monitor sees it."""

    def __init__(self, path: Path, *, line: Dialogue, intake: Intake, lock: threading.Lock) -> None:
        self._path = path
        self._line = line
        self._intake = intake
        self._lock = lock

    def open(self) -> Channel:
        return open_pseudo_terminal(self._path)

    def is_there(self) -> bool:
        return True

    def opened(self, channel: Channel, t: float) -> float | None:
        self._line.opened(t)
        self._intake.report(ReaderHealth.ONLINE)
        return None

    def received(self, data: Bytes, t: float) -> float | None:
        with self._lock:
            turn = self._line.heard(data, t)
            self._intake.take(turn.found)
        return turn.due_at

    def due(self, t: float) -> float | None:
        with self._lock:
            turn = self._line.due(t)
            self._intake.take(turn.found)
        return turn.due_at

    def failed(self, error: TransportError) -> None:
        self._intake.report(ReaderHealth.FAULT, str(error))


def _link(url: str) -> Path | None:
    """Where `simulated:?link=/path` wants its pseudo-terminal; None when nowhere."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if parts.scheme != "simulated" or parts.netloc or parts.path:
        raise ValueError("a simulated reader is written simulated: or simulated:?link=/path/of/its/terminal")
    for key in options:
        if key != "link":
            raise ValueError(unknown("option of a simulated reader", key, known=["link"]))
    return Path(options["link"]) if "link" in options else None
