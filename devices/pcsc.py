"""The PC/SC service (pcscd) through libpcsclite: just the six calls that reading a card takes.

Not pyscard: its monitor thread ends without a word when pcscd is restarted (2.3.1), and it must be built first.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from ctypes import byref, c_char_p, c_long, c_ubyte, c_ulong, c_void_p

from devices.transports import TransportDenied, TransportError, TransportLost

_SCOPE_SYSTEM = 2
_SHARE_EXCLUSIVE, _ANY_PROTOCOL = 1, 3
_LEAVE = 0
"""What to do with the card afterwards: nothing, so that others may go on with it."""
PRESENT, MUTE, UNAVAILABLE, CHANGED = 0x20, 0x200, 0x8, 0x2
"""Bits of a reader's state."""
_OK, _TIMEOUT, _CANCELLED = 0, 0x8010000A, 0x80100002
_NO_SERVICE, _SERVICE_STOPPED, _NO_READERS = 0x8010001D, 0x8010001E, 0x8010002E
_SECURITY_VIOLATION, _NO_ACCESS = 0x8010006A, 0x80100027
_WORDS = {
    _NO_SERVICE: "pcscd does not run: systemctl enable --now pcscd.socket",
    _SERVICE_STOPPED: "pcscd was stopped",
    _NO_READERS: "no reader is plugged in",
    0x80100009: "the reader is gone",
    0x80100013: "pcscd was stopped",
    0x80100017: "the reader is gone",
    0x80100069: "the card is gone",
    _SECURITY_VIOLATION: "pcscd refuses this user: install the polkit rule",
    _NO_ACCESS: "pcscd refuses this user: install the polkit rule",
}
"""Codes of pcsclite.h that can come here, in words for a technician."""
_MAX_ATR, _MAX_ANSWER, _STATUS_WORD = 33, 264, 2
_PLUG_AND_PLAY = rb"\\?PnP?\Notification"
"""A reader that is none: its state changes when readers come or go."""
_DWORD = c_ulong
"""8 bytes on 64-bit Linux."""


class _ReaderState(ctypes.Structure):
    """SCARD_READERSTATE."""

    _fields_ = (
        ("reader", c_char_p),
        ("user_data", c_void_p),
        ("current", _DWORD),
        ("event", _DWORD),
        ("atr_length", _DWORD),
        ("atr", c_ubyte * _MAX_ATR),
    )


class _Protocol(ctypes.Structure):
    """SCARD_IO_REQUEST."""

    _fields_ = (("protocol", _DWORD), ("length", _DWORD))


class Pcsc:
    """One connection to the service. Used by one thread, but for `wake`."""

    def __init__(self) -> None:
        """Connect.

        Raises:
            TransportLost: the library is not installed, or the service does not run.
            TransportDenied: the service refuses this user.
        """
        try:
            self._library = ctypes.CDLL("libpcsclite.so.1")
        except OSError:
            raise TransportLost("pcsc", "libpcsclite1 is not installed") from None
        self._context = c_long()
        self._call("SCardEstablishContext", _DWORD(_SCOPE_SYSTEM), None, None, byref(self._context))

    def readers(self) -> list[str]:
        """The names of the readers that are plugged in; empty without any."""
        size = _DWORD(0)
        code = self._code("SCardListReaders", self._context, None, None, byref(size))
        if code == _NO_READERS:
            return []
        names = ctypes.create_string_buffer(size.value)
        self._call("SCardListReaders", self._context, None, names, byref(size))
        return [name.decode("utf-8", "replace") for name in names.raw.split(b"\0") if name]

    def wait(self, reader: str | None, state: int, *, timeout_s: float) -> tuple[int, bytes]:
        """The reader's state and its card's ATR, once the state differs from `state`, or readers come or go, or
        time is up, or `wake` was called. `state` 0 asks at once; `reader` None waits for readers only.
        """
        names = [_PLUG_AND_PLAY] + ([reader.encode()] if reader else [])
        states = (_ReaderState * len(names))(*(_ReaderState(reader=name) for name in names))
        if reader:
            states[1].current = state
        milliseconds = _DWORD(int(timeout_s * 1000))
        code = self._code("SCardGetStatusChange", self._context, milliseconds, states, _DWORD(len(names)))
        if code not in (_OK, _TIMEOUT, _CANCELLED):
            raise _error(code)
        if not reader:
            return 0, b""
        return int(states[1].event) & ~CHANGED, bytes(states[1].atr[: states[1].atr_length])

    def wake(self) -> None:
        """Let a `wait` on another thread return now."""
        self._code("SCardCancel", self._context)

    def connect(self, reader: str) -> Card:
        """The card in a reader, for ourselves alone.

        Raises:
            TransportLost: there is none, or another program has it.
        """
        handle, protocol = c_long(), _DWORD()
        self._call(
            "SCardConnect",
            self._context,
            reader.encode(),
            _DWORD(_SHARE_EXCLUSIVE),
            _DWORD(_ANY_PROTOCOL),
            byref(handle),
            byref(protocol),
        )
        return Card(self, handle, protocol.value)

    def close(self) -> None:
        """Give the connection up; never raises."""
        self._code("SCardReleaseContext", self._context)

    def _call(self, name: str, *arguments: object) -> None:
        code = self._code(name, *arguments)
        if code != _OK:
            raise _error(code)

    def _code(self, name: str, *arguments: object) -> int:
        function = getattr(self._library, name)
        function.restype = c_ulong
        return int(function(*arguments)) & 0xFFFFFFFF


class Card:
    """A card that is being read."""

    def __init__(self, service: Pcsc, handle: c_long, protocol: int) -> None:
        self._service = service
        self._handle = handle
        self._protocol = _Protocol(protocol, ctypes.sizeof(_Protocol))

    def exchange(self, command: bytes) -> bytearray:
        """The card's answer to an APDU, status word included.

        Raises:
            TransportLost: the card or its reader is gone.
        """
        answer = bytearray(_MAX_ANSWER)
        memory = (c_ubyte * _MAX_ANSWER).from_buffer(answer)
        length = _DWORD(_MAX_ANSWER)
        self._service._call(
            "SCardTransmit",
            self._handle,
            byref(self._protocol),
            command,
            _DWORD(len(command)),
            None,
            memory,
            byref(length),
        )
        del memory
        del answer[length.value :]
        if len(answer) < _STATUS_WORD:
            # vpcd says "successful" when the card went away within a command.
            raise TransportLost("pcsc", "the card is gone")
        return answer

    def close(self) -> None:
        """Leave the card to others; never raises."""
        self._service._code("SCardDisconnect", self._handle, _DWORD(_LEAVE))


def _error(code: int) -> TransportError:
    words = _WORDS.get(code, f"error {code:08x}")
    if code in (_SECURITY_VIOLATION, _NO_ACCESS):
        return TransportDenied("pcsc", words)
    return TransportLost("pcsc", words)


def first_that_fits(names: Iterable[str], wanted: str) -> str | None:
    """The first reader whose name holds `wanted` (empty: any); None when there is none."""
    return next((name for name in names if wanted.lower() in name.lower()), None)
