"""Whether Arabic is written with every vowel, and what stays of it without them."""

from __future__ import annotations

import re

MARKS = "\u064b-\u0652\u0670"
_LONG = re.compile(f"(?<=ُ)و(?![{MARKS}])|(?<=ِ)ي(?![{MARKS}])|[اىٱآ]")
_SUN = "[تثدذرزسشصضطظلن][\u064b-\u0650]?ّ"
_ASSIMILATED = re.compile(f"(?<=[اٱ])َ?ل(?={_SUN})|(?<=لِ)ل(?={_SUN})")


def unvowelled(text: str) -> list[str]:
    """The words in which a letter has no mark: long vowels and the lam before a sun letter need none."""
    words = re.findall(f"[\u0621-\u064a\u0671{MARKS}]+", text)
    return [word for word in words if re.search(f"[\u0621-\u064a](?![{MARKS}])", _short(word))]


def bare(text: str) -> str:
    """The text as it is printed: without marks, wasl as a plain alef."""
    return re.sub(f"[{MARKS}]", "", text).replace("ٱ", "ا")


def _short(word: str) -> str:
    return _LONG.sub("", _ASSIMILATED.sub("", word))
