"""The idle warning."""

from __future__ import annotations

from kivy.lang import Builder

from kiosk.ui.files import kv_of
from kiosk.ui.screen import Screen
from kiosk.ui.widgets import progress, words  # noqa: F401
from kiosk.viewmodel import StillThereView

Builder.load_file(kv_of(__file__))


class StillThereScreen(Screen):
    """One question, the seconds left, one large answer."""

    model = StillThereView
