"""A stand-in for the PC/SC service: one reader, one card, and ways to lose both."""

from __future__ import annotations

import threading

from devices.pcsc import MUTE, PRESENT, UNAVAILABLE
from devices.simulated_hardware.tag import Tag, Type2Tag
from devices.transports import TransportError, TransportLost

NTAG_ATR = bytes.fromhex("3B8F8001804F0CA0000003060300030000000068")


class FakePcscd:
    """A service with one reader; connecting to it fails with `error` if there is one."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.names = ["ACS ACR122U 00 00"]
        self.tag: Tag | None = None
        self.mute = False
        self.error: TransportError | None = None
        self.woken = False
        self.seen = threading.Event()
        """Set once the reader's driver knows of the last change."""

    def change(self, **facts: object) -> None:
        with self.changed:
            self.seen.clear()
            for name, value in facts.items():
                setattr(self, name, value)
            self.changed.notify_all()

    def state(self) -> int:
        if not self.names:
            return UNAVAILABLE
        return (PRESENT if self.tag else 0x10) | (MUTE if self.mute else 0)

    def connect(self) -> FakePcsc:
        if self.error:
            raise self.error
        return FakePcsc(self)


class FakePcsc:
    """One connection to it."""

    def __init__(self, pcscd: FakePcscd) -> None:
        self._pcscd = pcscd

    def readers(self) -> list[str]:
        return self._pcscd.names

    def wait(self, reader: str | None, state: int, *, timeout_s: float) -> tuple[int, bytes]:
        pcscd = self._pcscd

        def has_news() -> bool:
            news = bool(pcscd.error or pcscd.woken or (reader and pcscd.state() != state))
            if not news:
                pcscd.seen.set()
            return news

        with pcscd.changed:
            pcscd.changed.wait_for(has_news, timeout_s)
            pcscd.woken = False
            if pcscd.error:
                raise pcscd.error
            return pcscd.state(), NTAG_ATR if isinstance(pcscd.tag, Type2Tag) else b"\x3b\x80\x80\x01\x01"

    def wake(self) -> None:
        self._pcscd.change(woken=True)

    def connect(self, reader: str) -> FakePcsc:
        if not self._pcscd.tag:
            raise TransportLost("pcsc", "the card is gone")
        return self

    def exchange(self, command: bytes) -> bytearray:
        tag = self._pcscd.tag
        if tag and command[:2] == b"\xff\xca":
            return bytearray(tag.uid + b"\x90\x00")
        if isinstance(tag, Type2Tag):
            answer = tag.exchange(bytes([0x30, command[3]]))
            return bytearray(answer + b"\x90\x00" if answer else b"\x63\x00")
        answer = tag.exchange(command) if tag else None
        if answer is None:
            raise TransportLost("pcsc", "the card is gone")
        return bytearray(answer)

    def close(self) -> None: ...
