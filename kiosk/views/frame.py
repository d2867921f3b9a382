"""What every screen's view model is made with: the visit, the site, the words, and what stands around a screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from kiosk.i18n import RIYADH, Catalogue, Digits
from kiosk.viewmodel import Button, Chrome
from kiosk.views.display import display_button, language_buttons, more_button, panel_view, reach_button
from kiosk.visit import Rules, Visit
from kiosk.visit.events import BackPressed, Event, Finished

Level = Literal["open", "default", "strict"]
"""How much a site shows without a second proof."""


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What the screens need to know of the terminal. `app_link` empty: no app is offered. `stands_high`: some of
    the panel is out of reach from a seat. `corrections`: the folder of sentences that the site says otherwise."""

    rules: Rules
    level: Level = "default"
    call_centre: str = ""
    app_link: str = ""
    app_hosts: tuple[str, ...] = ()
    digits: Digits = "latin"
    currency: Literal["sign", "letters"] = "sign"
    demo: bool = False
    stands_high: bool = True
    corrections: Path | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A visit about to be shown: `now` is the wall clock (aware), `words` the catalogue of its language."""

    visit: Visit
    facts: SiteFacts
    now: datetime
    words: Catalogue

    @property
    def today(self) -> date:
        """The day in Riyadh."""
        return self.now.astimezone(RIYADH).date()

    def say(self, key: str, **placeholders: str) -> str:
        """The sentence `key` of the screen's language."""
        return self.words.text(key, **placeholders)

    def button(self, name: str, key: str, event: Event, *, enabled: bool = True, icon: str = "") -> Button:
        """A button with the sentence `key` on it."""
        return Button(name, self.say(key), event, enabled, icon)

    def chrome(self, *, back: bool = True, finish: bool = True) -> Chrome:
        """The frame of this screen, with or without its way back and its way out."""
        visit, words, offered = self.visit, self.words, self.facts.rules.languages
        languages = language_buttons(visit, offered)
        return Chrome(
            language=visit.language,
            rtl=words.rtl,
            brand=self.say("common.brand"),
            help_label=self.say("common.help"),
            help_number=words.figures(_spaced(self.facts.call_centre)) if self.facts.call_centre else "",
            languages=languages,
            back=self.button("back", "common.back", BackPressed(), icon="back") if back else None,
            finish=self.button("finish", "common.finish", Finished(), icon="finish") if finish else None,
            demo=self.say("demo") if self.facts.demo else "",
            text_size=visit.display.text_size,
            theme=visit.display.theme,
            low=visit.display.low,
            display=display_button(words),
            more=more_button(words) if languages else None,
            reach=reach_button(visit, words) if self.facts.stands_high else None,
            panel=panel_view(visit, words, offered),
            hidden=self.say("common.hidden") if visit.is_hidden else "",
        )

    def call(self) -> tuple[str, ...]:
        """The step "call the call centre", when there is one to call."""
        number = self.facts.call_centre
        return (self.say("common.call", number=self.words.number(_spaced(number))),) if number else ()

    def app(self) -> tuple[str, ...]:
        """The step "see your bill in the app", when there is an app."""
        return (self.say("common.app"),) if self.facts.app_link else ()


def _spaced(number: str) -> str:
    """A unified number as it is read aloud, 9200 01100, never over two lines; any other as it stands."""
    return f"{number[:4]}\u00a0{number[4:]}" if len(number) == 9 and number.startswith("9200") else number
