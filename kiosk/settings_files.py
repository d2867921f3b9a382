"""The technician's own layer of the settings: changed whole or not at all, and never so that a start would fail.

A terminal always starts: with the settings in its files, else with those of its last good start and a notice, else
with the defaults and out of service.
"""

from __future__ import annotations

import fcntl
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.durable import write_whole
from kiosk.resources import config_file
from kiosk.settings import (
    LISTS,
    OVERLAY,
    Layer,
    Mistake,
    Settings,
    SettingsError,
    as_tables,
    from_tables,
    layer_files,
    load,
    read_layers,
)

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

logger = logging.getLogger(__name__)

GOOD = "settings.good.json"
"""The settings of the last good start, in the state folder."""

_LAST = f"{OVERLAY}.last"
"""The technician's layer before its last change."""

_BROKEN = f"{OVERLAY}.broken"

_KEY = re.compile(r"(\w+)(?:\[(\d{1,3})\])?(?:\.(\w+))?")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a terminal starts with.

    `mistakes` says why it is not what the files say; empty when it is. `usable`: whether there ever was a good
    start; without one these are the defaults, and subscribers must not be served with them.
    """

    settings: Settings
    mistakes: tuple[Mistake, ...] = ()
    usable: bool = True


class UnknownKey(KeyError):
    """No setting is called so; the message is the near miss, or empty."""

    def __init__(self, key: str, hint: str) -> None:
        super().__init__(key)
        self.key = key
        self.hint = hint


def load_or_last_good(files: Sequence[Path] = (), *, state: Path) -> Loaded:
    """The settings to run with; never raises. What was good is kept for the next time."""
    try:
        settings = load(files, state=state)
    except SettingsError as error:
        for mistake in error.mistakes:
            logger.error("settings_wrong: %s", mistake)
        return _last_good(state, error.mistakes)
    _keep_good(state, settings)
    return Loaded(settings)


def change(values: Mapping[str, Any], *, files: Sequence[Path] = (), state: Path) -> Settings:
    """Set keys in the technician's layer, all or none; on disk when this returns. What is then in force.

    Args:
        values: by `table.key`, `list[0].key` or, for a list of tables whole, `list`.
        files: the site's files.
        state: the state folder.

    Raises:
        UnknownKey: no setting is called so.
        SettingsError: the whole would be wrong; nothing was changed.
        OSError: nothing was changed.
    """
    return _changed(lambda document: _set_all(document, values, files, state), files=files, state=state)


def preview(values: Mapping[str, Any], *, files: Sequence[Path] = (), state: Path) -> Settings:
    """What would be in force after `change`, to be tried on the device before it is saved; nothing is written.

    Raises:
        UnknownKey, SettingsError: as `change`.
    """
    document = _parsed(_read(state / OVERLAY)) or _parsed("")
    assert document is not None
    _set_all(document, values, files, state)
    return _checked(document.as_string(), files=files, state=state)


def replace_overlay(text: str, *, files: Sequence[Path] = (), state: Path) -> Settings:
    """Take `text` for the technician's layer; technicians stay as they are unless it names some.

    Raises:
        SettingsError: the whole would be wrong; nothing was changed.
        OSError: nothing was changed.
    """

    def replace(document: TOMLDocument) -> TOMLDocument:
        fresh = _parsed(text)
        if fresh is None:
            _checked(text, files=files, state=state)  # raises, with the line
            raise AssertionError("text that is no TOML was taken")
        if "technician" in document and "technician" not in fresh:
            fresh["technician"] = document["technician"]
        return fresh

    return _changed(replace, files=files, state=state)


def export(settings: Settings) -> str:
    """A site file of all that differs from the defaults. Technicians are left out: they are hashes of PINs."""
    import tomlkit

    defaults, tables = _plain(as_tables(load())), _plain(as_tables(settings))
    kept: dict[str, Any] = {}
    for name, table in tables.items():
        if isinstance(table, dict):
            table = {key: value for key, value in table.items() if value != defaults[name][key]}
        if table and name != "technician":
            kept[name] = table
    return tomlkit.dumps(kept)


def find(tables: Mapping[str, Any], key: str) -> Any:
    """The value of `table.key`, `list[0].key` or a whole `list` or `table`.

    Raises:
        UnknownKey: no setting is called so.
    """
    found = _KEY.fullmatch(key)
    name, index, inner = found.groups() if found else (key, None, None)
    held = tables.get(name)
    if index is not None and isinstance(held, (list, tuple)) and int(index) < len(held):
        held = held[int(index)]
    elif index is not None or held is None:
        raise UnknownKey(key, _hint(key, tables))
    if inner is None:
        return held
    if not isinstance(held, Mapping) or inner not in held:
        raise UnknownKey(key, _hint(key, tables))
    return held[inner]


def _hint(key: str, tables: Mapping[str, Any]) -> str:
    from devices.near_miss import near_miss

    known = [*tables]
    for name, table in tables.items():
        known += [f"{name}.{inner}" for inner in table] if isinstance(table, Mapping) else []
    return near_miss(key, known)


def _set_all(
    document: TOMLDocument, values: Mapping[str, Any], files: Sequence[Path], state: Path
) -> TOMLDocument:
    """Put `values` into the layer's document; a list's table is changed in a copy of the list in force."""
    import tomlkit

    defaults = as_tables(load())
    lists: dict[str, list[dict[str, Any]]] = {}
    for key, value in values.items():
        found = _KEY.fullmatch(key)
        name, index, inner = found.groups() if found else (key, None, None)
        if name in LISTS and index is None and inner is None:
            lists[name] = value
        elif name in LISTS and index is not None and inner is not None:
            held = lists.setdefault(name, _in_force(name, files, state))
            if int(index) > len(held):
                raise UnknownKey(key, "")
            held[int(index) :] = [{**dict(*held[int(index) :][:1]), inner: value}, *held[int(index) + 1 :]]
        elif inner is None or index is not None or inner not in defaults.get(name, {}):
            raise UnknownKey(key, _hint(key, defaults))
        else:
            table = document.setdefault(name, tomlkit.table())
            table[inner] = value
    for name, tables in lists.items():
        document.pop(name, None)
        document[name] = _listed(tables)
    return document


def _listed(tables: Any) -> Any:
    """A list of tables as tomlkit writes it; anything else as it is, for the check to refuse."""
    import tomlkit

    if not isinstance(tables, (list, tuple)) or not all(isinstance(table, Mapping) for table in tables):
        return tables
    rows = tomlkit.aot()
    for table in tables:
        rows.append(tomlkit.item(dict(table)))
    return rows if tables else []


def _in_force(name: str, files: Sequence[Path], state: Path) -> list[dict[str, Any]]:
    try:
        return [dict(table) for table in getattr(load(files, state=state), name)]
    except SettingsError:
        return []


def _changed(work: Callable[[TOMLDocument], TOMLDocument], *, files: Sequence[Path], state: Path) -> Settings:
    with _alone(state):
        overlay = state / OVERLAY
        text = _read(overlay)
        document = _parsed(text)
        if document is None:
            write_whole(state / _BROKEN, text.encode("utf-8", "surrogateescape"))
            logger.error("settings_set_aside: the technician's layer was no TOML; the one before it goes on")
            text = ""
            document = _parsed(_read(state / _LAST)) or _parsed("")
        assert document is not None
        changed = work(document).as_string()
        settings = _checked(changed, files=files, state=state)
        if text:
            write_whole(state / _LAST, text.encode())
        write_whole(overlay, changed.encode())
        return settings


def _checked(text: str, *, files: Sequence[Path], state: Path) -> Settings:
    """What is in force with `text` as the technician's layer."""
    from kiosk.settings_fleet import opened
    from kiosk.settings_mistakes import check

    overlay = state / OVERLAY
    paths = [path for path in layer_files(files, state=state) if path != overlay]
    layers, unread = read_layers(paths)
    place = 1 + sum(1 for layer in layers[1:] if layer.name in {str(path) for path in files})
    layers.insert(place, Layer(str(overlay), text))
    return check(opened(layers), known=unread)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""


def _parsed(text: str) -> TOMLDocument | None:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(text)
    except (TOMLKitError, ValueError, RecursionError):
        return None


def _last_good(state: Path, mistakes: tuple[Mistake, ...]) -> Loaded:
    from kiosk.settings_mistakes import check

    try:
        kept = json.loads((state / GOOD).read_bytes())
        try:
            return Loaded(from_tables(kept), mistakes)
        except (KeyError, TypeError, AttributeError):
            # Of an earlier version of this program, which had other keys.
            defaults, _ = read_layers([config_file("kiosk.toml")])
            return Loaded(check(defaults, overrides=kept), mistakes)
    except (OSError, ValueError, SettingsError):
        return Loaded(load(), mistakes, usable=False)


def _keep_good(state: Path, settings: Settings) -> None:
    """Keep what was good; written only when it is new, and a disk that refuses costs nothing now."""
    try:
        text = json.dumps(as_tables(settings)).encode()
        path = state / GOOD
        if not path.exists() or path.read_bytes() != text:
            write_whole(path, text)
    except (OSError, TypeError, ValueError) as error:
        logger.warning("settings_not_kept: %s", error)


def _plain(tables: Mapping[str, Any]) -> dict[str, Any]:
    """With lists for tuples, as TOML has them."""
    plain: dict[str, Any] = json.loads(json.dumps(tables, default=str))
    return plain


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """One process at a time; the kernel lets go of the lock for a killed one."""
    with (state / "settings.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
