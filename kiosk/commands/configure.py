"""`settings`: what is set, every mistake in what was written, and what one terminal hands to another."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kiosk.commands.common import mistakes_of, read_file, settings_of, state_folder
from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.settings import SettingsError, as_tables
from kiosk.settings_files import UnknownKey, change, export, find, replace_overlay

_LARGEST_FILE = 256 << 10


def show(options: Namespace) -> Exit:
    """Print every setting in force; hashes of technicians are named and not shown."""
    settings = settings_of(options, state=state_folder(options))
    if options.json:
        emit(_shown(as_tables(settings)))
    else:
        import tomlkit

        print(tomlkit.dumps(_plain(_shown(as_tables(settings)))), end="")
    return Exit.DONE


def get(options: Namespace) -> Exit:
    """Print one setting, named as `table.key`, `list[0].key`, or a whole `table` or `list`."""
    tables = _shown(as_tables(settings_of(options, state=state_folder(options))))
    with _known():
        value = find(tables, options.key)
    if options.json:
        emit({"key": options.key, "value": value})
    else:
        print(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return Exit.DONE


def put(options: Namespace) -> Exit:
    """Set one key in the technician's layer; refused, and nothing written, when the whole would not hold."""
    state = state_folder(options)
    with _refusals(), _known():
        like = _present(options)
        value = _value(options.value, like=like)
        settings = change({options.key: value}, files=options.settings, state=state)
        in_force = find(as_tables(settings), options.key)
    if _plain({"value": in_force}) != _plain({"value": value}):
        tell(f"{options.key} is set, but the fleet's settings win over it")
    elif not options.json:
        tell(f"{options.key} is set")
    if options.json:
        emit({"key": options.key, "value": in_force})
    return Exit.DONE


def check_files(options: Namespace) -> Exit:
    """Check the files given (with `--state` the technician's layer too); every mistake is in the failure."""
    settings_of(options, state=state_folder(options) if options.state else None)
    if options.json:
        emit({"ok": True, "mistakes": []})
    else:
        tell("the settings are right")
    return Exit.DONE


def export_file(options: Namespace) -> Exit:
    """Print a site file of all that differs from the defaults; technicians are left out."""
    text = export(settings_of(options, state=state_folder(options)))
    if options.json:
        emit({"toml": text})
    else:
        print(text, end="")
    return Exit.DONE


def import_file(options: Namespace) -> Exit:
    """Take a file for the technician's layer; refused, and nothing written, when the whole would not hold."""
    state = state_folder(options)
    octets = sys.stdin.buffer.read(_LARGEST_FILE + 1) if options.file == "-" else _octets(options.file)
    if len(octets) > _LARGEST_FILE:
        raise CommandError("too_long", f"{options.file} is over {_LARGEST_FILE >> 10} KB", exit=Exit.USAGE)
    try:
        text = octets.decode()
    except UnicodeDecodeError as error:
        raise CommandError("not_text", f"{options.file} is not UTF-8 text", exit=Exit.USAGE) from error
    with _refusals():
        replace_overlay(text, files=options.settings, state=state)
    if options.json:
        emit({"imported": True})
    else:
        tell("the technician's layer is what the file says")
    return Exit.DONE


def _octets(name: str) -> bytes:
    return read_file(name, most=_LARGEST_FILE)


def _present(options: Namespace) -> Any:
    """What is in force now under a key; None where nothing can be, as in files that are wrong."""
    try:
        return find(as_tables(settings_of(options, state=state_folder(options))), options.key)
    except (CommandError, UnknownKey):
        return None


def _value(text: str, *, like: Any) -> Any:
    """`text` as TOML reads it, but as it stands where a string is wanted: a telephone number needs no quotes."""
    from kiosk.settings_mistakes import parse_value

    value = parse_value(text)
    return text if isinstance(like, str) and not isinstance(value, str) else value


def _shown(tables: dict[str, Any]) -> dict[str, Any]:
    secret = ("pin", "totp")
    people = [{key: "set" if key in secret else v for key, v in one.items()} for one in tables["technician"]]
    return {**tables, "technician": people}


def _plain(tables: Mapping[str, Any]) -> dict[str, Any]:
    """With lists for tuples, and without what is not set."""
    plain: dict[str, Any] = json.loads(json.dumps(tables, default=str))
    return {key: value for key, value in plain.items() if value is not None}


@contextmanager
def _known() -> Iterator[None]:
    try:
        yield
    except UnknownKey as error:
        sentence = f"no setting is called {error.key}. {error.hint}".rstrip()
        raise CommandError("no_such_setting", sentence, exit=Exit.USAGE) from error


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except SettingsError as error:
        raise CommandError(
            "settings_wrong", str(error), exit=Exit.SETTINGS_WRONG, mistakes=mistakes_of(error)
        ) from error
