"""How to see the screens: the buttons that open the choice, the panel with the sizes and contrasts, the languages."""

from __future__ import annotations

from dataclasses import replace

from kiosk.i18n import OWN_NAMES, Catalogue
from kiosk.viewmodel import Button, Option, OptionGroup, PanelView
from kiosk.visit import Visit
from kiosk.visit.display import (
    TEXT_SIZES,
    THEMES,
    Panel,
    PanelClosed,
    PanelOpened,
    ReachChosen,
    TextSizeChosen,
    ThemeChosen,
)
from kiosk.visit.events import LanguageChosen

_OTHER_WORD = {"en": "ar"}
"""In which language the way to the other languages is written: one that who cannot read the screen may know."""


def language_buttons(visit: Visit, languages: tuple[str, ...]) -> tuple[Button, ...]:
    """A button for each language, named in itself; none where there is nothing to choose."""
    if len(languages) < 2:
        return ()
    return tuple(
        Button(
            f"language_{code}",
            OWN_NAMES[code],
            LanguageChosen(code),
            enabled=code != visit.language,
            icon="globe",
            script=code,
            chosen=code == visit.language,
        )
        for code in languages
    )


def display_button(words: Catalogue) -> Button:
    """Opens the panel of sizes and contrasts."""
    return Button(
        "display",
        words.text("display.sample"),
        PanelOpened(Panel.DISPLAY),
        icon="contrast",
        spoken=words.text("display.title"),
    )


def more_button(words: Catalogue) -> Button:
    """Opens the panel of languages."""
    script = _OTHER_WORD.get(words.language, "en")
    return Button(
        "languages",
        Catalogue.load(script).text("display.languages"),
        PanelOpened(Panel.LANGUAGES),
        icon="globe",
        spoken=words.text("display.languages"),
        script=script,
    )


def reach_button(visit: Visit, words: Catalogue) -> Button:
    """Moves everything to press down to where a seated person reaches, or back."""
    low = visit.display.low
    return Button(
        "reach",
        "",
        ReachChosen(not low),
        icon="raise" if low else "reach",
        spoken=words.text("display.raise" if low else "display.reach"),
    )


def panel_view(visit: Visit, words: Catalogue, languages: tuple[str, ...]) -> PanelView | None:
    """The panel that lies over the screen; None while there is none."""
    match visit.display.panel:
        case Panel.DISPLAY:
            title = "display.title"
            groups: tuple[OptionGroup, ...] = (_sizes(visit, words), _themes(visit, words))
        case Panel.LANGUAGES:
            options = tuple(Option(replace(button, icon="")) for button in language_buttons(visit, languages))
            title, groups = "display.languages", (OptionGroup("", options),)
        case _:
            return None
    close = Button("close", words.text("display.close"), PanelClosed(), icon="check")
    return PanelView(words.text(title), groups, close)


def _sizes(visit: Visit, words: Catalogue) -> OptionGroup:
    options = []
    for size in TEXT_SIZES:
        spoken = words.text("display.size_name", n=words.count(size))
        button = Button(f"size_{size}", words.text("display.sample"), TextSizeChosen(size), spoken=spoken)
        options.append(Option(_one_of(button, size == visit.display.text_size), text_size=size))
    return OptionGroup(words.text("display.size"), tuple(options))


def _themes(visit: Visit, words: Catalogue) -> OptionGroup:
    options = []
    for theme in THEMES:
        button = Button(f"theme_{theme}", words.text(f"display.{theme}"), ThemeChosen(theme))
        options.append(Option(_one_of(button, theme == visit.display.theme), theme=theme))
    return OptionGroup(words.text("display.theme"), tuple(options))


def _one_of(button: Button, chosen: bool) -> Button:
    return replace(button, enabled=not chosen, chosen=chosen)
