"""What most commands begin with: the settings of this call and the state folder."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import Any

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
        {"file": m.file, "line": m.line, "key": m.key, "problem": m.problem, "hint": m.hint}
        for m in error.mistakes
    ]
