"""A simulated printer behind a real socket or a real terminal line, for anything that can only speak to those."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import tty
from pathlib import Path

from devices.simulation.machine import Machine

# How often a line is looked after while nothing comes in: the mechanism moves on by itself.
_TURN_S = 0.005


class _Server:
    """A thread that carries bytes between one descriptor and the machine while the link is up."""

    def __init__(self, machine: Machine, *, name: str) -> None:
        self._machine = machine
        self._ended = threading.Event()
        # Read from the line, but the machine's buffer was full.
        self._waiting = b""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def close(self) -> None:
        """Stop serving; calling twice is fine."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            if self._machine.link_up:
                self._serve()
            else:
                self._ended.wait(_TURN_S)

    def _serve(self) -> None:
        """Serve until the link goes down or the end."""
        raise NotImplementedError

    def _carry(self, descriptor: int) -> bool:
        """Move what can be moved; False when the other side has gone."""
        self._waiting = self._waiting[self._machine.receive(self._waiting) :]
        wanted = 0 if self._waiting else select.POLLIN
        poll = select.poll()
        poll.register(descriptor, wanted)
        try:
            for _, events in poll.poll(_TURN_S * 1000):
                if events & select.POLLIN:
                    data = os.read(descriptor, 512)
                    if not data:
                        return False
                    self._waiting = data[self._machine.receive(data) :]
                elif events & (select.POLLHUP | select.POLLERR):
                    return False
            answer = self._machine.collect()
            if answer:
                os.write(descriptor, answer)
        except OSError:
            return False
        return True

    @property
    def _goes_on(self) -> bool:
        return self._machine.link_up and not self._ended.is_set()


class TcpServer(_Server):
    """Listens on a loopback port, one connection at a time; a pulled plug resets it and refuses new ones."""

    def __init__(self, machine: Machine, *, port: int = 0) -> None:
        """Start; `port` 0 picks a free one."""
        super().__init__(machine, name="simulated printer, tcp")
        self._listener = self._listen(port)
        self.port: int = self._listener.getsockname()[1]
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address as the settings write it."""
        return f"tcp://127.0.0.1:{self.port}"

    def close(self) -> None:
        super().close()
        self._listener.close()

    def _serve(self) -> None:
        if self._listener.fileno() < 0:
            self._listener = self._listen(self.port)
        with contextlib.suppress(TimeoutError):
            connection, _ = self._listener.accept()
            with connection:
                self._waiting = b""
                while self._goes_on and self._carry(connection.fileno()):
                    continue
                if not self._machine.link_up:
                    # Linger zero: the reset that a host gets from a printer that has lost its memory of it.
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if not self._machine.link_up:
            self._listener.close()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        listener.settimeout(0.02)
        return listener


class TerminalServer(_Server):
    """A pseudo terminal under a fixed name; a pulled plug hangs it up and takes the name away."""

    def __init__(self, machine: Machine, *, link: Path) -> None:
        """Start; `link` becomes a symbolic link to the terminal, as udev makes them."""
        super().__init__(machine, name="simulated printer, terminal")
        self._link = link
        self._master = self._plug()
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address as the settings write it."""
        return f"serial://{self._link}?baud=115200"

    def close(self) -> None:
        super().close()
        self._unplug()

    def _serve(self) -> None:
        if self._master < 0:
            self._master = self._plug()
        while self._goes_on:
            if not self._carry(self._master):
                # Nobody has the other end open: POLLHUP comes at once, without waiting.
                self._ended.wait(_TURN_S)
        if not self._machine.link_up:
            self._unplug()

    def _plug(self) -> int:
        master, slave = os.openpty()
        tty.setraw(slave)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(slave))
        os.close(slave)
        os.set_blocking(master, True)
        return master

    def _unplug(self) -> None:
        if self._master >= 0:
            self._link.unlink(missing_ok=True)
            os.close(self._master)
            self._master = -1
