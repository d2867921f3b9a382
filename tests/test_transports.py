"""Ports to devices: what happens on real sockets, terminals and files, and the four errors it comes down to."""

from __future__ import annotations

import errno
import os
import socket
import termios
import threading
import time
import tty
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial
import usb.backend
import usb.core

from devices.escpos.ports import FilePort, Port, open_port
from devices.escpos.usb_port import UsbPort
from devices.printer_url import FileAddress, SerialAddress, TcpAddress, UsbAddress
from devices.transports import (
    TransportBusy,
    TransportDenied,
    TransportError,
    TransportLost,
    TransportTimeout,
    mapped,
    open_serial,
)


@pytest.mark.parametrize(
    ("raised", "meant"),
    [
        (OSError(errno.EIO, "gone"), TransportLost),
        (FileNotFoundError(errno.ENOENT, "no such port"), TransportLost),
        (ConnectionRefusedError(errno.ECONNREFUSED, "nobody"), TransportLost),
        (serial.SerialException("device reports readiness to read but returned no data"), TransportLost),
        (serial.SerialException(errno.EACCES, "denied"), TransportDenied),
        (serial.SerialException(errno.EAGAIN, "locked"), TransportBusy),
        (serial.SerialTimeoutException("write timeout"), TransportTimeout),
        (serial.PortNotOpenError(), TransportLost),
        (termios.error(errno.EIO, "hung up"), TransportLost),
        (TypeError("'NoneType' object cannot be interpreted as an integer"), TransportLost),
        (ValueError("unknown scheme"), TransportLost),
        (TimeoutError("connect"), TransportTimeout),
        (usb.core.USBError("in use", errno=errno.EBUSY), TransportBusy),
        (usb.core.USBError("no rule", errno=errno.EACCES), TransportDenied),
        (usb.core.USBError("no such device", errno=errno.ENODEV), TransportLost),
        (usb.core.NoBackendError("no libusb"), TransportLost),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_whatever_a_library_raises_is_one_of_four_errors(raised: Exception, meant: type[TransportError]) -> None:
    with pytest.raises(meant) as translated, mapped("port 7"):
        raise raised
    assert type(translated.value) is meant
    assert translated.value.port == "port 7" and translated.value.cause
    assert translated.value.__cause__ is raised


def test_an_error_that_is_ours_already_passes_unchanged() -> None:
    own = TransportBusy("port 7", "mine")
    with pytest.raises(TransportBusy) as passed, mapped("port 8"):
        raise own
    assert passed.value is own


class _Terminal:
    """A pseudo terminal: the printer's end, and the path of ours."""

    def __init__(self) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)

    def pull(self) -> None:
        """Pull the plug."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1


@pytest.fixture
def terminal() -> Iterator[_Terminal]:
    one = _Terminal()
    yield one
    one.pull()


def _until_read(port: Port, wanted: bytes) -> None:
    heard = b""
    end = time.monotonic() + 5
    while heard != wanted and time.monotonic() < end:
        port.wait(1.0)
        heard += port.read()
    assert heard == wanted


def test_a_serial_port_carries_bytes_both_ways_without_waiting(terminal: _Terminal) -> None:
    port = open_port(SerialAddress(terminal.path, baud=115200))
    assert port.read() == b""
    assert port.write(b"\x1b@\x00\xff\x11\x13") == 6
    assert os.read(terminal.master, 100) == b"\x1b@\x00\xff\x11\x13"
    os.write(terminal.master, b"\x12\x00\x10\x0d\x0a")
    _until_read(port, b"\x12\x00\x10\x0d\x0a")
    port.close()
    port.close()


def test_a_stalled_serial_line_takes_no_more_and_does_not_block(terminal: _Terminal) -> None:
    port = open_port(SerialAddress(terminal.path))
    taken = 1
    began = time.monotonic()
    while taken:
        taken = port.write(bytes(4096))
    port.wait(0.01, to_write=True)
    assert time.monotonic() - began < 2.0
    port.close()


def test_a_pulled_plug_is_lost_in_reading_writing_and_opening(terminal: _Terminal) -> None:
    port = open_port(SerialAddress(terminal.path))
    terminal.pull()
    port.wait(1.0)
    with pytest.raises(TransportLost):
        port.read()
    with pytest.raises(TransportLost):
        port.write(b"x")
    port.close()
    with pytest.raises(TransportLost):
        open_port(SerialAddress("/dev/no-such-line"))


def test_a_port_that_another_program_holds_is_busy(terminal: _Terminal) -> None:
    held = open_serial(terminal.path)
    with pytest.raises(TransportBusy):
        open_serial(terminal.path)
    held.close()


@pytest.mark.parametrize("kind", ["serial", "tcp"])
def test_a_wait_ends_when_somebody_calls(kind: str, terminal: _Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = (
            SerialAddress(terminal.path)
            if kind == "serial"
            else TcpAddress("127.0.0.1", listener.getsockname()[1])
        )
        port = open_port(address)
        caller = threading.Timer(0.02, port.wake)
        caller.start()
        began = time.monotonic()
        port.wait(20.0)
        assert time.monotonic() - began < 5.0
        caller.join()
        port.close()
        port.wake()


def test_a_network_printer_that_hangs_up_is_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
        port = open_port(TcpAddress("127.0.0.1", number))
        printer, _ = listener.accept()
        printer.sendall(b"\x12")
        _until_read(port, b"\x12")
        assert port.write(b"abc") == 3 and printer.recv(10) == b"abc"
        printer.close()
        port.wait(1.0)
        with pytest.raises(TransportLost, match="closed by the printer"):
            port.read()
        port.close()
    with pytest.raises(TransportLost):
        open_port(TcpAddress("127.0.0.1", number))


def test_a_network_printer_that_takes_nothing_more_is_noticed_before_much_is_on_its_way() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        port = open_port(TcpAddress("127.0.0.1", listener.getsockname()[1]))
        printer, _ = listener.accept()
        total = 0
        for _ in range(2000):
            total += port.write(bytes(4096))
        assert total < 400_000
        printer.close()
        port.close()


def test_a_file_holds_the_last_receipt_alone(tmp_path: Path) -> None:
    path = tmp_path / "receipt.bin"
    for content in (b"a longer first receipt", b"second"):
        port = FilePort(FileAddress(path))
        assert port.one_way and port.write(content) == len(content)
        port.flush()
        port.close()
        assert path.read_bytes() == content
    with pytest.raises(TransportLost):
        FilePort(FileAddress(tmp_path / "missing" / "receipt.bin"))


def test_a_device_node_that_knows_no_fsync_is_fine_and_a_full_disk_is_not() -> None:
    port = FilePort(FileAddress(Path("/dev/null")))
    port.write(b"x")
    port.flush()
    port.close()
    full = FilePort(FileAddress(Path("/dev/full")))
    with pytest.raises(TransportLost, match="ENOSPC"):
        full.write(b"x")
    full.close()


class _Descriptor:
    """What a pyusb back end hands out: plain attributes."""

    def __init__(self, **values: int | bytes) -> None:
        self.__dict__.update(values)


class FakeUsb(usb.backend.IBackend):  # type: ignore[misc]
    """One printer on a bus without hardware, below pyusb: interface 0 of class 3, interface 1 the printer."""

    def __init__(self) -> None:
        self.plugged = True
        self.error: int | None = None
        self.written = bytearray()
        self.answers = bytearray()
        self.takes = 1_000_000
        self.claimed: set[int] = set()
        self.resets = 0

    def enumerate_devices(self) -> Iterator[int]:
        return iter([1] if self.plugged else [])

    def get_device_descriptor(self, dev: int) -> Any:
        return _Descriptor(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=64, idVendor=0x04B8, idProduct=0x0E28, bcdDevice=0x100, iManufacturer=0, iProduct=0,
            iSerialNumber=0, bNumConfigurations=1, address=5, bus=1, port_number=1, port_numbers=(1,), speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: int, config: int) -> Any:
        if config:
            raise IndexError
        return _Descriptor(
            bLength=9, bDescriptorType=2, wTotalLength=64, bNumInterfaces=2, bConfigurationValue=1,
            iConfiguration=0, bmAttributes=0xC0, bMaxPower=0, extra_descriptors=b"",
        )  # fmt: skip

    def get_interface_descriptor(self, dev: int, intf: int, alt: int, config: int) -> Any:
        if intf > 1 or alt:
            raise IndexError
        return _Descriptor(
            bLength=9, bDescriptorType=4, bInterfaceNumber=intf, bAlternateSetting=0, bNumEndpoints=2 * intf,
            bInterfaceClass=7 if intf else 3, bInterfaceSubClass=1, bInterfaceProtocol=2, iInterface=0,
            extra_descriptors=b"",
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: int, ep: int, intf: int, alt: int, config: int) -> Any:
        return _Descriptor(
            bLength=7, bDescriptorType=5, bEndpointAddress=(0x81, 0x02)[ep], bmAttributes=2, wMaxPacketSize=64,
            bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=b"",
        )  # fmt: skip

    def open_device(self, dev: int) -> int:
        self._fail()
        return dev

    def close_device(self, dev_handle: int) -> None:
        return

    def get_configuration(self, dev_handle: int) -> int:
        return 1

    def set_configuration(self, dev_handle: int, config_value: int) -> None:
        self.resets += 1

    def set_interface_altsetting(self, dev_handle: int, intf: int, altsetting: int) -> None:
        return

    def claim_interface(self, dev_handle: int, intf: int) -> None:
        self._fail()
        self.claimed.add(intf)

    def release_interface(self, dev_handle: int, intf: int) -> None:
        self.claimed.discard(intf)

    def is_kernel_driver_active(self, dev_handle: int, intf: int) -> bool:
        return False

    def reset_device(self, dev_handle: int) -> None:
        self.resets += 1

    def bulk_write(self, dev_handle: int, ep: int, intf: int, data: Any, timeout: int) -> int:
        self._fail()
        assert ep == 0x02
        taken = bytes(data)[: self.takes]
        if not taken:
            raise usb.core.USBTimeoutError("timed out", errno=errno.ETIMEDOUT)
        self.written += taken
        return len(taken)

    def bulk_read(self, dev_handle: int, ep: int, intf: int, buff: array[int], timeout: int) -> int:
        self._fail()
        assert ep == 0x81
        if not self.answers:
            time.sleep(timeout / 1000)
            raise usb.core.USBTimeoutError("timed out", errno=errno.ETIMEDOUT)
        count = min(len(buff), len(self.answers))
        buff[:count] = array("B", self.answers[:count])
        del self.answers[:count]
        return count

    def _fail(self) -> None:
        if self.error is not None:
            raise usb.core.USBError("no", errno=self.error)


ADDRESS = UsbAddress(0x04B8, 0x0E28)


def test_a_usb_printer_is_found_by_its_interface_and_never_reset() -> None:
    bus = FakeUsb()
    port = UsbPort.open(ADDRESS, backend=bus)
    assert bus.claimed == {1} and bus.resets == 0
    assert port.write(b"abcdef") == 6 and bytes(bus.written) == b"abcdef"
    bus.takes = 2
    assert port.write(b"ghi") == 2
    bus.takes = 0
    assert port.write(b"i") == 0
    bus.answers += b"\x12\x00"
    port.wait(1.0)
    assert port.read() == b"\x12\x00" and port.read() == b""
    port.close()
    port.close()
    assert bus.claimed == set()


def test_a_usb_wait_ends_when_somebody_calls() -> None:
    port = UsbPort.open(ADDRESS, backend=FakeUsb())
    caller = threading.Timer(0.02, port.wake)
    caller.start()
    began = time.monotonic()
    port.wait(20.0)
    assert time.monotonic() - began < 5.0
    caller.join()


def test_a_usb_printer_that_is_not_there_goes_or_is_taken_has_its_own_error() -> None:
    bus = FakeUsb()
    port = UsbPort.open(ADDRESS, backend=bus)
    bus.error = errno.ENODEV
    with pytest.raises(TransportLost):
        port.write(b"x")
    with pytest.raises(TransportLost):
        port.read()
    bus.error = errno.EBUSY
    with pytest.raises(TransportBusy):
        UsbPort.open(ADDRESS, backend=bus)
    bus.error = errno.EACCES
    with pytest.raises(TransportDenied):
        UsbPort.open(ADDRESS, backend=bus)
    bus.error, bus.plugged = None, False
    with pytest.raises(TransportLost, match="not plugged in"):
        UsbPort.open(ADDRESS, backend=bus)


def test_without_libusb_the_printer_is_absent_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_backend(**_: object) -> None:
        raise usb.core.NoBackendError("No backend available")

    monkeypatch.setattr(usb.core, "find", no_backend)
    with pytest.raises(TransportLost, match="libusb is missing"):
        open_port(ADDRESS)
