"""One way to say that a name is not known, with the known name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def near_miss(word: str, known: Iterable[str]) -> str:
    """`did you mean "x"?` for a mistyped word, else empty."""
    close = get_close_matches(word.lower(), list(known), n=1, cutoff=0.5)
    return f'did you mean "{close[0]}"?' if close else ""


def unknown(kind: str, given: str, *, known: Iterable[str]) -> str:
    """A sentence like: unknown profile "epsn-tm": did you mean "epson-tm"? Known: custom-vkp80, epson-tm."""
    names = sorted(known)
    near = near_miss(given, names)
    return f'unknown {kind} "{given}"{f": {near}" if near else "."} Known: {", ".join(names)}'
