"""How a visitor wants to see the screens, or to hear them. Kept for the visit, forgotten with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

TEXT_SIZES = (1, 2, 3, 4)
"""The text sizes there are; 2 is the default."""

THEMES = ("default", "high", "low", "dark")
"""The contrasts there are."""

REACH_MM = 1000.0
"""How high above the floor everybody reaches, from a wheelchair too: below the 1220 mm of ADA 308 and EN 301 549
8.3.3 by the depth of a shelf and a stiff shoulder."""

LARGE = 3
"""From this text size on a screen takes longer to read: whoever reads it gets twice the time."""


class Panel(StrEnum):
    """What can lie over a screen, to change how it is shown."""

    DISPLAY = "display"
    LANGUAGES = "languages"


@dataclass(frozen=True, slots=True)
class TextSizeChosen:
    """Letters of another size, 1 to 4."""

    text_size: int


@dataclass(frozen=True, slots=True)
class ThemeChosen:
    """Another contrast."""

    theme: str


@dataclass(frozen=True, slots=True)
class ReachChosen:
    """Everything that is pressed moves down to where a seated person reaches, or back."""

    low: bool


@dataclass(frozen=True, slots=True)
class SpeechChosen:
    """The screens are to be read aloud, or not any more."""

    aloud: bool


@dataclass(frozen=True, slots=True)
class HidingChosen:
    """Nothing is to be seen on the screen while it is read aloud, or it is to be seen again."""

    hidden: bool


@dataclass(frozen=True, slots=True)
class PanelOpened:
    """A panel is to lie over the screen."""

    panel: Panel


@dataclass(frozen=True, slots=True)
class PanelClosed:
    """The screen is to be seen again as it is."""


Wish = TextSizeChosen | ThemeChosen | ReachChosen | SpeechChosen | HidingChosen | PanelOpened | PanelClosed


@dataclass(frozen=True, slots=True)
class Display:
    """Letters 1 to 4, contrast, and whether everything to press is `low`; `panel` lies over the screen.

    `aloud` is what the visitor chose about speech, None when nothing: then head-phones decide. `hidden` counts
    only while the screens are read aloud.
    """

    text_size: int = 2
    theme: str = "default"
    low: bool = False
    aloud: bool | None = None
    hidden: bool = False
    panel: Panel | None = None

    @property
    def is_large(self) -> bool:
        """Whether the letters are so large that a screen takes longer to read."""
        return self.text_size >= LARGE

    def after(self, wish: Wish) -> Display:
        """The display as wished; as it is when there is no such size or contrast."""
        match wish:
            case TextSizeChosen(size) if size in TEXT_SIZES:
                return replace(self, text_size=size)
            case ThemeChosen(theme) if theme in THEMES:
                return replace(self, theme=theme)
            case ReachChosen(low):
                return replace(self, low=low)
            case SpeechChosen(aloud):
                return replace(self, aloud=aloud, hidden=self.hidden and aloud)
            case HidingChosen(hidden):
                return replace(self, hidden=hidden)
            case PanelOpened(panel):
                return replace(self, panel=panel)
            case PanelClosed():
                return self.closed
        return self

    @property
    def closed(self) -> Display:
        """The same without a panel."""
        return replace(self, panel=None) if self.panel else self
