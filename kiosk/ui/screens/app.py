"""The QR code into the mobile app."""

from __future__ import annotations

from kivy.lang import Builder

from kiosk.ui.files import kv_of
from kiosk.ui.screen import Screen
from kiosk.ui.widgets import qr, steps, words  # noqa: F401
from kiosk.viewmodel import AppLinkView

Builder.load_file(kv_of(__file__))


class AppScreen(Screen):
    """The code, large, and the steps to it."""

    model = AppLinkView
