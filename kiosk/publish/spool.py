"""Sorted rows on disk until their turn comes: sealed like all that is published, few of them in memory."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from kiosk.packs import shards
from kiosk.packs.sealing import PackRefused, ScopeKey
from kiosk.packs.shards import Row
from kiosk.packs.texts import Texts

_BLOCK_ROWS = 150
"""Rows of a run in memory at a time: a hundred kilobytes for each of six hundred runs."""

_HEAD = struct.Struct("<III")
"""Before each block: its length, its length unpacked, its rows."""


def write_run(path: Path, rows: Iterable[Row], *, note: bytes, key: ScopeKey) -> int:
    """Write rows, ascending by account, and a note about them, to a new file; says how many.

    The file is there whole or not at all.
    """
    draft, count = path.with_name(path.name + ".draft"), 0
    source = iter(rows)
    with draft.open("wb") as file:
        _write_block(file.fileno(), note, rows=0, key=key)
        while block := list(islice(source, _BLOCK_ROWS)):
            count += len(block)
            _write_block(file.fileno(), shards.write(block, Texts()), rows=len(block), key=key)
    draft.replace(path)
    return count


def read_note(path: Path, key: ScopeKey) -> bytes:
    """The note of a run.

    Raises:
        PackRefused: this is no run of that key.
    """
    return next(_blocks(path, key))[0]


def read_run(path: Path, key: ScopeKey) -> Iterator[Row]:
    """The rows of a run; its file is open only while a block is read, because there are hundreds.

    Raises:
        PackRefused: the file was altered.
    """
    blocks = _blocks(path, key)
    next(blocks)
    for raw, rows in blocks:
        yield from rows_of(raw, rows=rows)


def rows_of(raw: bytes, *, rows: int) -> Iterator[Row]:
    """The rows of a shard that brings all its texts, ascending by account.

    Raises:
        PackRefused: it is no such shard.
    """
    shard = shards.read(raw, rows=rows)
    texts = dict(enumerate(shard.texts, shard.first_text))
    yield from sorted(shards.rows_of(shard, texts.__getitem__), key=lambda row: row.account)


def _write_block(file: int, raw: bytes, *, rows: int, key: ScopeKey) -> None:
    sealed = key.seal(shards.compress(raw))
    os.writev(file, [_HEAD.pack(len(sealed), len(raw), rows), sealed])


def _blocks(path: Path, key: ScopeKey) -> Iterator[tuple[bytes, int]]:
    at = 0
    while True:
        with path.open("rb") as file:
            file.seek(at)
            head = file.read(_HEAD.size)
            if not head:
                return
            if len(head) < _HEAD.size:
                raise PackRefused("spool")
            length, raw_bytes, rows = _HEAD.unpack(head)
            sealed = file.read(length)
        at += _HEAD.size + length
        yield shards.decompress(key.open(sealed), raw_bytes=raw_bytes), rows
