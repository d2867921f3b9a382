"""Bundles on a stick: taken whole when they are signed, for us, new and in time, and otherwise not at all."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from pack_rigs import invented, lines

from kiosk.audit import Audit
from kiosk.i18n import Catalogue
from kiosk.packs.envelope import Trust
from kiosk.publish import publish
from kiosk.publish.keys import Keys as PublisherKeys
from kiosk.settings import Settings, SettingsError, load
from kiosk.settings_files import change
from kiosk.sync import Keys
from kiosk.technician import bundle as module
from kiosk.technician.attempts import MOST, Attempts, TryRefused
from kiosk.technician.bundle import Bundle, BundleRefused, find, make, read, signed_settings
from kiosk.technician.bundle.applying import Place, apply, check_sentences, last_serial, trusted
from kiosk.technician.retention import Kept, enforce

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SIGNER = Ed25519PrivateKey.generate()
TRUST = Trust([SIGNER.public_key()])


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    trust = tmp_path / "operations.pub"
    trust.write_bytes(SIGNER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    change({"site.terminal": "RUH-1", "site.place": "RUH", "maintenance.trust": str(trust)}, state=folder)
    return folder


def made(folder: Path, members: dict[str, Any] | None = None, **changed: Any) -> Bundle:
    facts: dict[str, Any] = {
        "key": SIGNER,
        "serial": 7,
        "issued_at": NOW,
        "expires": NOW + timedelta(days=7),
        "terminal": "RUH-1",
    }
    return make(folder / "b.ebk", members or {}, **{**facts, **changed})


def place(state: Path, packs: Keys | None = None) -> Place:
    return Place(load(state=state), state, Audit(state, bytes(32)), packs=packs)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(BundleRefused) as caught:
        call()
    return caught.value.code


def test_settings_sentences_and_an_opened_lock_count_after_it(state: Path, tmp_path: Path) -> None:
    tables = {"visit": {"prints": 7}}
    content = {
        "settings.json": signed_settings(tables, key=SIGNER, now=NOW, expires=NOW + timedelta(days=60)),
        "catalogues/en.toml": b"",
    }
    made(tmp_path, content, unlocks=True)
    (path,) = find(tmp_path)
    applied = apply(read(path, trusted(load(state=state))), place(state), by="17", now=NOW)
    assert (applied.settings, applied.sentences, applied.unlocked) == (True, ("en",), True)
    assert load(state=state).visit.prints == 7
    assert [entry.event for entry in Audit(state, bytes(32)).entries()] == ["bundle_applied"]


def test_a_lock_is_opened_by_a_bundle_only(state: Path, tmp_path: Path) -> None:
    now = [0.0]
    attempts = Attempts(state, clock=lambda: now[0])
    for _ in range(MOST):
        now[0] += 1e6
        attempts.spend()
    with pytest.raises(TryRefused):
        attempts.spend()
    apply(made(tmp_path, unlocks=True), place(state), by="-", now=NOW)
    assert attempts.spend() == 1


def test_a_serial_number_counts_once_and_only_rises(state: Path, tmp_path: Path) -> None:
    assert last_serial(state) == 0
    apply(made(tmp_path), place(state), by="17", now=NOW)
    assert last_serial(state) == 7
    for serial in (7, 6, 0):
        again = made(tmp_path, serial=serial)
        assert code_of(lambda again=again: apply(again, place(state), by="17", now=NOW)) == "old"
    apply(made(tmp_path, serial=8), place(state), by="17", now=NOW)
    (state / "bundle-serial").write_bytes(b"x" * 8192)
    assert code_of(lambda: apply(made(tmp_path, serial=99), place(state), by="17", now=NOW)) == "old"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"terminal": "RUH-2"}, "foreign"),
        ({"terminal": "", "place": "JED"}, "foreign"),
        ({"expires": NOW - timedelta(seconds=1)}, "expired"),
    ],
)
def test_foreign_and_expired_bundles_change_nothing(
    state: Path, tmp_path: Path, changed: dict[str, Any], code: str
) -> None:
    content = {"settings.json": signed_settings({"visit": {"prints": 7}}, key=SIGNER, now=NOW, expires=NOW)}
    assert code_of(lambda: apply(made(tmp_path, content, **changed), place(state), by="17", now=NOW)) == code
    assert load(state=state).visit.prints == 2


def test_a_bundle_for_the_place_is_for_each_of_its_terminals(state: Path, tmp_path: Path) -> None:
    apply(made(tmp_path, terminal="", place="RUH"), place(state), by="17", now=NOW)
    change({"site.place": ""}, state=state)
    again = made(tmp_path, terminal="", place="RUH", serial=8)
    assert code_of(lambda: apply(again, place(state), by="17", now=NOW)) == "foreign"


def test_another_key_and_nobody_trusted(state: Path, tmp_path: Path) -> None:
    path = made(tmp_path, key=Ed25519PrivateKey.generate()).path
    assert code_of(lambda: read(path, TRUST)) == "signed_by_another_key"
    change({"maintenance.trust": ""}, state=state)
    assert code_of(lambda: trusted(load(state=state))) == "signed_by_another_key"


def rezipped(path: Path, change: Callable[[dict[str, bytes], zipfile.ZipFile], None]) -> Path:
    """The bundle's members in a new archive, changed."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        change(members, archive)
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def linked(members: dict[str, bytes], archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("settings.json")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/shadow")
    del members["settings.json"]


def nested(members: dict[str, bytes], archive: zipfile.ZipFile) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as zipped:
        zipped.writestr("settings.json", "x")
    archive.writestr("inner.ebk", inner.getvalue())


@pytest.mark.parametrize(
    ("change_it", "code"),
    [
        (lambda members, archive: archive.writestr("../../etc/cron.d/x", b"x"), "unlisted_member"),
        (lambda members, archive: archive.writestr("/etc/passwd", b"x"), "unlisted_member"),
        (lambda members, archive: archive.writestr("catalogues\\en.toml", b"x"), "unlisted_member"),
        (lambda members, archive: archive.writestr("setup.sh", b"#!/bin/sh"), "unlisted_member"),
        (lambda members, archive: archive.mkdir("packs"), "link"),
        (linked, "link"),
        (nested, "unlisted_member"),
        (lambda members, archive: members.pop("settings.json"), "missing_member"),
        (lambda members, archive: members.pop("bundle.json"), "not_a_bundle"),
        (lambda members, archive: members.update({"settings.json": b"longer than signed" * 99}), "altered_member"),
        (lambda members, archive: members.update({"bundle.json": b"{}"}), "bundle_form"),
        (lambda members, archive: members.update({"bundle.json": b"[" * 99_999}), "bundle_form"),
    ],
)
def test_what_was_put_in_taken_out_or_changed_is_refused(
    tmp_path: Path, change_it: Callable[[dict[str, bytes], zipfile.ZipFile], None], code: str
) -> None:
    path = made(tmp_path, {"settings.json": b"{}"}).path
    assert code_of(lambda: read(rezipped(path, change_it), TRUST)) == code


def test_a_changed_byte_of_the_same_length_is_found_when_it_is_read(tmp_path: Path) -> None:
    bundle = made(tmp_path, {"settings.json": b"{}"})
    rezipped(bundle.path, lambda members, archive: members.update({"settings.json": b"[]"}))
    kept = read(bundle.path, TRUST)
    assert code_of(lambda: kept.read(kept.members[0])) == "altered_member"


def test_a_member_there_twice_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path, {"settings.json": b"{}"}).path
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("settings.json", b"{ }")
    assert code_of(lambda: read(path, TRUST)) == "unlisted_member"


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path, {"settings.json": b"{}"}).path
    with zipfile.ZipFile(path) as archive:
        index = archive.read("bundle.json")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", index)
        archive.writestr("settings.json", bytes(64 << 20))
    assert code_of(lambda: read(path, TRUST)) == "altered_member"
    # One whose header lies about its size is cut off where it was signed to end.
    lying = path.read_bytes().replace((64 << 20).to_bytes(4, "little"), (2).to_bytes(4, "little"))
    path.write_bytes(lying)
    bundle = read(path, TRUST)
    assert code_of(lambda: bundle.read(bundle.members[0])) in ("too_big", "altered_member")
    monkeypatch.setattr(module, "FILE_LIMIT", 10)
    assert code_of(lambda: read(path, TRUST)) == "too_big"


def test_an_index_that_is_a_bomb_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_INDEX_LIMIT", 1000)
    path = tmp_path / "b.ebk"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", bytes(1 << 20))
    assert code_of(lambda: read(path, TRUST)) == "too_big"


def test_names_and_sizes_terminals_do_not_take_cannot_be_made(tmp_path: Path) -> None:
    for name, content in (("run.sh", b""), ("../settings.json", b""), ("settings.json", bytes((1 << 20) + 1))):
        with pytest.raises(ValueError, match="terminals take"):
            made(tmp_path, {name: content})
    with pytest.raises(ValueError, match="one terminal or for one place"):
        made(tmp_path, terminal="RUH-1", place="RUH")


@settings(max_examples=60, deadline=None)
@given(cut=st.floats(0, 1), change=st.integers(1, 255), at=st.floats(0, 1, exclude_max=True))
def test_a_damaged_file_is_refused_or_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, cut: float, change: int, at: float
) -> None:
    folder = tmp_path_factory.getbasetemp() / "damaged"
    folder.mkdir(exist_ok=True)
    bundle = made(folder, {"settings.json": b"{}" * 20})
    octets = bytearray(bundle.path.read_bytes())
    octets[int(at * len(octets))] ^= change
    bundle.path.write_bytes(octets if cut > 0.5 else octets[: int(cut * 2 * len(octets))])
    try:
        kept = read(bundle.path, TRUST)
        assert kept.read(kept.members[0]) == b"{}" * 20
        assert kept == bundle
    except BundleRefused:
        pass


@given(st.binary(max_size=300))
def test_no_bytes_are_a_bundle(content: bytes) -> None:
    path = Path("/dev/shm") / "no-bundle.ebk"
    path.write_bytes(content)
    try:
        assert code_of(lambda: read(path, TRUST)) == "not_a_bundle"
    finally:
        path.unlink()


def test_bills_come_by_stick(state: Path, tmp_path: Path) -> None:
    published, keys = tmp_path / "published", PublisherKeys.open(tmp_path / "utility")
    source = tmp_path / "bills.ndjson"
    source.write_bytes(lines(invented(30)))
    with source.open("rb") as bills:
        publish(
            bills,
            folder=published,
            scope="all",
            keys=keys,
            now=NOW,
            progress=lambda what, done: None,
            reject=lambda line, problem: None,
        )
    members = {
        f"packs/{path.relative_to(published)}": path for path in (published / "v1").rglob("*") if path.is_file()
    }
    bundle = made(tmp_path, {name: path for name, path in members.items() if "/v1/" in name})
    assert code_of(lambda: apply(bundle, place(state), by="17", now=NOW)) == "no_pack_keys"
    applied = apply(bundle, place(state, Keys(keys.trust, [keys.scope], bytes(32))), by="17", now=NOW)
    assert applied.bills == 30
    assert bundle.scopes == ["all"]
    kept, days = Kept(state, bytes(32)), load(state=state).retention
    assert enforce(kept, days, now=NOW + timedelta(days=59))["regions"] == 0
    assert enforce(kept, days, now=NOW + timedelta(days=62))["regions"] == 30


@pytest.mark.parametrize(
    "content",
    [b"[attract]\nnonsense = 'x'\n", b"\xff", b"attract = 7\n", b"[[x]]\n", b"a.b = '{'\n", b"[" * 9999],
)
def test_sentences_nobody_says_are_refused(content: bytes) -> None:
    assert code_of(lambda: check_sentences("en", content)) == "sentences"
    assert code_of(lambda: check_sentences("xx", b"")) == "sentences"


def test_a_placeholder_may_not_be_lost() -> None:
    key, text = next((k, v) for k, v in Catalogue.load("en").entries.items() if isinstance(v, str) and "{" in v)
    table, _, name = key.rpartition(".")
    good = f"[{table}]\n{name} = {json.dumps(text)}\n".encode()
    check_sentences("en", good)
    assert code_of(lambda: check_sentences("en", f"[{table}]\n{name} = 'x'\n".encode())) == "sentences"


def test_corrected_sentences_are_said(tmp_path: Path) -> None:
    key = next(
        key
        for key, value in Catalogue.load("en").entries.items()
        if isinstance(value, str) and "{" not in value and "." in key
    )
    table, _, name = key.rpartition(".")
    (tmp_path / "en.toml").write_text(f'[{table}]\n{name} = "Otherwise"\n')
    assert Catalogue.load("en", corrections=tmp_path).text(key) == "Otherwise"
    assert Catalogue.load("ar", corrections=tmp_path).text(key) == Catalogue.load("ar").text(key)


def test_settings_that_are_wrong_here_leave_the_serial_unused(state: Path, tmp_path: Path) -> None:
    content = {"settings.json": signed_settings({"visit": {"prints": 99}}, key=SIGNER, now=NOW, expires=NOW)}
    with pytest.raises(SettingsError):
        apply(made(tmp_path, content), place(state), by="17", now=NOW)
    assert last_serial(state) == 0
    assert isinstance(load(state=state), Settings)
