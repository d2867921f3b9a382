"""The command line as scripts call it: JSON alone on stdout, the promised exit codes, nothing secret anywhere."""

from __future__ import annotations

import errno
import io
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from devices.binding import Port
from kiosk.cli import run
from kiosk.service import Service, ServiceConfig
from tests.factories import worked_json

ACCOUNT = "30012345678"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with Service(ServiceConfig(rate_per_min=6000, burst=1000)) as running:
        yield running


@pytest.fixture
def state(tmp_path: Path) -> str:
    return str(tmp_path / "state")


@pytest.fixture
def bill_file(tmp_path: Path) -> Path:
    path = tmp_path / "bill.json"
    path.write_text(json.dumps(worked_json("a")), "utf-8")
    return path


def called(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the one JSON document on stdout."""
    code = run([*words, "--json"])
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return code, json.loads(out)


def test_bill_answers_live_then_stored(capsys: pytest.CaptureFixture[str], service: Service, state: str) -> None:
    code, live = called(capsys, "bill", ACCOUNT, "--gateway", service.url, "--state", state)
    assert (code, live["source"], live["bill"]) == (0, "live", worked_json("a"))
    code, stored = called(capsys, "bill", ACCOUNT, "--offline", "--state", state)
    assert (code, stored["source"], stored["bill"]) == (0, "stored", live["bill"])
    assert stored["as_of"] == live["as_of"]
    assert stored["age_s"] >= 0


def test_a_known_account_is_answered_with_the_service_gone(capsys: pytest.CaptureFixture[str], state: str) -> None:
    with Service(ServiceConfig()) as gone:
        run(["bill", ACCOUNT, "--gateway", gone.url, "--state", state, "--json"])
        capsys.readouterr()
    code, found = called(capsys, "bill", ACCOUNT, "--gateway", gone.url, "--state", state)
    assert (code, found["source"]) == (0, "stored")


def test_bill_takes_the_account_from_stdin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, service: Service, state: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("٣٠٠١٢٣٤٥٦٧٨\n"))
    code, found = called(capsys, "bill", "-", "--gateway", service.url, "--state", state)
    assert (code, found["bill"]["account"]["number"]) == (0, ACCOUNT)


def test_a_bill_not_issued_yet_is_an_answer(
    capsys: pytest.CaptureFixture[str], service: Service, state: str
) -> None:
    code, found = called(capsys, "bill", "30055555555", "--gateway", service.url, "--state", state)
    assert (code, found["bill"]) == (0, worked_json("d"))


@pytest.mark.parametrize("text", ["1234567", "1234567890123456", "12345abc", "", "²²²²²²²²"])
def test_malformed_accounts_are_a_usage_error(capsys: pytest.CaptureFixture[str], state: str, text: str) -> None:
    code, found = called(capsys, "bill", text, "--state", state)
    assert (code, found["error"]["code"]) == (2, "malformed_account")
    assert not text or text not in found["error"]["message"]


def test_an_unknown_account_has_its_own_code(
    capsys: pytest.CaptureFixture[str], service: Service, state: str
) -> None:
    code, found = called(capsys, "bill", "99999999", "--gateway", service.url, "--state", state)
    assert (code, found["error"]["code"]) == (3, "no_such_account")


def test_nothing_to_show_without_service_and_store(capsys: pytest.CaptureFixture[str], state: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        code, found = called(capsys, "bill", ACCOUNT, "--gateway", url, "--state", state)
    assert (code, found["error"]["code"]) == (4, "refused")


def test_wrong_settings_name_their_mistakes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, state: str
) -> None:
    path = tmp_path / "site.toml"
    path.write_text('[site]\nprivcy = "open"\n', "utf-8")
    code, found = called(capsys, "settings", "check", "--settings", str(path), "--state", state)
    assert code == 5
    (mistake,) = found["error"]["mistakes"]
    assert (mistake["line"], mistake["key"], mistake["hint"]) == (2, "site.privcy", 'did you mean "privacy"?')


def test_settings_set_holds_and_is_refused_when_wrong(capsys: pytest.CaptureFixture[str], state: str) -> None:
    assert run(["settings", "set", "site.terminal", "K-0421", "--state", state]) == 0
    code, found = called(capsys, "settings", "get", "site.terminal", "--state", state)
    assert (code, found) == (0, {"key": "site.terminal", "value": "K-0421"})
    assert run(["settings", "set", "visit.idle_s", "3", "--state", state]) == 5
    capsys.readouterr()
    code, found = called(capsys, "settings", "show", "--state", state)
    assert (code, found["visit"]["idle_s"]) == (0, 60)


def test_a_mistyped_setting_is_told_its_near_miss(capsys: pytest.CaptureFixture[str], state: str) -> None:
    code, found = called(capsys, "settings", "get", "site.terminl", "--state", state)
    assert code == 2
    assert 'did you mean "site.terminal"?' in found["error"]["message"]


@pytest.mark.parametrize("encoder", ["raster", "lines", "hybrid"])
@pytest.mark.parametrize("paper", ["80", "58"])
def test_receipts_are_the_same_bytes_each_time(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, bill_file: Path, encoder: str, paper: str
) -> None:
    made = []
    for name in ("first", "second"):
        out, png = tmp_path / f"{name}.bin", tmp_path / f"{name}.png"
        words = ["--out", str(out), "--png", str(png), "--encoder", encoder, "--paper", paper]
        code, _ = called(capsys, "receipt", str(bill_file), *words)
        assert code == 0
        made.append((out.read_bytes(), png.read_bytes()))
    assert made[0] == made[1]
    picture = Image.open(tmp_path / "first.png")
    assert (picture.mode, picture.width) == ("1", {"80": 576, "58": 384}[paper])
    texts = {found.text for found in zxingcpp.read_barcodes(picture.convert("L"))}
    assert texts == {worked_json("a")["qr"], "https://app.ebill.example/"}


def test_a_broken_bill_file_names_every_field(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, bill_file: Path
) -> None:
    broken = worked_json("a")
    del broken["amount_due"]
    broken["kwh_total"] = -1
    bill_file.write_text(json.dumps(broken), "utf-8")
    code, found = called(capsys, "receipt", str(bill_file), "--out", str(tmp_path / "r.bin"))
    assert code == 2
    assert {problem["path"] for problem in found["error"]["problems"]} == {"amount_due", "kwh_total"}
    assert not (tmp_path / "r.bin").exists()


def test_a_receipt_is_written_whole_or_not_at_all(
    capsys: pytest.CaptureFixture[str], bill_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "r.bin"
    out.write_bytes(b"before")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, found = called(capsys, "receipt", str(bill_file), "--out", str(out))
    assert (code, found["error"]["code"]) == (2, "not_written")
    assert out.read_bytes() == b"before"


def test_a_receipt_can_be_written_into_a_pipe(capsys: pytest.CaptureFixture[str], bill_file: Path) -> None:
    code, _ = called(capsys, "receipt", str(bill_file), "--out", "/dev/null")
    assert code == 0 and Path("/dev/null").is_char_device()


def test_the_paper_account_is_told_and_begun_anew(
    capsys: pytest.CaptureFixture[str], bill_file: Path, tmp_path: Path, state: str
) -> None:
    site = tmp_path / "paper.toml"
    site.write_text('[[printer]]\nurl = "simulated:"\nname = "front"\nroll_mm = 60000\n', "utf-8")
    words = ("--settings", str(site), "--state", state)
    assert run(["devices", "test", *words, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["paper"]["receipts"] == 1 and 0 < lines[-1]["paper"]["used_mm"] < 600
    code, told = called(capsys, "devices", "paper", *words)
    assert (code, told["length_mm"], told["receipts"]) == (0, 60_000, 1)
    code, told = called(capsys, "devices", "paper", "new", "--length-mm", "40000", *words)
    assert (code, told["left_mm"], told["receipts"]) == (0, 40_000, 0)
    code, told = called(capsys, "devices", "list", *words)
    assert told["printers"][0]["paper"]["length_mm"] == 40_000
    code, told = called(capsys, "devices", "paper", "old", *words)
    assert (code, told["error"]["code"]) == (2, "usage")


def test_the_readiness_report_is_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path, state: str) -> None:
    site = tmp_path / "print.toml"
    site.write_text(f'[[printer]]\nurl = "simulated:{tmp_path}/slips"\n', "utf-8")
    code, found = called(capsys, "check", "--print", "--settings", str(site), "--state", state)
    assert code == 0 and found["printed"] == "CUT"
    assert "paper" in {check["name"] for check in found["checks"]}
    assert len(list((tmp_path / "slips").iterdir())) == 1
    site.write_text('[[printer]]\nurl = "tcp://127.0.0.1:1"\n', "utf-8")
    code, found = called(capsys, "check", "--print", "--settings", str(site), "--state", state)
    assert (code, found["printed"], found["ready"]) == (6, "REFUSED absent", False)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[dict[str, Any]]]:
    code = run(["print", *words, "--json"])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_print_to_a_file_ends_at_sent(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, bill_file: Path, state: str
) -> None:
    out = tmp_path / "printed.bin"
    code, lines = printed(capsys, str(bill_file), "--printer", f"file://{out}", "--state", state)
    assert (code, lines[-1]["state"]) == (0, "SENT")
    assert set(lines[-1]) == {"t", "job", "state", "reason"}
    assert out.stat().st_size > 10_000


def test_print_on_the_simulated_printer_is_confirmed(
    capsys: pytest.CaptureFixture[str], bill_file: Path, state: str
) -> None:
    code, lines = printed(capsys, str(bill_file), "--printer", "simulated:", "--state", state)
    assert code == 0
    assert [line["state"] for line in lines][:4] == ["QUEUED", "PREFLIGHT", "SENDING", "SENT"]


def test_a_printer_that_is_not_there_fails_the_device(
    capsys: pytest.CaptureFixture[str], bill_file: Path, state: str
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        code, lines = printed(capsys, str(bill_file), "--printer", url, "--timeout", "3", "--state", state)
    assert (code, lines[-1]["error"]["code"]) == (6, "not_confirmed")


def test_a_silent_printer_is_not_believed(capsys: pytest.CaptureFixture[str], bill_file: Path, state: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_swallow, args=(listener,), daemon=True).start()
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        code, lines = printed(capsys, str(bill_file), "--printer", url, "--timeout", "4", "--state", state)
    assert (code, lines[-1]["error"]["code"]) == (6, "not_confirmed")


def _swallow(listener: socket.socket) -> None:
    try:
        connection, _ = listener.accept()
        while connection.recv(65536):
            pass
    except OSError:
        return


def test_taxqr_says_whether_the_code_holds(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = called(capsys, "taxqr", "--qr", worked_json("a")["qr"])
    assert (code, found["holds"], found["fields"]["total"]) == (0, True, "1797.11")
    code, found = called(capsys, "taxqr", "--qr", "AAAA")
    assert (code, found["error"]["code"]) == (2, "not_a_tax_qr")


def test_store_knows_how_much_and_not_whose(
    capsys: pytest.CaptureFixture[str], service: Service, state: str
) -> None:
    called(capsys, "bill", ACCOUNT, "--gateway", service.url, "--state", state)
    code, found = called(capsys, "store", "info", "--state", state)
    assert (code, found["accounts"]) == (0, 1)
    assert ACCOUNT not in json.dumps(found)
    assert called(capsys, "store", "check", "--state", state) == (0, {"whole": True, "problems": []})
    assert called(capsys, "store", "purge", "--all", "--state", state) == (0, {"forgotten": 1})


def test_doctor_finds_this_machine_ready(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = called(capsys, "doctor")
    assert (code, found["ready"]) == (0, True)
    assert {check["name"] for check in found["checks"]} >= {"python", "typography", "sqlite"}


def test_a_machine_without_a_voice_is_ready_and_told_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.health.shutil.which", lambda program: None)
    code, found = called(capsys, "doctor")
    (voice,) = (check for check in found["checks"] if check["name"] == "voice")
    assert (code, voice["verdict"], voice["remedy"]) == (0, "warning", "apt-get install espeak-ng")


def test_check_reports_a_terminal_without_a_printer_as_serving(
    capsys: pytest.CaptureFixture[str], service: Service, state: str
) -> None:
    code, found = called(capsys, "check", "--gateway", service.url, "--state", state)
    verdicts = {check["name"]: check["verdict"] for check in found["checks"]}
    assert (code, verdicts["service"], verdicts["printer"]) == (0, "ok", "warning")


def test_check_fails_on_a_printer_that_does_not_answer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, service: Service, state: str
) -> None:
    site = tmp_path / "site.toml"
    site.write_text('[[printer]]\nurl = "tcp://127.0.0.1:1"\n', "utf-8")
    words = ["--settings", str(site), "--gateway", service.url, "--state", state]
    code, found = called(capsys, "check", *words)
    verdicts = {check["name"]: check["verdict"] for check in found["checks"]}
    assert (code, found["ready"], verdicts["printer"]) == (1, False, "failed")


def test_run_refuses_simulated_parts(capsys: pytest.CaptureFixture[str], tmp_path: Path, state: str) -> None:
    site = tmp_path / "site.toml"
    site.write_text('[[printer]]\nurl = "simulated:"\n', "utf-8")
    code, found = called(capsys, "run", "--settings", str(site), "--state", state)
    assert (code, found["error"]["code"]) == (5, "simulated_parts")


@pytest.mark.parametrize("words", [["nonsense"], ["bill"], ["receipt", "x.json"], ["screens", "--size", "1x1"]])
def test_wrong_words_are_a_usage_error(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    code, found = called(capsys, *words)
    assert (code, found["error"]["code"]) == (2, "usage")


def test_a_keyboard_is_accepted_and_forgotten_by_its_id(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there = [Port("/dev/input/event3", 0x046D, 0xC31C, location="1-2", description="Keys")]
    for module in ("kiosk.commands.parts", "devices.commands"):
        monkeypatch.setattr(f"{module}.keyboards", lambda: there)
    state = ["--state", str(tmp_path)]

    def used() -> str:
        return str(called(capsys, "devices", "list", *state)[1]["keyboards"][0]["used_by"])

    assert used() == "kept silent"
    code, found = called(capsys, "devices", "accept", "046d:c31c@1-2", *state)
    assert (code, found["description"], found["accepted"]) == (0, "Keys", True)
    assert used() == "accepted keyboard"
    assert called(capsys, "devices", "forget", "046d:c31c@1-2", *state)[1]["accepted"] is False
    assert used() == "kept silent"
    code, found = called(capsys, "devices", "accept", "046d:c31c@1-3", *state)
    assert (code, found["error"]["code"]) == (2, "no_such_keyboard")
    assert "046d:c31c@1-2" in found["error"]["message"]
    assert called(capsys, "devices", "forget", *state)[0] == 2


def test_settings_travel_from_one_terminal_to_another(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, state: str
) -> None:
    assert run(["settings", "set", "printer", '[{url = "tcp://192.0.2.7:9100"}]', "--state", state]) == 0
    assert run(["settings", "set", "printer[0].width", "384", "--state", state]) == 0
    code, found = called(capsys, "settings", "get", "printer[0].width", "--state", state)
    assert (code, found["value"]) == (0, 384)
    assert run(["settings", "export", "--state", state]) == 0
    copy = tmp_path / "copy.toml"
    copy.write_text(capsys.readouterr().out, "utf-8")
    other = str(tmp_path / "other")
    assert called(capsys, "settings", "import", str(copy), "--state", other) == (0, {"imported": True})
    code, found = called(capsys, "settings", "get", "printer", "--state", other)
    assert found["value"] == [{"url": "tcp://192.0.2.7:9100", "width": 384}]


@pytest.mark.parametrize(
    ("content", "exit_code", "word"),
    [(b"[visit\n", 5, "settings_wrong"), (b"\xff", 2, "not_text"), (b"#" * (300 << 10), 2, "too_long")],
)
def test_a_file_that_cannot_be_imported_changes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, state: str, content: bytes, exit_code: int, word: str
) -> None:
    path = tmp_path / "copy.toml"
    path.write_bytes(content)
    code, found = called(capsys, "settings", "import", str(path), "--state", state)
    assert (code, found["error"]["code"]) == (exit_code, word)
    assert not (Path(state) / "settings.toml").exists()
