"""Lays out the file tree of the package: the program and its locked packages without what it never opens.

stage.py --python 3.13 --stage DIR --version 0.1.0-1~deb13
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent

EXTRA = ("paho-mqtt",)
"""What the extra `fleet` adds to the locked packages; pinned in the developers' lock, which is a superset."""


def main() -> int:
    """Stage the tree the options ask for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--python", required=True, help="minor version of the release, such as 3.11")
    options.add_argument("--stage", required=True, type=Path)
    options.add_argument("--version", required=True, help="of the package, with its Debian part")
    chosen = options.parse_args()
    lib: Path = chosen.stage / "usr/lib/ebill-kiosk/lib"
    install_packages(lib, python=chosen.python)
    install_program(lib)
    prune(lib)
    copy_system_files(chosen.stage)
    (chosen.stage / "usr/lib/ebill-kiosk/version").write_text(chosen.version + "\n")
    write_documents(chosen.stage, version=chosen.version)
    set_modes(chosen.stage)
    return 0


def install_packages(lib: Path, *, python: str) -> None:
    """The locked packages for that Python, every hash checked."""
    with tempfile.TemporaryDirectory() as folder:
        extra = Path(folder, "extra.lock")
        extra.write_text("".join(locked(name) for name in EXTRA))
        for lock in (TOP / "requirements.lock", extra):
            _pip(
                *("install", "--target", lib, "--require-hashes", "--no-deps", "--only-binary=:all:"),
                *("--python-version", python, "--implementation", "cp", "--no-compile", "-r", lock),
            )


def locked(name: str) -> str:
    """The entry of one package in the developers' lock, hashes and all."""
    entries = re.split(r"\n(?=\S)", (TOP / "requirements-dev.lock").read_text())
    found = [entry for entry in entries if entry.startswith(f"{name}==")]
    if len(found) != 1:
        raise SystemExit(f"stage.py: {name} is not in requirements-dev.lock")
    return found[0] + "\n"


def install_program(lib: Path) -> None:
    """The program itself, as the wheel that any Python would install."""
    with tempfile.TemporaryDirectory() as folder:
        _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, TOP)
        (wheel,) = Path(folder).glob("*.whl")
        shutil.rmtree(lib / "bin", ignore_errors=True)
        _pip("install", "--target", lib, "--no-deps", "--no-compile", "--no-index", wheel)


def prune(lib: Path) -> None:
    """Leave out what `pruned.txt` names."""
    lines = [line.strip() for line in (HERE / "pruned.txt").read_text().splitlines()]
    for glob in (line for line in lines if line and not line.startswith("#")):
        for path in list(lib.glob(glob)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def copy_system_files(stage: Path) -> None:
    """What systemd, udev, the kernel and apt are told, and the settings file of the site."""
    shutil.copytree(HERE / "system", stage, dirs_exist_ok=True, symlinks=True)


def write_documents(stage: Path, *, version: str) -> None:
    """Copyright, changes and examples where Debian looks for them, dated by `SOURCE_DATE_EPOCH`."""
    folder = stage / "usr/share/doc/ebill-kiosk"
    folder.mkdir(parents=True)
    shutil.copy(HERE / "debian/copyright", folder)
    date = format_datetime(datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC))
    entry = f"ebill-kiosk ({version}) stable; urgency=medium\n\n  * What changed is in CHANGELOG.md.\n\n"
    entry += f" -- The ebill-kiosk authors <ebill-kiosk@example.org>  {date}\n"
    _write_packed(folder / "changelog.Debian.gz", entry.encode())
    _write_packed(folder / "CHANGELOG.md.gz", (TOP / "CHANGELOG.md").read_bytes())
    shutil.copy(HERE / "README.md", folder / "README.md")
    examples = folder / "examples"
    examples.mkdir()
    for example in sorted((TOP / "config/examples").glob("*.toml")):
        shutil.copy(example, examples)
    overrides = stage / "usr/share/lintian/overrides"
    overrides.mkdir(parents=True)
    shutil.copy(HERE / "debian/lintian-overrides", overrides / "ebill-kiosk")


def set_modes(stage: Path) -> None:
    """Nothing but the programs of `system/` is executable, and all of it is readable."""
    for path in stage.rglob("*"):
        if path.is_symlink():
            continue
        is_program = path.is_dir() or (path.parent == stage / "usr/lib/ebill-kiosk" and path.name != "version")
        path.chmod(0o755 if is_program else 0o644)


def _write_packed(path: Path, text: bytes) -> None:
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, 0) as packed:
        packed.write(text)


def _pip(*words: object) -> None:
    command = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*command, *map(str, words)], check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
