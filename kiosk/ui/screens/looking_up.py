"""Waiting for the bill, in the shape of the bill."""

from __future__ import annotations

from kivy.lang import Builder

from kiosk.ui.files import kv_of
from kiosk.ui.screen import Screen
from kiosk.ui.widgets import progress, words  # noqa: F401
from kiosk.viewmodel import LookingUpView

Builder.load_file(kv_of(__file__))


class LookingUpScreen(Screen):
    """The bill's skeleton under the words."""

    model = LookingUpView
