"""An open line as the monitor needs it: a descriptor to wait on, reads into memory that can be wiped."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

from devices.reader_url import Line
from devices.transports import TransportLost, mapped, open_serial

if TYPE_CHECKING:
    from serial import rfc2217


_EVIOCGRAB = 0x40044590
"""_IOW('E', 0x90, int) of linux/input.h: all events of the device come to this descriptor and to no other."""


_NODE_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


class Channel(Protocol):
    """Something open to wait on. `read_into` and `write` never wait; only `close` may be called by any thread."""

    def fileno(self) -> int:
        """The descriptor that is ready when there is something to read."""

    def read_into(self, memory: memoryview) -> int:
        """How many bytes were read into `memory`.

        Raises:
            TransportLost: the device went away.
        """

    def write(self, data: bytes) -> None:
        """Send all of a short command.

        Raises:
            TransportLost: the device went away, or takes nothing.
        """

    def close(self) -> None:
        """Release the device; never raises; twice is fine."""


def open_line(line: Line) -> Channel:
    """Open a line; may wait for the network, so not on the monitor's thread.

    Raises:
        TransportLost, TransportBusy, TransportDenied: as `devices.transports.open_serial`.
    """
    if line.address.startswith("rfc2217:"):
        return _Pumped(_open_rfc2217(line), line.address)
    port = open_serial(line.address, baud=line.baud, bits=line.bits, parity=line.parity, rtscts=line.rtscts)
    with mapped(line.address):
        if not line.is_local:
            _keep_alive(port.fileno())
        return DescriptorChannel(port.fileno(), line.address, release=port.close)


def _keep_alive(descriptor: int) -> None:
    """Notice within 25 s that the other end of a connection is gone without a word."""
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, seconds in ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3)):
            connection.setsockopt(socket.IPPROTO_TCP, option, seconds)


def _open_rfc2217(line: Line) -> rfc2217.Serial:
    """A port behind RFC 2217. pyserial allows it no write time-out, so it is not opened as the others are."""
    import serial

    with mapped(line.address):
        port = serial.serial_for_url(
            line.address,
            baudrate=line.baud,
            bytesize=line.bits,
            parity=line.parity,
            rtscts=line.rtscts,
            timeout=_Pumped.LOOK_S,
        )
    return cast("rfc2217.Serial", port)


class DescriptorChannel:
    """A channel over a descriptor: a device node, a pseudo-terminal, a TCP connection."""

    def __init__(self, descriptor: int, name: str, *, release: Callable[[], None]) -> None:
        """`name` stands in errors; `release` closes the descriptor and whatever else is held, once."""
        self._descriptor = descriptor
        self._name = name
        self._release: Callable[[], None] | None = release
        # Not os.set_blocking: it uses an ioctl that not every device answers.
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_NONBLOCK)

    def fileno(self) -> int:
        """The descriptor itself, also after `close`."""
        return self._descriptor

    def read_into(self, memory: memoryview) -> int:
        """As `Channel.read_into`."""
        return _read(self._descriptor, memory, self._name)

    def write(self, data: bytes) -> None:
        """As `Channel.write`."""
        with mapped(self._name):
            if os.write(self._descriptor, data) < len(data):
                raise TransportLost(self._name, "takes no more data")

    def close(self) -> None:
        """As `Channel.close`."""
        release, self._release = self._release, None
        if release:
            # A port whose plug was pulled may raise anything here, and it is released all the same.
            with contextlib.suppress(Exception):
                release()


def open_node(path: str) -> Channel:
    """Open a HID node for reading.

    Raises:
        TransportLost: no such node.
        TransportDenied: missing group or udev rule.
    """
    with mapped(path):
        return _node(os.open(path, _NODE_FLAGS), path)


def grab_node(path: str) -> Channel:
    """Open an input node for reading, and take its events away from all other programs.

    Raises:
        TransportLost: no such node.
        TransportBusy: another program has grabbed it.
        TransportDenied: missing group or udev rule.
    """
    with mapped(path):
        descriptor = os.open(path, _NODE_FLAGS)
        try:
            fcntl.ioctl(descriptor, _EVIOCGRAB, 1)
        except OSError:
            os.close(descriptor)
            raise
        return _node(descriptor, path)


def _node(descriptor: int, path: str) -> Channel:
    return DescriptorChannel(descriptor, path, release=partial(os.close, descriptor))


class _Pumped:
    """An RFC 2217 port: pyserial reads it on a thread of its own, so a second one carries the bytes to a pipe."""

    LOOK_S = 0.2
    """How often the pump looks whether it shall stop."""

    def __init__(self, port: rfc2217.Serial, name: str) -> None:
        self._port = port
        self._name = name
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._pump, name="rfc2217-pump", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        return self._read_end

    def read_into(self, memory: memoryview) -> int:
        return _read(self._read_end, memory, self._name)

    def write(self, data: bytes) -> None:
        with mapped(self._name):
            self._port.write(data)

    def close(self) -> None:
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._thread.join()
        with contextlib.suppress(Exception):
            self._port.close()
        os.close(self._read_end)

    def _pump(self) -> None:
        try:
            # Whatever pyserial raises here means that the port is gone; the closed pipe says so to the monitor.
            with contextlib.suppress(Exception):
                self._carry()
        finally:
            os.close(self._write_end)

    def _carry(self) -> None:
        while not self._stopping.is_set():
            data = self._port.read(max(1, self._port.in_waiting))
            while data and not self._stopping.is_set():
                if select.select([], [self._write_end], [], self.LOOK_S)[1]:
                    data = data[os.write(self._write_end, data) :]


def _read(descriptor: int, memory: memoryview, name: str) -> int:
    with mapped(name):
        try:
            # Not pyserial's read: it makes bytes objects, and those cannot be wiped.
            count = os.readv(descriptor, [memory])
        except BlockingIOError:
            return 0
    if not count:
        raise TransportLost(name, "hung up")
    return count
