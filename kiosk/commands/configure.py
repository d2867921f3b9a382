"""`settings`: what is set, and every mistake in what was written."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from kiosk.commands.common import mistakes_of, settings_of, state_folder
from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.settings import OVERLAY, Layer, SettingsError, as_tables, layer_files, near_miss


def show(options: Namespace) -> Exit:
    """Print every setting in force."""
    tables = as_tables(settings_of(options, state=state_folder(options)))
    if options.json:
        emit(tables)
    else:
        print(to_toml(tables), end="")
    return Exit.DONE


def get(options: Namespace) -> Exit:
    """Print one setting, named as `table.key`."""
    tables = as_tables(settings_of(options, state=state_folder(options)))
    value = _find(tables, options.key)
    if options.json:
        emit({"key": options.key, "value": value})
    else:
        print(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return Exit.DONE


def put(options: Namespace) -> Exit:
    """Set one key in the technician's layer; refused, and nothing written, when the whole would not hold."""
    from kiosk.settings_check import check

    state = state_folder(options)
    present = _find(as_tables(settings_of(options, state=state)), options.key)
    table, key = options.key.split(".")
    overlay = state / OVERLAY
    tables = _overlay(overlay)
    tables.setdefault(table, {})[key] = _value(options.value, like=present)
    text = to_toml(tables)
    others = [path for path in layer_files(options.settings, state=state) if path != overlay]
    layers = [*(Layer(str(path), path.read_text("utf-8")) for path in others), Layer(str(overlay), text)]
    try:
        check(layers)
    except SettingsError as error:
        raise CommandError(
            "settings_wrong", str(error), exit=Exit.SETTINGS_WRONG, mistakes=mistakes_of(error)
        ) from error
    fresh = overlay.with_suffix(".new")
    fresh.write_text(text, "utf-8")
    fresh.replace(overlay)
    if options.json:
        emit({"key": options.key, "value": tables[table][key]})
    else:
        tell(f"{options.key} is set")
    return Exit.DONE


def check_files(options: Namespace) -> Exit:
    """Check the files given (with `--state` the technician's layer too); every mistake is in the failure."""
    settings_of(options, state=state_folder(options) if options.state else None)
    if options.json:
        emit({"ok": True, "mistakes": []})
    else:
        tell("the settings are right")
    return Exit.DONE


def to_toml(tables: dict[str, Any]) -> str:
    """Nested settings as TOML text; JSON's strings, numbers, booleans and lists are TOML's too."""
    parts = []
    for name, table in tables.items():
        for one in [table] if isinstance(table, dict) else table:
            head = f"[{name}]" if isinstance(table, dict) else f"[[{name}]]"
            rows = [f"{key} = {json.dumps(v, ensure_ascii=False)}" for key, v in one.items() if v is not None]
            parts.append("\n".join([head, *rows]) + "\n")
    return "\n".join(parts)


def _value(text: str, *, like: Any) -> Any:
    """`text` as TOML reads it, but as it stands where a string is wanted: a telephone number needs no quotes."""
    from kiosk.settings_check import parse_value

    value = parse_value(text)
    return text if isinstance(like, str) and not isinstance(value, str) else value


def _overlay(path: Path) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


def _find(tables: dict[str, Any], dotted: str) -> Any:
    keys = [f"{name}.{key}" for name, table in tables.items() if isinstance(table, dict) for key in table]
    if dotted not in keys:
        hint = near_miss(dotted, keys)
        raise CommandError("no_such_setting", f"no setting is called {dotted}. {hint}".rstrip(), exit=Exit.USAGE)
    table, key = dotted.split(".")
    return tables[table][key]
