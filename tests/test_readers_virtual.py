"""Readers against virtual hardware that nobody here wrote. Opt in: ./kiosk.sh test emulator

Needs, on Debian: apt install pcscd vsmartcard-vpcd umockdev ser2net nut-server
and for the last: python3 -m venv V && V/bin/pip install nfcpy==1.0.4, then NFCPY_PYTHON=V/bin/python
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from reader_rigs import Heard
from virtual_parts import VirtualCard, free_port, listens, needs, running, wait_until

from devices.card_map import CardMap, Rule, Source
from devices.card_reader import Presented, ReaderHealth, Rejected, Rejection, Removed
from devices.codecs import keyboard, ndef
from devices.monitor import Monitor
from devices.pcsc_reader import PcscCardReader
from devices.sensors import Power, PowerChanged
from devices.serial_reader import SerialCardReader
from devices.simulated_hardware import SUBSCRIBER_CARD, hardware
from devices.simulated_hardware.pn532_module import Pn532Hardware
from devices.simulated_hardware.tag import Type4Card
from devices.simulated_line import SimulatedLine
from devices.ups import Ups

pytestmark = pytest.mark.emulator

ACCOUNT_RECORD = ndef.own_record("example.org:acct", b"10023456789")
RULES = CardMap(
    [Rule(Source.NDEF, "urn:nfc:ext:example.org:acct=10023456789", r"urn:nfc:ext:\S*=(?P<account>\d{8,15})$")]
)


class Pcscd:
    """The real pcscd with one virtual slot."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        driver = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
        assert Path(driver).exists(), "apt install vsmartcard-vpcd"
        (folder / "vpcd").write_text(
            f'FRIENDLYNAME "Virtual"\nDEVICENAME /dev/null:{self.port:#x}\n'
            f"LIBPATH {driver}\nCHANNELID {self.port:#x}\n"
        )
        self._program = needs("pcscd", install="apt install pcscd")
        self._folder = folder
        self._stack = ExitStack()

    def start(self) -> None:
        self._stack.enter_context(
            running(self._program, "--foreground", "--config", self._folder, ready=lambda: listens(self.port))
        )

    def kill(self) -> None:
        self._stack.close()


@pytest.fixture
def pcscd(tmp_path: Path) -> Iterator[Pcscd]:
    pcscd = Pcscd(tmp_path)
    pcscd.start()
    yield pcscd
    pcscd.kill()


@pytest.fixture
def nfc(pcscd: Pcscd) -> Iterator[tuple[PcscCardReader, Heard]]:
    reader, heard = PcscCardReader(url="pcsc:Virtual", card_map=RULES), Heard()
    reader.start(heard)
    heard.wait_health(ReaderHealth.ONLINE)
    reader.arm(True)
    yield reader, heard
    reader.close()


def test_pcscd_a_type_4_tag_is_read_and_its_leaving_told(pcscd: Pcscd, nfc: tuple[PcscCardReader, Heard]) -> None:
    card = VirtualCard(Type4Card(ACCOUNT_RECORD), port=pcscd.port)
    assert nfc[1].wait(Presented).credential.take() == "10023456789"
    card.remove()
    nfc[1].wait(Removed)


def test_pcscd_a_tag_pulled_while_it_is_read_is_partial(pcscd: Pcscd, nfc: tuple[PcscCardReader, Heard]) -> None:
    card = VirtualCard(Type4Card(ACCOUNT_RECORD, exchanges_left=3), port=pcscd.port)
    assert nfc[1].wait(Rejected).reason is Rejection.PARTIAL
    card.remove()


def test_pcscd_killed_three_times_is_back_within_three_seconds(
    pcscd: Pcscd, nfc: tuple[PcscCardReader, Heard]
) -> None:
    _, heard = nfc
    for _ in range(3):
        before = len(heard.events)
        pcscd.kill()
        heard.wait_health(ReaderHealth.ABSENT, after=before)
        pcscd.start()
        started = time.monotonic()
        heard.wait_health(ReaderHealth.ONLINE, after=before)
        assert time.monotonic() - started < 3.0
    card = VirtualCard(Type4Card(ACCOUNT_RECORD), port=pcscd.port)
    heard.wait(Presented)
    card.remove()


UMOCKDEV = """\
P: /devices/pci0/usb1/1-{place}
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
E: ID_VENDOR_ID=0403
A: idVendor=0403\\n
A: idProduct=6001\\n
A: serial={serial}\\n
A: product=Reader\\n
A: manufacturer=FTDI\\n
A: bNumInterfaces= 1\\n

P: /devices/pci0/usb1/1-{place}/1-{place}:1.0
E: SUBSYSTEM=usb
E: DEVTYPE=usb_interface

P: /devices/pci0/usb1/1-{place}/1-{place}:1.0/ttyUSB{number}
E: SUBSYSTEM=usb-serial

P: /devices/pci0/usb1/1-{place}/1-{place}:1.0/ttyUSB{number}/tty/ttyUSB{number}
N: ttyUSB{number}
E: SUBSYSTEM=tty
E: DEVNAME=/dev/ttyUSB{number}
L: device=../../../ttyUSB{number}

"""
WATCHING = """
import json, sys
opened = []
sys.addaudithook(lambda event, facts: opened.append(str(facts[0])) if event == "open" else None)
from devices import commands
from devices.settings import DeviceSettings
from pathlib import Path
settings = DeviceSettings.read([Path(sys.argv[1])])
commands.list_devices(settings, as_json=True, say=lambda line: print(line, flush=True))
commands.watch(settings, as_json=True, reveal=False, say=lambda line: print(line, flush=True), timeout_s=4.0)
print(json.dumps(sorted(path for path in opened if path.startswith("/dev/ttyUSB"))))
"""


def test_umockdev_the_reader_is_found_by_its_serial_number_and_strangers_are_left_alone(tmp_path: Path) -> None:
    umockdev = needs("umockdev-run", install="apt install umockdev")
    devices, script, settings = tmp_path / "two.umockdev", tmp_path / "swipe.script", tmp_path / "devices.toml"
    devices.write_text(
        UMOCKDEV.format(place=2, number=0, serial="STRANGER")
        + UMOCKDEV.format(place=3, number=1, serial="KIOSKRD1")
    )
    # Again and again: opening a port drops what came before, and a repeated card counts once.
    script.write_text("r 500 ;10023456789=2512?^M\n" * 12)
    settings.write_text(
        '[[card_reader]]\nname = "stripe"\nmatch = { vid = "0403", pid = "6001", serial = "KIOSKRD1" }\n'
    )
    done = subprocess.run(
        [
            umockdev,
            "--device",
            devices,
            "--script",
            f"/dev/ttyUSB1={script}",
            "--",
            sys.executable,
            "-c",
            WATCHING,
            settings,
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    listed, *events, opened = (json.loads(line) for line in done.stdout.splitlines())
    ports = {port["path"]: port["used_by"] for port in listed["ports"]}
    assert (ports["/dev/ttyUSB0"], ports["/dev/ttyUSB1"]) == ("not used", "stripe")
    assert [(event["event"], event["account_masked"]) for event in events] == [
        ("status", None),
        ("presented", "*******6789"),
    ]
    assert set(opened) <= {"/dev/ttyUSB1"}


UMOCKDEV_KEYBOARD = """\
P: /devices/pci0/usb1/1-4
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device

P: /devices/pci0/usb1/1-4/1-4:1.0
E: SUBSYSTEM=usb
E: DEVTYPE=usb_interface

P: /devices/pci0/usb1/1-4/1-4:1.0/0003:0C2E:0901.0001/input/input5
E: SUBSYSTEM=input
A: id/vendor=0c2e\\n
A: id/product=0901\\n
A: name=Scanner\\n
A: capabilities/key=402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe\\n

P: /devices/pci0/usb1/1-4/1-4:1.0/0003:0C2E:0901.0001/input/input5/event5
N: input/event5
E: SUBSYSTEM=input
E: DEVNAME=/dev/input/event5
L: device=../../input5

"""


def test_umockdev_a_scanner_that_types_is_found_by_its_place_and_read(tmp_path: Path) -> None:
    umockdev = needs("umockdev-run", install="apt install umockdev")
    devices, typing, settings = tmp_path / "one.umockdev", tmp_path / "typing", tmp_path / "devices.toml"
    devices.write_text(UMOCKDEV_KEYBOARD)
    keys = keyboard.EVENT.iter_unpack(keyboard.encode(b"10023456789\r"))
    typing.write_text(
        "".join(
            f"E: {3 + n * 0.01:.6f} {kind:04x} {key:04x} {value}\n"
            for n, (*_, kind, key, value) in enumerate(keys)
        )
    )
    settings.write_text('[[card_reader]]\nurl = "evdev:"\nmatch = { location = "1-4" }\ncodec = "scanner"\n')
    watching = [sys.executable, "-m", "devices", "watch", "--settings", settings, "--json", "--timeout", "6"]
    done = subprocess.run(
        [umockdev, "--device", devices, "--evemu-events", f"/dev/input/event5={typing}", "--", *watching],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert [(event["event"], event["account_masked"]) for event in map(json.loads, done.stdout.splitlines())] == [
        ("status", None),
        ("presented", "*******6789"),
    ]


def test_ser2net_a_reader_behind_rfc_2217_is_read_and_found_again(tmp_path: Path) -> None:
    ser2net = needs("ser2net", install="apt install ser2net")
    port, config = free_port(), tmp_path / "ser2net.yaml"
    line = SimulatedLine(hardware("magtek"), link=tmp_path / "reader")
    config.write_text(
        f"%YAML 1.1\n---\nconnection: &reader\n  accepter: telnet(rfc2217),tcp,localhost,{port}\n"
        f"  connector: serialdev,{tmp_path}/reader,9600n81,local\n  options:\n    kickolduser: true\n"
    )
    server = (ser2net, "-n", "-c", config)
    monitor, heard = Monitor(retry_first_s=0.1), Heard()
    reader = SerialCardReader(url=f"rfc2217://127.0.0.1:{port}", monitor=monitor)
    with running(*server, ready=lambda: listens(port)):
        reader.start(heard)
        heard.wait_health(ReaderHealth.ONLINE)
        reader.arm(True)
        line.present(SUBSCRIBER_CARD)
        assert heard.wait(Presented).credential.take() == "10023456789"
    heard.wait_health(ReaderHealth.ABSENT)
    before = len(heard.events)
    with running(*server, ready=lambda: listens(port)):
        heard.wait_health(ReaderHealth.ONLINE, after=before)
        line.present({"track2": "00000018="})
        heard.wait(Presented, after=before)
        reader.close()
    monitor.close()
    line.close()


def test_nut_dummy_ups_mains_battery_and_low_are_told(tmp_path: Path) -> None:
    dummy, upsd = (needs(program, install="apt install nut-server") for program in ("dummy-ups", "upsd"))
    port, power = free_port(), tmp_path / "kiosk.dev"
    power.write_text("ups.status: OL\n")
    (tmp_path / "ups.conf").write_text(f"[kiosk]\ndriver = dummy-ups\nport = {power}\nmode = dummy-loop\n")
    (tmp_path / "upsd.conf").write_text(f"LISTEN 127.0.0.1 {port}\n")
    (tmp_path / "upsd.users").write_text("")
    for file in tmp_path.iterdir():
        file.chmod(0o644)
    environment = os.environ | {
        "NUT_CONFPATH": str(tmp_path),
        "NUT_STATEPATH": str(tmp_path),
        "NUT_ALTPIDPATH": str(tmp_path),
    }
    changes: list[Power] = []
    changed = threading.Condition()

    def hear(event: PowerChanged) -> None:
        with changed:
            changes.append(event.power)
            changed.notify_all()

    def wait(power: Power) -> None:
        with changed:
            assert changed.wait_for(lambda: changes and changes[-1] is power, 20), changes

    with ExitStack() as stack:
        for command in ([dummy, "-a", "kiosk", "-u", "root", "-D"], [upsd, "-u", "root", "-D"]):
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            wait_until(lambda: (tmp_path / "dummy-ups-kiosk").exists())
        wait_until(lambda: listens(port))
        ups = Ups(url=f"nut://127.0.0.1:{port}/kiosk", ask_every_s=0.2)
        ups.start(hear)
        stack.callback(ups.close)
        wait(Power.MAINS)
        for status, expected in (
            ("OB DISCHRG", Power.BATTERY),
            ("OB DISCHRG LB", Power.LOW),
            ("OL CHRG", Power.MAINS),
        ):
            power.write_text(f"ups.status: {status}\n")
            wait(expected)


NFCPY = """
import sys, nfc
with nfc.ContactlessFrontend(sys.argv[1]) as reader:
    tag = reader.connect(rdwr={"on-connect": lambda tag: False, "targets": ["106A"]}, terminate=lambda: False)
    print(type(tag).__name__, tag.identifier.hex().upper(), [record.type for record in tag.ndef.records])
    print(bytes(tag.ndef.records[0].data).decode())
"""


def test_nfcpy_takes_our_simulated_module_for_a_pn532(tmp_path: Path) -> None:
    python = os.environ.get("NFCPY_PYTHON") or pytest.fail("NFCPY_PYTHON is not set: see the top of this file")
    module = Pn532Hardware()
    module.lay(Type4Card(ACCOUNT_RECORD))
    # nfcpy opens only names that it knows, and a pseudo-terminal's is not among them.
    line = SimulatedLine(module, link=Path("/dev/ttyUSB97"))
    try:
        done = subprocess.run(
            [python, "-c", NFCPY, "tty:USB97:pn532"], capture_output=True, text=True, timeout=60, check=False
        )
    finally:
        line.close()
    assert done.stdout.splitlines() == [
        "Type4ATag 04A1B2C3D4E5F6 ['urn:nfc:ext:example.org:acct']",
        "10023456789",
    ], done.stderr
