"""A terminal's apt archive inside a trial's machine: signed as `packaging/repository` does it, and spoilt by rogues."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from machine import Machine

HERE = Path(__file__).resolve().parent

_SOURCES = """Types: deb
URIs: file:/srv/kiosk
Suites: {suite}
Components: main
Signed-By: /etc/ebill-kiosk/archive.gpg
"""


class Archive:
    """The archive, below `/srv/kiosk` of the machine, which believes it from now on."""

    def __init__(self, folder: Path, machine: Machine, *, suite: str) -> None:
        """Make a key of its own in `folder` and have the machine trust that one only."""
        self._keys = folder / "keys"
        self._keys.mkdir(mode=0o700)
        self._folder = machine.root / "srv/kiosk"
        self._suite = suite
        self._key = self._make_key("operations")
        exported = self._gpg("--export", self._key)
        machine.put("etc/apt/sources.list.d/ebill-kiosk.sources", _SOURCES.format(suite=suite))
        trusted = machine.root / "etc/ebill-kiosk/archive.gpg"
        trusted.parent.mkdir(exist_ok=True)
        trusted.write_bytes(exported)

    def publish(self, *debs: Path, key: str = "", valid_days: int = 14) -> None:
        """Offer these releases and no other."""
        shutil.rmtree(self._folder, ignore_errors=True)
        environment = os.environ | {"GNUPGHOME": str(self._keys), "VALID_DAYS": str(valid_days)}
        words = [
            str(HERE / "repository"),
            str(self._folder),
            self._suite,
            "--key",
            key or self._key,
            *map(str, debs),
        ]
        subprocess.run(words, check=True, env=environment, stdin=subprocess.DEVNULL, capture_output=True)

    def by_another_key(self, deb: Path) -> str:
        """Everything right, signed by somebody else."""
        self.publish(deb, key=self._make_key("rogue"))
        return ""

    def altered_package(self, deb: Path) -> str:
        """One bit of the package turned after it was signed for."""
        (offered,) = self._folder.glob("pool/*/*.deb")
        content = bytearray(offered.read_bytes())
        content[len(content) // 2] ^= 1
        offered.write_bytes(content)
        return ""

    def altered_index(self, deb: Path) -> str:
        """The signed list of hashes changed, its signature kept."""
        release = self._release()
        release.write_text(release.read_text().replace("Origin: ebill-kiosk", "Origin: ebill-kiosk!"))
        return ""

    def unsigned(self, deb: Path) -> str:
        """The list of hashes without a signature."""
        release = self._release()
        text = release.read_text().split("\n\n", 1)[1].split("-----BEGIN PGP SIGNATURE")[0]
        release.unlink()
        release.with_name("Release").write_text(text)
        return ""

    def outdated(self, deb: Path) -> str:
        """Once right, kept back and offered again after its time."""
        self.publish(deb, valid_days=-1)
        return ""

    ROGUE: ClassVar[Mapping[str, Callable[[Archive, Path], str]]] = {
        "signed by another key": by_another_key,
        "an altered package": altered_package,
        "an altered index": altered_index,
        "an unsigned index": unsigned,
        "an index past its time": outdated,
    }

    def _release(self) -> Path:
        return self._folder / "dists" / self._suite / "InRelease"

    def _make_key(self, name: str) -> str:
        self._gpg("--passphrase", "", "--quick-generate-key", f"{name}@example.org", "ed25519", "sign", "1y")
        listed = self._gpg("--list-keys", "--with-colons", f"{name}@example.org").decode()
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))

    def _gpg(self, *words: str) -> bytes:
        command = ["gpg", "--batch", "--quiet", "--homedir", str(self._keys), *words]
        return subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout
