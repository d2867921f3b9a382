"""Bytes to and from a device, and the one place that knows every exception of the libraries underneath.

A driver sees four things go wrong and nothing else: the device is gone, someone else has it, we may not
have it, it did not answer in time.
"""

from __future__ import annotations

import contextlib
import errno
import termios
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import serial


class TransportError(Exception):
    """Something is wrong between us and a device; `port` is which, `cause` a few words for a technician."""

    def __init__(self, port: str, cause: str) -> None:
        super().__init__(f"{port}: {cause}")
        self.port = port
        self.cause = cause


class TransportLost(TransportError):
    """The device is not there, or went away: drop the handle and open again later."""


class TransportBusy(TransportError):
    """Another program holds the device: try again later, a technician should look."""


class TransportDenied(TransportError):
    """This user may not open the device: only a technician can help."""


class TransportTimeout(TransportError):
    """Nothing moved for too long; the handle is still good."""


_BUSY = frozenset({errno.EBUSY, errno.EAGAIN, errno.EADDRINUSE})
_DENIED = frozenset({errno.EACCES, errno.EPERM})


@contextlib.contextmanager
def mapped(port: str) -> Iterator[None]:
    """Turn whatever a device library raises inside into one of the four transport errors.

    pyserial alone raises four unrelated types when a plug is pulled: `SerialException`, plain `OSError`,
    `termios.error` (no OSError) and, when closed from another thread, `TypeError`.
    """
    try:
        yield
    except TransportError:
        raise
    except (OSError, termios.error, TypeError, ValueError) as error:
        raise _translated(port, error) from error


def _translated(port: str, error: Exception) -> TransportError:
    number = getattr(error, "errno", None)
    if number is None and isinstance(error, termios.error) and error.args:
        number = error.args[0]
    cause = errno.errorcode.get(number, "") if isinstance(number, int) else ""
    words = cause or type(error).__name__
    # By name: pyserial must not be imported just to learn that it was not it.
    if isinstance(error, TimeoutError) or type(error).__name__ == "SerialTimeoutException":
        return TransportTimeout(port, words)
    if number in _BUSY:
        return TransportBusy(port, words)
    if number in _DENIED:
        return TransportDenied(port, words)
    return TransportLost(port, words)


def open_serial(
    path: str,
    *,
    baud: int = 9600,
    bits: Literal[7, 8] = 8,
    parity: Literal["N", "E", "O"] = "N",
    rtscts: bool = False,
) -> serial.SerialBase:
    """An exclusively opened serial port that never waits: `read` gives what has come, `write` what fits.

    `path` is a device node or any address pyserial knows (`socket://host:port`, `rfc2217://host:port`).
    Opening raises DTR and RTS and drops what had come before. Call its methods inside `mapped(path)`.

    Raises:
        TransportLost: no such port.
        TransportBusy: another program holds it.
        TransportDenied: missing group or udev rule.
    """
    import serial

    with mapped(path):
        port = serial.serial_for_url(
            path,
            do_not_open=True,
            baudrate=baud,
            bytesize=bits,
            parity=parity,
            rtscts=rtscts,
            timeout=0,
            write_timeout=0,
        )
        # Advisory, but it stops a second terminal program and a second kiosk.
        if "://" not in path:
            port.exclusive = True
        port.open()
    return port
