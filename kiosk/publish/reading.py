"""Lines of bills in any order, read and checked: many at a time, in as many processes as pay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import IO, Any, Self

from kiosk import ebill
from kiosk.ebill import BillInvalid
from kiosk.model import AccountNumber, AccountNumberError
from kiosk.packs import rows
from kiosk.packs.figures import account_key
from kiosk.packs.shards import Gone, Row
from kiosk.publish.standing import changes

CHUNK_BYTES = 32 << 20
"""Lines read and sorted together: some 15 000 bills, 100 MB of memory in each process."""

_MOST_PROBLEMS = 100
"""Rejected lines of a chunk that are told one by one; the others are counted."""


@dataclass(frozen=True, slots=True)
class ChunkReport:
    """How reading a chunk went; `problems` are line numbers within it, from 0, and what is wrong there.

    `replaced` documents were followed by another of the same account.
    """

    lines: int
    documents: int
    replaced: int
    rejected: int
    problems: list[tuple[int, str]]

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """The report of a text."""
        fields: dict[str, Any] = json.loads(text)
        return cls(**fields | {"problems": [(number, problem) for number, problem in fields["problems"]]})

    def text(self) -> bytes:
        """The report as `parse` takes it."""
        return json.dumps(asdict(self)).encode()


def chunks(source: IO[bytes], *, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """The lines of `source`, whole, about `size` bytes at a time.

    A line longer than any bill is cut short, so that it fails as such and takes no memory.
    """
    rest = b""
    while piece := source.read(size):
        head, newline, tail = (rest + piece).rpartition(b"\n")
        if newline:
            yield head + newline
        rest = tail[: ebill.LIMIT_BYTES + 1]
    if rest:
        yield rest


def read_chunk(chunk: bytes) -> tuple[ChunkReport, list[Row]]:
    """The documents of some lines, ascending by account; of two of one account, the later one."""
    found: list[Row] = []
    problems: list[tuple[int, str]] = []
    rejected = number = 0
    for number, line in enumerate(chunk.removesuffix(b"\n").split(b"\n"), 1):
        if not line or line.isspace():
            continue
        try:
            found.append(_row(line))
        except BillInvalid as error:
            rejected += 1
            if len(problems) < _MOST_PROBLEMS:
                problems.append((number - 1, str(error)))
    found.sort(key=attrgetter("account"))
    rows_left = list(changes(found))
    return ChunkReport(number, len(found), len(found) - len(rows_left), rejected, problems), rows_left


def _row(line: bytes) -> Row:
    """The row of a line: a bill, or `["<account>", null]` for an account that is the scope's no more."""
    return _gone(line) if line.lstrip().startswith(b"[") else rows.pack(ebill.read(line))


def _gone(line: bytes) -> Gone:
    try:
        match json.loads(line):
            case [str(digits), None]:
                return Gone(account_key(AccountNumber.parse(digits).digits))
    except (AccountNumberError, ValueError, RecursionError):
        pass
    raise BillInvalid((ebill.FieldProblem("", 'is neither a bill nor ["<account>", null]'),))
