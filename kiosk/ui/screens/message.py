"""What happened, what can be done here, whom to call: one screen for all such messages."""

from __future__ import annotations

from kivy.lang import Builder
from kivy.properties import ObjectProperty

from kiosk.ui.files import kv_of
from kiosk.ui.layout import Column
from kiosk.ui.screen import Screen
from kiosk.ui.widgets import icon, steps, words  # noqa: F401
from kiosk.ui.widgets.button import NOTHING
from kiosk.viewmodel import MessageView

Builder.load_file(kv_of(__file__))


class OtherAction(Column):
    """An action besides the first, in a row of its own."""

    item = ObjectProperty(NOTHING)


class MessageScreen(Screen):
    """The first action is the way on; the others stand above it."""

    model = MessageView
