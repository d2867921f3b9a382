"""The accessibility walk: every screen in every language, text size, contrast and panel, measured and looked at.

`./kiosk.sh test slow` walks all of them; `--update-golden` with it renews the table in the screens' README.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations, cycle, product
from pathlib import Path
from typing import Any

import pytest
from ui_hands import EVERY_LANGUAGE, SAMPLES, Terminal, sample
from ui_survey import LEAST_CONTRAST, SOFT_INKS, Survey, box, brightness, ground_of

from kiosk import typography
from kiosk.speech import SPOKEN_LANGUAGES, labels
from kiosk.ui.palette import PALETTES
from kiosk.ui.photograph import photograph
from kiosk.ui.theme import TEXT_MM, Glass, Look
from kiosk.viewmodel import SCREENS
from kiosk.visit.display import Display

README = Path(__file__).parent.parent / "kiosk" / "ui" / "README.md"
TABLE = re.compile(r"(?<=<!-- measured -->\n).*?(?=<!-- /measured -->)", re.DOTALL)

PANELS = ((1080, 1920), (1024, 768), (1920, 1080))
SIZES = (1, 2, 3, 4)
THEMES = tuple(PALETTES)

Combination = tuple[str, int, str, tuple[int, int]]


def pairwise() -> list[Combination]:
    """Few combinations of language, size, contrast and panel in which every two values meet once."""
    missing = {
        ((i, one), (j, other))
        for (i, first), (j, second) in combinations(enumerate((EVERY_LANGUAGE, SIZES, THEMES, PANELS)), 2)
        for one, other in product(first, second)
    }

    def meets(each: Combination) -> set[Any]:
        return set(combinations(enumerate(each), 2))

    found: list[Combination] = []
    candidates = list(product(EVERY_LANGUAGE, SIZES, THEMES, PANELS))
    while missing:
        best = max(candidates, key=lambda each: len(meets(each) & missing))
        missing -= meets(best)
        found.append(best)
    return found


def offered(size: int) -> tuple[str, ...]:
    """All languages in odd text sizes, two in even ones: both have to have room."""
    return EVERY_LANGUAGE if size % 2 else ("ar", "en")


def lay_out(terminal: Terminal, name: str, each: Combination, *, low: bool = False) -> tuple[Any, Look]:
    """A sample placed as that combination wants it; nothing is drawn."""
    language, size, theme, panel = each
    look = Look(Glass.of(*panel), language, size, theme, low=low)
    shown = sample(
        name,
        language,
        display=Display(size, theme, low=low),
        languages=offered(size),
    )
    screen = terminal.stage.screen(shown.screen)
    screen.render(shown, look)
    return screen, look


def survey(terminal: Terminal, names: Iterable[str], walk: Iterable[tuple[Combination, bool]]) -> Survey:
    """Measure the samples `names` in every combination, within reach from a seat where that is true."""
    found = Survey()
    for (each, low), name in product(walk, names):
        screen, look = lay_out(terminal, name, each, low=low)
        language = each[0]
        where = f"{name} {language} {each[1]} {each[3][0]}x{each[3][1]}{' low' if low else ''}"
        found.measure(screen, look, where)
        if language in SPOKEN_LANGUAGES and not low:
            said = labels(sample(name, language, digits="words", languages=offered(look.text_size)))
            found.faults += [f"{where}: {b.name} is silent" for b in screen.buttons() if not said.get(b.name)]
    return found


@pytest.fixture
def unpainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layouts without their ink, each string measured once: walking takes a third of the time."""
    from kiosk.ui.pieces import Pieces
    from kiosk.ui.widgets.words import Text

    monkeypatch.setattr("kiosk.typography.measure", lru_cache(maxsize=60_000)(typography.measure))
    monkeypatch.setattr(Text, "_draw", lambda text: text._measure(int(text.width)))
    for piece in ("block", "circle", "icon", "write"):
        monkeypatch.setattr(Pieces, piece, lambda *_, **__: None)


REPRESENTATIVE = (
    "bill",
    "bill_overdue",
    "bill_details",
    "keypad_too_many",
    "print_failed_maybe",
    "identify_display",
)
"""The screens with the most on them, and one panel."""


def test_pairs_of_every_two_values_are_few() -> None:
    assert len(pairwise()) <= 28


@pytest.mark.usefixtures("unpainted")
def test_the_fullest_screens_can_be_read_and_pressed_in_every_pair_of_looks(terminal: Terminal) -> None:
    turns = zip(pairwise(), cycle(REPRESENTATIVE), cycle((False, False, True)), strict=False)
    assert [fault for each, name, low in turns for fault in survey(terminal, [name], [(each, low)]).faults] == []


def test_the_readme_tells_what_was_asked_and_nothing_less() -> None:
    told = TABLE.search(README.read_text("utf-8"))
    assert told
    capitals = re.findall(r"^\| (\d) \| ([\d.]+) mm", told[0], re.MULTILINE)
    assert [float(least) >= TEXT_MM[int(size) - 1] for size, least in capitals] == [True] * 4
    ratios = dict(re.findall(r"^\| (\w+) \| ([\d.]+) : 1", told[0], re.MULTILINE))
    assert all(float(ratios[theme]) >= least for theme, least in LEAST_CONTRAST.items())


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("unpainted")
def test_every_screen_in_every_look_can_be_read_and_pressed(terminal: Terminal) -> None:
    """Contrast does not move anything: each layout is judged in the colours of all four themes."""
    walk = [
        ((language, size, "default", panel), low)
        for language, size, panel, low in product(EVERY_LANGUAGE, SIZES, PANELS, (False, True))
    ]
    found = survey(terminal, SAMPLES, walk)
    assert found.faults == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("unpainted")
def test_the_table_in_the_readme_is_what_every_pair_of_looks_measures(
    terminal: Terminal, update_golden: bool
) -> None:
    found = survey(terminal, SAMPLES, product(pairwise(), (False, True)))
    assert found.faults == []
    told = README.read_text("utf-8")
    if update_golden:
        README.write_text(TABLE.sub(lambda _: found.table(), told), "utf-8")
    else:
        assert found.table() in told


def inks(picture: Any, at: tuple[int, int, int, int]) -> tuple[str, str]:
    """The colour most of a part of a picture has, and the one that stands out most from it, as hex text."""
    left, bottom, right, top = at
    part = picture.crop((left, picture.height - top, right, picture.height - bottom))
    counted = Counter({colour: count for count, colour in part.getcolors(part.width * part.height)})
    ground = counted.most_common(1)[0][0]
    floor = brightness(bytes(ground).hex())
    # Edges are mixed from both; what a stroke is made of is there more than once.
    strokes = [colour for colour, count in counted.items() if count > 3]
    ink = max(strokes, key=lambda colour: abs(brightness(bytes(colour).hex()) - floor))
    return bytes(ground).hex(), bytes(ink).hex()


def faint_texts(terminal: Terminal, name: str, each: Combination) -> Iterator[str]:
    """What stands less clearly on the picture than its colours promise."""
    from kiosk.ui.widgets.words import Text

    screen, look = lay_out(terminal, name, each)
    picture = photograph(screen, screen.view, look)
    for text in screen.nodes():
        is_own = isinstance(text, Text) and text.text and text.look == look
        if not is_own or text.ink in SOFT_INKS or text.role == "code":
            continue
        left, bottom, right, top = box(text)
        if min(right, look.glass.width) - max(left, 0) < 2 or top > look.glass.height or bottom < 0:
            continue
        ground, ink = inks(picture, (left, bottom, right, top))
        seen = ratio(ground, ink)
        asked = LEAST_CONTRAST[look.theme]
        if seen < asked:
            yield f"{name} {each}: {text.text!r} {ink} on {ground} is {seen:.1f} ({ground_of(text, screen)})"


def ratio(one: str, other: str) -> float:
    high, low = sorted((brightness(one), brightness(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("each", pairwise(), ids=lambda each: "-".join(map(str, each[:3])) + f"-{each[3][0]}")
def test_the_pixels_keep_what_the_colours_promise(terminal: Terminal, each: Combination) -> None:
    assert [fault for name in SCREENS for fault in faint_texts(terminal, name, each)] == []
