"""Empty view models: what a screen is built with before there is anything to show, and what wipes it after."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from kiosk.viewmodel import Chrome, Tone

_V = TypeVar("_V")

NO_CHROME = Chrome(language="ar", rtl=True, brand="", help_label="", help_number="", languages=())
"""A frame that says nothing."""


def blank(view: type[_V], *, chrome: Chrome = NO_CHROME) -> _V:
    """A `view` with every text empty, every list empty and nothing enabled, in the given frame."""
    return view(**{name: chrome if hint is Chrome else _nothing(hint) for name, hint in _hints(view)})


def _hints(view: Any) -> list[tuple[str, Any]]:
    hints = get_type_hints(view)
    return [(field.name, hints[field.name]) for field in fields(view)]


def _nothing(hint: Any) -> Any:
    if hint in (str, bool, float, int):
        return hint()
    if hint is object or type(None) in get_args(hint):
        return None
    if get_origin(hint) is tuple:
        return ()
    return Tone.CALM if hint is Tone else blank(hint)
