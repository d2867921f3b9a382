"""Many rows as one object: a line of JSON for each column, because what stands in one column is alike.

So a shard packs to 72 bytes a bill, its columns are checked as wholes, and rows go to SQLite without Python
looking at each. Bytes stand as Base64 behind the list of their lengths.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import lt
from typing import Any

import zstandard

from kiosk.packs.figures import FIELDS, Figures
from kiosk.packs.rows import BillRow, WaitingRow
from kiosk.packs.sealing import PackRefused
from kiosk.packs.texts import Texts, number_texts, split_extra

ROWS = 50_000
"""Bills in a full shard: about 3.6 MB, half a minute of a poor line, and 40 MB of memory while it is taken in."""

RAW_LIMIT_BYTES = 64 << 20
"""The longest shard unpacked. Ours have 10 MB."""

_SCHEMA = "ebill-shard/1"
_LEVEL = 9
_FIGURES = len(Figures._fields)
_LINES = 2 + _FIGURES + 4 + 3 + 1
_AMOUNT_DUE = Figures._fields.index("amount_due")


@dataclass(frozen=True, slots=True)
class Gone:
    """An account that is no longer the scope's."""

    account: int


Row = BillRow | WaitingRow | Gone


@dataclass(frozen=True, slots=True)
class Shard:
    """An object unpacked: columns of bills in the order of `FIELDS`, then accounts that wait and that are gone.

    `texts` are new, numbered from `first_text`.
    """

    first_text: int
    texts: list[str]
    columns: list[list[Any]] = field(repr=False)
    waiting: list[tuple[int, int, str]] = field(repr=False)
    gone: list[int] = field(repr=False)

    @property
    def bills(self) -> int:
        """How many bills there are."""
        return len(self.columns[0])


def write(rows: Sequence[Row], texts: Texts) -> bytes:
    """The shard of rows in ascending order of their accounts."""
    bills = [row for row in rows if isinstance(row, BillRow)]
    waiting = [row for row in rows if isinstance(row, WaitingRow)]
    first_text = len(texts) + 1
    counted = Counter(text for row in bills for text in row.texts)
    # The most frequent get the shortest numbers; those of the first shard stand for the whole snapshot.
    new = texts.add(text for text, _ in counted.most_common())
    extras = [number_texts(row, texts) for row in bills]
    histories = [row.history for row in bills]
    header = {
        "schema": _SCHEMA,
        "fields": FIELDS,
        "first_text": first_text,
        "due": sum(row.figures.amount_due for row in bills),
    }
    lines = [header, new, *_columns(bills)]
    lines += [list(map(len, extras)), list(map(len, histories)), _joined(extras), _joined(histories)]
    lines += [[row.account for row in waiting], [row.category for row in waiting]]
    lines += [[row.extra.decode() for row in waiting]]
    lines += [[row.account for row in rows if isinstance(row, Gone)]]
    return b"\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() for line in lines)


def compress(raw: bytes) -> bytes:
    """The bytes of a shard, packed."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(raw)


def decompress(packed: bytes, *, raw_bytes: int) -> bytes:
    """What was packed: exactly `raw_bytes`.

    Raises:
        PackRefused: it is anything else; no more than `raw_bytes` were ever unpacked.
    """
    try:
        # The frame says how much it holds, and the decompressor believes it and allocates that much.
        if raw_bytes > RAW_LIMIT_BYTES or zstandard.frame_content_size(packed) != raw_bytes:
            raise PackRefused("raw_size")
        raw: bytes = zstandard.ZstdDecompressor().decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError:
        raise PackRefused("object_packed") from None
    if len(raw) != raw_bytes:
        raise PackRefused("raw_size")
    return raw


def read(raw: bytes, *, rows: int) -> Shard:
    """The shard of these bytes, whole: counted, ascending, with the sum it says.

    Raises:
        PackRefused: it is not.
    """
    try:
        header, new, *lines = map(json.loads, raw.split(b"\n"))
        if header["schema"] != _SCHEMA or header["fields"] != FIELDS or len(lines) != _LINES - 2:
            raise PackRefused("fields")
        columns = [*lines[:_FIGURES], *_blobs(lines[_FIGURES : _FIGURES + 4])]
        waiting = list(zip(*lines[-4:-1], strict=True))
        shard = Shard(header["first_text"], new, columns, waiting, lines[-1])
        _check(shard, rows=rows, due=header["due"])
    except (ValueError, LookupError, TypeError, RecursionError):
        raise PackRefused("object_form") from None
    return shard


def read_texts(raw: bytes) -> list[str]:
    """The texts a shard brings, without its rows.

    Raises:
        PackRefused: these bytes begin as no shard does.
    """
    try:
        header, new, _ = raw.split(b"\n", 2)
        if json.loads(header)["schema"] != _SCHEMA:
            raise PackRefused("schema")
        return [str(text) for text in json.loads(new)]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise PackRefused("object_form") from None


def rows_of(shard: Shard, text_of: Callable[[int], str]) -> Iterator[Row]:
    """The rows of a shard: accounts that are gone, then bills, then those that wait, each ascending.

    In that order they are to be taken: an account that is gone may come back in the same shard.

    Raises:
        RowUnreadable: one of them is none.
    """
    yield from map(Gone, shard.gone)
    for *figures, extra, history in zip(*shard.columns, strict=True):
        texts, numbers = split_extra(extra, text_of)
        yield BillRow(Figures(*figures), texts, numbers, history)
    for account, category, more in shard.waiting:
        yield WaitingRow(account, category, more.encode())


def _columns(bills: Sequence[BillRow]) -> list[Any]:
    columns: list[Any] = list(zip(*[row.figures for row in bills], strict=True))
    return columns or [()] * _FIGURES


def _joined(blobs: Iterable[bytes]) -> str:
    return base64.b64encode(b"".join(blobs)).decode("ascii")


def _blobs(lines: Sequence[Any]) -> Iterator[list[bytes]]:
    for lengths, encoded in ((lines[0], lines[2]), (lines[1], lines[3])):
        octets = base64.b64decode(encoded, validate=True)
        ends = list(accumulate(lengths))
        if (ends[-1] if ends else 0) != len(octets) or min(lengths, default=0) < 0:
            raise PackRefused("object_form")
        yield [octets[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def _check(shard: Shard, *, rows: int, due: int) -> None:
    if shard.bills + len(shard.waiting) + len(shard.gone) != rows:
        raise PackRefused("row_count")
    if len(set(map(len, shard.columns))) != 1:
        raise PackRefused("row_count")
    for accounts in (shard.columns[0], [account for account, _, _ in shard.waiting], shard.gone):
        if not all(map(lt, accounts, accounts[1:])):
            raise PackRefused("order")
    if sum(shard.columns[_AMOUNT_DUE]) != due:
        raise PackRefused("sums")
