"""Keyboards that nobody accepted type for nobody; accepted ones and card readers are left alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices import registry
from devices.accepted import AcceptedKeyboards, KeyboardNotThere, keyboard_id
from devices.binding import Match, Port
from devices.channels import Channel, DescriptorChannel
from devices.keyboards import InertKeyboards, keyboards
from devices.monitor import Monitor
from devices.settings import DeviceSettings
from devices.transports import TransportBusy

# The key bitmaps of a real keyboard and of a power button.
TYPES, BUTTON = "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe", "10000000000000 0"


class Nodes:
    """Pipes in place of input nodes, with our end of each."""

    def __init__(self) -> None:
        self.ours: dict[str, int] = {}
        self.busy: set[str] = set()

    def open_at(self, path: str) -> Channel:
        if path in self.busy:
            raise TransportBusy(path, "EBUSY")
        theirs, self.ours[path] = os.pipe()
        return DescriptorChannel(theirs, path, release=lambda: os.close(theirs))


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    plug_in(tmp_path, 0, vendor="046d", keys=TYPES)
    plug_in(tmp_path, 1, vendor="0c2e", keys=TYPES)
    plug_in(tmp_path, 2, vendor="0000", keys=BUTTON)
    return tmp_path


def plug_in(sysfs: Path, number: int, *, vendor: str, keys: str) -> None:
    device = sysfs / f"class/input/event{number}/device"
    for name, text in (
        ("id/vendor", vendor),
        ("id/product", "0001"),
        ("capabilities/key", keys),
        ("name", "Keys"),
    ):
        (device / name).parent.mkdir(parents=True, exist_ok=True)
        (device / name).write_text(text + "\n")


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    monitor = Monitor(retry_first_s=0.02)
    yield monitor
    monitor.close()


def wait_until(claim: Callable[[], bool]) -> None:
    for _ in range(500):
        if claim():
            return
        threading.Event().wait(0.01)
    pytest.fail("it took too long")


def test_only_what_can_type_a_number_is_a_keyboard(sysfs: Path) -> None:
    assert [port.path for port in keyboards(sysfs)] == ["/dev/input/event0", "/dev/input/event1"]


def test_a_keyboard_is_silent_until_it_is_accepted(sysfs: Path, monitor: Monitor) -> None:
    nodes = Nodes()
    inert = InertKeyboards(
        accepted=lambda: [Match(0x0C2E, 1)], monitor=monitor, sysfs=sysfs, open_at=nodes.open_at
    )
    inert.start()
    wait_until(lambda: "/dev/input/event0" in nodes.ours)
    assert [port.vid for port in inert.silenced] == [0x046D]
    os.write(nodes.ours["/dev/input/event0"], bytes(24 * 100))
    plug_in(sysfs, 5, vendor="1234", keys=TYPES)
    wait_until(lambda: "/dev/input/event5" in nodes.ours)
    inert.close()
    inert.close()
    assert set(nodes.ours) == {"/dev/input/event0", "/dev/input/event5"}
    assert inert.silenced == ()
    for descriptor in nodes.ours.values():
        os.close(descriptor)


def test_accepted_keyboards_and_card_readers_of_the_settings_are_left_alone(sysfs: Path, monitor: Monitor) -> None:
    settings = DeviceSettings.model_validate(
        {
            "keyboard": [{"match": {"vid": "0c2e", "pid": 1}}],
            "card_reader": [{"url": "evdev:///dev/input/event0"}, {"url": "/dev/ttyUSB0"}],
        }
    )
    inert = registry.inert_keyboards(settings, monitor=monitor)
    assert not any(map(inert.would_silence, keyboards(sysfs)))
    plug_in(sysfs, 5, vendor="1234", keys=TYPES)
    assert [port.vid for port in keyboards(sysfs) if inert.would_silence(port)] == [0x1234]


def test_one_that_is_accepted_while_it_is_plugged_in_counts_within_a_second(
    sysfs: Path, monitor: Monitor, tmp_path: Path
) -> None:
    nodes, kept = Nodes(), AcceptedKeyboards(tmp_path / "keyboards.json")
    inert = InertKeyboards(accepted=kept.matches, monitor=monitor, sysfs=sysfs, open_at=nodes.open_at)
    inert.start()
    wait_until(lambda: len(inert.silenced) == 2)
    kept.accept("046d:0001", ports=keyboards(sysfs))
    wait_until(lambda: [port.vid for port in inert.silenced] == [0x0C2E])
    kept.forget("046d:0001")
    wait_until(lambda: len(inert.silenced) == 2)
    inert.close()


def test_accepted_keyboards_are_kept_by_what_they_are(tmp_path: Path) -> None:
    kept = AcceptedKeyboards(tmp_path / "keyboards.json")
    ports = [
        Port("/dev/input/event3", 0x046D, 0xC31C, serial="K1", location="1-2", description="Keys"),
        Port("/dev/input/event4", 0x046D, 0xC31C, location="1-3"),
        Port("/dev/input/event5", 0x046D, 0xC31C, location="1-3", interface="1.1"),
    ]
    assert [keyboard_id(port) for port in ports] == ["046d:c31c/K1", "046d:c31c@1-3", "046d:c31c@1-3"]
    assert kept.accept("046d:c31c/K1", ports=ports).description == "Keys"
    # Keyboards often are two devices, keys and multimedia keys: both are one thing to accept.
    kept.accept("046d:c31c@1-3", ports=ports)
    kept.accept("046d:c31c@1-3", ports=ports)
    again = AcceptedKeyboards(tmp_path / "keyboards.json")
    assert again.matches() == (Match(0x046D, 0xC31C, "K1"), Match(0x046D, 0xC31C, location="1-3"))
    again.forget("046d:c31c/K1")
    assert [entry.id for entry in kept.all()] == ["046d:c31c@1-3"]
    for wrong in ("046d:c31c", "046d:c31c/K1"):
        with pytest.raises(KeyboardNotThere):
            kept.forget(wrong)
    with pytest.raises(KeyboardNotThere):
        kept.accept("046d:c31c@1-9", ports=ports)


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"id": 1}]', "\xff\xfe"])
def test_a_damaged_file_accepts_nobody_and_can_be_written_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keyboards.json"
    path.write_text(text, "latin-1")
    kept = AcceptedKeyboards(path)
    assert kept.all() == ()
    port = Port("/dev/input/event3", 1, 1)
    kept.accept("0001:0001", ports=[port])
    assert [entry.id for entry in AcceptedKeyboards(path).all()] == ["0001:0001"]


def test_a_keyboard_that_is_unplugged_is_forgotten(sysfs: Path, monitor: Monitor) -> None:
    nodes = Nodes()
    inert = InertKeyboards(
        accepted=lambda: [Match(0x0C2E, 1)], monitor=monitor, sysfs=sysfs, open_at=nodes.open_at
    )
    inert.start()
    wait_until(lambda: "/dev/input/event0" in nodes.ours)
    (sysfs / "class/input/event0/device/capabilities/key").unlink()
    os.close(nodes.ours.pop("/dev/input/event0"))
    wait_until(lambda: inert.silenced == ())
    inert.close()


def test_a_keyboard_that_another_program_took_counts_as_silent(
    sysfs: Path, monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    nodes = Nodes()
    nodes.busy = {"/dev/input/event0", "/dev/input/event1"}
    inert = InertKeyboards(accepted=list, monitor=monitor, sysfs=sysfs, open_at=nodes.open_at)
    inert.start()
    wait_until(lambda: len(inert.silenced) == 2)
    inert.close()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
