"""Where the files that ship with the program lie: inside the package when installed, at the top of a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def asset(name: str) -> Path:
    """The file or folder `name` under `assets/`."""
    return _folder("assets") / name


def config_file(name: str) -> Path:
    """The file `name` under `config/`."""
    return _folder("config") / name


def _folder(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
