"""The readiness report: every part with its last test, dates that matter, and a signed QR that says the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import qrcode
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kiosk import bootstrap, inspection
from kiosk.audit import Audit
from kiosk.cli import run
from kiosk.health import Finding, Verdict
from kiosk.service.certificates import make
from kiosk.settings import Mistake, load
from kiosk.store import store_key
from kiosk.technician import closure, readiness, status_code
from kiosk.technician.closure import Cause
from kiosk.technician.identity import Identity
from kiosk.technician.readiness import DataAge
from kiosk.technician.status_code import StatusRefused
from kiosk.technician.verdicts import Verdicts

KEY = Identity(Ed25519PrivateKey.generate()).public_pem.encode()
NOW = datetime.now(UTC).replace(microsecond=0)
SITE = '[[printer]]\nurl = "simulated:"\n[[card_reader]]\nname = "stripe"\nurl = "simulated:"\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE, "utf-8")
    return path


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def reported(
    site: Path,
    state: Path,
    *,
    now: datetime = NOW,
    overrides: dict[str, Any] | None = None,
    mistakes: Sequence[Mistake] = (),
) -> dict[str, Any]:
    asked = [Finding("printer", Verdict.OK, "ready")]
    data = DataAge(looked_up=NOW - timedelta(hours=3))
    settings = load([site], state=state, overrides=overrides)
    return readiness.report(settings, state=state, now=now, asked=asked, data=data, mistakes=mistakes)


def verdict_of(report: dict[str, Any], name: str) -> tuple[str, str]:
    (check,) = [check for check in report["checks"] if check["name"] == name]
    return check["verdict"], check["seen"]


def test_every_part_has_its_last_test_or_is_told_to_have_none(site: Path, state: Path) -> None:
    verdicts = Verdicts(state, now=lambda: NOW)
    verdicts.keep("printer", Verdict.OK, by="17", code="confirmed")
    verdicts.keep("card_reader stripe", Verdict.FAILED, by="17", code="unreadable")
    verdicts.keep("touch", Verdict.OK, by="17")
    report = reported(site, state)
    assert verdict_of(report, "self_test printer") == ("ok", f"{NOW.date()} by 17: confirmed")
    assert verdict_of(report, "self_test card_reader stripe")[0] == "warning"
    assert verdict_of(report, "self_test screen") == ("warning", "never tested")
    assert {test["part"] for test in report["tests"]} == {"printer", "card_reader stripe", "touch"}
    assert verdict_of(reported(site, state, now=NOW + timedelta(days=400)), "self_test touch")[0] == "warning"
    assert json.loads(json.dumps(report)) == report


def test_data_age_and_versions_are_in_it(site: Path, state: Path) -> None:
    report = reported(site, state)
    assert report["data"]["age_s"] == 3 * 3600
    assert set(report["versions"]) == {"ebill-kiosk", "python", "kernel"}
    assert report["counters"]["receipts"] == 0


def test_a_certificate_is_told_of_before_and_after_its_end(site: Path, state: Path, tmp_path: Path) -> None:
    make(tmp_path / "tls", hosts=["localhost"], terminals=["RUH-1"])
    files = {"ca": str(tmp_path / "tls/ca.pem"), "client_certificate": str(tmp_path / "tls/RUH-1.pem")}
    for days, verdict in ((0, "ok"), (390, "warning"), (400, "failed")):
        report = reported(site, state, now=NOW + timedelta(days=days), overrides={"gateway": files})
        assert verdict_of(report, "certificate terminal")[0] == verdict
    (held,) = [held for held in report["certificates"] if held["name"] == "terminal"]
    assert held["days"] < 0
    (tmp_path / "tls/RUH-1.pem").write_text("gone")
    assert verdict_of(reported(site, state, overrides={"gateway": files}), "certificate terminal")[0] == "failed"


def test_a_tampered_log_a_closed_terminal_and_wrong_settings_are_told(site: Path, state: Path) -> None:
    audit = Audit(state, store_key(state))
    audit.add("sign_in", who="17")
    assert verdict_of(reported(site, state), "audit") == ("ok", "1 lines, whole")
    path = next((state / "audit").glob("*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b'"17"', b'"18"'))
    closure.close(state, Cause.VANDALISM, by="17", now=NOW)
    mistake = Mistake("site.toml", 3, "visit.idle_s", "too small")
    report = reported(site, state, mistakes=[mistake])
    assert verdict_of(report, "audit")[0] == "warning"
    assert "vandalism" in verdict_of(report, "out_of_service")[1]
    assert "site.toml:3" in verdict_of(report, "settings")[1]
    assert report["ready"]


def test_a_clock_that_runs_back_keeps_a_terminal_from_being_ready(site: Path, state: Path) -> None:
    Audit(state, store_key(state), now=lambda: NOW).add("sign_in", who="17")
    report = reported(site, state, now=NOW - timedelta(days=1))
    assert verdict_of(report, "clock order")[0] == "failed"
    assert not report["ready"]


def test_the_qr_says_what_the_report_says_and_fits_a_phone(site: Path, state: Path) -> None:
    report = reported(site, state)
    identity = Identity.open(state)
    text = status_code.signed(report, identity)
    assert len(text) < status_code.LONGEST_TEXT
    picture = qrcode.QRCode(border=4, error_correction=qrcode.ERROR_CORRECT_M, box_size=4)
    picture.add_data(text)
    picture.make(fit=True)
    assert picture.version <= 20
    (found,) = zxingcpp.read_barcodes(picture.make_image().get_image().convert("L"))
    status = status_code.verify(found.text, identity.public_pem.encode())
    assert (status["terminal"], status["ready"], status["at"]) == ("T-0000", True, report["at"])
    assert "self_test screen" in status["warnings"]
    assert status["age_s"] == 3 * 3600


def test_another_terminals_key_or_a_changed_letter_is_refused(site: Path, state: Path, tmp_path: Path) -> None:
    identity = Identity.open(state)
    text = status_code.signed(reported(site, state), identity)
    (tmp_path / "other").mkdir()
    with pytest.raises(StatusRefused, match="signature"):
        status_code.verify(text, Identity.open(tmp_path / "other").public_pem.encode())
    for at in (6, 60, len(text) - 20):
        altered = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        with pytest.raises(StatusRefused):
            status_code.verify(altered, identity.public_pem.encode())
    with pytest.raises(StatusRefused, match="not_a_key"):
        status_code.verify(text, b"nothing")


@given(st.text(max_size=300).map(lambda text: f"EBS1/{text}") | st.text(max_size=100))
def test_no_text_can_make_verification_fail_otherwise(text: str) -> None:
    with pytest.raises(StatusRefused):
        status_code.verify(text, KEY)


def test_a_running_terminals_parts_are_asked_without_being_opened_again(site: Path, state: Path) -> None:
    settings = load([site], state=state)
    parts = bootstrap.open_parts(settings, state=state)
    try:
        found = {finding.name: finding for finding in inspection.look_at(parts, settings, state=state)}
    finally:
        parts.close()
    assert set(found) == {"store", "journal", "printer", "paper", "card_reader stripe"}
    assert (found["store"].seen, found["journal"].verdict) == ("0 accounts", Verdict.OK)


def test_check_prints_the_same_report_and_reads_its_own_qr(
    site: Path, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--settings", str(site), "--state", str(state), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert verdict_of(report, "self_test printer") == ("warning", "never tested")
    identity = Identity.open(state)
    (tmp_path / "key.pub").write_text(identity.public_pem)
    text = status_code.signed(report, identity)
    assert run(["check", "--verify", text, "--key", str(tmp_path / "key.pub"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["at"] == report["at"]
    assert run(["check", "--verify", text[:-9], "--key", str(tmp_path / "key.pub"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] in ("signature", "not_a_status")
    assert run(["check", "--verify", text, "--json"]) == 2
