"""Readers at USB devices of QEMU, under Debian's own kernel. Opt in: ./kiosk.sh test emulator

Needs: apt install qemu-system-x86 busybox-static cpio kmod, and a kernel, from `apt-get download` of what
linux-image-amd64 depends on, named in KERNEL_DEB. The machine is up in 10 s, or in two minutes where cores are scarce.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from virtual_machine import Machine, built, python

from devices.simulated_hardware import BANK_CARD, SUBSCRIBER_CARD, hardware

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(500)]

_SETTINGS = """
[[card_reader]]
name = "wedge"
url = "evdev:"
match = { vid = "0627", pid = "0001" }
codec = "scanner"

[[card_reader]]
name = "stripe"
match = { vid = "0403", pid = "6001", serial = "KIOSKRD1" }
codec = "magtek"
"""
_STRIPE = hardware("magtek")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    kernel_deb = os.environ.get("KERNEL_DEB")
    if not kernel_deb:
        pytest.fail("name a kernel's package in KERNEL_DEB: apt-get download linux-image-...-amd64")
    # The machine's own /tmp is this machine's, so it finds the settings where they are.
    settings = tmp_path / "devices.toml"
    settings.write_text(_SETTINGS)
    command = python("-m", "devices", "watch", "--settings", str(settings), "--json")
    machine = Machine(tmp_path, *built(tmp_path, Path(kernel_deb), command=command))
    yield machine
    machine.close()


def test_a_keyboard_and_a_serial_adapter_are_found_read_pulled_and_found_again(machine: Machine) -> None:
    machine.wait(device="wedge", health="online", within_s=400)
    machine.wait(device="stripe", health="online")
    machine.type([*"10023456789", "ret"])
    machine.wait(device="wedge", event="presented", account_masked="*******6789")
    machine.send(_STRIPE.present(SUBSCRIBER_CARD))
    machine.wait(device="stripe", event="presented", account_masked="*******6789")
    machine.send(_STRIPE.present(BANK_CARD))
    machine.wait(device="stripe", event="rejected", reason="payment_card")
    for device, add in (("rd1", {"driver": "usb-serial", "chardev": "rd", "serial": "KIOSKRD1"}), ("keys", {})):
        name = "stripe" if add else "wedge"
        at = len(machine.lines)
        machine.do("device_del", id=device)
        machine.wait(device=name, health="absent", after=at)
        more = {"always-plugged": True} if add else {}
        machine.do("device_add", **({"driver": "usb-kbd"} | add), **more, bus="x.0", id=f"{device}-again")
        machine.wait(device=name, health="online", after=at)
    machine.type([*"00000018", "ret"])
    machine.wait(device="wedge", event="presented", account_masked="****0018")
