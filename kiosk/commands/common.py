"""What most commands begin with: the settings of this call and the state folder."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import Any

from kiosk.bootstrap import known_languages
from kiosk.commands.outcome import CommandError, Exit
from kiosk.settings import Settings, SettingsError, load


def state_folder(options: Namespace) -> Path:
    """The folder of this terminal's files: `--state`, else systemd's, else the user's own. Made when missing."""
    named = options.state or os.environ.get("STATE_DIRECTORY")
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    folder = Path(named) if named else home / "ebill-kiosk"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(
            "state_unusable", f"the state folder cannot be made: {error.strerror}", exit=Exit.MISSING_HERE
        ) from error
    return folder


def read_file(name: str | Path, *, most: int) -> bytes:
    """The first `most` bytes of a file and one more where there are more, so that a device file ends too.

    Raises:
        CommandError: `not_read`.
    """
    try:
        with Path(name).open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise CommandError("not_read", f"cannot read {name}: {error.strerror}", exit=Exit.USAGE) from error


def made_folder(path: Path) -> Path:
    """The folder that a command was told to fill, made when missing.

    Raises:
        CommandError: `not_written`.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError("not_written", f"cannot make {path}: {error.strerror}", exit=Exit.USAGE) from error
    return path


def known_language(code: str) -> str:
    """`code`, which must have a catalogue.

    Raises:
        CommandError: `no_such_language`.
    """
    known = known_languages()
    if code not in known:
        sentence = f"there is no catalogue for {code!r}; there are {', '.join(known)}"
        raise CommandError("no_such_language", sentence, exit=Exit.USAGE)
    return code


def settings_of(options: Namespace, *, state: Path | None) -> Settings:
    """The settings of this call.

    Raises:
        CommandError: `settings_wrong`, with every mistake as a fact.
    """
    overrides: dict[str, Any] = {}
    if getattr(options, "gateway", None):
        overrides["gateway"] = {"url": options.gateway}
    try:
        return load(options.settings, state=state, overrides=overrides)
    except SettingsError as error:
        raise CommandError(
            "settings_wrong", str(error), exit=Exit.SETTINGS_WRONG, mistakes=mistakes_of(error)
        ) from error


def mistakes_of(error: SettingsError) -> list[dict[str, Any]]:
    """Every mistake as plain values for JSON."""
    return [
        {
            "file": m.file,
            "line": m.line,
            "key": m.key,
            "problem": m.problem,
            "hint": m.hint,
            "example": m.example,
        }
        for m in error.mistakes
    ]
