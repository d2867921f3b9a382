"""A line with simulated hardware at its far end: a pseudo-terminal or a TCP port that any driver can open."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from devices.channels import DescriptorChannel
from devices.pseudo_terminal import open_pseudo_terminal
from devices.simulated_hardware import Hardware, Mishap
from devices.transports import TransportError

_READ_SIZE = 4096
_SLOW_S = 0.01
"""Between two bytes of a slow line: as at 960 baud, and well below the silence that ends a frame."""


class LineFault(StrEnum):
    """What can happen to bytes on any line, whatever device sends them."""

    FLIP = "flip"
    """One bit arrives turned over."""
    CUT = "cut"
    """The second half is lost."""
    TWICE = "twice"
    """All comes a second time, without a gap."""

    def spoil(self, data: bytes) -> bytes:
        """What arrives of `data`."""
        middle = len(data) // 2
        match self:
            case LineFault.FLIP:
                return data[:middle] + bytes([data[middle] ^ 0x04]) + data[middle + 1 :]
            case LineFault.CUT:
                return data[:middle]
        return data * 2


class SimulatedLine:
    """Serves one simulated device until closed. Its methods may be called from any thread."""

    def __init__(self, hardware: Hardware, *, link: Path | None = None, port: int | None = None) -> None:
        """Make a pseudo-terminal at `link`, or listen on loopback at `port` (0: any free one).

        Raises:
            TransportDenied: the link cannot be made.
            OSError: the port is taken.
        """
        self._hardware = hardware
        self._link = link
        self._selector = selectors.DefaultSelector()
        self._calls, self._wake = socket.socketpair()
        self._selector.register(self._calls, selectors.EVENT_READ, self._woken)
        self._lock = threading.Lock()
        self._channels: list[DescriptorChannel] = []
        self._listener = socket.create_server(("127.0.0.1", port)) if port is not None else None
        if self._listener:
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._open = True
        self._fault: LineFault | None = None
        self.is_deaf = False
        """While set, commands are heard by nobody."""
        self.is_slow = False
        """While set, one byte comes after the other."""
        self.connected = threading.Event()
        """Set while there is somebody, or a pseudo-terminal, to send to."""
        self.plug_in()
        self._thread = threading.Thread(target=self._run, name="simulated-line", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The address that a `[[card_reader]]` table would name."""
        if self._listener:
            return f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        return f"serial://{self._link}"

    def present(self, fields: Mapping[str, str]) -> None:
        """Swipe, tap or scan something; `fields` by source, as in the card map."""
        self.send(self._hardware.present(fields))

    def mishap(self, mishap: Mishap, fields: Mapping[str, str]) -> None:
        """Let presenting go wrong.

        Raises:
            ValueError: that cannot happen to such a device; the message says what can.
        """
        if mishap not in self._hardware.mishaps:
            raise ValueError(f"{mishap} cannot happen to it: {', '.join(sorted(self._hardware.mishaps))} can")
        self.send(self._hardware.mishap(mishap, fields))

    def remove(self) -> None:
        """Take the card away."""
        self.send(self._hardware.remove())

    def send(self, data: bytes) -> None:
        """Let exactly these bytes come down the line, to whoever has it open."""
        with self._lock:
            for channel in self._channels:
                self._write(channel, data)

    def spoil_next(self, fault: LineFault) -> None:
        """Let this happen to what is sent next."""
        self._fault = fault

    def unplug(self) -> None:
        """Pull the plug: who has the line open is hung up on, and the path is gone."""
        with self._lock:
            for channel in self._channels:
                self._selector.unregister(channel)
                channel.close()
            self._channels.clear()
            self.connected.clear()

    def plug_in(self) -> None:
        """Plug it in again, at the same path. A TCP port was listening all the time."""
        if self._link:
            with self._lock:
                self._watch(open_pseudo_terminal(self._link))
            self._wake.send(b"\0")

    def close(self) -> None:
        """End the device; twice is fine."""
        if not self._open:
            return
        self._open = False
        self._wake.send(b"\0")
        self._thread.join()
        self.unplug()
        self._selector.close()
        for end in (self._calls, self._wake, self._listener):
            if end:
                end.close()

    def _run(self) -> None:
        while self._open:
            for key, _ in self._selector.select():
                react: Callable[[], None] = key.data
                react()

    def _woken(self) -> None:
        self._calls.recv(_READ_SIZE)

    def _accept(self) -> None:
        if self._listener:
            client, _ = self._listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._watch(DescriptorChannel(client.fileno(), "client", release=client.close))

    def _watch(self, channel: DescriptorChannel) -> None:
        self._channels.append(channel)
        self.connected.set()
        self._selector.register(channel, selectors.EVENT_READ, lambda: self._hear(channel))

    def _hear(self, channel: DescriptorChannel) -> None:
        with self._lock:
            if channel not in self._channels:
                return
            try:
                memory = bytearray(_READ_SIZE)
                count = channel.read_into(memoryview(memory))
                if not self.is_deaf:
                    self._write(channel, self._hardware.heard(bytes(memory[:count])))
            except TransportError:
                self._selector.unregister(channel)
                self._channels.remove(channel)
                channel.close()

    def _write(self, channel: DescriptorChannel, data: bytes) -> None:
        fault, self._fault = (self._fault, None) if data else (None, self._fault)
        arriving = fault.spoil(data) if fault else data
        pieces = [arriving[at : at + 1] for at in range(len(arriving))] if self.is_slow else [arriving]
        for piece in pieces:
            channel.write(piece)
            if self.is_slow:
                time.sleep(_SLOW_S)
