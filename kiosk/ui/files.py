"""Where the layout of a module lies: beside it, same name, `.kv`."""

from __future__ import annotations

from pathlib import Path


def kv_of(module: str) -> str:
    """The layout file of the module whose `__file__` is given."""
    return str(Path(module).with_suffix(".kv"))
