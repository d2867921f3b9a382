"""Holds settings files against `kiosk.settings_check` and finds, for every mistake, the line it stands on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from devices.near_miss import near_miss
from kiosk.resources import config_file
from kiosk.settings import LISTS, Layer, Mistake, Settings, SettingsError, from_tables
from kiosk.settings_check import Whole, listed


def check(
    layers: Sequence[Layer], *, overrides: Mapping[str, Any] | None = None, known: Sequence[Mistake] = ()
) -> Settings:
    """Merge the layers (later ones win) and check the result; `known` mistakes of other layers count too.

    Raises:
        SettingsError: with every mistake found, each at the layer and line that caused it.
    """
    mistakes = list(known)
    parsed = list(_parse(layers, mistakes))
    if overrides:
        parsed.append((Layer("command line", ""), dict(overrides)))
    merged = merged_tables([tables for _, tables in parsed])
    mistakes += [_mistake(path, problem, hint, parsed=parsed) for path, problem, hint in _problems(merged)]
    if mistakes:
        raise SettingsError(mistakes)
    return from_tables(Whole.model_validate(merged).model_dump())


def _parse(layers: Sequence[Layer], mistakes: list[Mistake]) -> Iterator[tuple[Layer, dict[str, Any]]]:
    """Each layer with its tables; what is no TOML is left out and added to `mistakes`."""
    for layer in layers:
        try:
            yield layer, tomllib.loads(layer.text)
        except tomllib.TOMLDecodeError as error:
            at = re.search(r"line (\d+)", str(error))
            problem = re.sub(r"\s*\(at .*\)$", "", str(error))
            mistakes.append(Mistake(layer.name, int(at[1]) if at else 0, "-", f"is not TOML: {problem}"))
        except RecursionError:
            mistakes.append(Mistake(layer.name, 0, "-", "is nested too deeply"))


def merged_tables(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Tables laid over one another: later keys win, lists and lists of tables are replaced whole."""
    merged: dict[str, Any] = {}
    for table in tables:
        for key, value in table.items():
            if isinstance(value, dict) and isinstance(merged.get(key), dict):
                merged[key] = {**merged[key], **value}
            else:
                merged[key] = value
    return merged


Problem = tuple[tuple[str | int, ...], str, str]
"""Path of the key, what is wrong with it, a hint (may be empty)."""


def _problems(merged: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _model_problems(Whole, merged, under=())
    for name, model in listed().items():
        given = merged.get(name)
        if isinstance(given, list) and name in LISTS:
            for index, table in enumerate(given):
                yield from _model_problems(model, table, under=(name, index))
        elif isinstance(given, dict) and name not in LISTS:
            yield from _model_problems(model, given, under=(name,))


def _model_problems(model: type[BaseModel], value: object, *, under: tuple[str | int, ...]) -> Iterator[Problem]:
    try:
        model.model_validate(value)
    except ValidationError as error:
        for found in error.errors(include_input=False, include_url=False):
            path = (*under, *found["loc"])
            if found["type"] == "extra_forbidden":
                yield path, "is no known key", near_miss(str(path[-1]), _siblings(model, found["loc"]))
            else:
                is_table = found["type"] in ("model_type", "model_attributes_type")
                yield path, f"must be a table: [{path[-1]}]" if is_table else _sentence(found["msg"]), ""


def _siblings(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    for step in path[:-1]:
        field = model.model_fields.get(str(step))
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return []
        model = field.annotation
    return list(model.model_fields)


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _mistake(
    path: tuple[str | int, ...],
    problem: str,
    hint: str,
    *,
    parsed: Sequence[tuple[Layer, Mapping[str, Any]]],
) -> Mistake:
    layer = next((layer for layer, tables in reversed(parsed) if _holds(tables, path)), parsed[0][0])
    return Mistake(layer.name, _line(layer.text, path), _dotted(path), problem, hint, _example(path))


@cache
def _annotated() -> str:
    return config_file("kiosk.toml").read_text("utf-8")


def _example(path: tuple[str | int, ...]) -> str:
    """How the annotated file writes the key, also where it stands there as a comment; empty for no known key."""
    text = re.sub(r"^# (?=\[\[|\w+ = )", "", _annotated(), flags=re.MULTILINE)
    keys = [step for step in path if not isinstance(step, int)]
    line = _line(text, (keys[0], *keys[1:]))
    found = (
        re.match(r"""(\w+ = (?:"[^"]*"|'[^']*'|\[[^\]]*\]|[^#\s]+))""", text.splitlines()[line - 1])
        if line
        else None
    )
    return found[1] if found and len(keys) > 1 and found[1].startswith(f"{keys[1]} ") else ""


def _holds(tables: Any, path: tuple[str | int, ...]) -> bool:
    for step in path[:2]:
        if isinstance(step, int):
            return True
        if not isinstance(tables, Mapping) or step not in tables:
            return False
        tables = tables[step]
    return True


def _dotted(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _line(text: str, path: tuple[str | int, ...]) -> int:
    """The line of a key: its `[table]` (the n-th of a list of tables), then the key inside it."""
    table, index = str(path[0]), next((step for step in path[1:2] if isinstance(step, int)), 0)
    keys = [str(step) for step in path[1:] if not isinstance(step, int)]
    inside, seen, header = False, -1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        head = re.match(r"\s*(\[\[?)\s*([\w.]+)\s*\]\]?", line)
        if head:
            inside = head[2] == table
            seen += inside
            inside = inside and (head[1] == "[" or seen == index)
            header = number if inside else header
        elif _sets(line, keys[0] if inside and keys else "" if header else table):
            return number
    return header


def _sets(line: str, key: str) -> bool:
    return bool(key) and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[.=]""", line) is not None


def parse_value(text: str) -> Any:
    """A value as TOML reads it (`2.5`, `true`, `["ar"]`); anything else is taken as a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
