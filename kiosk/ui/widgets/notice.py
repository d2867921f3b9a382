"""A sentence that somebody must not miss: colour, icon and words together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kivy.lang import Builder
from kivy.properties import OptionProperty, StringProperty

from kiosk.ui.files import kv_of
from kiosk.ui.layout import Row
from kiosk.viewmodel import Tone

Builder.load_file(kv_of(__file__))

ICONS: Mapping[str, str] = {
    Tone.CALM: "info",
    Tone.GOOD: "check",
    Tone.WARNING: "warning",
    Tone.FAULT: "fault",
}
"""The icon of each tone."""


class Notice(Row):
    """A sentence on the colour of its tone; takes no room without text. `icon` replaces the tone's own."""

    text = StringProperty("")
    tone = OptionProperty("calm", options=tuple(str(tone) for tone in Tone))
    icon = StringProperty("")
    sign = StringProperty("info")
    role = StringProperty("value")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bind(text=self._tell, tone=self._tell, icon=self._tell)
        self._tell()

    def _tell(self, *_: Any) -> None:
        self.shown = bool(self.text)
        self.sign = self.icon or ICONS[self.tone]
