"""Settings: layers, mistakes that name themselves, and a start that does not check twice."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest

from kiosk.resources import config_file
from kiosk.settings import OVERLAY, SettingsError, load


def written(folder: Path, text: str, name: str = "site.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[tuple[int, str, str, str]]:
    with pytest.raises(SettingsError) as caught:
        load([written(folder, text)])
    return [(m.line, m.key, m.problem, m.hint) for m in caught.value.mistakes]


def test_packaged_defaults_are_the_annotated_file_itself() -> None:
    tables = tomllib.loads(config_file("kiosk.toml").read_text("utf-8"))
    shown = asdict(load())
    for name, table in tables.items():
        for key, value in table.items():
            kept = shown[name][key]
            assert (list(kept) if isinstance(kept, tuple) else kept) == value


def test_every_key_is_annotated_in_its_line() -> None:
    lines = config_file("kiosk.toml").read_text("utf-8").splitlines()
    bare = [line for line in lines if "=" in line and not line.startswith("#") and "# " not in line]
    known = {"height_mm"}  # shares the comment of width_mm above it
    assert [line for line in bare if line.split(" =")[0] not in known] == []


def test_later_files_win_and_the_overlay_wins_over_all(tmp_path: Path) -> None:
    first = written(tmp_path, '[site]\nterminal = "A-1"\nprivacy = "open"\n', "first.toml")
    second = written(tmp_path, '[site]\nterminal = "B-2"\n', "second.toml")
    state = tmp_path / "state"
    state.mkdir()
    written(state, "[visit]\nidle_s = 90.0\n", OVERLAY)
    settings = load([first, second], state=state)
    assert (settings.site.terminal, settings.site.privacy, settings.visit.idle_s) == ("B-2", "open", 90.0)


def test_all_mistakes_are_named_at_once_with_line_key_and_near_miss(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        '[site]\nterminal = "bad terminal"\nprivcy = "open"\n\n[visit]\nidle_s = 5\n\n[gatway]\nurl = ""\n',
    )
    assert [(line, key) for line, key, _, _ in found] == [
        (2, "site.terminal"),
        (3, "site.privcy"),
        (6, "visit.idle_s"),
        (8, "gatway"),
    ]
    assert found[1][3] == 'did you mean "privacy"?'
    assert found[3][3] == 'did you mean "gateway"?'


def test_broken_toml_names_its_line(tmp_path: Path) -> None:
    ((line, _, problem, _),) = mistakes(tmp_path, '[site]\nterminal = "A\n')
    assert line == 2
    assert problem.startswith("is not TOML")


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ('[gateway]\nurl = "http://bills.example.sa"\n', "gateway.url", "http is for loopback only; use https"),
        ('[gateway]\nurl = "bills.example.sa"\n', "gateway.url", "is no address"),
        ('[gateway]\nca = "/nowhere/ca.pem"\n', "gateway.ca", "names no file on this machine"),
        ('[site]\napp_link = "http://app.example.sa"\n', "site.app_link", "is no https address"),
        ('[site]\nlanguages = ["ar", "xx"]\n', "site.languages", '"xx" has no catalogue'),
        ('[site]\nlanguages = ["ar", "ar"]\n', "site.languages", "names a language twice"),
        ("[retention]\nbills_days = 0\n", "retention.bills_days", "greater than or equal to 1"),
        ("[screen]\ntext_size = 5\n", "screen.text_size", "less than or equal to 4"),
    ],
)
def test_each_kind_of_mistake_is_explained(tmp_path: Path, text: str, key: str, problem: str) -> None:
    ((line, found_key, found_problem, _),) = mistakes(tmp_path, text)
    assert (line, found_key) == (2, key)
    assert problem in found_problem


def test_mistakes_in_device_tables_name_their_table_and_line(tmp_path: Path) -> None:
    text = '[[printer]]\nurl = "tcp://127.0.0.1:9100"\n\n[[printer]]\nurl = "file:///tmp/p.bin"\nprofil = "x"\n'
    ((line, key, problem, _),) = mistakes(tmp_path, text)
    assert (line, key) == (4, "printer[1]")
    assert 'did you mean "profile"?' in problem


def test_a_missing_file_is_a_mistake_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load([tmp_path / "nowhere.toml"])


def test_a_file_that_is_not_text_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "bytes.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load([path])


def test_unchanged_settings_start_without_the_checker(tmp_path: Path) -> None:
    site = written(tmp_path, '[site]\nterminal = "A-1"\n')
    state = tmp_path / "state"
    checked = load([site], state=state)
    code = (
        "import sys, pathlib; from kiosk.settings import load;"
        f"s = load([pathlib.Path({str(site)!r})], state=pathlib.Path({str(state)!r}));"
        "assert 'pydantic' not in sys.modules; print(s.site.terminal)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == checked.site.terminal
    assert load([site], state=state) == checked


def test_a_changed_file_is_checked_again(tmp_path: Path) -> None:
    state = tmp_path / "state"
    site = written(tmp_path, '[site]\nterminal = "A-1"\n')
    load([site], state=state)
    written(tmp_path, '[site]\nterminal = "no spaces please"\n')
    with pytest.raises(SettingsError):
        load([site], state=state)


def test_a_damaged_memory_of_the_last_check_is_not_believed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    site = written(tmp_path, '[site]\nterminal = "A-1"\n')
    load([site], state=state)
    kept = state / "settings.checked.json"
    damaged = json.loads(kept.read_text("utf-8"))
    del damaged["settings"]["site"]["terminal"]
    kept.write_text(json.dumps(damaged), "utf-8")
    assert load([site], state=state).site.terminal == "A-1"


@pytest.mark.parametrize("path", sorted(config_file("examples").glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_is_right(path: Path) -> None:
    assert load([path]).site.terminal


def test_every_key_is_named_in_the_annotated_file() -> None:
    annotated = config_file("kiosk.toml").read_text("utf-8")
    assert all(f"{key} = " in annotated for table in asdict(load()).values() if table for key in table)


DEVICES = """
[[printer]]
url = "nope:"

[[card_reader]]
url = "nope:"

[[keyboard]]
match = { vid = "046d" }

[ups]
url = "http://127.0.0.1/ups"

[switches]
url = "serial:///dev/kiosk/switches"
inputs = { D0 = "window" }
"""


def test_mistakes_in_the_tables_of_devices_name_what_would_be_right(tmp_path: Path) -> None:
    found = mistakes(tmp_path, DEVICES)
    assert [(line, key.partition("[")[0].partition(".")[0]) for line, key, _, _ in found] == [
        (2, "printer"),
        (5, "card_reader"),
        (9, "keyboard"),
        (11, "ups"),
        (16, "switches"),
    ]
    assert all(f"{kind}:" in found[0][2] for kind in ("tcp", "serial", "usb", "file", "simulated"))
    assert found[0][2].startswith('unknown kind of printer address "nope"')
    assert all(f"{kind}:" in found[1][2] for kind in ("evdev", "hidraw", "pcsc", "socket"))
    assert "vid and pid" in found[2][2]
    assert "nut://HOST/UPS" in found[3][2]
    assert "'door'" in found[4][2]


def test_power_switches_and_keyboards_are_read_and_remembered(tmp_path: Path) -> None:
    site = written(
        tmp_path,
        '[ups]\nurl = "nut://10.0.0.1/ups"\n[switches]\nurl = "serial:///dev/x"\n'
        '[[keyboard]]\nmatch = { vid = "046d", pid = "c31c" }\n',
    )
    first, again = load([site], state=tmp_path / "state"), load([site], state=tmp_path / "state")
    assert first == again
    assert (first.ups, first.switches) == ({"url": "nut://10.0.0.1/ups"}, {"url": "serial:///dev/x"})
    assert len(first.keyboard) == 1
    assert (load().ups, load().switches) == (None, None)
