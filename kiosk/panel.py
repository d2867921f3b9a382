"""A panel of buttons beside the terminal's screen, for whoever demonstrates it: frozen view models."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.viewmodel import Button


@dataclass(frozen=True, slots=True)
class PanelGroup:
    """Buttons of one kind under a heading; those named in `on` are switches that are on."""

    title: str
    buttons: tuple[Button, ...]
    on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PanelView:
    """The whole panel; `note` stands below everything."""

    language: str
    title: str
    groups: tuple[PanelGroup, ...]
    note: str
