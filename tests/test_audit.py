"""The audit log: nothing in it can be changed, taken out or added unseen, and a power cut loses nothing written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk import audit as module
from kiosk.audit import Audit

KEY = bytes(range(32))
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def log(folder: Path, key: bytes = KEY) -> Audit:
    return Audit(folder, key, now=lambda: NOON)


def filled(folder: Path, count: int = 6) -> Audit:
    audit = log(folder)
    for n in range(count):
        audit.add("sign_in", who=str(n), role="setup", how="card")
    return audit


def lines_of(folder: Path) -> Path:
    (path,) = (folder / "audit").glob("*.jsonl")
    return path


def test_what_was_written_is_read_in_order_and_verified(tmp_path: Path) -> None:
    audit = filled(tmp_path)
    verified = audit.verify()
    assert (verified.entries, verified.last, verified.problems) == (6, 6, ())
    assert [(entry.seq, entry.who, entry.event) for entry in audit.entries()][-1] == (6, "5", "sign_in")
    assert audit.head == f"6-{verified.head[:16]}"


def test_an_empty_log_is_whole(tmp_path: Path) -> None:
    assert log(tmp_path).verify().problems == ()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    filled(folder)
    return folder


@settings(max_examples=150, deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_any_changed_byte_is_found(kept: Path, at: float, change: int) -> None:
    path = lines_of(kept)
    octets = path.read_bytes()
    altered = bytearray(octets)
    altered[int(at * len(octets))] ^= change
    path.write_bytes(altered)
    try:
        assert log(kept).verify().problems
    finally:
        path.write_bytes(octets)


@pytest.mark.parametrize("gone", [0, 2, 5])
def test_a_line_taken_out_is_found(tmp_path: Path, gone: int) -> None:
    audit, path = filled(tmp_path), lines_of(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for n, line in enumerate(lines) if n != gone))
    assert audit.verify().problems


def test_a_tail_that_was_cut_is_found_and_told_of_for_ever(tmp_path: Path) -> None:
    audit, path = filled(tmp_path), lines_of(tmp_path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    assert audit.verify().problems
    audit.add("settings_changed", who="17")
    assert [entry.event for entry in audit.entries()][3:] == ["audit_cut", "settings_changed"]
    assert any("audit_cut" in problem for problem in audit.verify().problems)


def test_a_log_that_was_deleted_is_missed(tmp_path: Path) -> None:
    audit = filled(tmp_path)
    lines_of(tmp_path).unlink()
    assert audit.verify().problems
    audit.add("sign_in", who="1")
    assert audit.entries()[0].event == "audit_cut"


def test_a_chain_written_anew_without_the_key_is_found(tmp_path: Path) -> None:
    filled(tmp_path)
    forger = tmp_path / "forged"
    log(forger, bytes(32)).add("nothing_happened", who="-")
    for name in ("head", "0000000001.jsonl"):
        (tmp_path / "audit" / name).write_bytes((forger / "audit" / name).read_bytes())
    assert "another key" in log(tmp_path).verify().problems[0]


def test_lines_added_without_the_key_are_found(tmp_path: Path) -> None:
    audit, path = filled(tmp_path), lines_of(tmp_path)
    seal = (tmp_path / "audit" / "head").read_bytes()
    for _ in range(3):
        audit.add("forged", who="-")
    assert len(path.read_bytes().splitlines()) == 9
    (tmp_path / "audit" / "head").write_bytes(seal)
    assert audit.verify().problems == ("3 lines were added without the key",)


def test_half_a_line_of_a_power_cut_is_taken_away_and_the_chain_goes_on(tmp_path: Path) -> None:
    audit, path = filled(tmp_path), lines_of(tmp_path)
    with path.open("ab") as file:
        file.write(b'{"seq":7,"at":"2026-')
    audit.add("sign_in", who="9")
    assert [entry.event for entry in audit.entries()][-2:] == ["audit_repaired", "sign_in"]
    assert audit.verify().problems == ()


def test_a_line_whose_seal_the_power_cut_prevented_still_counts(tmp_path: Path) -> None:
    audit = filled(tmp_path)
    seal = (tmp_path / "audit" / "head").read_bytes()
    audit.add("sign_in", who="8")
    (tmp_path / "audit" / "head").write_bytes(seal)
    assert audit.verify().problems == ()
    audit.add("sign_in", who="9")
    assert [entry.who for entry in audit.entries()][-2:] == ["8", "9"]
    assert audit.verify().problems == ()


def test_a_lost_seal_is_told_of(tmp_path: Path) -> None:
    audit = filled(tmp_path)
    (tmp_path / "audit" / "head").unlink()
    assert audit.verify().problems
    audit.add("sign_in", who="9")
    assert any("audit_head_lost" in problem for problem in audit.verify().problems)


def test_old_lines_go_whole_files_at_a_time_and_the_rest_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEGMENT_BYTES", 600)
    moments = [NOON]
    audit = Audit(tmp_path, KEY, now=lambda: moments[0])
    for day in range(12):
        moments[0] = NOON + timedelta(days=day)
        audit.add("sign_in", who=str(day))
    gone = audit.forget(NOON + timedelta(days=8))
    assert 0 < gone <= 8
    assert min(entry.seq for entry in audit.entries()) == gone + 1
    assert audit.verify().problems == ()
    first = sorted((tmp_path / "audit").glob("*.jsonl"))[0]
    first.unlink()
    assert audit.verify().problems


def test_a_copy_of_the_seal_counts_under_its_own_key(tmp_path: Path) -> None:
    audit = filled(tmp_path)
    copy = tmp_path / "audit" / "head.new"
    audit.seal_copy(copy, bytes(32))
    assert audit.verify().problems == ()
    copy.replace(tmp_path / "audit" / "head")
    assert log(tmp_path, bytes(32)).verify().problems == ()
    assert audit.verify().problems


def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from kiosk.audit import Audit;"
        "a = Audit(pathlib.Path(sys.argv[1]), bytes(range(32)));"
        "[a.add('event', who=sys.argv[2], n=n) for n in range(30)]"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(n)]) for n in range(2)]
    assert [process.wait(60) for process in started] == [0, 0]
    verified = log(tmp_path).verify()
    assert (verified.entries, verified.problems) == (60, ())


def test_a_killed_writer_loses_nothing_it_was_told_of(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from kiosk.audit import Audit\n"
        "a = Audit(pathlib.Path(sys.argv[1]), bytes(range(32)))\n"
        "for n in range(100000):\n a.add('event', who='1', n=n); print(n, flush=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    told = [process.stdout.readline() for _ in range(20)]
    os.kill(process.pid, signal.SIGKILL)
    told += process.stdout.readlines()
    process.wait(10)
    process.stdout.close()
    acknowledged = max(int(line) for line in told if line.endswith("\n"))
    written = [entry.facts["n"] for entry in log(tmp_path).entries() if "n" in entry.facts]
    assert written[: acknowledged + 1] == list(range(acknowledged + 1))
    assert log(tmp_path).verify().problems == ()


def test_long_facts_are_cut_and_no_line_is_longer_than_its_limit(tmp_path: Path) -> None:
    audit = log(tmp_path)
    audit.add("event", who="1", what="س" * 10_000)
    assert max(map(len, lines_of(tmp_path).read_bytes().splitlines())) < module.LINE_LIMIT
    assert len(str(audit.entries()[0].facts["what"])) == 200


def test_a_disk_that_refuses_is_told_and_nothing_half_is_left(tmp_path: Path) -> None:
    audit = filled(tmp_path)
    before = lines_of(tmp_path).read_bytes()
    limit = (
        "import resource, sys, pathlib, signal; from kiosk.audit import Audit;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 20}, {len(before) + 20}));"
        "Audit(pathlib.Path(sys.argv[1]), bytes(range(32))).add('event', who='1')"
    )
    ended = subprocess.run([sys.executable, "-c", limit, str(tmp_path)], capture_output=True, text=True)
    assert "OSError" in ended.stderr
    assert lines_of(tmp_path).read_bytes() == before
    assert audit.verify().problems == ()


def test_an_entry_says_when_and_since_how_long_the_machine_runs(tmp_path: Path) -> None:
    audit = filled(tmp_path, 1)
    row = json.loads(lines_of(tmp_path).read_bytes())
    assert row["at"] == "2026-11-23T12:00:00.000Z"
    assert 0 <= time.clock_gettime(time.CLOCK_BOOTTIME) - audit.entries()[0].up < 60
