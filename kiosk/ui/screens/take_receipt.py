"""The receipt is out."""

from __future__ import annotations

from kivy.lang import Builder

from kiosk.ui.files import kv_of
from kiosk.ui.screen import Screen
from kiosk.ui.widgets import notice, pictures, words  # noqa: F401
from kiosk.viewmodel import TakeReceiptView

Builder.load_file(kv_of(__file__))


class TakeReceiptScreen(Screen):
    """Where to find the receipt, and what it is not."""

    model = TakeReceiptView
