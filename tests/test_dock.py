"""The dock beside the demo's screen: every button does to the terminal what stands on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kiosk.demo import dock

ROOT = Path(__file__).parent.parent


def played(folder: Path, *lines: str, language: str = "en") -> list[dict[str, Any]]:
    """What the robot found after each line."""
    script = folder / "lines"
    script.write_text("\n".join(lines))
    command = [sys.executable, str(ROOT / "tests" / "dock_robot.py"), str(script), language]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    said: list[dict[str, Any]] = json.loads(done.stdout)
    assert [line["pressed"] for line in said] == list(lines)
    return said


@pytest.mark.slow
def test_a_card_is_presented_and_things_break_beside_the_screen(tmp_path: Path) -> None:
    bill, _, _, refused, door, _ = played(
        tmp_path,
        "account_card",
        "paper_out",
        "screen finish",
        "two_cards",
        "door_open",
        f"picture {tmp_path}/d.png",
    )
    assert (bill["state"], bill["on"]) == ("ShowBill", [])
    assert (refused["state"], refused["problem"], refused["printer"]) == ("PresentCard", "collision", "paper_out")
    assert (door["state"], door["code"], door["on"]) == ("OutOfService", "door", ["door_open", "paper_out"])
    with Image.open(tmp_path / "d.png") as image:
        assert image.size == (540 + dock.WIDTH, 960)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_button_does_what_stands_on_it(tmp_path: Path, language: str) -> None:
    refused = {
        "bank_card": "payment_card",
        "wrong_way": "wrong_way",
        "pulled_out": "partial",
        "unreadable": "unreadable",
        "two_cards": "collision",
        "tax_code": "tax_qr",
    }
    named = ("account_card", "other_card", "bill_code", "slip_code")
    shown = [line for name in named for line in (name, "screen finish")]
    said = played(tmp_path, *refused, *shown, "national_id", "screen finish", *_TROUBLES, language=language)
    found = {line["pressed"]: line for line in reversed(said)}
    assert {name: found[name]["problem"] for name in refused} == refused
    assert {found[name]["state"] for name in named} == {"ShowBill"}
    assert found["national_id"]["state"] != "Attract"
    printer = [line["printer"] for line in said if line["pressed"] == "wait 1.6"]
    assert printer == ["paper_out", "ready", "paper_low", "ready", "cover_open", "ready", "jam", "ready"]
    assert found["reader_unplugged"]["readers"] == []
    assert found["wait 2.5"]["power"] == "battery"
    assert (found["headphones"]["headphones"], found["nobody_near"]["near"]) == (True, False)
    waited = [line["trouble"] for line in said if line["pressed"] == "wait 3"]
    assert waited == [None, "unreachable", "unreachable"]


_PRINTER = ("paper_out", "paper_low", "cover_open", "paper_jam")
_TROUBLES = [line for name in _PRINTER for line in (name, "wait 1.6") * 2]
_TROUBLES += ["reader_unplugged", "reader_unplugged"]
_TROUBLES += ["power_cut", "wait 2.5", "headphones", "nobody_near", "nobody_near"]
for _name in ("service_slow", "service_dead", "network_away"):
    _TROUBLES += [_name, "account_card", "wait 3", "screen finish", _name]


def test_both_languages_have_a_word_for_every_button() -> None:
    words = tomllib.loads(Path(dock._WORDS).read_text("utf-8"))
    names = {name for group in dock._GROUPS.values() for name in group.split()} | set(dock._GROUPS)
    assert set(words["ar"]) == set(words["en"]) == names | {"title", "note"}
