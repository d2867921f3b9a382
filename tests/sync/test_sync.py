from __future__ import annotations

import ctypes
import multiprocessing
import os
import platform
import shutil
import time
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from factories import make_bill, make_not_issued
from pack_rigs import NOW, STORE_KEY, PackServer, Utility, invented, many_rows, renewed
from sync_rigs import ACCOUNTS, Terminal, damage, over_http

from kiosk import ballast, sync
from kiosk.bills import BillService
from kiosk.gateway import GatewayUnreachable, HttpGateway
from kiosk.generations import Generations
from kiosk.model import AccountNumber, Source
from kiosk.packs.envelope import Trust
from kiosk.packs.figures import account_digits
from kiosk.packs.manifest import verify
from kiosk.packs.rows import unpack
from kiosk.packs.sealing import ScopeKey
from kiosk.store import Store
from kiosk.sync.bulletin import Bulletin, SyncNews, read_bulletin
from kiosk.sync.priority import step_back
from kiosk.sync.rhythm import POLL_S, WINDOW, Rhythm


def test_a_terminal_cut_off_serves_every_account_with_the_right_age(utility: Utility, terminal: Terminal) -> None:
    documents = invented(800)
    utility.publish(documents)
    done = terminal.sync()
    assert (done.generation, done.bills, done.changed) == (utility.manifest().generation, 800, True)
    assert done.bytes == sum(item.bytes for item in utility.manifest().snapshot)
    shutil.rmtree(utility.folder)
    for document in documents:
        stored = terminal.generations.stored(document.account.number)
        assert stored is not None and (stored.document, stored.as_of) == (document, NOW)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_region_cut_off_serves_each_of_its_hundred_thousand_accounts(
    utility: Utility, terminal: Terminal
) -> None:
    rows = many_rows(100_000)
    utility.publish_rows(rows, objects=2)
    terminal.sync()
    utility.later(hours=3)
    later = {row.account: renewed(account_digits(row.account), 7) for row in rows[::2000]}
    utility.publish(later.values())
    terminal.sync()
    shutil.rmtree(utility.folder)
    gateway = HttpGateway("http://127.0.0.1:9", deadline_s=0.5)  # where nobody listens
    bills = BillService(gateway, Store.memory(), now=lambda: utility.now, generations=terminal.generations)
    for row in rows:
        current = bills.stored(AccountNumber(account_digits(row.account)))
        assert current is not None and current.source is Source.STORED
        right = (later[row.account], utility.now) if row.account in later else (unpack(row), NOW)
        assert (current.bill, current.as_of) == right
    with pytest.raises(GatewayUnreachable):
        bills.refresh(AccountNumber(account_digits(rows[0].account)))
    gateway.close()


def test_over_http_and_then_nothing_new(utility: Utility, terminal: Terminal, server: PackServer) -> None:
    utility.publish(invented(50))
    source = over_http(server.url)
    assert terminal.sync(source).bills == 50
    sent = server.sent
    again = terminal.sync(source)
    assert (again.changed, again.bytes, again.bills) == (False, 0, 50)
    assert server.sent == sent
    source.close()


@pytest.mark.parametrize(("ranges", "etags"), [(False, False), (True, False), (False, True)])
def test_a_plain_web_server_is_enough(utility: Utility, terminal: Terminal, ranges: bool, etags: bool) -> None:
    utility.publish(invented(20))
    with PackServer(utility.folder, ranges=ranges, etags=etags) as server:
        source = over_http(server.url)
        assert terminal.sync(source).bills == 20
        asked = len(server.objects_asked())
        assert terminal.sync(source).changed is False
        assert len(server.objects_asked()) == asked
        source.close()


def test_of_a_delta_only_the_delta_is_fetched(utility: Utility, terminal: Terminal, server: PackServer) -> None:
    utility.publish(make_bill(number=number) for number in ACCOUNTS)
    source = over_http(server.url)
    terminal.sync(source)
    file = terminal.files()
    server.requests.clear()
    utility.later(hours=1)
    changed, waiting = renewed(ACCOUNTS[1], 7), make_not_issued(ACCOUNTS[2])
    content = b"".join(map(json_line, (changed, waiting))) + f'["{ACCOUNTS[3]}",null]\n'.encode()
    utility.publish(content)
    done = terminal.sync(source)
    assert (done.bills, done.generation) == (len(ACCOUNTS) - 1, utility.manifest().generation)
    assert server.objects_asked() == [delta.object.sha256 for delta in utility.manifest().deltas]
    documents = [terminal.document(number) for number in ACCOUNTS[:4]]
    assert documents == [make_bill(number=ACCOUNTS[0]), changed, waiting, None]
    last = terminal.generations.bill(AccountNumber(ACCOUNTS[2]))
    assert last is not None and last.document == make_bill(number=ACCOUNTS[2])
    stored = terminal.generations.stored(AccountNumber(ACCOUNTS[1]))
    assert stored is not None and stored.as_of == utility.now
    assert [name for name in terminal.files() if name.endswith(".db")] == file
    terminal.count()
    source.close()


def json_line(document: Any) -> bytes:
    from pack_rigs import line

    return line(document)


def test_a_new_snapshot_is_built_beside_the_old_one_which_then_goes(utility: Utility, terminal: Terminal) -> None:
    utility.publish_rows(many_rows(300))
    terminal.sync()
    old = terminal.files()
    first = account_digits(many_rows(1)[0].account)
    before = terminal.document(first)
    utility.later(days=31)
    utility.publish_rows(many_rows(400))
    seen: list[Any] = []
    done = terminal.sync(
        progress=lambda _done, _of: seen.append((terminal.document(first), len(terminal.files())))
    )
    assert seen == [(before, 2)] or seen[0][0] == before
    assert done.bills == 400
    assert terminal.files() != old and len([name for name in terminal.files() if name.endswith(".db")]) == 1
    assert terminal.count() == 400


def test_deltas_missed_for_weeks_are_taken_together(utility: Utility, terminal: Terminal) -> None:
    utility.publish(make_bill(number=number) for number in ACCOUNTS)
    terminal.sync()
    for kwh in range(1, 6):
        utility.later(days=3)
        utility.publish([renewed(ACCOUNTS[0], kwh), renewed(ACCOUNTS[kwh], kwh)])
    assert terminal.sync().bills == len(ACCOUNTS)
    assert terminal.document(ACCOUNTS[0]) == renewed(ACCOUNTS[0], 5)
    fresh = Generations(terminal.folder, STORE_KEY)
    assert fresh.stored(AccountNumber(ACCOUNTS[3])) is not None
    fresh.close()


def test_a_new_terminal_takes_snapshot_and_deltas_at_once(utility: Utility, terminal: Terminal) -> None:
    utility.publish(make_bill(number=number) for number in ACCOUNTS)
    for kwh in (1, 2):
        utility.later(hours=1)
        utility.publish([renewed(ACCOUNTS[0], kwh)])
    assert terminal.sync().bills == terminal.count() == len(ACCOUNTS)
    assert terminal.document(ACCOUNTS[0]) == renewed(ACCOUNTS[0], 2)


def test_a_lost_store_key_costs_a_sync_and_nothing_else(held: Terminal, caplog: pytest.LogCaptureFixture) -> None:
    held.generations.close()
    held.keys = replace(held.keys, store=bytes(32))
    assert held.sync().bills == 90
    assert any("state.db was damaged or has another key" in message for message in caplog.messages)
    held.generations = Generations(held.folder, bytes(32))
    assert held.document(account_digits(many_rows(1)[0].account)) is not None


def test_a_lost_store_key_while_the_same_generation_is_published(utility: Utility, terminal: Terminal) -> None:
    utility.publish(invented(20))
    terminal.sync()
    terminal.keys = replace(terminal.keys, store=bytes(32))
    assert terminal.sync().bills == 20


def test_a_damaged_generation_is_set_aside_and_built_anew(utility: Utility, terminal: Terminal) -> None:
    utility.publish(invented(200))
    terminal.sync()
    path = terminal.folder / terminal.files()[0]
    octets = bytearray(path.read_bytes())
    octets[100] ^= 1
    path.write_bytes(octets)
    utility.later(hours=1)
    utility.publish([renewed(ACCOUNTS[0], 1)])
    assert terminal.sync().bills == terminal.count() == 201
    assert [path.name for path in (terminal.folder / "quarantine").iterdir()] == [path.name]


def test_a_generation_that_vanished_is_built_anew(
    utility: Utility, terminal: Terminal, server: PackServer
) -> None:
    utility.publish(invented(20))
    source = over_http(server.url)
    terminal.sync(source)
    for name in terminal.files():
        (terminal.folder / name).unlink()
    assert terminal.sync(source).bytes > 0
    assert terminal.count() == 20
    source.close()


def test_a_publisher_that_began_anew_under_the_same_number_is_followed(
    utility: Utility, terminal: Terminal
) -> None:
    utility.publish([renewed(ACCOUNTS[0], 1)])
    terminal.sync()
    shutil.rmtree(utility.folder)
    utility.publish([renewed(ACCOUNTS[0], 2), renewed(ACCOUNTS[1], 2)])
    assert terminal.sync().bills == terminal.count() == 2
    assert terminal.document(ACCOUNTS[0]) == renewed(ACCOUNTS[0], 2)


@pytest.fixture
def east(tmp_path: Path) -> Utility:
    """Another scope in the same folder, published under the same keys."""
    return Utility(tmp_path, scope="all-east")  # a name that begins as the other one's


def test_regions_stand_side_by_side(utility: Utility, east: Utility, terminal: Terminal) -> None:
    utility.publish([renewed(ACCOUNTS[0], 1)])
    east.publish([renewed(ACCOUNTS[1], 1), renewed(ACCOUNTS[2], 1)])
    assert terminal.sync().bills == 1
    assert terminal.sync(scope="all-east").bills == 2
    assert [terminal.document(number) for number in ACCOUNTS[:4]] == [
        *(renewed(number, 1) for number in ACCOUNTS[:3]),
        None,
    ]
    for each in (utility, east):
        each.later(days=31)
    utility.publish([renewed(number, 2) for number in (ACCOUNTS[0], *ACCOUNTS[3:])] * 2)
    terminal.sync()  # the one's new generation leaves the other's alone
    assert terminal.document(ACCOUNTS[0]) == renewed(ACCOUNTS[0], 2)
    assert terminal.document(ACCOUNTS[2]) == renewed(ACCOUNTS[2], 1)
    assert {found.scope for found in terminal.generations.info()} == {"all", "all-east"}


def test_of_an_account_in_two_regions_the_later_document_counts(
    utility: Utility, east: Utility, terminal: Terminal
) -> None:
    east.publish([renewed(ACCOUNTS[0], 1)])
    utility.later(hours=5)
    utility.publish([renewed(ACCOUNTS[0], 2)])
    for scope in ("all", "all-east"):
        terminal.sync(scope=scope)
    assert terminal.document(ACCOUNTS[0]) == renewed(ACCOUNTS[0], 2)
    last = terminal.generations.bill(AccountNumber(ACCOUNTS[0]))
    assert last is not None and last.document == renewed(ACCOUNTS[0], 2)


def test_a_region_that_is_not_the_terminals_any_more_is_forgotten(
    utility: Utility, east: Utility, terminal: Terminal
) -> None:
    utility.publish([renewed(ACCOUNTS[0], 1)])
    east.publish([renewed(ACCOUNTS[1], 1)])
    for scope in ("all", "all-east"):
        terminal.sync(scope=scope)
    assert sync.keep_only(terminal.folder, ["all-east"], STORE_KEY) == 1
    assert (terminal.document(ACCOUNTS[0]), terminal.document(ACCOUNTS[1])) == (None, renewed(ACCOUNTS[1], 1))
    assert sync.forget(terminal.folder, STORE_KEY) == 1
    assert (terminal.files(), terminal.generations.info()) == ([], ())
    assert terminal.sync().changed


def test_a_damaged_region_leaves_the_others_standing(utility: Utility, east: Utility, terminal: Terminal) -> None:
    utility.publish_rows(many_rows(300))
    east.publish([renewed(ACCOUNTS[1], 1)])
    for scope in ("all", "all-east"):
        terminal.sync(scope=scope)
    terminal.generations.close()
    path = next(path for path in terminal.folder.glob("bills-all-2*.db"))
    octets = bytearray(path.read_bytes())
    octets[100] ^= 1
    path.write_bytes(octets)
    assert list(terminal.generations.damage()) == [path.name]
    assert [found.scope for found in terminal.generations.info()] == ["all-east"]
    assert terminal.document(ACCOUNTS[1]) == renewed(ACCOUNTS[1], 1)
    assert terminal.sync().bills == 300


def test_scope_keys_may_be_of_several_regions_or_an_old_and_a_new_one(
    utility: Utility, terminal: Terminal
) -> None:
    utility.publish(invented(3))
    others = (ScopeKey.new(), *terminal.keys.scopes)
    terminal.keys = replace(terminal.keys, scopes=others)
    assert terminal.sync().bills == 3
    text = "".join(key.text() for key in others).encode()
    assert [key.id for key in ScopeKey.parse_all(text)] == [key.id for key in others]
    for wrong in (b"", b"\n", text + b"x"):
        with pytest.raises(ValueError, match=r"scope key|hexadecimal|fromhex"):
            ScopeKey.parse_all(wrong)


def test_what_sync_says_of_itself_can_be_read_beside_it(tmp_path: Path) -> None:
    assert read_bulletin(tmp_path) is None
    bulletin = Bulletin(tmp_path, lambda: NOW)
    assert bulletin.taking("all", 10, 100) == read_bulletin(tmp_path)
    assert bulletin.taking("all", 20, 100) is None  # two seconds have not passed
    assert read_bulletin(tmp_path) == SyncNews("2026-08-28T06:00:00Z", "all", "taking", 10, 100)
    bulletin.failed("all", "refused")
    assert read_bulletin(tmp_path) == SyncNews("2026-08-28T06:00:00Z", "all", "failed", 20, 100, "refused")
    bulletin.done("all")
    found = read_bulletin(tmp_path)
    assert found is not None and (found.state, found.code) == ("done", "")
    for damaged in (b"{", b"[]", b'{"at":1}'):
        (tmp_path / "sync.json").write_bytes(damaged)
        assert read_bulletin(tmp_path) is None


def test_sync_takes_core_and_disk_only_when_nobody_else_wants_them() -> None:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_step_back, args=(theirs,))
    process.start()
    assert ours.poll(60)
    assert ours.recv() == (19, os.SCHED_IDLE, 3)
    process.join(60)


def _step_back(tell: Connection) -> None:
    step_back()
    number = {"x86_64": 252, "aarch64": 31}[platform.machine()]  # ioprio_get
    io_class = ctypes.CDLL(None).syscall(number, 1, 0) >> 13
    tell.send((os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), io_class))
    os._exit(0)


def test_a_ballast_is_laid_once_and_thrown_once(held: Terminal) -> None:
    path = held.folder / ballast.NAME
    assert path.stat().st_size == ballast.BYTES
    assert ballast.throw(held.folder)
    assert not ballast.throw(held.folder)
    held.sync()
    assert path.exists()


def test_nothing_readable_lies_in_the_state_folder(utility: Utility, terminal: Terminal) -> None:
    documents = invented(300)
    utility.publish(documents)
    terminal.sync()
    utility.publish([renewed(documents[0].account.number.digits, 1)])
    terminal.sync()
    everything = b"".join(path.read_bytes() for path in terminal.folder.rglob("*") if path.is_file())
    for text in (documents[7].account.number.digits, "سعد", "Riyadh", "SQLite format", "INV-2026"):
        assert text.encode() not in everything
    assert all(path.stat().st_mode & 0o77 == 0 for path in terminal.folder.glob("*.db"))


def test_a_hundred_thousand_bills_within_the_bytes_and_the_time_they_may_take(
    utility: Utility, terminal: Terminal
) -> None:
    held = utility.publish_rows(many_rows(100_000), objects=2)
    started = time.process_time()
    assert terminal.sync().bills == 100_000
    took = time.process_time() - started
    assert terminal.count() == 100_000
    stored = sum((terminal.folder / name).stat().st_size for name in terminal.files())
    assert stored / 100_000 < 140
    assert sum(item.bytes for item in held.snapshot) / 100_000 < 90
    assert 100_000 / took > 30_000


def test_a_new_snapshot_may_wait_and_deltas_may_not(utility: Utility, terminal: Terminal) -> None:
    utility.publish([renewed(number, 1) for number in ACCOUNTS])
    assert terminal.sync(postpone=lambda held: True).bills == len(ACCOUNTS)  # with nothing there, nothing waits
    utility.publish([renewed(ACCOUNTS[0], 2)])
    assert terminal.sync(postpone=lambda held: True).changed
    utility.later(days=31)
    utility.publish_rows(many_rows(5))
    postponed = terminal.sync(postpone=lambda held: True)
    assert (postponed.changed, postponed.bills) == (False, len(ACCOUNTS))
    assert terminal.sync().bills == 5


def test_terminals_begin_at_their_own_moment_of_the_window(utility: Utility) -> None:
    utility.publish(invented(3))
    held = utility.manifest()
    begun = []
    for minute in range(0, 121, 30):
        now = held.as_of + timedelta(minutes=minute)
        begun.append(sum(not Rhythm(f"T-{n}").postpones(held, now) for n in range(400)))
    assert begun == sorted(begun)
    assert begun[0] < 20 and begun[-1] == 400
    assert 140 < begun[2] < 260
    assert timedelta(hours=2) == WINDOW


def test_pauses_grow_with_failures_and_respect_what_the_server_asked() -> None:
    rhythm = Rhythm("T-1", chance=lambda: 0.5)
    assert [rhythm.after_failure(None) for _ in range(8)] == [15, 30, 60, 120, 240, 480, 900, 900]
    assert rhythm.after_failure(3600.0) == 4500
    assert rhythm.after_success() == POLL_S
    assert rhythm.after_failure(None) == 15


def test_every_night_the_generation_is_read_once_and_a_damaged_one_set_aside(
    utility: Utility, terminal: Terminal
) -> None:
    utility.publish_rows(many_rows(300))
    terminal.sync()
    path = terminal.folder / terminal.files()[0]
    night = datetime(2026, 8, 29, 23, 30, tzinfo=NOW.tzinfo)  # half past two in Riyadh
    assert sync.check_nightly(terminal.folder, STORE_KEY, night) == ()
    damage(path)
    for unsuitable in (night + timedelta(hours=1), night - timedelta(hours=2)):
        assert sync.check_nightly(terminal.folder, STORE_KEY, unsuitable) == ()
    assert path.exists()
    assert sync.check_nightly(terminal.folder, STORE_KEY, night + timedelta(days=1))
    assert not path.exists()
    assert terminal.document(account_digits(many_rows(1)[0].account)) is None
    assert terminal.sync().bills == terminal.count() == 300


def test_a_manifest_verifies_with_what_a_terminal_was_given(tmp_path: Path, utility: Utility) -> None:
    utility.publish(invented(3))
    trust = Trust.parse((tmp_path / "utility.key.pub").read_bytes())
    held = verify(utility.manifest_path.read_bytes(), trust)
    assert held.as_of == datetime(2026, 8, 28, 6, tzinfo=held.as_of.tzinfo)
    assert sync.Keys(trust, (utility.keys.scope,), STORE_KEY).scope(held.scope_key_id).id == held.scope_key_id
