"""Simulated contactless cards: a Type 4 card with files, a Type 2 tag with pages, and one that answers nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_NDEF_AID = bytes.fromhex("D2760000850101")
_OK, _NOT_FOUND, _NOT_ALLOWED, _WRONG_OFFSET = b"\x90\x00", b"\x6a\x82", b"\x69\x86", b"\x6b\x00"
_SELECT, _READ = 0xA4, 0xB0
_CONTAINER = bytes.fromhex("000F20003B00340406E104040000FF")
"""Capability container: version 2.0, 59 bytes a read, NDEF file E104 of 1024 bytes at most, read-only."""


@dataclass
class Type4Card:
    """A card with an NDEF application, and others by AID that answer any read; without a message it has none."""

    message: bytes | None
    uid: bytes = bytes.fromhex("04A1B2C3D4E5F6")
    applications: Mapping[bytes, bytes] = field(default_factory=dict)
    exchanges_left: int = 1_000_000
    """After so many commands the card is gone."""
    sel_res = 0x20
    sens_res = b"\x44\x03"
    ats = bytes.fromhex("067577810280")
    _selected: bytes = b""

    def exchange(self, command: bytes) -> bytes | None:
        """The answer to an APDU, with status word; None when the card has left."""
        if self.exchanges_left <= 0:
            return None
        self.exchanges_left -= 1
        if command[1] == _SELECT and command[2] == 0x04:
            return self._select_application(command[5 : 5 + command[4]])
        if command[1] == _SELECT:
            return self._select_file(command[5:7])
        if command[1] == _READ:
            return self._read(int.from_bytes(command[2:4], "big"), command[4])
        return b"\x6d\x00"

    def _select_application(self, aid: bytes) -> bytes:
        known = aid in self.applications or (aid == _NDEF_AID and self.message is not None)
        self._selected = self.applications.get(aid, b"") if known else b""
        return _OK if known else _NOT_FOUND

    def _select_file(self, file: bytes) -> bytes:
        message = self.message or b""
        files = {
            bytes.fromhex("E103"): _CONTAINER,
            bytes.fromhex("E104"): len(message).to_bytes(2, "big") + message,
        }
        if file not in files:
            return _NOT_FOUND
        self._selected = files[file]
        return _OK

    def _read(self, offset: int, length: int) -> bytes:
        if not self._selected:
            return _NOT_ALLOWED
        if offset >= len(self._selected):
            return _WRONG_OFFSET
        return self._selected[offset : offset + length] + _OK


@dataclass
class Type2Tag:
    """An NTAG: pages of four bytes, read four at a time."""

    message: bytes
    uid: bytes = bytes.fromhex("04112233445566")
    exchanges_left: int = 1_000_000
    sel_res = 0x00
    sens_res = b"\x44\x00"
    ats = b""

    def exchange(self, command: bytes) -> bytes | None:
        """The 16 bytes from a page on; None when the tag has left or the page is beyond the last."""
        if self.exchanges_left <= 0 or command[0] != 0x30:
            return None
        self.exchanges_left -= 1
        memory = self._memory()
        start = command[1] * 4
        return memory[start : start + 16].ljust(16, b"\0") if start < len(memory) else None

    def _memory(self) -> bytes:
        length = len(self.message)
        size = bytes([length]) if length < 0xFF else b"\xff" + length.to_bytes(2, "big")
        blocks = b"\x03" + size + self.message + b"\xfe"
        pages = -(-len(blocks) // 8)
        # Serial number, lock bytes, then E1, version, size in units of eight bytes, access.
        return self.uid[:4].ljust(12, b"\0") + bytes([0xE1, 0x10, pages, 0x00]) + blocks.ljust(pages * 8, b"\0")


Tag = Type4Card | Type2Tag
