"""Readers that plug in as keyboards or HID scanners: found by identity, taken for ourselves, decoded by place."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from reader_rigs import Heard

from devices import binding
from devices.binding import Match, Port
from devices.card_reader import CardReaderError, Presented, ReaderHealth, Rejected, Rejection
from devices.codecs import hid_pos, keyboard
from devices.codecs.frames import Frame
from devices.codecs.keyboard import EVENT, KeyboardCodec
from devices.codecs.scanner import ScannerCodec
from devices.input_reader import HidCardReader, KeyboardCardReader
from devices.monitor import Monitor


def typed(*keys: tuple[int, int]) -> list[tuple[dict[str, bytes], Rejection | None]]:
    """What comes of key events, as (code, value)."""
    codec = KeyboardCodec(ScannerCodec())
    data = b"".join(EVENT.pack(0, 0, 1, code, value) for code, value in keys)
    found = [*codec.feed(data, 1.0), *codec.idle(2.0)]
    return [({p.source: bytes(p.data) for p in f.parts}, f.fault) for f in found if isinstance(f, Frame)]


def test_keys_are_read_by_their_place_whatever_the_layout() -> None:
    # Codes 2 to 11 are the digits; an Arabic layout would make letters of others.
    digits = [(code, value) for code in range(2, 12) for value in (1, 0)]
    assert typed(*digits, (28, 1), (28, 0)) == [({"barcode": b"1234567890"}, None)]


def test_shift_and_caps_lock_count_and_repetitions_do_not() -> None:
    assert typed((42, 1), (30, 1), (30, 2), (30, 0), (42, 0), (30, 1), (30, 0)) == [({"barcode": b"Aa"}, None)]
    assert typed((58, 1), (58, 0), (30, 1), (2, 1), (42, 1), (30, 1)) == [({"barcode": b"A1a"}, None)]


@pytest.mark.parametrize("key", [42, 29, 58], ids=["shift", "control", "caps lock"])
def test_a_key_whose_release_was_lost_does_not_last(key: int) -> None:
    codec = KeyboardCodec(ScannerCodec())
    scan = b"".join(EVENT.pack(0, 0, 1, code, 1) for code in (2, 30, 28))
    codec.feed(EVENT.pack(0, 0, 1, key, 1), 1.0)
    codec.feed(EVENT.pack(0, 0, 1, 28, 1), 1.0)
    # Nothing of a text is held back, and yet the silence must be waited for.
    assert codec.pending
    codec.idle(2.0)
    assert not codec.pending
    (found,) = codec.feed(scan, 3.0)
    assert isinstance(found, Frame)
    assert bytes(found.parts[0].data) == b"1a"


def test_the_separator_is_control_and_bracket_and_every_other_control_key_is_refused() -> None:
    assert typed((29, 1), (27, 1), (27, 0), (29, 0), (2, 1), (28, 1)) == [({"gs1": b"\x1d1"}, None)]
    for keys in ([(29, 1), (46, 1), (29, 0)], [(1, 1)], [(59, 1)], [(15, 1)]):
        assert typed(*keys, (2, 1), (28, 1)) == [({"barcode": b"\x7f1"}, None)]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A pipe in place of a device node, and our end of it."""
    path = tmp_path / "event0"
    os.mkfifo(path)
    ours = os.open(path, os.O_RDWR)
    yield path, ours
    os.close(ours)


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    monitor = Monitor(retry_first_s=0.02)
    yield monitor
    monitor.close()


@pytest.fixture
def grabs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The grabs that were asked for; a pipe knows no such call."""
    asked: list[tuple[int, int]] = []

    def ioctl(descriptor: int, request: int, argument: int) -> int:
        asked.append((request, argument))
        return 0

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    return asked


def test_what_a_keyboard_types_is_ours_alone(
    node: tuple[Path, int], monitor: Monitor, grabs: list[tuple[int, int]]
) -> None:
    path, ours = node
    reader, heard = KeyboardCardReader(url=f"evdev://{path}", monitor=monitor), Heard()
    reader.start(heard)
    heard.wait_health(ReaderHealth.ONLINE)
    reader.arm(True)
    os.write(ours, keyboard.encode(b"10023456789\r"))
    assert heard.wait(Presented).credential.take() == "10023456789"
    os.write(ours, EVENT.pack(0, 0, 1, 1, 1) + keyboard.encode(b"10023456789\r"))
    assert heard.wait(Rejected).reason is Rejection.CONTROL_CHARS
    assert grabs == [(0x40044590, 1)]
    reader.close()


def test_a_typed_bank_card_is_refused(
    node: tuple[Path, int], monitor: Monitor, grabs: list[tuple[int, int]]
) -> None:
    path, ours = node
    reader, heard = KeyboardCardReader(url=f"evdev://{path}", codec="magtek", monitor=monitor), Heard()
    reader.start(heard)
    heard.wait_health(ReaderHealth.ONLINE)
    reader.arm(True)
    os.write(ours, keyboard.encode(b"%B4111111111111111^NOBODY^2512?;4111111111111111=2512?\r"))
    assert heard.wait(Rejected).reason is Rejection.PAYMENT_CARD
    reader.close()


def test_a_keyboard_that_another_program_took_is_busy(
    node: tuple[Path, int], monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(descriptor: int, request: int, argument: int) -> int:
        raise OSError(errno.EBUSY, "taken")

    monkeypatch.setattr(fcntl, "ioctl", taken)
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    reader, heard = KeyboardCardReader(url=f"evdev://{node[0]}", monitor=monitor), Heard()
    reader.start(heard)
    heard.wait_health(ReaderHealth.BUSY)
    reader.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def test_a_hid_scanner_is_read_and_not_grabbed(
    node: tuple[Path, int], monitor: Monitor, grabs: list[tuple[int, int]]
) -> None:
    path, ours = node
    reader, heard = HidCardReader(url=f"hidraw://{path}", monitor=monitor), Heard()
    reader.start(heard)
    heard.wait_health(ReaderHealth.ONLINE)
    reader.arm(True)
    os.write(ours, hid_pos.encode(b"4156281000000017802010023456789", aim=b"]C1"))
    assert heard.wait(Presented).credential.take() == "10023456789"
    assert grabs == []
    reader.close()


@pytest.mark.parametrize(
    ("driver", "arguments", "words"),
    [
        (KeyboardCardReader, {}, "either an address in url or match"),
        (KeyboardCardReader, {"url": "evdev:event5"}, "evdev:///dev/"),
        (KeyboardCardReader, {"url": "evdev:///dev/input/event5", "codec": "pn532"}, "keyboard-like"),
        (HidCardReader, {"url": "hidraw:///dev/hidraw0", "match": Match(serial="A")}, "either an address"),
        (HidCardReader, {"url": "evdev:///dev/hidraw0"}, "hidraw:///dev/"),
    ],
)
def test_a_reader_that_cannot_be_used_as_configured_says_why(
    driver: type[KeyboardCardReader] | type[HidCardReader], arguments: dict[str, object], words: str
) -> None:
    with pytest.raises(CardReaderError, match=words):
        driver(**arguments)  # type: ignore[arg-type]


def make(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    """Two equal scanners on different USB ports, as keyboard and as HID, and a button on no bus."""
    for number, place in enumerate(("1-2", "1-3.1")):
        device = tmp_path / f"devices/pci0/usb1/{place}/{place}:1.0/0003:0C2E:0901.000{number}"
        make(device / f"input/input{number}/id/vendor", "0c2e\n")
        make(device / f"input/input{number}/id/product", "0901\n")
        make(device / f"input/input{number}/name", "Scanner\n")
        make(device / f"input/input{number}/uniq", "\n")
        (device / f"input/input{number}/event{number}").mkdir()
        (device / f"input/input{number}/event{number}/device").symlink_to(device / f"input/input{number}")
        make(device / "uevent", f"HID_ID=0003:00000C2E:00000901\nHID_NAME=Scanner\nHID_UNIQ=S{number}\n")
        (device / f"hidraw/hidraw{number}").mkdir(parents=True)
        (device / f"hidraw/hidraw{number}/device").symlink_to(device)
        for kind, entry in (("input", f"input/input{number}/event{number}"), ("hidraw", f"hidraw/hidraw{number}")):
            (tmp_path / "class" / kind).mkdir(parents=True, exist_ok=True)
            (tmp_path / "class" / kind / Path(entry).name).symlink_to(device / entry)
    button = tmp_path / "devices/button/event7"
    button.mkdir(parents=True)
    (tmp_path / "class/input/event7").symlink_to(button)
    return tmp_path


def test_equal_devices_are_told_apart_by_their_place(sysfs: Path) -> None:
    inputs, hids = binding.input_devices(sysfs), binding.hid_devices(sysfs)
    assert inputs[0] == Port("/dev/input/event0", 0x0C2E, 0x0901, "", "1-2", "1.0", "Scanner")
    assert hids[1] == Port("/dev/hidraw1", 0x0C2E, 0x0901, "S1", "1-3.1", "1.0", "Scanner")
    assert binding.find(Match(0x0C2E, 0x0901, location="1-3.1"), inputs) == "/dev/input/event1"
    assert binding.find(Match(serial="S0"), hids) == "/dev/hidraw0"
    assert inputs[-1] == Port("/dev/input/event7")


def test_this_machines_own_devices_can_be_listed() -> None:
    assert all(port.path.startswith("/dev/") for port in (*binding.input_devices(), *binding.hid_devices()))
