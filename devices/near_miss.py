"""One way to say that a name is not known, with the known name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def unknown(kind: str, given: str, *, known: Iterable[str]) -> str:
    """A sentence like: unknown profile "epsn-tm": did you mean "epson-tm"? Known: custom-vkp80, epson-tm."""
    names = sorted(known)
    near = get_close_matches(given.lower(), names, n=1, cutoff=0.5)
    question = f': did you mean "{near[0]}"?' if near else "."
    return f'unknown {kind} "{given}"{question} Known: {", ".join(names)}'
