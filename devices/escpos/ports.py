"""Ways to a printer: a port takes bytes without waiting, gives what has come back, and waits only when asked."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import stat
import sys
import termios
from collections.abc import Callable
from typing import Protocol

from devices.printer_url import (
    Address,
    FileAddress,
    SerialAddress,
    SimulatedAddress,
    TcpAddress,
    UsbAddress,
)
from devices.transports import TransportLost, mapped, open_serial

_CONNECT_S = 3.0
# A printer that acknowledges nothing for so long has lost power or its cable.
_UNACKNOWLEDGED_MS = 10_000
# Small, so that "accepted" is not far ahead of what the printer has: the kernel doubles it.
_SEND_BUFFER = 4096
# The same on a terminal line, where the kernel would take four seconds' worth at 9600 baud.
_AHEAD_S = 0.05
_LEAST_AHEAD = 16


class Port(Protocol):
    """An open way to one printer. One thread uses it; `wake` alone may be called from any other.

    Every method but `wake` and `close` raises the errors of `devices.transports`.
    """

    @property
    def one_way(self) -> bool:
        """Whether nothing can ever come back."""

    @property
    def outlives_power(self) -> bool:
        """Whether the line stays up, holding our bytes back, while the printer has no power."""

    def read(self) -> bytes:
        """What has come, at once; empty when nothing has."""

    def write(self, data: bytes) -> int:
        """Take as many of the bytes as fit now and say how many (0: none fits)."""

    def wait(self, timeout_s: float, *, to_write: bool = False) -> None:
        """Return when bytes have come, `wake` was called, time is up or, with `to_write`, bytes fit again."""

    def flush(self) -> None:
        """Return when everything written is where a power cut cannot take it; only one-way ports promise it."""

    def wake(self) -> None:
        """End a `wait` early."""

    def close(self) -> None:
        """Let go of the device; calling twice is fine, raises nothing."""


def open_port(address: Address) -> Port:
    """Open the way to a printer.

    Raises:
        TransportLost: there is no such device, or nobody answers at that address.
        TransportBusy: another program has it.
        TransportDenied: this user may not have it.
        TransportTimeout: no connection within three seconds.
    """
    match address:
        case TcpAddress():
            return _tcp(address)
        case SerialAddress():
            return _serial(address)
        case FileAddress():
            return FilePort(address)
        case UsbAddress():
            from devices.escpos.usb_port import UsbPort

            return UsbPort.open(address)
        case SimulatedAddress():
            from devices.simulated_printer import simulated_port

            return simulated_port(address)


class DescriptorPort:
    """A port over a non-blocking file descriptor: a socket or a terminal line."""

    one_way = False

    def __init__(
        self, descriptor: int, *, name: str, release: Callable[[], None], bytes_per_s: float | None = None
    ) -> None:
        """`release` closes the descriptor by whatever owns it; `bytes_per_s` is a terminal line's speed.

        On a socket (None) reading nothing means the other side closed; on a line it may mean just nothing.
        """
        self.outlives_power = bytes_per_s is not None
        self._bytes_per_s = bytes_per_s
        self._descriptor = descriptor
        self._name = name
        self._release: Callable[[], None] | None = release
        self._ears, self._voice = socket.socketpair()
        self._ears.setblocking(False)
        self._voice.setblocking(False)

    def read(self) -> bytes:
        with mapped(self._name):
            try:
                data = os.read(self._descriptor, 4096)
            except BlockingIOError:
                return b""
            if not data and (not self.outlives_power or self._hung_up()):
                raise TransportLost(self._name, "closed by the printer")
            return data

    def write(self, data: bytes) -> int:
        with mapped(self._name):
            if self._bytes_per_s is not None:
                data = data[: max(self._ahead(self._bytes_per_s) - self._queued(), 0)]
            try:
                return os.write(self._descriptor, data) if data else 0
            except BlockingIOError:
                return 0

    def wait(self, timeout_s: float, *, to_write: bool = False) -> None:
        with mapped(self._name):
            poll = select.poll()
            if to_write and self._bytes_per_s is not None and (queued := self._queued()):
                # The kernel would take more; this line has had enough until these are on the wire.
                timeout_s, to_write = min(timeout_s, queued / self._bytes_per_s), False
            poll.register(self._descriptor, select.POLLIN | (select.POLLOUT if to_write else 0))
            poll.register(self._ears, select.POLLIN)
            for descriptor, _ in poll.poll(max(timeout_s, 0.0) * 1000):
                if descriptor == self._ears.fileno():
                    self._ears.recv(64)

    def _queued(self) -> int:
        """Bytes that the kernel holds back (tty_ioctl(4), "TIOCOUTQ"); always 0 on a pseudo terminal."""
        try:
            return int.from_bytes(fcntl.ioctl(self._descriptor, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
        except OSError:
            return 0  # a driver that does not say; a line that is gone says so in `write`

    @staticmethod
    def _ahead(bytes_per_s: float) -> int:
        return max(int(bytes_per_s * _AHEAD_S), _LEAST_AHEAD)

    def _hung_up(self) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))

    def flush(self) -> None:
        return

    def wake(self) -> None:
        # A full pipe will wake it anyway, a closed one has nobody to wake.
        with contextlib.suppress(OSError):
            self._voice.send(b"!")

    def close(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            with contextlib.suppress(OSError):
                release()
            self._ears.close()
            self._voice.close()


def _tcp(address: TcpAddress) -> Port:
    with mapped(str(address)):
        link = socket.create_connection((address.host, address.port), timeout=_CONNECT_S)
        link.setblocking(False)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 3)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    return DescriptorPort(link.fileno(), name=str(address), release=link.close)


def _serial(address: SerialAddress) -> Port:
    line = open_serial(
        address.path, baud=address.baud, bits=address.bits, parity=address.parity, rtscts=address.rtscts
    )
    # Straight to the descriptor: pyserial's own non-blocking write spins for ever on a stalled line.
    return DescriptorPort(
        line.fileno(), name=address.path, release=line.close, bytes_per_s=address.baud / address.bits_per_byte
    )


class FilePort:
    """A file that is emptied when opened and takes one receipt, or a device node that only listens."""

    one_way = True
    outlives_power = False

    def __init__(self, address: FileAddress) -> None:
        """Open and empty it.

        Raises:
            TransportLost: no such folder, or no space.
            TransportDenied: not ours to write.
        """
        self._name = str(address)
        with mapped(self._name):
            self._file = address.path.open("wb", buffering=0)

    def read(self) -> bytes:
        return b""

    def write(self, data: bytes) -> int:
        with mapped(self._name):
            return self._file.write(data)

    def wait(self, timeout_s: float, *, to_write: bool = False) -> None:
        return

    def flush(self) -> None:
        with mapped(self._name):
            # A device node knows no fsync (EINVAL); its bytes are out when write returns.
            if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
                os.fsync(self._file.fileno())

    def wake(self) -> None:
        return

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
