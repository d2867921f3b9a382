"""Other releases of a built package, good and bad, for trials: taken apart, changed, put together again."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

_LAUNCHER = "usr/lib/ebill-kiosk/ebill-kiosk"


def rebuilt(deb: Path, folder: Path, *, version: str, spoil: Callable[[Path], None] = lambda tree: None) -> Path:
    """The package under another version, its tree changed by `spoil`; not compressed, which is quick."""
    tree = folder / f"tree-{version}"
    subprocess.run(["dpkg-deb", "-R", str(deb), str(tree)], check=True)
    control = tree / "DEBIAN/control"
    lines = control.read_text().splitlines()
    control.write_text(
        "\n".join(f"Version: {version}" if line.startswith("Version: ") else line for line in lines) + "\n"
    )
    (tree / "usr/lib/ebill-kiosk/version").write_text(version + "\n")
    spoil(tree)
    made = folder / f"ebill-kiosk_{version}_amd64.deb"
    subprocess.run(
        ["dpkg-deb", "-Znone", "--root-owner-group", "-b", str(tree), str(made)], check=True, capture_output=True
    )
    subprocess.run(["rm", "-r", str(tree)], check=True)
    return made


def _ends_at_once(tree: Path) -> None:
    launcher = tree / _LAUNCHER
    launcher.write_text(launcher.read_text().replace("\nsys.exit(main())", "\nsys.exit(1)"))


def _hangs_at_once(tree: Path) -> None:
    launcher = tree / _LAUNCHER
    launcher.write_text(launcher.read_text().replace("\nsys.exit(main())", "\nimport time\n\ntime.sleep(3600)"))


def _dies_when_up(tree: Path) -> None:
    launcher = tree / _LAUNCHER
    dying = "\nimport threading\n\nthreading.Timer(4, os._exit, (1,)).start()\nsys.exit(main())"
    launcher.write_text(launcher.read_text().replace("\nsys.exit(main())", dying))


BAD: Mapping[str, Callable[[Path], None]] = {
    "ends at once": _ends_at_once,
    "hangs before its first screen": _hangs_at_once,
    "dies four seconds after its first screen": _dies_when_up,
}
