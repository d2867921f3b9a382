from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from factories import make_bill, make_not_issued, worked

from kiosk.database import DatabaseFile, StoreFull, StoreUnavailable
from kiosk.model import AccountNumber
from kiosk.store import Store, store_key

KEY = bytes(range(32))
NOW = datetime(2026, 8, 29, 9, 0, 0, 123456, tzinfo=UTC)
FORK = multiprocessing.get_context("fork")


class Now:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.moment = NOW

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "seen.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store.file(path, KEY, now=lambda: NOW)
    yield store
    store.close()


def number(n: int) -> AccountNumber:
    return AccountNumber(str(30_000_000_000 + n))


def keep(store: Store, n: int, **fields: Any) -> None:
    store.keep(number(n), make_bill(number=number(n).digits, **fields), as_of=NOW, etag=None)


@pytest.mark.parametrize("letter", ["a", "b", "c", "d"])
def test_a_document_comes_back_equal_after_a_restart(path: Path, letter: str) -> None:
    document = worked(letter)
    account = document.account.number
    first = Store.file(path, KEY, now=lambda: NOW)
    first.keep(account, document, as_of=NOW, etag='W/"v1"')
    first.close()
    again = Store.file(path, KEY, now=lambda: NOW)
    stored = again.stored(account)
    again.close()
    assert stored is not None
    assert (stored.document, stored.as_of, stored.etag) == (document, NOW, 'W/"v1"')


def test_leading_zeros_tell_accounts_apart(store: Store) -> None:
    numbers = ["12345678", "012345678", "0012345678", "00000000", "999999999999999"]
    for digits in numbers:
        store.keep(AccountNumber(digits), make_not_issued(digits), as_of=NOW, etag=digits)
    for digits in numbers:
        stored = store.stored(AccountNumber(digits))
        assert stored is not None
        assert (stored.etag, stored.document.account.number.digits) == (digits, digits)
    assert store.stored(AccountNumber("000000000")) is None


def test_a_document_not_issued_leaves_the_bill_of_an_earlier_month(store: Store) -> None:
    july = make_bill(number=number(1).digits, issue=date(2026, 7, 28))
    awaited = make_not_issued(number(1).digits)
    store.keep(number(1), july, as_of=NOW, etag="july")
    assert store.previous(number(1)) is None
    store.keep(number(1), awaited, as_of=NOW - timedelta(days=40), etag=None)
    stored, previous = store.stored(number(1)), store.previous(number(1))
    assert stored is not None and previous is not None
    assert (stored.document, previous.document, previous.etag) == (awaited, july, "july")


def test_a_bill_taken_back_by_the_biller_is_gone(store: Store) -> None:
    keep(store, 1, issue=date(2026, 8, 28))
    store.keep(number(1), make_not_issued(number(1).digits), as_of=NOW, etag=None)
    assert store.previous(number(1)) is None


def test_a_new_bill_replaces_all_there_was(store: Store) -> None:
    keep(store, 1, issue=date(2026, 7, 28))
    store.keep(number(1), make_not_issued(number(1).digits), as_of=NOW, etag=None)
    august = make_bill(number=number(1).digits)
    store.keep(number(1), august, as_of=NOW, etag=None)
    stored = store.stored(number(1))
    assert stored is not None and stored.document == august
    assert store.previous(number(1)) is None
    assert store.info().documents == 1


def test_accounts_longest_not_asked_for_go_first(path: Path) -> None:
    now = Now()
    store = Store.file(path, KEY, accounts=3, now=now)
    for n in (1, 2, 3, 1, 4, 5):
        now.moment += timedelta(seconds=1)
        keep(store, n)
    assert [n for n in range(1, 6) if store.stored(number(n))] == [1, 4, 5]
    store.close()


def test_a_document_goes_35_days_after_the_service_last_confirmed_it(path: Path) -> None:
    now = Now()
    store = Store.file(path, KEY, now=now)
    keep(store, 1)
    now.moment += timedelta(days=20)
    keep(store, 2)
    now.moment += timedelta(days=15)
    assert [store.stored(number(n)) is None for n in (1, 2)] == [True, False]
    assert store.info().documents == 2
    assert store.purge() == 1
    assert store.info().documents == 1
    now.moment += timedelta(days=20)
    keep(store, 3)
    assert store.info().documents == 1
    assert store.purge(everything=True) == 1
    store.close()


def test_info_tells_how_much_but_not_whose(store: Store, path: Path) -> None:
    assert (store.info().documents, store.info().oldest) == (0, None)
    keep(store, 1)
    info = store.info()
    assert (info.documents, info.accounts, info.oldest, info.newest) == (1, 1, NOW, NOW)
    assert info.bytes > 8192 and not info.set_aside
    assert tuple(map(int, info.sqlite.split("."))) >= (3, 51, 3)
    assert number(1).digits not in repr(info)


def test_nothing_of_a_bill_stands_plain_on_the_disk(store: Store, path: Path) -> None:
    keep(store, 1)
    seen = b"".join(part.read_bytes() for part in path.parent.iterdir())
    assert len(seen) > 8192
    for text in (b"SQLite format", number(1).digits.encode(), "سعد".encode(), b"ebill/1"):
        assert text not in seen
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("others_key", [bytes(32), KEY[::-1]])
def test_a_store_under_another_key_is_set_aside_and_said_so(
    path: Path, others_key: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    other = Store.file(path, others_key)
    keep(other, 1)
    other.close()
    held = path.read_bytes()
    store = Store.file(path, KEY, now=lambda: NOW)
    assert store.stored(number(1)) is None
    keep(store, 2)
    assert store.info().set_aside
    store.close()
    assert (path.parent / "quarantine" / path.name).read_bytes() == held
    assert caplog.messages == ["store_replaced: seen.db was damaged or has another key; a new one was begun"]
    assert capfd.readouterr().err == ""


def test_a_wrong_key_never_sets_aside_a_file_in_use(store: Store, path: Path) -> None:
    keep(store, 1)
    with pytest.raises(StoreUnavailable, match="store_in_use"):
        Store.file(path, bytes(32))
    assert store.stored(number(1)) is not None
    assert not store.info().set_aside


@pytest.mark.parametrize("garbage", [b"", b"no database at all", bytes(100_000)])
def test_any_file_in_its_place_is_replaced_or_used(path: Path, garbage: bytes) -> None:
    path.write_bytes(garbage)
    store = Store.file(path, KEY, now=lambda: NOW)
    keep(store, 1)
    assert store.stored(number(1)) is not None
    store.close()


def test_every_flipped_bit_is_noticed_and_never_shows_a_wrong_bill(path: Path) -> None:
    bills = {n: make_bill(number=number(n).digits, kwh=1000 + n) for n in range(40)}
    store = Store.file(path, KEY, now=lambda: NOW)
    for n, bill in bills.items():
        store.keep(number(n), bill, as_of=NOW, etag=None)
    store.close()
    whole, chance = path.read_bytes(), random.Random(7)
    for _ in range(25):
        broken = bytearray(whole)
        broken[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(broken)
        store = Store.file(path, KEY, now=lambda: NOW)
        noticed = bool(store.check()) or store.info().set_aside
        for n, bill in bills.items():
            stored = store.stored(number(n))
            assert stored is None or stored.document == bill
        assert noticed
        keep(store, 1)
        assert store.stored(number(1)) is not None
        store.close()
        for part in (path.parent / "quarantine").glob("*"):
            part.unlink()


def test_a_file_cut_in_half_is_replaced_while_in_use(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store.file(path, KEY, now=lambda: NOW)
    for n in range(40):
        keep(store, n)
    store.close()
    store = Store.file(path, KEY, now=lambda: NOW)
    os.truncate(path, path.stat().st_size // 2)
    assert any(store.stored(number(n)) is None for n in range(40))
    keep(store, 1)
    assert store.stored(number(1)) is not None
    assert store.info().documents == 1
    store.close()
    assert [line.split(":")[0] for line in caplog.messages] == ["store_replaced"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB: a tmpfs where we may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], stderr=subprocess.DEVNULL, check=False
        ).returncode
    )
    yield folder
    if mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def limited(store: Store, folder: Path) -> None:
    """Where no small disk could be mounted, SQLite itself refuses to grow: the same SQLITE_FULL."""
    if not os.path.ismount(folder):
        with store._file.writing() as db:
            db.conn.execute("PRAGMA max_page_count=100")


def fill(folder: Path) -> None:
    if os.path.ismount(folder):
        with (folder / "ballast").open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(512))
            except OSError:
                return


def test_a_full_disk_refuses_writes_loses_nothing_and_still_reads(small_disk: Path) -> None:
    store = Store.file(small_disk / "seen.db", KEY, now=lambda: NOW)
    limited(store, small_disk)
    kept = 0
    with pytest.raises(StoreFull):
        for kept in range(1000):
            keep(store, kept)
    assert kept > 20
    fill(small_disk)
    with pytest.raises(StoreFull):
        keep(store, kept)
    assert store.info().documents == kept
    stored = store.stored(number(0))
    assert stored is not None and stored.document == make_bill(number=number(0).digits)
    assert store.check() == ()
    store.close()


def test_a_disk_that_was_full_at_start_still_gives_what_was_stored(small_disk: Path) -> None:
    store = Store.file(small_disk / "seen.db", KEY, now=lambda: NOW)
    keep(store, 1)
    store.close()
    fill(small_disk)
    store = Store.file(small_disk / "seen.db", KEY, now=lambda: NOW)
    limited(store, small_disk)
    assert store.stored(number(1)) is not None
    with pytest.raises(StoreFull):
        for n in range(200):
            keep(store, n)
    assert not store.info().set_aside
    (small_disk / "ballast").unlink(missing_ok=True)
    store.close()


def _keep_many(path: Path, first: int) -> None:
    store = Store.file(path, KEY, now=lambda: NOW)
    for n in range(first, first + 100):
        keep(store, n)
    store.close()


def test_two_processes_at_once_lose_nothing(path: Path) -> None:
    processes = [FORK.Process(target=_keep_many, args=(path, first)) for first in (0, 100, 200)]
    for process in processes:
        process.start()
    store = Store.file(path, KEY, now=lambda: NOW)
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert store.info().documents == 300
    assert store.check() == () and not store.info().set_aside
    store.close()


def test_processes_that_start_together_on_a_damaged_file_agree_on_one_new_one(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(50_000))
    processes = [FORK.Process(target=_keep_many, args=(path, first)) for first in (0, 100)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    store = Store.file(path, KEY, now=lambda: NOW)
    assert store.info().documents == 200
    store.close()


def test_a_reader_does_not_wait_for_another_process_that_writes(store: Store, path: Path) -> None:
    keep(store, 1)
    other = Store.file(path, KEY, now=lambda: NOW)
    with other._file.writing() as db:
        db.conn.execute("DELETE FROM document")
        writer = threading.Thread(target=keep, args=(store, 2))
        writer.start()
        started = time.monotonic()
        assert store.stored(number(1)) is not None
        assert time.monotonic() - started < 0.5
    writer.join(10)
    assert store.stored(number(2)) is not None
    other.close()


def test_threads_share_one_store(store: Store) -> None:
    def work(first: int) -> None:
        for n in range(first, first + 20):
            keep(store, n)
            assert store.stored(number(n)) is not None

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert store.info().documents == 80


def test_memory_keeps_as_a_file_does_and_forgets_at_the_end() -> None:
    store = Store.memory(now=lambda: NOW)
    keep(store, 1)
    assert store.stored(number(1)) is not None
    assert store.check() == () and store.info().bytes == 0
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable, match="store_closed"):
        store.stored(number(1))


def test_a_mistake_inside_a_write_undoes_it(path: Path) -> None:
    store = Store.file(path, KEY, now=lambda: NOW)
    keep(store, 1)
    with pytest.raises(ZeroDivisionError), store._file.writing() as db:
        db.conn.execute("DELETE FROM document")
        raise ZeroDivisionError
    assert store.info().documents == 1
    store.close()


def test_a_document_no_longer_readable_counts_as_absent(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    keep(store, 1)
    with store._file.writing() as db:
        db.conn.execute("UPDATE document SET body = '{}'")
    assert store.stored(number(1)) is None
    assert caplog.messages == ["store_document_unreadable"]


def test_an_old_sqlite_is_refused(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr("kiosk.database.OLDEST_SQLITE", (99, 0, 0))
    with pytest.raises(StoreUnavailable, match="sqlite_too_old"):
        Store.file(path, KEY)


def test_a_folder_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="store_io"):
        Store.file(tmp_path / "gone" / "seen.db", KEY)


def test_the_key_of_systemd_is_used_raw_or_in_hexadecimal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for held in (KEY, KEY.hex().encode(), KEY.hex().upper().encode() + b"\n"):
        (tmp_path / "store-key").write_bytes(held)
        assert store_key(tmp_path) == KEY
    assert not (tmp_path / "store.key").exists()
    (tmp_path / "store-key").write_bytes(b"short")
    with pytest.raises(StoreUnavailable, match="store_key_malformed"):
        store_key(tmp_path)


def test_without_a_credential_a_key_is_made_once_for_us_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    key = store_key(tmp_path)
    assert store_key(tmp_path) == key and len(key) == 32
    assert (tmp_path / "store.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["store.key"]
    assert len(caplog.records) == 1 and caplog.records[0].levelname == "WARNING"
    assert key.hex() not in caplog.text


def test_a_damaged_key_file_is_replaced_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "store.key").write_bytes(b"")
    assert len(store_key(tmp_path)) == 32
    assert "store_key_damaged" in caplog.text


def test_processes_that_make_the_key_together_get_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with FORK.Pool(4) as pool:
        keys = pool.map(store_key, [tmp_path] * 16, chunksize=1)
    assert len(set(keys)) == 1


def test_a_stored_bill_is_looked_up_in_well_under_a_millisecond(store: Store) -> None:
    for n in range(200):
        keep(store, n)
    took = []
    for n in range(200):
        started = time.perf_counter()
        assert store.stored(number(n)) is not None
        took.append(time.perf_counter() - started)
    assert sorted(took)[100] < 0.001


def test_a_schema_is_brought_up_to_date_once(path: Path) -> None:
    from sqlite_utils import Migrations

    applied: list[str] = []

    def migrations(count: int) -> Migrations:
        steps = Migrations("test")
        for n in range(count):
            steps(name=f"step {n}")(lambda db, n=n: applied.append(f"step {n}"))
        return steps

    for count in (1, 1, 2):
        DatabaseFile(path, migrations=lambda count=count: migrations(count)).close()
    assert applied == ["step 0", "step 1"]
