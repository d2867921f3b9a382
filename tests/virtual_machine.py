"""A small machine in QEMU that runs this checkout under Debian's own kernel, with USB devices that nobody here wrote.

Its file system is this machine's, read-only; of its own it has only a kernel, modules and busybox.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

MODULES = ("virtio_pci", "9pnet_virtio", "9p", "evdev", "xhci-pci", "usbhid", "hid-generic", "ftdi_sio")

_INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
for module in {modules}; do /bin/busybox insmod /modules/$module; done
/bin/busybox mount -t 9p -o trans=virtio,version=9p2000.L,ro host /host
/bin/busybox mount --bind /proc /host/proc
/bin/busybox mount --bind /sys /host/sys
/bin/busybox mount --bind /dev /host/dev
/bin/busybox stty -F /dev/ttyS0 raw -echo
/bin/busybox chroot /host {command}
/bin/busybox poweroff -f
"""


def built(folder: Path, kernel_deb: Path, *, command: str) -> tuple[Path, Path]:
    """The kernel of a Debian package, and an initial file system that runs `command`."""
    tree, root = folder / "deb", folder / "root"
    subprocess.run(["dpkg-deb", "-x", kernel_deb, tree], check=True)
    (version,) = (path.name for path in (tree / "lib/modules").iterdir())
    subprocess.run(["depmod", "-b", tree, version], check=True)
    files: dict[str, Path] = {}
    for module in MODULES:
        shown = subprocess.run(
            ["modprobe", "-d", tree, "-S", version, "--show-depends", module],
            check=True,
            capture_output=True,
            text=True,
        )
        for path in re.findall(r"^insmod (\S+)", shown.stdout, re.MULTILINE):
            files.setdefault(Path(path).name, Path(path))
    for name in ("bin", "proc", "sys", "dev", "host", "modules"):
        (root / name).mkdir(parents=True)
    for name, path in files.items():
        shutil.copy(path, root / "modules" / name)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    init = root / "init"
    init.write_text(_INIT.format(modules=" ".join(files), command=command))
    init.chmod(0o755)
    names = "\n".join(str(path.relative_to(root)) for path in root.rglob("*"))
    packed = subprocess.run(
        ["cpio", "-o", "-H", "newc"], cwd=root, input=names.encode(), check=True, capture_output=True
    )
    (folder / "initrd").write_bytes(gzip.compress(packed.stdout, 1))
    return tree / f"boot/vmlinuz-{version}", folder / "initrd"


class Machine:
    """The machine, running; what its command prints comes as JSON lines."""

    def __init__(self, folder: Path, kernel: Path, initrd: Path) -> None:
        self.lines: list[dict[str, object]] = []
        self.console: list[str] = []
        self._said = threading.Condition()
        self._reader = folder / "reader.sock"
        monitor = folder / "qmp.sock"
        self._process = subprocess.Popen(
            _command(kernel, initrd, monitor=monitor, reader=self._reader), stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._listen, daemon=True).start()
        self._monitor = _connected(monitor)
        self._answers = self._monitor.makefile("r")
        self._answers.readline()
        self.do("qmp_capabilities")
        self._line = _connected(self._reader)

    def do(self, execute: str, **arguments: object) -> None:
        """Give QEMU a command, and wait until it was taken."""
        self._monitor.sendall(json.dumps({"execute": execute, "arguments": arguments}).encode() + b"\n")
        while "return" not in (answer := json.loads(self._answers.readline())):
            assert "error" not in answer, answer

    def type(self, keys: Sequence[str]) -> None:
        """Press these keys of the USB keyboard, one after the other."""
        for key in keys:
            self.do("send-key", keys=[{"type": "qcode", "data": key}], **{"hold-time": 20})
            threading.Event().wait(0.05)

    def send(self, data: bytes) -> None:
        """Let these bytes come from the reader behind the USB serial adapter."""
        self._line.sendall(data)

    def wait(self, *, within_s: float = 60.0, after: int = 0, **facts: object) -> dict[str, object]:
        """The first line with these facts, from number `after` on."""

        def found() -> dict[str, object] | None:
            return next((line for line in self.lines[after:] if facts.items() <= line.items()), None)

        with self._said:
            line = self._said.wait_for(found, timeout=within_s)
        assert line, self.console[-20:]
        return line

    def close(self) -> None:
        """Pull its plug."""
        self._process.kill()
        self._process.wait()
        self._monitor.close()
        self._line.close()

    def _listen(self) -> None:
        assert self._process.stdout
        for text in self._process.stdout:
            with self._said:
                self.console.append(text)
                if text.startswith("{"):
                    self.lines.append(json.loads(text))
                self._said.notify_all()


def _connected(path: Path) -> socket.socket:
    end = socket.socket(socket.AF_UNIX)
    for _ in range(200):
        try:
            end.connect(str(path))
            return end
        except OSError:
            threading.Event().wait(0.05)
    raise AssertionError(f"QEMU did not make {path.name}")


def _command(kernel: Path, initrd: Path, *, monitor: Path, reader: Path) -> list[str]:
    share = "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"
    return [
        "qemu-system-x86_64",
        *(
            "-machine",
            "q35,accel=tcg",
            "-cpu",
            "max",
            "-m",
            "1024",
            "-display",
            "none",
            "-no-reboot",
            "-net",
            "none",
        ),
        *("-serial", "stdio", "-kernel", str(kernel), "-initrd", str(initrd)),
        *("-append", "console=ttyS0 quiet panic=1", "-virtfs", share),
        *("-qmp", f"unix:{monitor},server=on,wait=off", "-device", "qemu-xhci,id=x"),
        *("-device", "usb-kbd,bus=x.0,id=keys"),
        *("-chardev", f"socket,id=rd,path={reader},server=on,wait=off"),
        *("-device", "usb-serial,bus=x.0,chardev=rd,id=rd1,serial=KIOSKRD1,always-plugged=on"),
    ]


def python(*arguments: str) -> str:
    """The command line of this checkout's Python in the machine."""
    checkout = Path(__file__).parent.parent
    words = [
        "/usr/bin/env",
        f"PYTHONPATH={checkout}",
        "PYTHONDONTWRITEBYTECODE=1",
        sys.executable,
        "-u",
        *arguments,
    ]
    return " ".join(words) + " </dev/ttyS0 >/dev/ttyS0 2>&1"
