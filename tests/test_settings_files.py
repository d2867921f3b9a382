"""The technician's layer and the fleet's: changed whole or not at all, and never so that a start fails."""

from __future__ import annotations

import base64
import json
import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.packs.envelope import seal, utc_text
from kiosk.resources import config_file
from kiosk.settings import FLEET, OVERLAY, SettingsError, load
from kiosk.settings_check import Whole, listed
from kiosk.settings_files import (
    GOOD,
    UnknownKey,
    change,
    export,
    find,
    load_or_last_good,
    preview,
    replace_overlay,
)
from kiosk.settings_fleet import FleetRefused, adopt
from kiosk.technician.people import enrol
from kiosk.technician.roles import Role

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SIGNER = Ed25519PrivateKey.generate()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    trust = tmp_path / "operations.pub"
    trust.write_bytes(SIGNER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    path = tmp_path / "site.toml"
    path.write_text(f'[site]\nterminal = "A-1"\n\n[maintenance]\ntrust = "{trust}"\n', "utf-8")
    return path


def fleet(tables: Any, *, signer: Ed25519PrivateKey = SIGNER, at: datetime = NOON, **changed: Any) -> bytes:
    fields = {
        "schema": "kiosk-config/1",
        "issued_at": utc_text(at),
        "expires": utc_text(at + timedelta(days=30)),
        "settings": tables,
    }
    return seal({**fields, **changed}, signer)


def test_a_change_keeps_comments_and_the_order_of_the_layer(state: Path) -> None:
    (state / OVERLAY).write_text('# by hand\n[visit]\nprints = 3   # more\n\n[site]\nterminal = "B-2"\n', "utf-8")
    assert change({"site.terminal": "C-3", "visit.idle_s": 90}, state=state).site.terminal == "C-3"
    text = (state / OVERLAY).read_text("utf-8")
    assert text.startswith("# by hand\n[visit]\nprints = 3   # more\n")
    assert load(state=state).visit.idle_s == 90


def test_one_wrong_key_of_several_changes_nothing(state: Path) -> None:
    change({"site.terminal": "B-2"}, state=state)
    before = (state / OVERLAY).read_bytes()
    with pytest.raises(SettingsError) as caught:
        change({"site.terminal": "C-3", "visit.idle_s": 3, "screen.text_size": 9}, state=state)
    assert {mistake.key for mistake in caught.value.mistakes} == {"visit.idle_s", "screen.text_size"}
    assert (state / OVERLAY).read_bytes() == before


def test_a_table_of_a_list_is_changed_in_a_copy_of_what_is_in_force(state: Path, tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text('[[printer]]\nurl = "tcp://192.0.2.7:9100"\nwidth = 384\n', "utf-8")
    changed = change({"printer[0].url": "tcp://192.0.2.8:9100"}, files=[site], state=state)
    assert dict(changed.printer[0]) == {"url": "tcp://192.0.2.8:9100", "width": 384}
    assert len(change({"printer[1].url": "simulated:"}, files=[site], state=state).printer) == 2
    assert change({"printer": []}, files=[site], state=state).printer == ()


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("site.terminl", 'did you mean "site.terminal"?'),
        ("gatway.url", 'did you mean "gateway.url"?'),
        ("printer[3].url", ""),
        ("site", ""),
        ("", ""),
        ("site.terminal.x", ""),
    ],
)
def test_a_key_that_is_none_is_told_its_near_miss(state: Path, key: str, hint: str) -> None:
    with pytest.raises(UnknownKey) as caught:
        change({key: "x"}, state=state)
    assert not hint or caught.value.hint == hint


def test_a_preview_writes_nothing_and_says_what_would_be(state: Path) -> None:
    assert preview({"site.terminal": "C-3"}, state=state).site.terminal == "C-3"
    with pytest.raises(SettingsError):
        preview({"visit.prints": 0}, state=state)
    assert not (state / OVERLAY).exists()


def test_a_broken_layer_is_set_aside_at_the_next_change_and_the_one_before_goes_on(state: Path) -> None:
    change({"site.terminal": "B-2"}, state=state)
    change({"visit.prints": 3}, state=state)
    (state / OVERLAY).write_bytes(b"[site\nterminal = \xff")
    changed = change({"visit.idle_s": 90}, state=state)
    assert (changed.site.terminal, changed.visit.idle_s) == ("B-2", 90)
    assert (state / "settings.toml.broken").read_bytes() == b"[site\nterminal = \xff"


def test_what_is_found_by_key(state: Path) -> None:
    tables = {"site": {"terminal": "A"}, "printer": [{"url": "x"}]}
    assert find(tables, "site.terminal") == "A"
    assert find(tables, "printer[0].url") == "x"
    assert find(tables, "printer") == [{"url": "x"}]
    for key in ("printer[1].url", "site.x", "nothing", "printer.url", "site[0].terminal"):
        with pytest.raises(UnknownKey):
            find(tables, key)


def test_an_export_is_a_site_file_of_the_same_settings_without_technicians(state: Path, tmp_path: Path) -> None:
    made = enrol("17", Role.SETUP, codes=True)
    values = {"site.terminal": "B-2", "printer": [{"url": "simulated:"}], "technician": [dict(made.table)]}
    first = change(values, state=state)
    text = export(first)
    assert "technician" not in tomllib.loads(text)
    (tmp_path / "copy.toml").write_text(text, "utf-8")
    copy = load([tmp_path / "copy.toml"])
    assert (copy.site, copy.printer, copy.technician) == (first.site, first.printer, ())


def test_an_import_replaces_the_layer_but_not_the_technicians(state: Path) -> None:
    made = enrol("17", Role.SETUP, codes=True)
    change({"site.terminal": "B-2", "technician": [dict(made.table)]}, state=state)
    replaced = replace_overlay("[visit]\nprints = 5\n", state=state)
    assert (replaced.site.terminal, replaced.visit.prints, len(replaced.technician)) == ("T-0000", 5, 1)
    before = (state / OVERLAY).read_bytes()
    for wrong in ("[visit]\nprints = 99\n", "[visit\n"):
        with pytest.raises(SettingsError) as caught:
            replace_overlay(wrong, state=state)
        assert caught.value.mistakes[0].line in (1, 2)
    assert (state / OVERLAY).read_bytes() == before


def test_a_start_with_a_broken_file_has_the_last_good_settings_and_says_why(state: Path, site: Path) -> None:
    assert load_or_last_good([site], state=state).mistakes == ()
    site.write_text('[site]\nterminal = "A-1\n', "utf-8")
    loaded = load_or_last_good([site], state=state)
    assert (loaded.settings.site.terminal, loaded.usable) == ("A-1", True)
    assert (loaded.mistakes[0].file, loaded.mistakes[0].line) == (str(site), 2)


def test_a_first_start_with_a_broken_file_serves_nobody_and_still_starts(state: Path, site: Path) -> None:
    site.write_text("nonsense", "utf-8")
    loaded = load_or_last_good([site], state=state)
    assert (loaded.settings, loaded.usable) == (load(), False)
    assert loaded.mistakes


def test_last_good_settings_of_another_version_are_taken_as_far_as_they_go(state: Path, site: Path) -> None:
    load_or_last_good([site], state=state)
    kept = json.loads((state / GOOD).read_bytes())
    del kept["retention"]
    (state / GOOD).write_text(json.dumps(kept), "utf-8")
    site.write_text("nonsense", "utf-8")
    loaded = load_or_last_good([site], state=state)
    assert (loaded.settings.site.terminal, loaded.usable) == ("A-1", True)


def test_the_fleets_settings_win_and_say_so_at_the_next_start(state: Path, site: Path) -> None:
    change({"visit.prints": 3}, files=[site], state=state)
    adopt(fleet({"visit": {"prints": 7}}), files=[site], state=state, now=NOON)
    assert load([site], state=state).visit.prints == 7
    assert load([site], state=state).site.terminal == "A-1"
    assert change({"visit.prints": 4, "visit.idle_s": 90}, files=[site], state=state).visit.prints == 7


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (fleet({}, signer=Ed25519PrivateKey.generate()), "signed_by_another_key"),
        (fleet({}, at=NOON - timedelta(days=31)), "expired"),
        (fleet({}, at=NOON - timedelta(days=2)), "rolled_back"),
        (fleet({"site": {"terminal": "X"}}), "local_key"),
        (fleet({"maintenance": {"trust": ""}}), "local_key"),
        (fleet([]), "settings_fields"),
        (fleet({}, schema="kiosk-config/2"), "settings_fields"),
        (fleet({}, issued_at=7), "settings_fields"),
        (fleet({"visit": {"prints": None}}), "settings_fields"),
        (b"{}", "settings_form"),
        (b"\xff", "settings_form"),
        (b"[" * 100_000, "settings_form"),
    ],
)
def test_fleet_settings_that_may_not_be_used_change_nothing(
    state: Path, site: Path, file: bytes, code: str
) -> None:
    good = fleet({"visit": {"prints": 7}}, at=NOON - timedelta(days=1))
    adopt(good, files=[site], state=state, now=NOON)
    with pytest.raises(FleetRefused) as caught:
        adopt(file, files=[site], state=state, now=NOON)
    assert caught.value.code == code
    assert (state / FLEET).read_bytes() == good


def test_fleet_settings_that_are_wrong_here_are_not_kept(state: Path, site: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        adopt(fleet({"visit": {"prints": 99}, "sit": {}}), files=[site], state=state, now=NOON)
    assert {mistake.key for mistake in caught.value.mistakes} == {"visit.prints", "sit"}
    assert not (state / FLEET).exists()


def test_a_fleet_file_that_was_altered_on_the_disk_is_not_believed(state: Path, site: Path) -> None:
    adopt(fleet({"visit": {"prints": 7}}), files=[site], state=state, now=NOON)
    load_or_last_good([site], state=state)
    envelope = json.loads((state / FLEET).read_bytes())
    forged = base64.b64decode(envelope["signed"]).replace(b'"prints":7', b'"prints":9')
    (state / FLEET).write_text(json.dumps({**envelope, "signed": base64.b64encode(forged).decode()}), "utf-8")
    with pytest.raises(SettingsError, match="altered"):
        load([site], state=state)
    assert load_or_last_good([site], state=state).settings.visit.prints == 7


def test_nobody_is_believed_where_no_key_is_named(state: Path) -> None:
    with pytest.raises(FleetRefused, match=r"maintenance\.trust"):
        adopt(fleet({}), state=state, files=[], now=NOON)


KEYS = ["site", "terminal", "printer", "url", "visit", "idle_s", "technician", "gateway", "x", "ups"]
BROKEN = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(str.encode),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.datetimes(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
        max_leaves=12,
    ).map(lambda value: _as_toml(value)),
    st.tuples(st.integers(0, 6000), st.integers(1, 255)).map(lambda change: _flipped(*change)),
)


def _as_toml(value: Any) -> bytes:
    if not isinstance(value, dict):
        value = {"site": value}
    return "\n".join(f"{key} = {_inline(held)}" for key, held in value.items()).encode("utf-8", "surrogatepass")


def _inline(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{key} = {_inline(held)}" for key, held in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_inline, value)) + "]"
        case datetime():
            return value.isoformat()
        case None:
            return "nothing"
    return json.dumps(value)


def _flipped(at: int, change: int) -> bytes:
    octets = bytearray(config_file("kiosk.toml").read_bytes())
    octets[at % len(octets)] ^= change
    return bytes(octets)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=BROKEN, overlay=st.booleans())
def test_no_file_of_any_kind_keeps_a_terminal_from_starting(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, overlay: bool
) -> None:
    folder = tmp_path_factory.getbasetemp() / "broken"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    path = folder / (OVERLAY if overlay else "site.toml")
    path.write_bytes(content)
    files = [] if overlay else [path]
    loaded = load_or_last_good(files, state=folder)
    if loaded.mistakes:
        assert all(str(mistake) and mistake.file for mistake in loaded.mistakes)
    else:
        assert load(files, state=folder) == loaded.settings
    lines = content.decode("utf-8", "replace").splitlines()
    assert all(mistake.line <= max(len(lines), 1) for mistake in loaded.mistakes)


def test_every_key_of_every_table_is_annotated_in_its_line() -> None:
    lines = config_file("kiosk.toml").read_text("utf-8").splitlines()
    sections: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        head = re.match(r"(?:# )?\[\[?(\w+)\]\]?$", line)
        if head:
            name = head[1]
        elif name:
            sections.setdefault(name, []).append(line.removeprefix("# "))
    for table, field in Whole.model_fields.items():
        model = listed().get(table) or field.annotation
        for key in model.model_fields:  # type: ignore[union-attr]
            (line,) = [line for line in sections[table] if line.startswith(f"{key} = ")]
            assert "# " in line or key == "height_mm", f"{table}.{key} is not annotated"


def test_each_mistake_shows_how_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text('[site]\nterminal = "a b"\n[[printer]]\nurl = 7\n[[technician]]\nnumber = "x"\n', "utf-8")
    with pytest.raises(SettingsError) as caught:
        load([path])
    shown = {mistake.key: mistake.example for mistake in caught.value.mistakes}
    assert shown["site.terminal"] == 'terminal = "T-0000"'
    assert shown["printer[0].url"] == 'url = "serial:///dev/kiosk/printer?baud=115200&rtscts=1"'
    assert shown["technician[0].number"] == 'number = "17"'
    assert 'e.g. terminal = "T-0000"' in str(caught.value)


def test_all_files_are_told_of_together(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[site]\nprivcy = "open"\n', "utf-8")
    (tmp_path / "b.toml").write_text("[site\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load([tmp_path / "a.toml", tmp_path / "b.toml", tmp_path / "c.toml"])
    assert {Path(mistake.file).name for mistake in caught.value.mistakes} == {"a.toml", "b.toml", "c.toml"}


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ('number = "17"\nrole = "admin"\n', "one factor is not enough"),
        ('number = "17"\nrole = "admin"\ncard = "3fa9"\n', "pin and card belong together"),
        ('number = "17"\nrole = "chief"\n', "'admin'"),
        ('number = "17"\nrole = "admin"\npin = "482913"\ncard = "3fa9"\n', "no strong Argon2id hash"),
        (
            'number = "17"\nrole = "admin"\npin = "$argon2id$v=19$m=8,t=1,p=1$YWJj$YWJj"\ncard = "3fa9"\n',
            "no strong",
        ),
        ('number = "17"\nrole = "admin"\nuntil = "soon"\n', "isoformat"),
    ],
)
def test_technicians_are_checked(tmp_path: Path, table: str, problem: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f"[[technician]]\n{table}", "utf-8")
    with pytest.raises(SettingsError, match=re.escape(problem)):
        load([path])


def test_an_enrolment_is_a_table_that_the_settings_take(state: Path) -> None:
    tables = [
        dict(enrol("17", Role.SETUP, card="9682700017", codes=False).table),
        dict(enrol("21", Role.ADMIN, until=NOON.date()).table),
    ]
    assert len(change({"technician": tables}, state=state).technician) == 2
