"""The shared texts of a scope by number, and how a bill names them: small numbers before its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kiosk.packs.octets import Reader, Writer
from kiosk.packs.rows import BillRow, RowUnreadable


class Texts:
    """The shared texts of a snapshot and its deltas, numbered from 1 as they come up.

    Past `most` texts nothing is added: what is not here stands in the row itself. That bounds what publisher and
    terminal hold, whatever a biller's texts are like.
    """

    def __init__(self, *, most: int = 250_000) -> None:
        self._numbers: dict[str, int] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, text: str) -> int:
        """The number of a text; 0 when it has none."""
        return self._numbers.get(text, 0)

    def add(self, texts: Iterable[str]) -> list[str]:
        """Number the texts that are new, in order; which they were."""
        new = list(dict.fromkeys(text for text in texts if text not in self._numbers))
        del new[max(0, self._most - len(self._numbers)) :]
        self._numbers.update(
            zip(new, range(len(self._numbers) + 1, len(self._numbers) + len(new) + 1), strict=True)
        )
        return new


def number_texts(row: BillRow, texts: Texts) -> bytes:
    """A bill's `extra` as it is stored: its texts by number, those that have none in full, its own numbers."""
    out = Writer()
    numbers = [texts.number(text) for text in row.texts]
    out.number(len(numbers))
    for number in numbers:
        out.number(number)
    for number, text in zip(numbers, row.texts, strict=True):
        if not number:
            out.text(text.encode())
    return bytes(out.octets) + row.extra


def split_extra(extra: bytes, text_of: Callable[[int], str]) -> tuple[tuple[str, ...], bytes]:
    """The texts of a stored `extra`, and the string of the bill's own numbers.

    `text_of` gives the text of a number, or raises `LookupError`.

    Raises:
        RowUnreadable: there is no such text, or the bytes end too soon.
    """
    source = Reader(extra)
    try:
        numbers = source.numbers(source.number())
        texts = tuple([text_of(number) if number else source.text().decode() for number in numbers])
    except (ValueError, LookupError):
        raise RowUnreadable("not a row of this format") from None
    return texts, source.rest()
