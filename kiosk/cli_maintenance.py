"""The words of the command line for those who look after terminals: people, identity, bundles, the end."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

MakeWord = Callable[..., argparse.ArgumentParser]
"""As `kiosk.cli` adds a word: the words, its name, `work` and `help`."""


def add_words(words: Any, word: MakeWord) -> None:
    """Add them all."""
    _people(words, word)
    _identity(words, word)
    _sticks(words, word)


def _people(words: Any, word: MakeWord) -> None:
    actions = words.add_parser("technician", help="who may come in for maintenance").add_subparsers(
        required=True, metavar="ACTION"
    )
    enrol = word(actions, "enrol", work="people:add", help="let somebody in; what is told is told once")
    enrol.add_argument("number", metavar="NUMBER", help="1 to 6 digits")
    enrol.add_argument("--role", choices=("paper", "setup", "admin"), default="setup")
    enrol.add_argument("--card", action="store_true", help="with a card, whose text is read from stdin, and a PIN")
    enrol.add_argument("--codes", action="store_true", help="with one-time codes besides the card")
    enrol.add_argument("--until", metavar="YYYY-MM-DD", help="the last day")
    enrol.add_argument("--print-only", action="store_true", help="print the table, change no settings")
    word(actions, "list", work="people:listed", help="who is enrolled")
    word(actions, "remove", work="people:remove", help="let somebody in no more").add_argument("number")
    word(actions, "unlock", work="people:unlock", help="open the lock after too many wrong tries")
    answer = word(actions, "respond", work="people:answer", help="answer a terminal's challenge, for operations")
    answer.add_argument("--terminal", required=True, metavar="ID")
    answer.add_argument("--challenge", required=True, metavar="DIGITS")


def _identity(words: Any, word: MakeWord) -> None:
    actions = words.add_parser("pairing", help="how a terminal gets its identity").add_subparsers(
        required=True, metavar="ACTION"
    )
    issue = word(
        actions, "issue", work="identity:issue", help="a code for one terminal, beside the reference service"
    )
    issue.add_argument("--data", type=Path, required=True, metavar="DIR", help="the service's data folder")
    issue.add_argument("--tls", type=Path, metavar="DIR", help="its certificates' folder, as `service --tls`")
    issue.add_argument("--terminal", required=True, metavar="ID")
    issue.add_argument("--host", required=True, metavar="NAME:PORT", help="where terminals reach the service")
    issue.add_argument("--png", type=Path, metavar="FILE", help="the code as a QR")
    word(actions, "take", work="identity:take", help="pair with the service of a code").add_argument("code")
    word(actions, "renew", work="identity:renew", help="a new certificate")
    actions = words.add_parser("keys", help="the terminal's own keys").add_subparsers(
        required=True, metavar="ACTION"
    )
    word(actions, "show", work="identity:show", help="the public key that verifies the terminal's status")
    word(actions, "rotate", work="identity:rotate", help="encrypt everything kept under a new key")
    end = word(words, "decommission", work="identity:decommission", help="destroy keys and bills, and say so")
    end.add_argument("--yes", action="store_true", help="yes, everything")
    end.add_argument("--print", action="store_true", help="say so on paper first")
    end.add_argument("--force", action="store_true", help="also reports that have not reached the utility")
    end.add_argument("--again", action="store_true", help="after that: let the terminal be set up anew")


def _sticks(words: Any, word: MakeWord) -> None:
    actions = words.add_parser("bundle", help="what operations send on a stick").add_subparsers(
        required=True, metavar="ACTION"
    )
    build = word(actions, "make", work="sticks:build", help="make one; for operations")
    build.add_argument("out", type=Path, metavar="OUT.ebk")
    build.add_argument(
        "--key", type=Path, required=True, metavar="FILE", help="signs; made with FILE.pub if missing"
    )
    build.add_argument("--serial", type=int, required=True, metavar="N", help="rises with every bundle")
    build.add_argument("--days", type=int, default=14, metavar="N", help="how long it may be taken (14)")
    build.add_argument("--terminal", metavar="ID", help="for this terminal")
    build.add_argument("--place", metavar="CODE", help="or for all of this place (site.place)")
    build.add_argument(
        "--put-settings", type=Path, metavar="FILE.toml", help="settings, also [[technician]] tables"
    )
    build.add_argument("--sentences", type=Path, action="append", default=[], metavar="LANGUAGE.toml")
    build.add_argument("--bills", type=Path, metavar="DIR", help="what `publish` laid out")
    build.add_argument("--unlock", action="store_true", help="open the lock after too many wrong tries")
    word(actions, "show", work="sticks:show", help="what one holds").add_argument("file", type=Path)
    word(actions, "apply", work="sticks:take", help="take one").add_argument("file", type=Path)
