"""The terminal on an emulated machine: its own kernel, screen, keyboard and disk, and a plug that can be pulled."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

_REPORTER = """#!/bin/sh
# Once a second, over the serial line: is the terminal up, since when, what is it doing, which console is shown.
unit=ebill-kiosk.service
while :; do
    shown=$(systemctl show -p ActiveState -p MainPID -p StatusText $unit | sort | cut -d= -f2 | tr '\\n' ' ')
    keyboards=$(grep -c 'QEMU USB Keyboard' /proc/bus/input/devices)
    refused=$(ls /run/ebill-kiosk/refused 2>/dev/null | wc -l)
    boot=$(cut -c1-8 /proc/sys/kernel/random/boot_id)
    uptime=$(cut -d' ' -f1 /proc/uptime)
    echo "STATE $boot $uptime $(cat /sys/class/tty/tty0/active) $keyboards $refused $shown" >/dev/ttyS0
    sleep 1
done
"""

_WRITER = """
import sys
from pathlib import Path

sys.path.insert(0, "/usr/lib/ebill-kiosk/lib")

from devices.printer import JobState, JournalEntry
from kiosk.bootstrap import open_journal

state = Path("/var/lib/trial")
state.mkdir(mode=0o700, exist_ok=True)
journal = open_journal(state)
serial = open("/dev/ttyS0", "w", buffering=1)
problems = journal.check()
held = journal.database.rows("SELECT coalesce(max(number), 0), count(*) FROM job")[0]
serial.write(f"HELD {held[0]} {held[1]} {len(problems)}\\n")
number = held[0]
while True:
    number += 1
    journal.record(JournalEntry(f"{number:032x}", number, 1, JobState.CUT, confirmed=True))
    serial.write(f"ACK {number}\\n")
"""

_UNIT = """[Unit]
After=basic.target
[Service]
ExecStart={command}
[Install]
WantedBy=multi-user.target
"""

_STATE = re.compile(r"STATE (\S+) (\S+) (\S+) (\d+) (\d+) (\S+) (\d+) (\S*)")


def make_image(root: Path, deb: Path, image: Path) -> None:
    """A disk of the Debian in `root` with the package installed, and with what reports to the serial line."""
    shutil.copy(deb, root / "root/terminal.deb")
    for words in (["dpkg", "-i", "/root/terminal.deb"], ["update-initramfs", "-u"]):
        subprocess.run(["chroot", str(root), *words], check=True, stdin=subprocess.DEVNULL, capture_output=True)
    (root / "root/terminal.deb").unlink()
    programs = {
        "reporter": (_REPORTER, "/bin/sh /root/reporter"),
        "writer": (_WRITER, "/usr/bin/python3 /root/writer"),
    }
    wants = root / "etc/systemd/system/multi-user.target.wants"
    for name, (text, command) in programs.items():
        (root / "root" / name).write_text(text)
        unit = root / f"etc/systemd/system/trial-{name}.service"
        unit.write_text(_UNIT.format(command=command))
        (wants / unit.name).unlink(missing_ok=True)
        (wants / unit.name).symlink_to(f"/etc/systemd/system/{unit.name}")
    # Receipts are acknowledged without end only when the plug is to be pulled.
    (root / "etc/systemd/system/trial-writer.service.d").mkdir(exist_ok=True)
    drop_in = root / "etc/systemd/system/trial-writer.service.d/when.conf"
    drop_in.write_text("[Unit]\nConditionKernelCommandLine=trial.write\n")
    image.unlink(missing_ok=True)
    subprocess.run(["mkfs.ext4", "-q", "-d", str(root), str(image), "3G"], check=True)


class Virtual:
    """One emulated machine that runs."""

    def __init__(self, root: Path, image: Path, folder: Path, *, words: str = "") -> None:
        """Power on; `words` are added to the kernel's command line."""
        self.began_at = time.monotonic()
        self._serial = folder / "serial"
        self._serial.unlink(missing_ok=True)
        self._socket = folder / "qmp"
        self._socket.unlink(missing_ok=True)
        (kernel,) = sorted((root / "boot").glob("vmlinuz-*"))[-1:]
        (initrd,) = sorted((root / "boot").glob("initrd.img-*"))[-1:]
        command = [
            *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1536"),
            *("-kernel", str(kernel), "-initrd", str(initrd)),
            *("-append", f"root=/dev/vda rw quiet console=ttyS0 no_timer_check {words}"),
            *("-drive", f"file={image},format=raw,if=virtio", "-nic", "none", "-display", "none"),
            *("-vga", "none", "-device", "virtio-vga,xres=1080,yres=1920", "-device", "virtio-tablet-pci"),
            *("-device", "qemu-xhci,id=xhci", "-qmp", f"unix:{self._socket},server=on,wait=off"),
            *("-serial", f"file:{self._serial}", "-no-reboot"),
        ]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self._qmp: socket.socket | None = None

    def lines(self) -> list[str]:
        """What came over the serial line so far."""
        return self._serial.read_text(errors="replace").splitlines() if self._serial.exists() else []

    def state(self) -> dict[str, str]:
        """The last report; empty before the first."""
        for line in reversed(self.lines()):
            if found := _STATE.search(line):
                names = ("boot", "uptime", "console", "keyboards", "refused", "active", "pid", "status")
                return dict(zip(names, found.groups(), strict=True))
        return {}

    def wait(self, wanted: dict[str, str], *, within_s: float) -> dict[str, str]:
        """Wait until a report says what is wanted.

        Raises:
            TimeoutError: it does not.
        """
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            seen = self.state()
            if seen and all(seen[name] == value for name, value in wanted.items()):
                return seen
            if self._process.poll() is not None:
                raise TimeoutError("the machine has stopped")
            time.sleep(0.2)
        raise TimeoutError(f"not {wanted} within {within_s:.0f} s: {self.state()}; {self.lines()[-3:]}")

    def do(self, command: str, **arguments: Any) -> None:
        """A command to the machine's own panel (QMP)."""
        if self._qmp is None:
            self._qmp = socket.socket(socket.AF_UNIX)
            self._qmp.settimeout(60)
            self._qmp.connect(str(self._socket))
            self._answer()
            self.do("qmp_capabilities")
        self._qmp.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        self._answer()

    def tap(self, x: float, y: float) -> None:
        """A finger at a place, each from 0 to 1 of the screen."""
        axes = [
            {"type": "abs", "data": {"axis": axis, "value": int(at * 0x7FFF)}} for axis, at in (("x", x), ("y", y))
        ]
        for down in (True, False):
            press = {"type": "btn", "data": {"down": down, "button": "left"}}
            self.do("input-send-event", events=[*axes, press])
            time.sleep(0.3)

    def keys(self, *names: str) -> None:
        """Keys pressed together."""
        self.do("send-key", keys=[{"type": "qcode", "data": name} for name in names])

    def pull_the_plug(self) -> None:
        """No power, from one instant to the next."""
        self._process.kill()
        self._process.wait()
        if self._qmp:
            self._qmp.close()

    def _answer(self) -> None:
        assert self._qmp is not None
        data = b""
        while not re.search(rb'"(return|QMP|error)"', data) or not data.endswith(b"\n"):
            data += self._qmp.recv(65536)
        if b'"error"' in data:
            raise RuntimeError(data.decode())
