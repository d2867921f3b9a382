from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from factories import make_bill, make_not_issued
from fault_server import FaultServer, Peer, answer
from pack_rigs import NOW, STORE_KEY, PackServer, Reply, Utility, invented, many_rows, renewed

from kiosk import ballast, sync
from kiosk.cli import run
from kiosk.database import StoreError, StoreFull
from kiosk.generations import Generations
from kiosk.generations.pointer import State
from kiosk.http import HttpSession
from kiosk.model import AccountNumber
from kiosk.packs import shards
from kiosk.packs.envelope import Trust
from kiosk.packs.figures import FIELDS, account_digits
from kiosk.packs.manifest import verify
from kiosk.packs.sealing import PackRefused, ScopeKey, object_name
from kiosk.packs.texts import Texts
from kiosk.publish import Keys as PublisherKeys
from kiosk.sync import Keys, ScopeKeyWrong, Synced, synchronise
from kiosk.sync.rhythm import POLL_S, WINDOW, Rhythm
from kiosk.sync.source import FolderSource, HttpSource, ObjectMissing, PackSource, Patience, SyncFault
from kiosk.sync.space import NoRoom, check_room

FORK = multiprocessing.get_context("fork")
ACCOUNTS = [str(30_000_000_000 + n) for n in range(20)]
QUICK = Patience(manifest_s=1.0, object_s=1.0, enough_bytes=1024, pause_s=0.0)


class Terminal:
    """A terminal that syncs with a utility; its clock stands at `now`."""

    def __init__(self, folder: Path, utility: Utility) -> None:
        self.folder = folder / "state"
        self.folder.mkdir()
        self.utility = utility
        self.keys = Keys(utility.keys.trust, utility.keys.scope, STORE_KEY)
        self.now = NOW
        self.generations = Generations(self.folder, STORE_KEY)

    def sync(self, source: PackSource | None = None, **options: Any) -> Synced:
        """One run, from the utility's folder unless told otherwise."""
        arguments = {
            "folder": self.folder,
            "scope": self.utility.scope,
            "keys": self.keys,
            "now": lambda: self.now,
        }
        return synchronise(source or FolderSource(self.utility.folder), **(arguments | options))

    def document(self, number: str) -> Any:
        """What is stored for an account."""
        stored = self.generations.stored(AccountNumber(number))
        return stored and stored.document

    def files(self) -> list[str]:
        """The generations on disk."""
        return sorted(path.name for path in self.folder.glob("bills-*"))

    def count(self) -> int:
        """How many accounts there really are in the file that counts."""
        from kiosk.database import connect

        state = State(self.folder, STORE_KEY)
        pointer = state.current()
        state.close()
        if pointer is None:
            return 0
        connection = connect(self.folder / pointer.file, STORE_KEY)
        sql = "SELECT count(*) FROM (SELECT account FROM bill UNION SELECT account FROM waiting)"
        counted, known = (
            int(connection.execute(query).fetchone()[0]) for query in (sql, "SELECT accounts FROM about")
        )
        assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        connection.close()
        assert counted == known
        return counted


@pytest.fixture
def utility(tmp_path: Path) -> Utility:
    return Utility(tmp_path)


@pytest.fixture
def terminal(tmp_path: Path, utility: Utility) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, utility)
    yield terminal
    terminal.generations.close()


@pytest.fixture
def server(utility: Utility) -> Iterator[PackServer]:
    with PackServer(utility.folder) as server:
        yield server


def over_http(url: str) -> HttpSource:
    return HttpSource(HttpSession(url), patience=QUICK, chance=lambda: 0.0)


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


def refusal(terminal: Terminal, source: PackSource | None = None) -> str:
    """How a run was refused; what counted before must count on."""
    before = terminal.count()
    with pytest.raises((PackRefused, SyncFault)) as refused:
        terminal.sync(source)
    assert terminal.count() == before
    assert isinstance(refused.value, PackRefused)
    return refused.value.code


@pytest.fixture
def held(utility: Utility, terminal: Terminal) -> Terminal:
    """A terminal that has a generation, while the utility has published the next."""
    utility.publish_rows(many_rows(60), objects=3)
    terminal.sync()
    utility.later(days=31)
    terminal.now = utility.now
    utility.publish_rows(many_rows(90), objects=3)
    return terminal


def test_a_flipped_bit_anywhere_in_an_object_is_refused(held: Terminal, utility: Utility) -> None:
    chance = random.Random(1)
    for n in range(3):
        path = utility.object_path(n)
        whole = path.read_bytes()
        for _ in range(5):
            broken = bytearray(whole)
            broken[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
            path.write_bytes(broken)
            assert refusal(held) == "object_hash"
        path.write_bytes(whole)
    assert held.sync().bills == 90


@pytest.mark.parametrize("change", [lambda octets: octets[:-1], lambda octets: b"", lambda octets: octets + b"x"])
def test_an_object_cut_or_grown_is_refused(
    held: Terminal, utility: Utility, change: Callable[[bytes], bytes]
) -> None:
    utility.object_path(1).write_bytes(change(utility.object_path(1).read_bytes()))
    assert refusal(held) == "object_size"


def test_another_object_under_a_name_is_refused(held: Terminal, utility: Utility) -> None:
    utility.object_path(0).write_bytes(utility.object_path(1).read_bytes())
    assert refusal(held) in ("object_size", "object_hash")


def test_a_manifest_of_somebody_else_is_refused(held: Terminal, utility: Utility, tmp_path: Path) -> None:
    stranger = Utility(tmp_path / "elsewhere", keys=PublisherKeys.open(tmp_path / "stranger.key"))
    stranger.publish_rows(many_rows(5))
    shutil.copy(stranger.manifest_path, utility.manifest_path)
    assert refusal(held) == "signed_by_another_key"


def test_an_older_manifest_is_refused_for_ever(held: Terminal, utility: Utility) -> None:
    old = utility.manifest_path.read_bytes()
    utility.later(hours=1)
    utility.publish([renewed(ACCOUNTS[0], 1)])
    assert held.sync().changed
    utility.manifest_path.write_bytes(old)
    assert refusal(held) == "rolled_back"


def test_an_expired_manifest_is_refused_and_the_bills_stay(held: Terminal, utility: Utility) -> None:
    held.now = utility.manifest().expires + timedelta(seconds=1)
    assert refusal(held) == "expired"
    held.now = utility.manifest().expires
    assert held.sync().bills == 90


def test_an_unchanged_manifest_expires_too(utility: Utility, terminal: Terminal, server: PackServer) -> None:
    utility.publish(invented(5))
    source = over_http(server.url)
    terminal.sync(source)
    terminal.now = utility.manifest().expires + timedelta(seconds=1)
    assert refusal(terminal, source) == "expired"
    source.close()


def test_a_clock_set_back_makes_no_manifest_younger(utility: Utility, terminal: Terminal) -> None:
    utility.publish(invented(5))
    expires = utility.manifest().expires
    terminal.now = expires - timedelta(days=1)
    terminal.sync()
    terminal.now = NOW - timedelta(days=400)
    terminal.sync()
    utility.repost(expires=expires - timedelta(days=2), generation=utility.manifest().generation + 1)
    assert refusal(terminal) == "expired"


def test_a_clock_far_ahead_spoils_nothing_once_it_is_right(utility: Utility, terminal: Terminal) -> None:
    utility.publish(invented(5))
    terminal.now = NOW + timedelta(days=10_000)
    with pytest.raises(PackRefused, match="expired"):
        terminal.sync()
    terminal.now = NOW
    assert terminal.sync().bills == 5


def test_a_signed_manifest_that_counts_wrong_is_refused(held: Terminal, utility: Utility) -> None:
    right = utility.manifest()
    wrong_rows = [replace(right.snapshot[0], rows=31), *right.snapshot[1:]]
    utility.repost(snapshot=wrong_rows)
    assert refusal(held) == "row_count"
    utility.repost(snapshot=[replace(right.snapshot[0], raw=right.snapshot[0].raw + 1), *right.snapshot[1:]])
    assert refusal(held) == "raw_size"
    utility.repost(snapshot=right.snapshot[::-1])
    assert refusal(held) in ("texts", "rows")
    utility.repost(snapshot=right.snapshot[:1] * 2)
    assert refusal(held) == "row_count"
    utility.repost(snapshot=right.snapshot)
    assert held.sync().bills == 90


def test_a_signed_manifest_of_another_scope_or_form_is_refused(held: Terminal, utility: Utility) -> None:
    utility.repost(scope="elsewhere")
    assert refusal(held) == "scope"
    utility.repost(scope="all", fields=[*FIELDS, "colour"])
    assert refusal(held) == "fields"


def post_object(utility: Utility, plain: bytes, *, raw: int, rows: int = 30) -> None:
    """Publish an object of any content under its right hash, in the place of the first."""
    sealed = utility.keys.scope.seal(plain)
    name, held = object_name(sealed), utility.manifest()
    (utility.folder / "v1" / "objects" / name).write_bytes(sealed)
    first = replace(held.snapshot[0], sha256=name, bytes=len(sealed), raw=raw, rows=rows)
    utility.repost(snapshot=[first, *held.snapshot[1:]])


def test_a_bomb_is_refused_whoever_signed_it(held: Terminal, utility: Utility) -> None:
    bomb = shards.compress(bytes(300 << 20))
    post_object(utility, bomb, raw=50 << 20)
    assert refusal(held) == "raw_size"
    post_object(utility, b"no frame at all", raw=100)
    assert refusal(held) == "object_packed"
    deep = b"\n".join([b"[" * 100_000] * 24)
    post_object(utility, shards.compress(deep), raw=len(deep))
    assert refusal(held) == "object_form"


def test_a_shard_of_another_form_is_refused(held: Terminal, utility: Utility) -> None:
    raw = shards.write(many_rows(30), Texts()).replace(b"ebill-shard/1", b"ebill-shard/9", 1)
    post_object(utility, shards.compress(raw), raw=len(raw))
    assert refusal(held) == "fields"


def test_a_wrong_scope_key_is_the_terminals_fault(held: Terminal, utility: Utility) -> None:
    held.keys = replace(held.keys, scope=ScopeKey.new())
    with pytest.raises(ScopeKeyWrong):
        held.sync()
    utility.repost(scope_key_id=held.keys.scope.id)
    assert refusal(held) == "object_sealed_otherwise"


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


def test_another_scope_takes_the_place_of_the_first(tmp_path: Path, utility: Utility, terminal: Terminal) -> None:
    east = Utility(tmp_path, scope="east")
    utility.publish([renewed(ACCOUNTS[0], 1)])
    east.publish([renewed(ACCOUNTS[1], 1), renewed(ACCOUNTS[2], 1)])
    assert terminal.sync().bills == 1
    assert terminal.sync(scope="east").bills == 2
    assert terminal.document(ACCOUNTS[0]) is None
    assert terminal.sync().bills == 1


def test_a_body_broken_off_is_gone_on_with_where_it_ended(
    utility: Utility, terminal: Terminal, server: PackServer
) -> None:
    utility.publish_rows(many_rows(2000))
    item = utility.manifest().snapshot[0]
    cuts = iter((20_000, 30_000, 5_000))

    def cut(path: str, number: int) -> Reply | None:
        if "/objects/" not in path or (length := next(cuts, None)) is None:
            return None
        start = int((server.requests[-1][1] or "bytes=0-")[6:-1])
        whole = utility.object_path().read_bytes()
        part = {"Content-Range": f"bytes {start}-{item.bytes - 1}/{item.bytes}"} if start else {}
        return 206 if start else 200, part | {"Content-Length": str(item.bytes - start)}, whole[start:][:length]

    server.fault = cut
    source = over_http(server.url)
    assert terminal.sync(source).bills == 2000
    asked = [wanted for path, wanted in server.requests if "/objects/" in path]
    assert asked == [None, "bytes=20000-", "bytes=50000-", "bytes=55000-"]
    source.close()


@pytest.mark.parametrize("fault", ["elsewhere", "416", "whole again"])
def test_a_server_that_does_not_go_on_rightly_is_asked_anew(
    utility: Utility, terminal: Terminal, server: PackServer, fault: str
) -> None:
    utility.publish_rows(many_rows(2000))
    whole = utility.object_path().read_bytes()
    replies: list[Reply] = [(200, {"Content-Length": str(len(whole))}, whole[:40_000])]
    match fault:
        case "elsewhere":
            replies.append((206, {"Content-Range": f"bytes 10-{len(whole) - 1}/{len(whole)}"}, whole[10:]))
        case "416":
            replies.append((416, {}, b""))
        case _:
            replies.append((200, {}, whole))
    server.fault = lambda path, number: replies.pop(0) if "/objects/" in path and replies else None
    source = over_http(server.url)
    assert terminal.sync(source).bills == 2000
    source.close()


def test_a_resumed_body_that_is_wrong_is_fetched_once_more_whole(
    utility: Utility, terminal: Terminal, server: PackServer
) -> None:
    utility.publish_rows(many_rows(2000))
    whole = utility.object_path().read_bytes()
    replies: list[Reply] = [(200, {"Content-Length": str(len(whole))}, b"x" * 40_000)]
    server.fault = lambda path, number: replies.pop(0) if "/objects/" in path and replies else None
    source = over_http(server.url)
    assert terminal.sync(source).bills == 2000
    source.close()


@pytest.mark.parametrize(
    ("reply", "code", "retry_after_s"),
    [
        ((404, {}, b""), "http_404", None),
        ((410, {}, b""), "http_410", None),
        ((429, {"Retry-After": "120"}, b""), "http_429", 120.0),
        ((503, {"Retry-After": "30"}, b""), "http_503", 30.0),
        ((500, {}, b""), "http_500", None),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "redirect", None),
        ((200, {"Content-Type": "text/html"}, b"<html>Log in, please</html>"), "captive_portal", None),
        ((200, {"Content-Length": "100"}, b"x"), "truncated", None),
        ((200, {"Content-Encoding": "br"}, b"x"), "encoding", None),
        ((206, {}, b"part"), "range", None),
    ],
)
@pytest.mark.parametrize("what", ["/sync/", "/objects/"])
def test_what_a_bad_network_brings_is_told_and_changes_nothing(
    held: Terminal, server: PackServer, what: str, reply: Reply, code: str, retry_after_s: float | None
) -> None:
    if what == "/sync/" and code == "range":
        reply, code = (200, {"Content-Length": "999999999"}, b""), "too_big"
    server.fault = lambda path, number: reply if what in path else None
    source = over_http(server.url)
    before = held.count()
    with pytest.raises(SyncFault) as fault:
        held.sync(source)
    assert (fault.value.code, fault.value.retry_after_s) == (code, retry_after_s)
    assert held.count() == before
    server.fault = lambda path, number: None
    assert held.sync(source).bills == 90
    source.close()


def test_a_server_that_drips_is_given_up_in_time(held: Terminal) -> None:
    def play(peer: Peer) -> None:
        if peer.head():
            peer.send(answer(b"x" * 100_000)[:200])
            peer.drip(b"x")

    with FaultServer(play) as server:
        source = HttpSource(HttpSession(server.url), patience=replace(QUICK, manifest_s=0.2), chance=lambda: 0.0)
        started = time.monotonic()
        with pytest.raises(SyncFault, match="deadline"):
            held.sync(source)
        assert time.monotonic() - started < 3
        source.close()


def test_a_slow_server_is_waited_for_as_long_as_it_brings_something(utility: Utility, terminal: Terminal) -> None:
    utility.publish_rows(many_rows(3000))
    item, content = utility.manifest().snapshot[0], utility.manifest_path.read_bytes()
    whole = utility.object_path().read_bytes()

    def play(peer: Peer) -> None:
        while head := peer.head().decode():
            if "/sync/" in head:
                peer.send(answer(content))
                continue
            start = int(head.split("bytes=")[1].split("-")[0]) if "bytes=" in head else 0
            part = {"Content_Range": f"bytes {start}-{item.bytes - 1}/{item.bytes}"} if start else {}
            status = "206 Partial Content" if start else "200 OK"
            peer.send(answer(b"", status=status, Content_Length=str(item.bytes - start), **part))
            peer.send(whole[start : start + 30_000])
            peer.hold()

    with FaultServer(play) as server:
        patience = replace(QUICK, object_s=0.15, slowest_bytes_s=10**9)
        source = HttpSource(HttpSession(server.url), patience=patience, chance=lambda: 0.0)
        assert terminal.sync(source).bills == 3000
        source.close()


def test_objects_that_went_while_a_terminal_fetched_are_looked_for_anew(
    held: Terminal, utility: Utility, server: PackServer
) -> None:
    def publish_in_between(path: str, number: int) -> Reply | None:
        if "/objects/" in path and utility.now < NOW + timedelta(days=50):
            utility.later(days=31)
            utility.publish_rows(many_rows(120), objects=2)
            return 410, {}, b""
        return None

    server.fault = publish_in_between
    source = over_http(server.url)
    assert held.sync(source).bills == 120
    source.close()


def test_an_incomplete_stick_is_told_and_changes_nothing(held: Terminal, utility: Utility) -> None:
    utility.object_path(2).unlink()
    with pytest.raises(ObjectMissing):
        held.sync()
    with pytest.raises(ObjectMissing):
        held.sync(FolderSource(utility.folder / "no such folder"))
    assert held.count() == 60


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
    quarantined = held.folder / "quarantine" / "bills-1.db"
    quarantined.parent.mkdir()
    quarantined.write_bytes(b"old")
    receipts = quarantined.with_name("journal.db")
    receipts.write_bytes(b"precious")
    (held.folder / "bills-7.db").write_bytes(b"begun and never finished")
    usage = shutil.disk_usage(held.folder)._replace(free=1000)
    monkeypatch.setattr("kiosk.sync.space.shutil.disk_usage", lambda folder: usage)
    with pytest.raises(NoRoom, match=r"3\d MB more"):
        held.sync()
    assert held.count() == 60
    assert not quarantined.exists() and receipts.exists()
    assert not (held.folder / "bills-7.db").exists()


def test_what_is_there_already_needs_no_room(utility: Utility, tmp_path: Path) -> None:
    utility.publish_rows(many_rows(100))
    check_room(tmp_path, utility.manifest(), present=0)
    huge = replace(utility.manifest(), snapshot=[replace(utility.manifest().snapshot[0], rows=1 << 24)] * 100)
    with pytest.raises(NoRoom):
        check_room(tmp_path, huge, present=0)
    check_room(tmp_path, huge, present=10**12)


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


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def options(tmp_path: Path, utility: Utility, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The options of a terminal's first sync, from a folder."""
    monkeypatch.setattr(os, "nice", lambda by: by)
    for module in ("syncing", "issue_day"):
        monkeypatch.setattr(f"kiosk.commands.{module}.utc_now", lambda: utility.now)
    utility.publish(invented(4))
    key = tmp_path / "utility.key"
    return ["--once", "--trust", f"{key}.pub", "--scope-key", f"{key}.scope", "--state", str(tmp_path / "state")]


def test_the_command_fills_the_store_that_bill_shows(
    utility: Utility, options: list[str], server: PackServer, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = called(capsys, "sync", *options, "--gateway", server.url)
    assert (code, said["bills"], said["generation"]) == (0, 4, utility.manifest().generation)
    assert said["bytes"] > 0 and said["seconds"] >= 0
    account = invented(4)[0].account.number.digits
    code, said = called(capsys, "bill", account, "--offline", "--state", options[-1])
    assert (code, said["source"], said["as_of"]) == (0, "stored", "2026-08-28T06:00:00Z")
    assert said["bill"]["account"]["number"] == account
    code, said = called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())
    assert (code, said["changed"]) == (0, False)


def test_the_keys_may_lie_in_settings_credentials_and_state(
    tmp_path: Path,
    utility: Utility,
    options: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, state = tmp_path / "site.toml", tmp_path / "state"
    settings.write_text(f'[gateway]\ntrust = "{tmp_path}/utility.key.pub"\n', encoding="utf-8")
    arguments = ["sync", "--once", "--settings", str(settings), "--state", str(state)]
    arguments += ["--gateway", utility.folder.as_uri()]
    code, said = called(capsys, *arguments)
    assert (code, said["error"]["code"]) == (5, "settings_wrong")
    shutil.copy(tmp_path / "utility.key.scope", state / "scope.key")
    assert called(capsys, *arguments)[0] == 0
    (state / "scope.key").unlink()
    shutil.copy(tmp_path / "utility.key.scope", tmp_path / "scope-key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert called(capsys, *arguments)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "exit_code", "error"),
    [
        ([], 5, "settings_wrong"),
        (["--gateway", "http://127.0.0.1:9"], 4, "refused"),
        (["--gateway", "file:///no/such/folder"], 4, "file_missing"),
        (["--gateway", "{published}", "--scope", "west"], 4, "file_missing"),
        (["--gateway", "{published}", "--scope", "No such"], 2, "scope"),
        (["--gateway", "{published}", "--trust", "{published}/v1"], 2, "key_file"),
        (["--gateway", "{published}", "--trust", "{key}.scope"], 2, "key_file"),
        (["--gateway", "{published}", "--scope-key", "{key}.pub"], 2, "key_file"),
        (["--gateway", "{published}", "--scope-key", "{other}"], 5, "scope_key_wrong"),
        (["--gateway", "{published}", "--trust", "{stranger}"], 1, "signed_by_another_key"),
        (["--gateway", "{published}", "--settings", "{none}"], 5, "settings_wrong"),
    ],
)
def test_the_command_ends_with_the_code_of_what_went_wrong(
    tmp_path: Path,
    utility: Utility,
    options: list[str],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    exit_code: int,
    error: str,
) -> None:
    (tmp_path / "other").write_text(ScopeKey.new().text())
    (tmp_path / "none").write_text('[store]\nscope = "none"\n')
    PublisherKeys.open(tmp_path / "stranger.key")
    names = {
        "published": utility.folder.as_uri(),
        "key": str(tmp_path / "utility.key"),
        "other": str(tmp_path / "other"),
        "none": str(tmp_path / "none"),
        "stranger": str(tmp_path / "stranger.key.pub"),
    }
    code, said = called(capsys, "sync", *options, *(argument.format(**names) for argument in arguments))
    assert (code, said["error"]["code"]) == (exit_code, error)


def test_an_altered_object_ends_the_command_with_one(
    utility: Utility, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    whole = utility.object_path().read_bytes()
    utility.object_path().write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    code, said = called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())
    assert (code, said["error"]["code"]) == (1, "object_hash")
    manifest = utility.manifest_path.read_bytes()
    utility.manifest_path.write_bytes(manifest.replace(b'"signature": "', b'"signature": "AAAA', 1))
    code, said = called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())
    assert (code, said["error"]["code"]) == (1, "signature")


def test_a_sync_without_end_goes_on_after_failures_and_says_only_news(
    utility: Utility, options: list[str], server: PackServer, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    pauses: list[float] = []
    server.fault = lambda path, number: (429, {"Retry-After": "60"}, b"") if number == 0 else None

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            raise KeyboardInterrupt
        if len(pauses) == 3:
            utility.later(hours=1)
            utility.publish([renewed(ACCOUNTS[0], 1)])

    monkeypatch.setattr("kiosk.commands.issue_day.time.sleep", sleep)
    arguments = [option for option in options if option != "--once"]
    assert run(["sync", *arguments, "--gateway", server.url, "--json"]) == 130
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("bills") for line in said] == [None, 4, 5]
    assert said[0]["error"] == {
        "code": "http_429",
        "message": "nothing usable could be fetched (http_429)",
        "retry_after_s": 60.0,
    }
    assert pauses[0] >= 60


def test_the_store_says_what_is_synced_and_forgets_it(
    utility: Utility, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    state = ["--state", options[-1]]
    assert called(capsys, "store", "info", *state)[1]["generation"] is None
    called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())
    utility.later(hours=1)
    utility.publish([renewed(ACCOUNTS[0], 1)])
    called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())
    code, said = called(capsys, "store", "info", *state)
    assert code == 0 and said["generation"].pop("bytes") > 4096
    assert said["generation"] == {
        "generation": utility.manifest().generation,
        "scope": "all",
        "bills": 5,
        "deltas": 1,
        "as_of": "2026-08-28T07:00:00Z",
    }
    assert called(capsys, "store", "check", *state) == (0, {"whole": True, "problems": []})
    assert called(capsys, "store", "purge", *state) == (0, {"forgotten": 0})
    assert called(capsys, "store", "purge", "--all", *state) == (0, {"forgotten": 5})
    assert called(capsys, "store", "info", *state)[1]["generation"] is None
    assert not list(Path(options[-1]).glob("bills-*"))
    assert called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())[1]["bills"] == 5


def damage(path: Path) -> None:
    octets = bytearray(path.read_bytes())
    for page in range(1, len(octets) // 4096):
        octets[page * 4096 + 200] ^= 1
    path.write_bytes(octets)


def test_a_damaged_generation_is_found_by_a_check(
    utility: Utility, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    utility.publish_rows(many_rows(300))
    called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())
    damage(next(Path(options[-1]).glob("bills-*.db")))
    code, said = called(capsys, "store", "check", "--state", options[-1])
    assert (code, said["whole"]) == (1, False) and said["problems"]


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
    assert sync.Keys(trust, utility.keys.scope, STORE_KEY).scope.id == held.scope_key_id
