"""The words for those who look after terminals, as scripts call them."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from kiosk.audit import Audit
from kiosk.cli import run
from kiosk.service import Service, ServiceConfig
from kiosk.service.certificates import Tls, make
from kiosk.settings import load
from kiosk.store import store_key
from kiosk.technician import people
from kiosk.technician.attempts import Attempts


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def called(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the one JSON document on stdout."""
    code = run([*words, "--json"])
    out = capsys.readouterr().out
    assert out.count("\n") == 1, out
    return code, json.loads(out)


def events(state: Path) -> list[str]:
    return [entry.event for entry in Audit(state, store_key(state)).entries()]


def test_a_technician_is_enrolled_listed_answered_and_removed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, state: Path
) -> None:
    at = ["--state", str(state)]
    code, made = called(capsys, "technician", "enrol", "21", "--role", "admin", *at)
    assert code == 0
    assert len(made["pin"]) == 6
    monkeypatch.setattr("sys.stdin", io.StringIO("9682700017\n"))
    code, carded = called(capsys, "technician", "enrol", "17", "--card", "--until", "2099-01-01", *at)
    assert (code, carded["totp_secret"]) == (0, "")
    code, found = called(capsys, "technician", "list", *at)
    assert [(one["number"], one["ways"]) for one in found["technicians"]] == [
        ("21", ["PIN and code"]),
        ("17", ["card and PIN"]),
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO(made["totp_secret"] + "\n"))
    code, answer = called(capsys, "technician", "respond", "--terminal", "RUH-1", "--challenge", "12345678", *at)
    right = people.response(base64.b32decode(made["totp_secret"]), "12345678", terminal="RUH-1")
    assert (code, answer["response"]) == (0, right)
    assert called(capsys, "technician", "remove", "21", *at) == (0, {"done": True})
    assert called(capsys, "technician", "remove", "21", *at)[0] == 2
    assert events(state) == ["technician_enrolled", "technician_enrolled", "technician_removed"]
    assert run(["settings", "show", *at]) == 0
    shown = capsys.readouterr().out
    assert "argon2id" not in shown
    assert "9682700017" not in (state / "settings.toml").read_text()


@pytest.mark.parametrize("words", [["x"], ["1234567"], ["17", "--until", "soon"], ["17", "--until", "2020-01-01"]])
def test_who_cannot_be_enrolled(capsys: pytest.CaptureFixture[str], state: Path, words: list[str]) -> None:
    assert called(capsys, "technician", "enrol", *words, "--state", str(state))[0] == 2
    assert not (state / "settings.toml").exists()


def test_a_lock_is_opened_by_operations(capsys: pytest.CaptureFixture[str], state: Path) -> None:
    state.mkdir()
    Attempts(state).spend()
    assert called(capsys, "technician", "unlock", "--state", str(state)) == (0, {"done": True})
    assert Attempts(state).standing().wrong == 0


def test_a_terminal_is_paired_and_its_certificate_renewed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, state: Path
) -> None:
    tls = tmp_path / "tls"
    make(tls, hosts=["localhost"], terminals=[])
    at = ["--state", str(state)]
    run(["settings", "set", "site.terminal", "RUH-1", *at])
    with Service(ServiceConfig(data=tmp_path / "data"), tls=Tls.of(tls)) as service:
        place = ["--data", str(tmp_path / "data"), "--tls", str(tls), "--host", f"localhost:{service.port}"]
        png = tmp_path / "code.png"
        code, issued = called(capsys, "pairing", "issue", "--terminal", "RUH-1", *place, "--png", str(png), *at)
        assert code == 0
        (found,) = zxingcpp.read_barcodes(Image.open(png).convert("L"))
        assert found.text == issued["code"]
        code, paired = called(capsys, "pairing", "take", issued["code"], *at)
        assert (code, paired["terminal"]) == (0, "RUH-1")
        first = load(state=state).gateway.client_certificate
        assert called(capsys, "pairing", "renew", *at)[0] == 0
        assert load(state=state).gateway.client_certificate != first
        assert called(capsys, "pairing", "take", issued["code"], *at)[1]["error"]["code"] == "token_refused"
    assert called(capsys, "pairing", "renew", *at)[0] == 4
    assert called(capsys, "pairing", "take", "nonsense", *at)[0] == 2
    assert events(state) == ["paired", "certificate_renewed"]


def test_keys_are_shown_and_changed(capsys: pytest.CaptureFixture[str], state: Path) -> None:
    at = ["--state", str(state)]
    code, shown = called(capsys, "keys", "show", *at)
    assert (code, shown["key"].splitlines()[0]) == (0, "-----BEGIN PUBLIC KEY-----")
    run(["store", "info", *at, "--json"])
    capsys.readouterr()
    before = store_key(state)
    code, done = called(capsys, "keys", "rotate", *at)
    assert (code, done["files"]) == (0, 1)
    assert store_key(state) != before


def test_the_end_needs_a_yes_and_says_so_on_paper_and_signed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, state: Path
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(f'[[printer]]\nurl = "file://{tmp_path}/slip.bin"\n', "utf-8")
    at = ["--state", str(state), "--settings", str(site)]
    run(["store", "info", *at, "--json"])
    capsys.readouterr()
    assert called(capsys, "decommission", *at)[1]["error"]["code"] == "not_sure"
    code, said = called(capsys, "decommission", "--yes", "--print", *at)
    assert (code, said["finished"], said["statement"]["terminal"]) == (0, True, "T-0000")
    assert (tmp_path / "slip.bin").stat().st_size > 1000
    code, refused = called(capsys, "run", *at)
    assert (code, refused["error"]["code"]) == (1, "decommissioned")
    assert called(capsys, "decommission", "--again", *at) == (0, {"begun_anew": True})
    assert called(capsys, "decommission", "--again", *at)[0] == 2


def test_reports_that_wait_are_not_destroyed_unasked(capsys: pytest.CaptureFixture[str], state: Path) -> None:
    from kiosk import bootstrap

    state.mkdir()
    journal = bootstrap.open_journal(state)
    bootstrap.open_outbox(journal).tell_device("printer", health="absent", is_fit=False)
    journal.close()
    code, refused = called(capsys, "decommission", "--yes", "--state", str(state))
    assert (code, refused["error"]["code"], refused["error"]["waiting"]) == (1, "unsent_reports", 1)
    assert called(capsys, "decommission", "--yes", "--force", "--state", str(state))[0] == 0


def test_a_bundle_is_made_shown_and_taken(capsys: pytest.CaptureFixture[str], tmp_path: Path, state: Path) -> None:
    at = ["--state", str(state)]
    wanted, key, out = tmp_path / "wanted.toml", tmp_path / "operations", tmp_path / "b.ebk"
    wanted.write_text("[visit]\nprints = 7\n")
    words = ["bundle", "make", str(out), "--key", str(key), "--serial", "1", "--put-settings", str(wanted)]
    code, made = called(capsys, *words, "--terminal", "T-0000", *at)
    assert (code, made["for"], made["members"]) == (0, "T-0000", 1)
    assert called(capsys, "bundle", "show", str(out), *at)[1]["error"]["code"] == "signed_by_another_key"
    run(["settings", "set", "maintenance.trust", f"{key}.pub", *at])
    capsys.readouterr()
    assert called(capsys, "bundle", "show", str(out), *at)[0] == 0
    code, applied = called(capsys, "bundle", "apply", str(out), *at)
    assert (code, applied["settings"]) == (0, True)
    assert load(state=state).visit.prints == 7
    code, again = called(capsys, "bundle", "apply", str(out), *at)
    assert (code, again["error"]["code"]) == (1, "old")
    assert called(capsys, *words, *at)[0] == 2  # for nobody
