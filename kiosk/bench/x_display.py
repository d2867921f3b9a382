"""A real X server of our own, and a finger and an eye at it: what a press changes on the screen, and when."""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library

_ALL_PLANES = 0xFFFFFFFF
_Z_PIXMAP = 2
"""X.h: pixels one after the other."""


class _Image(ctypes.Structure):
    """The head of `XImage` (Xlib.h)."""

    _fields_ = (
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("xoffset", ctypes.c_int),
        ("format", ctypes.c_int),
        ("data", ctypes.c_void_p),
        ("byte_order", ctypes.c_int),
        ("bitmap_unit", ctypes.c_int),
        ("bitmap_bit_order", ctypes.c_int),
        ("bitmap_pad", ctypes.c_int),
        ("depth", ctypes.c_int),
        ("bytes_per_line", ctypes.c_int),
    )


@contextmanager
def x_server(width: int, height: int) -> Iterator[str]:
    """An Xvfb with one screen of that size; its name (`:5`)."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        with os.fdopen(read) as numbers:
            number = numbers.readline().strip()
        try:
            yield f":{number}"
        finally:
            server.terminate()


class Hand:
    """A client of an X server that touches (XTest) and looks (XGetImage), in this process: no program to start."""

    def __init__(self, display: str) -> None:
        """Connect.

        Raises:
            OSError: the X libraries are missing, or the display does not answer.
        """
        self._x = ctypes.CDLL(find_library("X11") or "libX11.so.6")
        self._test = ctypes.CDLL(find_library("Xtst") or "libXtst.so.6")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XGetImage.restype = ctypes.POINTER(_Image)
        self._x.XDefaultRootWindow.restype = ctypes.c_ulong
        connection = self._x.XOpenDisplay(display.encode())
        if not connection:
            raise OSError(f"{display} does not answer")
        self._display = ctypes.c_void_p(connection)
        self._root = ctypes.c_ulong(self._x.XDefaultRootWindow(self._display))

    def move(self, x: int, y: int) -> None:
        """Put the finger over (x, y)."""
        self._test.XTestFakeMotionEvent(self._display, -1, x, y, 0)
        self._x.XFlush(self._display)

    def press(self, *, down: bool) -> None:
        """Put it down, or take it off."""
        self._test.XTestFakeButtonEvent(self._display, 1, int(down), 0)
        self._x.XFlush(self._display)

    def look(self, x: int, y: int) -> bytes:
        """A few pixels from (x, y) on."""
        image = self._x.XGetImage(self._display, self._root, x, y, 8, 4, ctypes.c_ulong(_ALL_PLANES), _Z_PIXMAP)
        seen = ctypes.string_at(image.contents.data, image.contents.bytes_per_line * image.contents.height)
        self._x.XFree(ctypes.c_void_p(image.contents.data))
        self._x.XFree(image)
        return seen

    def changes(self, x: int, y: int, *, before: bytes, within_s: float = 2.0) -> float:
        """Seconds until the pixels at (x, y) are others than `before`.

        Raises:
            TimeoutError: they stayed.
        """
        began = time.perf_counter()
        while self.look(x, y) == before:
            if time.perf_counter() - began > within_s:
                raise TimeoutError("nothing changed on the screen")
        return time.perf_counter() - began

    def close(self) -> None:
        """Leave the server."""
        self._x.XCloseDisplay(self._display)
