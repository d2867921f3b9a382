from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pack_rigs import PackServer, Utility, many_rows, renewed
from sync_rigs import ACCOUNTS, Terminal, over_http

from kiosk.database import StoreError, StoreFull
from kiosk.sync.source import SyncFault
from kiosk.sync.space import NoRoom, check_room

FORK = multiprocessing.get_context("fork")


def _sync_forked(terminal: Terminal) -> None:
    terminal.sync()
    os._exit(0)


def _killed(terminal: Terminal, after_s: float) -> bool:
    """Sync in a process that is killed; whether it was done before."""
    process = FORK.Process(target=_sync_forked, args=(terminal,))
    process.start()
    process.join(after_s)
    assert process.pid is not None
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join(10)
    return process.exitcode == 0


def _kill_often(terminal: Terminal, utility: Utility, trials: int) -> None:
    chance, rows, resumed = random.Random(trials), many_rows(3000), 0
    utility.publish_rows(rows, objects=30)
    started = time.monotonic()
    terminal.sync()
    span = time.monotonic() - started
    for trial in range(trials):
        if trial % 10 == 0:
            utility.later(days=31)
            terminal.now = utility.now
            utility.publish_rows(rows[: 3000 - trial // 10], objects=30)
        done = _killed(terminal, chance.uniform(0.0, 0.5 * span))
        resumed += not done and len(terminal.files()) > 1
        assert terminal.count() >= 3000 - trials // 10 - 1  # the old generation, whole, or the new one
        if trial % 10 == 9:
            assert terminal.sync().bills == terminal.count() == 3000 - trial // 10
    assert resumed


def test_a_sync_killed_at_any_moment_goes_on_and_counts_exactly(terminal: Terminal, utility: Utility) -> None:
    _kill_often(terminal, utility, 20)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_sync_killed_hundreds_of_times_goes_on_and_counts_exactly(terminal: Terminal, utility: Utility) -> None:
    _kill_often(terminal, utility, 300)


def test_deltas_killed_at_any_moment_go_on_and_count_exactly(terminal: Terminal, utility: Utility) -> None:
    chance = random.Random(6)
    utility.publish_rows(many_rows(3000))
    terminal.sync()
    for step in range(1, 9):
        utility.later(minutes=15)
        utility.publish([renewed(number, step) for number in ACCOUNTS])
        for _ in range(2):
            _killed(terminal, chance.uniform(0.0, 0.06))
            assert terminal.count() >= 3000
    assert terminal.sync().bills == terminal.count()
    assert terminal.document(ACCOUNTS[0]) == renewed(ACCOUNTS[0], 8)


def test_what_was_taken_before_a_kill_is_not_fetched_again(
    utility: Utility, terminal: Terminal, server: PackServer
) -> None:
    utility.publish_rows(many_rows(1000), objects=10)
    names = [item.sha256 for item in utility.manifest().snapshot]
    server.fault = lambda path, number: (503, {"Retry-After": "1"}, b"") if path.endswith(names[6]) else None
    source = over_http(server.url)
    with pytest.raises(SyncFault):
        terminal.sync(source)
    server.requests.clear()
    server.fault = lambda path, number: None
    assert terminal.sync(source).bills == terminal.count() == 1000
    assert server.objects_asked() == names[6:]
    source.close()


def test_syncs_at_once_wait_for_each_other(terminal: Terminal, utility: Utility) -> None:
    utility.publish_rows(many_rows(3000), objects=5)
    processes = [FORK.Process(target=_sync_forked, args=(terminal,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert terminal.count() == 3000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB: a tmpfs, where we may mount one; else there is none and SQLite itself refuses to grow."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and not subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode
    yield folder
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_keeps_what_counts_and_is_told(
    small_disk: Path, utility: Utility, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(small_disk, utility)
    utility.publish_rows(many_rows(500))
    monkeypatch.setattr("kiosk.sync.space._SPARE_BYTES", 0)
    terminal.sync()
    utility.later(days=31)
    utility.publish_rows(many_rows(30_000), objects=20)
    monkeypatch.setattr("kiosk.sync.space._ROW_BYTES", 0)
    if os.path.ismount(small_disk):
        with pytest.raises(StoreError):
            terminal.sync()
        assert terminal.count() == 500
        assert len([name for name in terminal.files() if name.endswith(".db")]) == 1
    else:
        monkeypatch.setattr("kiosk.sync.Filling.take", _refuse)
        with pytest.raises(StoreFull):
            terminal.sync()
        assert terminal.count() == 500
    terminal.generations.close()


def _refuse(*_: object, **__: object) -> None:
    raise StoreFull


def test_room_is_looked_for_before_anything_is_fetched(held: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    quarantined = held.folder / "quarantine" / "bills-all-1.db"
    quarantined.parent.mkdir()
    quarantined.write_bytes(b"old")
    receipts = quarantined.with_name("journal.db")
    receipts.write_bytes(b"precious")
    (held.folder / "bills-all-7.db").write_bytes(b"begun and never finished")
    usage = shutil.disk_usage(held.folder)._replace(free=1000)
    monkeypatch.setattr("kiosk.sync.space.shutil.disk_usage", lambda folder: usage)
    with pytest.raises(NoRoom, match=r"3\d MB more"):
        held.sync()
    assert held.count() == 60
    assert not quarantined.exists() and receipts.exists()
    assert not (held.folder / "bills-all-7.db").exists()


def test_what_is_there_already_needs_no_room(utility: Utility, tmp_path: Path) -> None:
    utility.publish_rows(many_rows(100))
    check_room(tmp_path, utility.manifest(), present=0)
    huge = replace(utility.manifest(), snapshot=[replace(utility.manifest().snapshot[0], rows=1 << 24)] * 100)
    with pytest.raises(NoRoom):
        check_room(tmp_path, huge, present=0)
    check_room(tmp_path, huge, present=10**12)
