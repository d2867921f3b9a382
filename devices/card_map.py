"""What a card or code says about who presented it: the rules of the settings file, first match wins.

No source tells how an electricity company makes its cards, so this is a table and not code. Every rule brings its
own `example`, which is tried when the rules are loaded: a table that loads is a table that works.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from devices.card_reader import Credential, CredentialKind, Rejection
from devices.codecs import gs1
from devices.codecs.frames import Frame, Part
from devices.codecs.tags import Application
from devices.guard import Guard, Texts, passes_luhn

MAX_PATTERN = 120
"""The longest pattern, in characters; with `_MAX_REPEATS` it keeps a match far below a millisecond."""
_MAX_REPEATS = 3
_ACCOUNT = re.compile(r"[0-9]{8,15}")
_NATIONAL_ID = re.compile(r"[12][0-9]{9}")
"""Civil register number: 1 for citizens, 2 for residents, ten digits, the last a Luhn check digit."""
_UID = re.compile(r"[0-9A-F]{8,20}")
_TECHNICIAN = re.compile(r"[0-9A-Za-z-]{4,32}")
_PAIRING = re.compile(r"EBP1/[0-9A-Z.:/-]{30,180}")
"""A pairing code of the program: what QR's alphanumeric mode holds; whoever uses it reads it closely."""
_RANDOM_UID = re.compile(r"08[0-9A-F]{6}")
"""Four-byte serial numbers that start with 08 are drawn anew at each tap (ISO/IEC 14443-3, table 5)."""


class Source(StrEnum):
    """Where on a card or code a text stood."""

    TRACK1 = "track1"
    TRACK2 = "track2"
    TRACK3 = "track3"
    BARCODE = "barcode"
    GS1 = "gs1"
    NDEF = "ndef"
    EM4100 = "em4100"
    UID = "uid"
    APDU = "apdu"


class CardMapError(ValueError):
    """Rules that cannot be used: `problems` has a sentence for each, and none holds a whole number."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the card map.

    `pattern` is a regular expression that must match from the start of the text; the identity is its group
    `account` (or `id`, or `uid`), else all of it. A `gs1` rule names the field instead (`ai`), and may ask for the
    place number of the biller (`require_gln`). An `apdu` rule names the application (`aid`) and the command that
    reads it (`read`), both in hex; its answer is matched as hex digits.
    """

    source: Source
    example: str
    pattern: str = ""
    kind: CredentialKind = CredentialKind.ACCOUNT
    ai: str = ""
    require_gln: str = ""
    aid: str = ""
    read: str = ""

    def compiled(self) -> re.Pattern[str]:
        """The pattern to match with; without one, all of the text counts."""
        return re.compile(self.pattern or ".+")


DEFAULT_RULES = (
    Rule(Source.TRACK2, "10023456789=2512", r"(?P<account>[0-9]{8,15})(=|$)"),
    Rule(Source.GS1, "415628100000001780201002345678", ai="8020"),
    Rule(Source.BARCODE, "10023456789", r"[0-9]{8,15}$"),
    Rule(Source.NDEF, "10023456789", r"[0-9]{8,15}$"),
)
"""What is read when the settings have no `[[card_map]]`: bare account numbers, and payment slips."""

OWN_RULES = (
    Rule(
        Source.BARCODE,
        f"EBP1/BILLS.EXAMPLE.SA:443/{'A' * 52}/{'A' * 26}",
        "EBP1/[0-9A-Z.:/-]+$",
        kind=CredentialKind.PAIRING,
    ),
)
"""What the program makes itself, read whatever the settings say."""


class CardMap:
    """The rules, compiled and tried. Reading is pure and may happen on any thread."""

    def __init__(self, rules: Iterable[Rule] = DEFAULT_RULES) -> None:
        """Try every rule on its example.

        Raises:
            CardMapError: with every rule that cannot be used, by its number from 1.
        """
        self._rules = tuple(rules)
        problems = [
            f"card_map {number}: {problem}"
            for number, rule in enumerate(self._rules, start=1)
            if (problem := _pattern_problem(rule) or _example_problem(rule))
        ]
        if problems:
            raise CardMapError(problems)
        self._patterns = [rule.compiled() for rule in self._rules]

    @property
    def applications(self) -> tuple[Application, ...]:
        """The chip applications to ask a contact or contactless card for; no other is ever selected."""
        return tuple(
            Application(bytes.fromhex(rule.aid), bytes.fromhex(rule.read)) for rule in self._rules if rule.aid
        )

    def identify(self, texts: Texts) -> Credential | Rejection:
        """Who this is, by the first rule that matches any of the texts, which are already past the guard."""
        for rule, pattern in zip(self._rules, self._patterns, strict=True):
            for source, text in texts:
                if source == rule.source and (value := _value(rule, pattern, text)):
                    return Credential(rule.kind, value, source=rule.source)
        return Rejection.UNKNOWN_CARD


def _value(rule: Rule, pattern: re.Pattern[str], text: str) -> str | None:
    """The identity that a rule finds in a text, or None."""
    if rule.source is Source.GS1:
        found = gs1.fields(text)
        if rule.require_gln and found.get("415") != rule.require_gln:
            return None
        text = found.get(rule.ai, "")
    match = pattern.match(text)
    if not match or _ends_within_a_number(match):
        return None
    named = next((value for value in match.groupdict().values() if value), match[0])
    return named if _is_well_formed(rule.kind, named) else None


def _ends_within_a_number(match: re.Match[str]) -> bool:
    """A pattern without an end must not take the first 15 digits of a longer number for an account."""
    return match[0][-1:].isdecimal() and match.string[match.end() : match.end() + 1].isdecimal()


def _is_well_formed(kind: CredentialKind, value: str) -> bool:
    match kind:
        case CredentialKind.ACCOUNT:
            return bool(_ACCOUNT.fullmatch(value))
        case CredentialKind.NATIONAL_ID:
            return bool(_NATIONAL_ID.fullmatch(value)) and passes_luhn([int(digit) for digit in value])
        case CredentialKind.CARD_UID:
            return bool(_UID.fullmatch(value)) and not _RANDOM_UID.fullmatch(value)
        case CredentialKind.TECHNICIAN:
            return bool(_TECHNICIAN.fullmatch(value))
        case CredentialKind.PAIRING:
            return bool(_PAIRING.fullmatch(value))


def _pattern_problem(rule: Rule) -> str:
    """Why the rule cannot be used as written, or nothing."""
    if len(rule.pattern) > MAX_PATTERN:
        return f"the pattern is longer than {MAX_PATTERN} characters"
    try:
        re.compile(rule.pattern)
    except re.error as error:
        return f"the pattern is no regular expression: {error.msg} at {error.pos}"
    if _repeats(rule.pattern) > _MAX_REPEATS:
        return f"the pattern repeats a repeat, or repeats more than {_MAX_REPEATS} times: it could take for ever"
    if rule.source is Source.GS1 and not rule.ai:
        return 'a gs1 rule needs the field it reads, for example ai = "8020"'
    if (rule.source is Source.APDU) != bool(rule.aid and rule.read):
        return "an apdu rule, and no other, needs aid and read"
    return _hex_problem(rule)


def _repeats(pattern: str) -> int:
    """How many repeats of open length the pattern holds; one within another counts as too many."""
    plain = _SETS.sub("x", _ESCAPES.sub("x", pattern))
    total, open_groups = 0, [0]
    for at, character in enumerate(plain):
        if character == "(":
            open_groups.append(0)
        elif character == ")" and len(open_groups) > 1:
            inside = open_groups.pop()
            if inside and _REPEAT.match(plain, at + 1):
                return _MAX_REPEATS + 1
            open_groups[-1] += inside
        elif _REPEAT.match(plain, at):
            total += 1
            open_groups[-1] += 1
    return total


_ESCAPES = re.compile(r"\\.")
_SETS = re.compile(r"\[\^?\]?[^\]]*\]")
_REPEAT = re.compile(r"[+*]|\{\d*,\d*\}")


def _hex_problem(rule: Rule) -> str:
    for name, text in (("aid", rule.aid), ("read", rule.read)):
        if not re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", text):
            return f"{name} is not hex digits in pairs"
    return ""


def _example_problem(rule: Rule) -> str:
    """Whether the rule reads its own example, through the guard, as everything is read."""
    if not rule.example:
        return "an example is missing: what a reader would send"
    frame = Frame((Part(rule.source, bytearray(rule.example.encode())),), 0.0)
    texts = Guard().admit(frame)
    if isinstance(texts, Rejection):
        return f"its example is refused ({texts}); payment cards are never read, whatever the rules say"
    if not _value(rule, rule.compiled(), texts[0][1]):
        return f"its example gives no {rule.kind.replace('_', ' ')}"
    return ""
