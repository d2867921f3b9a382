"""A whole Debian machine in a folder: real systemd, real dpkg, real sandboxes; no kernel of its own."""

from __future__ import annotations

import ctypes
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent

BASE = ("systemd", "systemd-sysv", "dbus", "udev", "init-system-helpers", "python3-minimal")
"""What a terminal's Debian has before anything of ours: a minimal system that boots."""

_BOOT_S = 60.0


class MachineError(Exception):
    """The machine did not do what a step of the trial needs."""


class Machine:
    """One such machine. `boot` it, `run` words in it, `power_off`."""

    def __init__(self, root: Path, *, patience: float = 1.0) -> None:
        """In `root`; whatever is waited for gets `patience` times its time."""
        self.root = root
        self.patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._leader = 0

    @classmethod
    def fresh(cls, root: Path, *, release: str, packages: Sequence[str]) -> Machine:
        """A new Debian in `root`, with `packages` installed, never booted."""
        command = [str(HERE / "root"), release, str(root), *BASE, *packages]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=900)
        return cls(root)

    def copy(self, root: Path, *, patience: float) -> Machine:
        """Another one like it, as it is on the disk now."""
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", str(self.root), str(root)], check=True)
        return Machine(root, patience=patience)

    def put(self, name: str, text: str, *, mode: int = 0o644) -> None:
        """Write a file of the machine; `name` from its top, without the first slash."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    @contextmanager
    def running(self) -> Iterator[Machine]:
        """Booted inside the block."""
        self.boot()
        try:
            yield self
        finally:
            self.power_off()

    def boot(self) -> None:
        """Boot, and return when systemd has started what it starts."""
        command = [
            "systemd-nspawn",
            "--register=no",
            "--keep-unit",
            "-q",
            "--console=pipe",
            "-D",
            str(self.root),
            "-b",
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_end_with_parent,
        )
        until = time.monotonic() + _BOOT_S * self.patience
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise MachineError(f"systemd-nspawn ended with {self._process.returncode}")
            self._leader = self._child(self._process.pid)
            if self._leader and self.show("basic.target", "ActiveState")["ActiveState"] == "active":
                return
            time.sleep(0.1)
        raise MachineError("it does not boot")

    def power_off(self) -> None:
        """Pull the plug."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            if self._leader:
                subprocess.run(["kill", "-KILL", str(self._leader)], check=False, stderr=subprocess.DEVNULL)
            self._process.wait(10)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()
        self._process.wait()
        self._process, self._leader = None, 0

    def run(self, *words: str, check: bool = True, timeout_s: float = 300, feed: str = "") -> str:
        """What a command in the machine says on both streams; also as root of the machine that is not booted."""
        if self._leader:
            command = ["nsenter", "-t", str(self._leader), "-m", "-u", "-i", "-p", "-n", "-r", "-w", *words]
        else:
            command = ["chroot", str(self.root), *words]
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        done = subprocess.run(
            command,
            input=feed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            timeout=timeout_s,
            check=False,
        )
        if check and done.returncode:
            raise MachineError(f"{' '.join(words)[:80]}: {done.returncode}\n{done.stdout[-2000:]}")
        return done.stdout

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        """Properties of a unit, of one moment."""
        words = [word for name in properties for word in ("-p", name)]
        lines = self.run("systemctl", "show", *words, unit, check=False, timeout_s=20).splitlines()
        return dict.fromkeys(properties, "") | dict(line.split("=", 1) for line in lines if "=" in line)

    def files(self) -> set[str]:
        """Every file and folder, for what an installation leaves behind."""
        left_out = ("proc/", "sys/", "dev/", "run/", "tmp/")
        names = (str(path.relative_to(self.root)) for path in self.root.rglob("*"))
        return {name for name in names if not name.startswith(left_out)}

    @staticmethod
    def _child(pid: int) -> int:
        """The first process of the machine: the child of ours that is called systemd, or still init."""
        with suppress(OSError):
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                if Path(f"/proc/{child}/comm").read_text().strip() in ("systemd", "init"):
                    return int(child)
        return 0


def _end_with_parent() -> None:
    """A machine whose trial was killed must not go on."""
    pr_set_pdeathsig = 1  # sys/prctl.h
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
