"""Presenting a card or the code of an earlier bill."""

from __future__ import annotations

from kivy.lang import Builder

from kiosk.ui.files import kv_of
from kiosk.ui.screen import Screen
from kiosk.ui.widgets import notice, pictures  # noqa: F401
from kiosk.viewmodel import CardView

Builder.load_file(kv_of(__file__))


class CardScreen(Screen):
    """Shows how to hold the card; a failed try is told where the hint was."""

    model = CardView
