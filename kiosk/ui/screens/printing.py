"""Paper is moving."""

from __future__ import annotations

from kivy.lang import Builder

from kiosk.ui.files import kv_of
from kiosk.ui.screen import Screen
from kiosk.ui.widgets import pictures, progress  # noqa: F401
from kiosk.viewmodel import PrintingView

Builder.load_file(kv_of(__file__))


class PrintingScreen(Screen):
    """How far the receipt has come."""

    model = PrintingView
