"""How a visitor wants to see the screens: kept for the visit on every screen, forgotten with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kiosk.samples import NOW, samples
from kiosk.speech import labels, spoken
from kiosk.views import SiteFacts, view
from kiosk.visit import Rules, Visit, step
from kiosk.visit.display import (
    Display,
    Panel,
    PanelClosed,
    PanelOpened,
    ReachChosen,
    TextSizeChosen,
    ThemeChosen,
)
from kiosk.visit.events import Event, Finished, LanguageChosen, Tick
from kiosk.visit.states import Attract, Identify, OutOfService, ShowBill, StillThere

RULES = Rules(languages=("ar", "en", "ur", "hi", "bn", "fil"))
SIX = RULES.languages


def after(visit: Visit, *events: Event, now: float = 1.0, rules: Rules = RULES) -> Visit:
    for event in events:
        visit = step(visit, event, now=now, rules=rules)
    return visit


@pytest.mark.parametrize("name", samples())
def test_every_screen_can_be_seen_otherwise_and_stays_what_it_is(name: str) -> None:
    before = replace(samples()[name], heard_at=0.0)
    seen = after(before, TextSizeChosen(4), ThemeChosen("dark"), ReachChosen(True))
    assert replace(seen.display, panel=None) == Display(4, "dark", low=True)
    stays = Identify() if isinstance(before.state, Attract) else before.state
    assert seen.state == stays
    shown = view(seen, now=NOW, facts=SiteFacts(RULES)).chrome
    assert (shown.text_size, shown.theme, shown.low) == (4, "dark", True)


def test_the_next_visitor_finds_the_site_s_own_display() -> None:
    rules = replace(RULES, display=Display(1, "high"))
    visit = after(samples()["bill"], TextSizeChosen(4), ReachChosen(True), PanelOpened(Panel.DISPLAY), Finished())
    assert after(samples()["bill"], TextSizeChosen(4), Finished(), rules=rules).display == Display(1, "high")
    assert visit.display == Display()


def test_a_choice_that_does_not_exist_changes_nothing() -> None:
    visit = samples()["bill"]
    assert after(visit, TextSizeChosen(5), ThemeChosen("pink")).display == visit.display


def test_a_panel_gives_way_to_the_idle_warning_and_to_another_language() -> None:
    visit = after(samples()["bill"], PanelOpened(Panel.DISPLAY), now=0.0)
    assert visit.display.panel is Panel.DISPLAY
    warned = after(visit, Tick(), now=RULES.warn_after_s)
    assert isinstance(warned.state, StillThere)
    assert warned.display.panel is None
    assert after(visit, LanguageChosen("ur")).display.panel is None
    assert after(visit, PanelClosed()).display.panel is None


def test_larger_letters_get_twice_the_time() -> None:
    visit = after(samples()["bill"], TextSizeChosen(3), now=0.0)
    assert isinstance(after(visit, Tick(), now=1.9 * RULES.warn_after_s).state, ShowBill)
    assert isinstance(after(visit, Tick(), now=2 * RULES.warn_after_s).state, StillThere)


def test_a_closed_terminal_goes_back_to_its_own_display() -> None:
    visit = after(samples()["out_of_service"], ThemeChosen("dark"), now=0.0)
    later = after(visit, Tick(), now=RULES.warn_after_s)
    assert isinstance(later.state, OutOfService)
    assert later.display == Display()


@pytest.mark.parametrize("panel", Panel)
def test_a_panel_holds_every_choice_with_the_present_one_marked(panel: Panel) -> None:
    visit = after(samples()["bill"], PanelOpened(panel))
    shown = view(visit, now=NOW, facts=SiteFacts(RULES)).chrome.panel
    assert shown is not None
    for group in shown.groups:
        assert [option.button.chosen for option in group.options].count(True) == 1
        for button in (option.button for option in group.options):
            assert button.chosen is not button.enabled
            wished = after(visit, button.event, PanelClosed())  # type: ignore[arg-type]
            assert (wished != after(visit, PanelClosed())) is button.enabled


def test_languages_are_written_in_themselves_and_none_is_offered_alone() -> None:
    facts = SiteFacts(RULES)
    shown = view(samples()["bill"], now=NOW, facts=facts).chrome
    assert [button.script for button in shown.languages] == list(SIX)
    alone = view(samples()["bill"], now=NOW, facts=SiteFacts(replace(RULES, languages=("ar",)))).chrome
    assert alone.languages == () and alone.more is None


def test_reach_is_offered_where_the_panel_stands_high() -> None:
    low = view(samples()["bill"], now=NOW, facts=SiteFacts(RULES, stands_high=False)).chrome
    assert low.reach is None


@pytest.mark.parametrize("panel", Panel)
@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_panel_is_read_aloud_whole_and_alone(panel: Panel, language: str) -> None:
    visit = replace(samples()["bill"], language=language, display=Display(panel=panel))
    shown = view(visit, now=NOW, facts=SiteFacts(RULES, digits="words"))
    said = labels(shown)
    assert shown.chrome.panel is not None
    assert "close" in said and "print" not in said
    assert all(sentence.text for sentence in said.values())
    assert spoken(shown).sentences[0].text.rstrip("ُ") in shown.chrome.panel.title
