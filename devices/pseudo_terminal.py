"""A pseudo-terminal at a path of our choosing: one end is ours, the other looks like a serial port."""

from __future__ import annotations

import os
import termios
import tty
from functools import partial
from pathlib import Path

from devices.channels import DescriptorChannel
from devices.transports import TransportDenied, mapped


def open_pseudo_terminal(link: Path) -> DescriptorChannel:
    """Our end of a new pseudo-terminal; `link` becomes a symbolic link to the other end until we close.

    The other end is kept open here too, so that programs may come and go there without hanging up on us.

    Raises:
        TransportDenied: `link` is a file that is no symbolic link, or cannot be made.
    """
    if link.exists() and not link.is_symlink():
        raise TransportDenied(str(link), "is a file, not ours to replace")
    with mapped(str(link)):
        ours, theirs = os.openpty()
        tty.setraw(theirs, termios.TCSANOW)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(theirs))
    return DescriptorChannel(ours, str(link), release=partial(_release, link, ours, theirs))


def _release(link: Path, ours: int, theirs: int) -> None:
    if link.is_symlink() and str(link.readlink()) == os.ttyname(theirs):
        link.unlink()
    os.close(theirs)
    os.close(ours)
