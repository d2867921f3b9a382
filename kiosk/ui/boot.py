"""The window and nothing else: Kivy locked down before it is imported, because it acts while being imported.

Left alone, Kivy reads the command line and the environment, writes a configuration and logs into a home
folder, opens every input device, ends on Escape and shows a settings panel on F1.
"""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent

_ENVIRONMENT = {
    "KIVY_NO_ARGS": "1",
    "KIVY_NO_CONFIG": "1",
    "KIVY_NO_ENV_CONFIG": "1",
    "KIVY_NO_FILELOG": "1",
    # The program's own handlers then mask what Kivy logs, too.
    "KIVY_LOG_MODE": "PYTHON",
    # Ours, read-only: no config.ini and no mods/ that somebody could have left in a home folder.
    "KIVY_HOME": str(_HERE),
}

_DISPLAYS = ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY")

_M_MMAP_THRESHOLD = -3
"""`mallopt`: from this size on an allocation is mapped by itself (malloc.h)."""

_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software")

_CONFIG: Mapping[str, Mapping[str, str]] = {
    "kivy": {
        "desktop": "0",
        "exit_on_escape": "0",
        "keyboard_mode": "",
        "pause_on_minimize": "0",
        "window_icon": "",
    },
    "graphics": {
        "allow_screensaver": "0",
        "borderless": "1",
        "left": "0",
        # Our own loop waits (`kiosk.ui.loop`); Kivy's would sleep through what other threads post.
        "maxfps": "0",
        "min_state_time": "0",
        # Kivy's default of 2 doubles to triples the cost of a frame on software GL.
        "multisamples": "0",
        "position": "custom",
        "resizable": "0",
        "show_cursor": "0",
        "top": "0",
        "vsync": "",
    },
}


class WindowMissing(Exception):
    """No window on this machine; the message says what to install. Exit with code 69."""


def open_window(width: int, height: int, *, fullscreen: bool = False) -> Any:
    """Open the one window and return it; call once, before any other module here imports Kivy.

    Draws off screen when neither an SDL driver nor a display is named in the environment.

    Args:
        width: of the window in pixels; the display's own when `fullscreen`.
        height: likewise.
        fullscreen: take the whole display.

    Raises:
        WindowMissing: this machine has no OpenGL, or the display named in the environment is not there.
    """
    os.environ.update(_ENVIRONMENT)
    _give_memory_back()
    if not any(os.environ.get(name) for name in _DISPLAYS):
        os.environ["SDL_VIDEODRIVER"] = "offscreen"
    _import_quietly()
    _configure(width, height, fullscreen=fullscreen)

    from kivy.core.window import Window

    if Window is None:
        raise WindowMissing("No window: install OpenGL (apt install libgl1 libegl1) or check DISPLAY")
    return Window


def is_software() -> bool:
    """Whether a processor does the work of the graphics card: nothing then moves by itself."""
    from kivy.graphics.opengl import GL_RENDERER, glGetString

    renderer = str(glGetString(GL_RENDERER)).lower()
    return any(name in renderer for name in _SOFTWARE)


def _give_memory_back() -> None:
    """Have freed textures go back to the system: left to itself the heap keeps 50 MB of holes after a visit."""
    libc = ctypes.CDLL(None)
    # Only glibc has it, and only glibc needs it.
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, 32 * 1024)


def _import_quietly() -> None:
    """Import Kivy with our empty `style.kv` in the place of its own."""
    import kivy

    theirs = kivy.kivy_data_dir
    kivy.kivy_data_dir = str(_HERE)
    import kivy.lang.builder

    kivy.kivy_data_dir = theirs


def _configure(width: int, height: int, *, fullscreen: bool) -> None:
    from kivy.config import Config

    for section, keys in _CONFIG.items():
        for key, value in keys.items():
            Config.set(section, key, value)
    Config.set("graphics", "width", str(width))
    Config.set("graphics", "height", str(height))
    Config.set("graphics", "fullscreen", "auto" if fullscreen else "0")
    # One provider: SDL hands on the first finger as the mouse, a second source would press twice.
    for section, entries in (("input", {"mouse": "mouse,disable_multitouch,disable_hover"}), ("modules", {})):
        Config.remove_section(section)
        Config.add_section(section)
        for key, value in entries.items():
            Config.set(section, key, value)
    logger = logging.getLogger("kivy")
    # Kivy imports drivers for devices that are not ours, and logs a traceback where one cannot be.
    logger.setLevel(logging.CRITICAL)
    import kivy.input  # noqa: F401

    logger.setLevel(logging.WARNING)
