"""A printer on USB, through libusb: found by its ids, claimed without resetting it."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

from devices.printer_url import UsbAddress
from devices.transports import TransportDenied, TransportLost, mapped

# bInterfaceClass of printers and of vendor-specific devices (USB class codes); kiosk printers use either.
_PRINTER_CLASS = 0x07
_VENDOR_CLASS = 0xFF
# Long enough for one USB frame or two, short enough to notice `wake`.
_SLICE_MS = 20
_READ = 512


class UsbPort:
    """The two bulk endpoints of a printer's interface, whatever their numbers are on this model."""

    one_way = False
    outlives_power = False

    def __init__(self, device: Any, *, name: str, interface: int, bulk_in: Any, bulk_out: Any) -> None:
        """Use `open`; `device` and the endpoints are pyusb's, `bulk_in` None for a printer that only listens."""
        self._device = device
        self._name = name
        self._interface = interface
        self._in = bulk_in
        self._out = bulk_out
        self._came = bytearray()
        self._woken = threading.Event()

    @classmethod
    def open(cls, address: UsbAddress, *, backend: Any = None) -> UsbPort:
        """Find and claim the printer; `backend` is pyusb's (None: the system's libusb).

        Raises:
            TransportLost: not plugged in, or libusb is not installed on this machine.
            TransportBusy: another program, or CUPS, has claimed it.
            TransportDenied: the udev rule is missing.
        """
        import usb.core
        import usb.util

        name = str(address)
        with mapped(name):
            try:
                device = usb.core.find(
                    backend=backend,
                    idVendor=address.vendor,
                    idProduct=address.product,
                    custom_match=lambda found: _serial_matches(found, address.serial),
                )
            except usb.core.NoBackendError:
                raise TransportLost(name, "libusb is missing on this machine (libusb-1.0-0)") from None
            if device is None:
                raise TransportLost(name, "not plugged in")
            interface = _printer_interface(device, name)
            number = interface.bInterfaceNumber
            # The kernel's usblp would hold it; not every back end knows kernel drivers.
            with contextlib.suppress(NotImplementedError, usb.core.USBError):
                if device.is_kernel_driver_active(number):
                    device.detach_kernel_driver(number)
            usb.util.claim_interface(device, number)
        return cls(
            device,
            name=name,
            interface=number,
            bulk_in=_bulk(interface, usb.util.ENDPOINT_IN),
            bulk_out=_bulk(interface, usb.util.ENDPOINT_OUT),
        )

    def read(self) -> bytes:
        self._collect(1)
        data, self._came = bytes(self._came), bytearray()
        return data

    def write(self, data: bytes) -> int:
        import usb.core

        with mapped(self._name):
            try:
                return int(self._out.write(data, timeout=_SLICE_MS))
            except usb.core.USBTimeoutError:
                return 0

    def wait(self, timeout_s: float, *, to_write: bool = False) -> None:
        until = time.monotonic() + (min(timeout_s, _SLICE_MS / 1000) if to_write else timeout_s)
        while not self._came and not self._woken.is_set() and (left := until - time.monotonic()) > 0:
            if self._in is None:
                self._woken.wait(left)
            else:
                self._collect(max(min(_SLICE_MS, int(left * 1000)), 1))
        self._woken.clear()

    def flush(self) -> None:
        return

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        import usb.core
        import usb.util

        with contextlib.suppress(usb.core.USBError, OSError):
            usb.util.release_interface(self._device, self._interface)
            usb.util.dispose_resources(self._device)

    def _collect(self, timeout_ms: int) -> None:
        import usb.core

        if self._in is None or self._came:
            return
        with mapped(self._name), contextlib.suppress(usb.core.USBTimeoutError):
            self._came += bytes(self._in.read(_READ, timeout=timeout_ms))


def _serial_matches(device: Any, serial: str) -> bool:
    if not serial:
        return True
    try:
        return bool(device.serial_number == serial)
    except ValueError as error:
        # pyusb's way of saying that the device may not be opened to read its strings.
        raise TransportDenied(f"{device.idVendor:04x}:{device.idProduct:04x}", str(error)) from error


def _printer_interface(device: Any, name: str) -> Any:
    """The first interface of class printer, else the first vendor-specific one, that has a bulk way out."""
    import usb.core
    import usb.util

    try:
        configuration = device.get_active_configuration()
    except usb.core.USBError:
        # Never configured since it was plugged in. A configured one is left alone: setting it again resets it.
        device.set_configuration()
        configuration = device.get_active_configuration()
    for wanted in (_PRINTER_CLASS, _VENDOR_CLASS):
        for interface in configuration:
            if interface.bInterfaceClass == wanted and _bulk(interface, usb.util.ENDPOINT_OUT) is not None:
                return interface
    raise TransportLost(name, "has no printer interface")


def _bulk(interface: Any, direction: int) -> Any:
    import usb.util

    for endpoint in interface:
        if (
            usb.util.endpoint_direction(endpoint.bEndpointAddress) == direction
            and usb.util.endpoint_type(endpoint.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK
        ):
            return endpoint
    return None
