"""The command line when everything around it is wrong: full disks, foreign files, signals, closed pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kiosk.cli import run
from tests.factories import worked_json

ACCOUNT = "30012345678"
LINK = "https://app.ebill.example/"


@pytest.fixture
def bill_file(tmp_path: Path) -> str:
    path = tmp_path / "bill.json"
    path.write_text(json.dumps(worked_json("a")), "utf-8")
    return str(path)


def called(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the last JSON document on stdout."""
    code = run([*words, "--json"])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, json.loads(out.splitlines()[-1])


def as_a_process(*words: str, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "kiosk", *words],
        stdin=subprocess.DEVNULL,
        stdout=more.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        **more,
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--language", "xx"], "no_such_language"),
        (["--now", "0001-01-01T00:00:00+03:00"], "malformed_time"),
        (["--now", "9999-12-31T23:59:59-05:00"], "malformed_time"),
        (["--number", "-5"], "usage"),
        (["--copy", "0"], "usage"),
    ],
)
def test_receipt_refuses_what_no_paper_can_show(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, bill_file: str, words: list[str], code: str
) -> None:
    found = called(capsys, "receipt", bill_file, "--out", str(tmp_path / "r.bin"), *words)
    assert (found[0], found[1]["error"]["code"]) == (2, code)


@pytest.mark.parametrize("language", ["ur", "hi", "bn", "fil"])
def test_a_visit_in_another_language_gets_its_own_paper(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, bill_file: str, language: str
) -> None:
    english, other = tmp_path / "en.bin", tmp_path / "other.bin"
    assert called(capsys, "receipt", bill_file, "--out", str(english), "--language", "en")[0] == 0
    assert called(capsys, "receipt", bill_file, "--out", str(other), "--language", language)[0] == 0
    assert other.read_bytes() != english.read_bytes()


@pytest.mark.parametrize("word", ["receipt", "taxqr", "settings"])
def test_a_file_without_end_is_not_read_to_its_end(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, word: str
) -> None:
    words = {
        "receipt": ["receipt", "/dev/zero", "--out", str(tmp_path / "r.bin")],
        "taxqr": ["taxqr", "/dev/zero"],
        "settings": ["settings", "check", "--settings", "/dev/zero"],
    }[word]
    code, found = called(capsys, *words)
    assert (code, "is over" in found["error"]["message"]) == (5 if word == "settings" else 2, True)


def test_a_file_that_is_no_bill_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    empty = tmp_path / "empty.json"
    empty.touch()
    _, found = called(capsys, "receipt", str(empty), "--out", str(tmp_path / "r.bin"))
    assert found["error"]["message"] == "not an e-bill: it is not JSON at line 1 column 1"


@pytest.mark.parametrize("url", ["", "nonsense", "http://x"])
def test_an_address_of_no_printer_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, bill_file: str, url: str
) -> None:
    code, found = called(capsys, "print", bill_file, "--printer", url, "--state", str(tmp_path / "state"))
    assert (code, found["error"]["code"]) == (2, "printer_url")


@pytest.mark.parametrize("seconds", ["inf", "nan", "-1", "0", "1e400"])
def test_a_time_out_is_a_time(capsys: pytest.CaptureFixture[str], bill_file: str, seconds: str) -> None:
    code, found = called(capsys, "print", bill_file, "--printer", "simulated:", "--timeout", seconds)
    assert (code, found["error"]["code"]) == (2, "usage")


def test_both_a_file_and_a_text_are_one_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = called(capsys, "taxqr", "invoice.xml", "--qr", worked_json("a")["qr"])
    assert (code, found["error"]["code"]) == (2, "usage")


def test_a_usage_error_hides_long_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    _, found = called(capsys, "bill", ACCOUNT, "30087654321")
    assert "30087654321" not in found["error"]["message"]


def test_print_without_its_journal_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, bill_file: str
) -> None:
    (tmp_path / "journal.db").mkdir()
    code, found = called(capsys, "print", bill_file, "--printer", "simulated:", "--state", str(tmp_path))
    assert (code, found["error"]["code"]) == (69, "state_unusable")


@pytest.mark.parametrize("word", ["check", "info", "purge"])
def test_a_store_that_cannot_be_opened_is_not_called_whole(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, word: str
) -> None:
    (tmp_path / "store.key").mkdir()
    code, found = called(capsys, "store", word, "--state", str(tmp_path))
    assert (code, found["error"]["code"]) == (69, "state_unusable")


def test_check_reports_files_that_cannot_be_opened(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "store.key").mkdir()
    code, report = called(capsys, "check", "--state", str(tmp_path))
    failed = {check["name"] for check in report["checks"] if check["verdict"] == "failed"}
    assert (code, failed) == (1, {"audit", "store", "journal", "printer"})


@pytest.mark.parametrize(
    "words",
    [
        ["--port", "99999"],
        ["--port", "-1"],
        ["--subscribers", "0"],
        ["--data", "/dev/null"],
        ["--data", "/proc/x"],
    ],
)
def test_a_service_that_cannot_start_says_why(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    code, found = called(capsys, "service", *words)
    assert code == 2
    assert found["error"]["code"] in ("usage", "not_started")


@pytest.mark.parametrize(
    "words",
    [
        ["demo", "--headless", "--language", "xx"],
        ["demo", "--headless", "--out", "/dev/null"],
        ["demo", "--headless", "--events", "/nowhere/events"],
        ["screens", "--out", "/dev/null"],
        ["screens", "--out", "/tmp", "--size", "100x100"],
        ["screens", "--out", "/tmp", "--width-mm", "-5"],
        ["screens", "--out", "/tmp", "--language", "xx"],
        ["run", "--events", "/nowhere/events"],
    ],
)
def test_nothing_opens_for_words_that_cannot_be(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, found = called(capsys, *words, "--state", str(tmp_path / "state"))
    assert (code, found["error"]["code"]) == (2, found["error"]["code"])
    assert found["error"]["code"] in ("no_such_language", "not_written", "malformed_size", "usage")


def test_a_setting_that_is_text_needs_no_quotes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, found = called(capsys, "settings", "set", "site.call_centre", "920", "--state", str(tmp_path))
    assert (code, found) == (0, {"key": "site.call_centre", "value": "920"})


@pytest.mark.parametrize("words", [["settings", "show", "--json"], ["settings", "show"], ["bill", "1", "--json"]])
def test_a_full_disk_for_stdout_is_no_crash(tmp_path: Path, words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        process = as_a_process(*words, "--state", str(tmp_path), stdout=full)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in err) == (69 if words[0] == "settings" else 2, False)


def test_a_reader_that_went_away_is_no_failure(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    process = as_a_process("settings", "show", "--state", str(tmp_path), stdout=write)
    os.close(write)
    assert (process.communicate(timeout=20)[1], process.returncode) == ("", 0)


def test_stdout_is_utf8_whatever_the_locale() -> None:
    process = as_a_process(
        "taxqr", "--qr", worked_json("a")["qr"], env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    out, _ = process.communicate(timeout=20)
    assert json.loads(out)["fields"]["seller"] == "شركة الواحة للكهرباء"


def test_a_closed_stdin_holds_no_account() -> None:
    process = as_a_process("bill", "-", "--json", preexec_fn=lambda: os.close(0))
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, json.loads(out)["error"]["code"]) == (2, "malformed_account")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_ended_leaves_no_service_behind(tmp_path: Path, number: signal.Signals) -> None:
    demo = as_a_process(
        "demo", "--headless", "--out", "out", cwd=tmp_path, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    children = Path(f"/proc/{demo.pid}/task/{demo.pid}/children")
    until = time.monotonic() + 20
    while not children.read_text() and time.monotonic() < until:
        time.sleep(0.01)
    demo.send_signal(number)
    # The service holds the other end of stderr: as long as it lives, this waits.
    demo.communicate(timeout=10)
    assert demo.returncode != 0
    assert number is signal.SIGKILL or not list(tmp_path.glob("ebill-kiosk-demo-*"))
