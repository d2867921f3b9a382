"""What printers can do, and where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices import printer_url
from devices.escpos.profiles import CAPABILITIES, PROFILES, Fence, Provenance, UnknownProfile, profile
from devices.printer_url import (
    FileAddress,
    PrinterUrlInvalid,
    SerialAddress,
    SimulatedAddress,
    TcpAddress,
    UsbAddress,
)


def test_an_unknown_profile_names_the_near_miss() -> None:
    with pytest.raises(UnknownProfile, match='did you mean "epson-tm"'):
        profile("epson-mt")


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_every_profile_is_usable_as_it_stands(name: str) -> None:
    one = profile(name)
    assert one.name == name and hash(one) is not None
    assert one.width % 8 == 0 and one.width * 24 // 8 <= one.max_block <= 4096
    assert (one.documented | one.probed) <= set(CAPABILITIES)
    assert one.cut and len(one.fences) == len(set(one.fences))


def test_what_nobody_stated_is_unverified() -> None:
    generic = profile("generic")
    assert all(generic.provenance(capability) is Provenance.UNVERIFIED for capability in CAPABILITIES)
    assert profile("epson-tm").provenance("asb") is Provenance.DOCUMENTED
    assert profile("simulated").provenance("fences") is Provenance.PROBED
    with pytest.raises(KeyError, match='did you mean "native_qr"'):
        generic.provenance("native_qrs")


def test_only_printers_known_to_answer_it_are_sent_the_process_id_fence() -> None:
    with_id = {name for name, one in PROFILES.items() if Fence.PROCESS_ID in one.fences}
    assert with_id == {"epson-tm", "simulated"}


def test_another_paper_width_keeps_everything_else() -> None:
    narrow = profile("epson-tm").with_width(384)
    assert narrow.width == 384 and narrow.fences == profile("epson-tm").fences
    assert narrow.with_width(384) is narrow


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("tcp://192.168.1.50:9100", TcpAddress("192.168.1.50", 9100)),
        ("tcp://printer.local", TcpAddress("printer.local", 9100)),
        ("tcp://[fd00::9]:9101", TcpAddress("fd00::9", 9101)),
        ("serial:///dev/ttyUSB0", SerialAddress("/dev/ttyUSB0")),
        (
            "serial:///dev/ttyS1?baud=115200&rtscts=0&parity=E&bits=7",
            SerialAddress("/dev/ttyS1", baud=115200, rtscts=False, parity="E", bits=7),
        ),
        ("usb://04b8:0E28", UsbAddress(0x04B8, 0x0E28)),
        ("usb://0dd4:0205?serial=KIOSK7", UsbAddress(0x0DD4, 0x0205, "KIOSK7")),
        ("file:///tmp/a%20receipt.bin", FileAddress(Path("/tmp/a receipt.bin"))),
        ("simulated:", SimulatedAddress()),
        ("simulated:/tmp/paper", SimulatedAddress(Path("/tmp/paper"))),
    ],
)
def test_an_address_says_where_the_printer_is(url: str, address: printer_url.Address) -> None:
    assert printer_url.parse(url) == address


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("tpc://10.0.0.9", 'did you mean "tcp"'),
        ("/dev/ttyUSB0", "Known: file, serial"),
        ("", "Known: file, serial"),
        ("tcp://", "tcp://HOST:PORT"),
        ("tcp://10.0.0.9:99999", "tcp://HOST:PORT"),
        ("tcp://10.0.0.9:0", "tcp://HOST:PORT"),
        ("tcp://10.0.0.9/x", "tcp://HOST:PORT"),
        ("tcp://[::1", "no address"),
        ("tcp://h:1?baud=9600", "option of a tcp address"),
        ("serial://dev/ttyUSB0", "serial:///dev/ttyUSB0"),
        ("serial:///dev/ttyUSB0?buad=9600", 'did you mean "baud"'),
        ("serial:///dev/ttyUSB0?baud=fast", 'baud cannot be "fast"'),
        ("serial:///dev/ttyUSB0?rtscts=yes", 'rtscts cannot be "yes"'),
        ("usb://epson", "usb://VENDOR:PRODUCT"),
        ("usb://04b8:0e28/1", "usb://VENDOR:PRODUCT"),
        ("file://receipt.bin", "three strokes"),
        ("file:///", "three strokes"),
        ("simulated://x", "simulated:"),
    ],
)
def test_a_wrong_address_is_refused_with_a_hint(url: str, hint: str) -> None:
    with pytest.raises(PrinterUrlInvalid) as refused:
        printer_url.parse(url)
    assert hint in str(refused.value)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_every_profile_has_its_row_in_the_readme(name: str) -> None:
    one = profile(name)
    fences = ", ".join(f"`{fence}`" for fence in one.fences) or "none"
    row = f"| `{name}` | {one.title} | {one.width} | {fences} |"
    assert row in (Path(__file__).parent.parent / "devices" / "README.md").read_text(encoding="utf-8")
