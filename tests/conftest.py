"""One window off screen for all tests of screens, and the switch that renews golden pictures."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from ui_hands import Terminal


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes golden pictures instead of comparing with them."""
    parser.addoption("--update-golden", action="store_true", help="write golden pictures instead of comparing")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Whatever a test does to the program's logging ends with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden pictures are to be written."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def _window_terminal() -> Iterator[Terminal]:
    # A window is opened once in a process; a real display, where there is one, is left alone.
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        os.environ.pop(name, None)
    os.environ["SDL_AUDIODRIVER"] = "dummy"
    yield Terminal()


@pytest.fixture
def terminal(_window_terminal: Any) -> Terminal:
    """The screens in a window off screen, on the attract screen, with nothing sent yet."""
    _window_terminal.reset()
    return _window_terminal
