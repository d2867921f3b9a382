"""The end of a terminal's life, and the change of its keys: interrupted anywhere, it is before or after."""

from __future__ import annotations

import base64
import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from kiosk import bootstrap
from kiosk.audit import Audit
from kiosk.model import Bill
from kiosk.receipt import ending
from kiosk.settings import load
from kiosk.settings_files import change
from kiosk.store import store_key
from kiosk.technician import decommission, rotation
from kiosk.technician.identity import Identity
from kiosk.technician.rotation import RotationRefused, rotate_store_key
from tests.factories import make_bill

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BILL = make_bill(number="30098765432")


def lived_in(state: Path) -> list[bytes]:
    """A state folder of a terminal at work; the secrets in it."""
    settings = load(state=state)
    store = bootstrap.open_store_file(settings, state=state)
    store.keep(BILL.account.number, BILL, as_of=NOW, etag=None)
    store.close()
    bootstrap.open_journal(state).close()
    Audit(state, store_key(state)).add("sign_in", who="17")
    change({"site.terminal": "RUH-1"}, state=state)
    Identity.open(state)
    (state / "scope.key").write_text("ab" * 32)
    folder = state / "pairing" / "1"
    folder.mkdir(parents=True)
    (folder / "terminal.pem").write_text("a private key")
    return [path.read_bytes() for path in decommission.keys(state)]


def everything(state: Path) -> bytes:
    return b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())


def test_keys_and_stores_are_destroyed_and_it_is_said_signed(tmp_path: Path) -> None:
    secrets = lived_in(tmp_path)
    assert len(secrets) == 4
    public = Identity.open(tmp_path).public_pem
    made = decommission.decommission(tmp_path, terminal="RUH-1", by="21", now=NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["decommissioned.json"]
    left = everything(tmp_path)
    assert not any(secret in left for secret in secrets)
    said = made["statement"]
    assert (said["terminal"], said["by"], said["keys"], made["finished"]) == ("RUH-1", "21", 4, True)
    assert {"seen.db", "journal.db", "audit", "store.key"} <= set(said["destroyed"])
    key = load_pem_public_key(public.encode())
    assert isinstance(key, Ed25519PublicKey)
    signed = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    key.verify(base64.b64decode(made["signature"]), signed)


def test_keys_go_before_anything_they_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lived_in(tmp_path)
    monkeypatch.setattr(decommission.shutil, "rmtree", lambda path: (_ for _ in ()).throw(OSError(5, "cut")))
    with pytest.raises(OSError, match="cut"):
        decommission.decommission(tmp_path, terminal="RUH-1", by="21", now=NOW)
    assert list(decommission.keys(tmp_path)) == []
    assert (tmp_path / "seen.db").exists()


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_power_cut_anywhere_is_finished_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    secrets = lived_in(tmp_path)
    steps = [0]
    unlink = Path.unlink

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        steps[0] += 1
        if steps[0] == cut:
            raise OSError(5, "the power is gone")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlinked)
    try:
        decommission.decommission(tmp_path, terminal="RUH-1", by="21", now=NOW)
    except OSError:
        assert decommission.is_decommissioned(tmp_path)
    monkeypatch.undo()
    assert decommission.finish(tmp_path)["finished"]
    assert not any(secret in everything(tmp_path) for secret in secrets)
    assert [path.name for path in tmp_path.iterdir()] == ["decommissioned.json"]


def test_what_cannot_be_destroyed_here_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "credentials"
    elsewhere.mkdir()
    (elsewhere / "store-key").write_bytes(bytes(32))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(elsewhere))
    state = tmp_path / "state"
    state.mkdir()
    made = decommission.decommission(state, terminal="RUH-1", by="21", now=NOW)
    assert made["statement"]["left"] == ["credential store-key"]


def test_a_terminal_can_begin_anew_with_nothing_of_the_old_one(tmp_path: Path) -> None:
    lived_in(tmp_path)
    before = Identity.open(tmp_path).fingerprint
    decommission.decommission(tmp_path, terminal="RUH-1", by="21", now=NOW)
    decommission.begin_anew(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert Identity.open(tmp_path).fingerprint != before
    assert load(state=tmp_path).site.terminal == "T-0000"


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("width", [576, 384])
def test_the_slip_fits_its_paper(language: str, width: int) -> None:
    made = ending.page(terminal="RUH-1", key="ab" * 8, by="21", now=NOW, width=width, language=language)
    assert made.width == width
    assert 150 < made.height < 900


def kept_bill(state: Path) -> object:
    store = bootstrap.open_store_file(load(state=state), state=state)
    try:
        held = store.stored(BILL.account.number)
        return held.document if held else None
    finally:
        store.close()


def test_a_new_key_opens_what_the_old_one_did_and_the_old_one_nothing(tmp_path: Path) -> None:
    lived_in(tmp_path)
    old = store_key(tmp_path)
    assert rotate_store_key(tmp_path) == 1
    assert store_key(tmp_path) != old
    assert isinstance(kept_bill(tmp_path), Bill)
    assert Audit(tmp_path, store_key(tmp_path)).verify().problems == ()
    assert old.hex().encode() not in everything(tmp_path)
    assert rotate_store_key(tmp_path) == 1
    assert isinstance(kept_bill(tmp_path), Bill)


@pytest.mark.parametrize("cut", range(1, 7))
def test_a_rotation_cut_short_anywhere_has_the_old_key_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    lived_in(tmp_path)
    steps = [0]
    replace = Path.replace

    class Cut(BaseException):
        """The power is gone: nothing after it happens."""

    def replaced(path: Path, target: Path) -> Path:
        steps[0] += 1
        if steps[0] == cut:
            raise Cut
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", replaced)
    with suppress(Cut):
        rotate_store_key(tmp_path)
    monkeypatch.undo()
    rotation.recover(tmp_path)
    assert isinstance(kept_bill(tmp_path), Bill)
    assert Audit(tmp_path, store_key(tmp_path)).verify().problems == ()
    assert not list(tmp_path.rglob("*.rekeyed*"))
    assert not (tmp_path / "store.key.next").exists()


def test_a_terminal_that_runs_keeps_its_key(tmp_path: Path) -> None:
    lived_in(tmp_path)
    store = bootstrap.open_store_file(load(state=tmp_path), state=tmp_path)
    before = store_key(tmp_path)
    with pytest.raises(RotationRefused, match="in_use"):
        rotate_store_key(tmp_path)
    store.close()
    assert store_key(tmp_path) == before
    assert isinstance(kept_bill(tmp_path), Bill)


def test_a_credential_is_changed_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "store-key").write_bytes(os.urandom(32))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(RotationRefused, match="key_is_credential"):
        rotate_store_key(tmp_path)
