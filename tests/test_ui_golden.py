"""A chosen set of screens as they were last looked at and liked. `--update-golden` renews them."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops
from ui_hands import sample

from kiosk.ui.photograph import photograph, render_samples
from kiosk.ui.theme import Glass, Look

GOLDEN = Path(__file__).parent / "golden" / "screens"

CHOSEN = (
    "attract-ar-default",
    "attract-en-default",
    "identify-ar-default",
    "keypad-en-default",
    "bill-ar-default",
    "bill-en-default",
    "bill-ar-dark",
    "bill_details-ar-default",
    "bill_old-en-default",
    "app-ar-default",
    "take_receipt-en-default",
    "service_away-ar-default",
    "still_there-ar-high",
)

SOFT = 24
"""A difference of so much in a channel may come from another version of the renderer."""

FEW = 0.001
"""The part of all pixels that may differ by more."""


@pytest.mark.parametrize("name", CHOSEN)
def test_screen_looks_as_it_was_liked(terminal, name, update_golden, tmp_path):
    which, language, theme = name.split("-")
    view = sample(which, language)
    look = Look(Glass.of(1080, 1920), language, theme=theme)
    # Half size: the file is a quarter, and what a person would see is still there.
    picture = photograph(terminal.stage.screen(view.screen), view, look).reduce(2)
    path = GOLDEN / f"{name}.png"
    if update_golden:
        picture.save(path, optimize=True)
    with Image.open(path) as liked:
        difference = ImageChops.difference(picture, liked.convert("RGB")).convert("L")
    differing = sum(difference.histogram()[SOFT:])
    if differing > FEW * picture.width * picture.height:
        picture.save(tmp_path / "now.png")
        difference.point(lambda value: min(255, 8 * value)).save(tmp_path / "difference.png")
        pytest.fail(f"{name}: {differing} pixels differ from {path}; see {tmp_path}")


def test_samples_are_photographed_in_every_look(terminal, tmp_path):
    made = list(
        render_samples(
            lambda language, display: {
                name: sample(name, language, display=display) for name in ("bill", "keypad_empty")
            },
            tmp_path / "new",
            languages=("en",),
            text_sizes=(2, 3),
            themes=("dark",),
            sizes=((1080, 1920), (1024, 768)),
        )
    )
    assert sorted(path.name for path in made) == sorted(
        f"{name}-en-{size}-dark-{panel}.png"
        for name in ("bill", "keypad_empty")
        for size in (2, 3)
        for panel in ("1080x1920", "1024x768")
    )
    with Image.open(tmp_path / "new" / "bill-en-2-dark-1024x768.png") as picture:
        assert picture.size == (1024, 768)
    pictures = {path.read_bytes() for path in made}
    assert len(pictures) == len(made)


def test_a_photograph_shows_what_the_window_shows(terminal):
    terminal.show("identify", "en")
    beside = photograph(terminal.stage.shown, sample("identify", "en"), terminal.stage.shown.look)
    difference = ImageChops.difference(beside, terminal.look())
    assert max(high for _, high in difference.getextrema()) <= 1
