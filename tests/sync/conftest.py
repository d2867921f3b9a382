"""A utility and a terminal for each test of sync."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pack_rigs import PackServer, Utility, many_rows
from sync_rigs import Terminal


@pytest.fixture
def utility(tmp_path: Path) -> Utility:
    return Utility(tmp_path)


@pytest.fixture
def terminal(tmp_path: Path, utility: Utility) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, utility)
    yield terminal
    terminal.generations.close()


@pytest.fixture
def server(utility: Utility) -> Iterator[PackServer]:
    with PackServer(utility.folder) as server:
        yield server


@pytest.fixture
def held(utility: Utility, terminal: Terminal) -> Terminal:
    """A terminal that has a generation, while the utility has published the next."""
    utility.publish_rows(many_rows(60), objects=3)
    terminal.sync()
    utility.later(days=31)
    terminal.now = utility.now
    utility.publish_rows(many_rows(90), objects=3)
    return terminal
