"""The demo as a stranger starts it: its own process, a real service, whole visits, a picture of every screen."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from kiosk.viewmodel import SCREENS
from tests.factories import worked_json

ACCOUNT = "30012345678"
LEFT_OVER_S = 115


@dataclass(frozen=True)
class Played:
    """What a demo left behind."""

    facts: dict[str, Any]
    out: Path
    events: list[dict[str, Any]]
    said: str
    state: Path


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("demo")
    out, events, state = folder / "out", folder / "events", folder / "state"
    words = ["demo", "--headless", "--out", str(out), "--events", str(events), "--state", str(state)]
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", *words],
        capture_output=True,
        text=True,
        timeout=LEFT_OVER_S,
        env={**os.environ, "TMPDIR": str(folder)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    yield Played(json.loads(done.stdout), out, lines, done.stderr, folder)


def test_every_screen_is_pictured(played: Played) -> None:
    names = {re.sub(r"^\d\d-", "", Path(picture).stem) for picture in played.facts["screens"]}
    assert names >= set(SCREENS)
    for picture in played.facts["screens"]:
        with Image.open(picture) as image:
            assert image.size == (1080, 1920)
            assert len(image.getcolors(1 << 22) or ()) > 20


def test_the_timings_of_a_visit_are_told(played: Played) -> None:
    assert set(played.facts["timings_ms"]) == {"first_frame", "bill_shown", "receipt_sent"}
    assert all(value > 0 for value in played.facts["timings_ms"].values())


def test_the_receipt_came_out_with_both_codes_readable(played: Played) -> None:
    with Image.open(played.facts["receipt"]["picture"]) as paper:
        texts = {found.text for found in zxingcpp.read_barcodes(paper.convert("L"))}
    assert texts == {worked_json("a")["qr"], "https://app.ebill.example/"}
    assert Path(played.facts["receipt"]["bytes"]).read_bytes().endswith(b"\x1dVB\x00")


def test_the_app_screen_shows_a_code_without_the_account(played: Played) -> None:
    (picture,) = (name for name in played.facts["screens"] if name.endswith("-app.png"))
    with Image.open(picture) as screen:
        (code,) = zxingcpp.read_barcodes(screen.convert("L"))
    assert code.text.startswith("https://")
    assert ACCOUNT not in code.text


def test_a_robot_finger_is_told_where_to_press(played: Played) -> None:
    keypad = next(line for line in played.events if line["screen"] == "keypad")
    assert {f"digit_{n}" for n in range(10)} <= set(keypad["buttons"])
    assert all(0 < x < 1080 and 0 < y < 1920 for x, y in keypad["buttons"].values())
    assert [line["screen"] for line in played.events][:2] == ["attract", "identify"]


def test_nothing_said_or_left_holds_an_account_number(played: Played) -> None:
    told = [played.said, json.dumps(played.facts), json.dumps(played.events)]
    left = [path for path in played.state.rglob("*") if path.is_file() and path.suffix not in {".bin", ".png"}]
    assert not any(ACCOUNT in text for text in told)
    assert not any(ACCOUNT.encode() in path.read_bytes() for path in left)
    assert not any(ACCOUNT in path.name for path in left)


def test_no_state_of_the_demo_outlives_it(played: Played) -> None:
    assert not list(played.state.glob("ebill-kiosk-demo-*"))
