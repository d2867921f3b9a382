from __future__ import annotations

import io
import json
import multiprocessing
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from factories import make_bill, make_not_issued, worked_json
from pack_rigs import NOW, Utility, invented, line, lines, many_rows, renewed

from kiosk.cli import run
from kiosk.model import Document
from kiosk.packs import rows, shards
from kiosk.packs.figures import account_key
from kiosk.packs.manifest import Manifest
from kiosk.packs.rows import pack, unpack
from kiosk.packs.sealing import PackRefused
from kiosk.packs.shards import Gone
from kiosk.publish import Keys, KeyUnusable, reading, spool, standing
from kiosk.publish.board import Board, objects_of

FORK = multiprocessing.get_context("fork")
ACCOUNTS = [str(30_000_000_000 + n) for n in range(20)]


@pytest.fixture
def utility(tmp_path: Path) -> Utility:
    return Utility(tmp_path)


def published(utility: Utility) -> list[Document]:
    """All documents a terminal would have, ascending by account."""
    board, held = Board(utility.folder, utility.scope, utility.keys), utility.manifest()
    _, texts = board.texts(held)
    layers = [board.rows(item, texts) for item in objects_of(held)]
    return [unpack(row) for row in standing.merged(*layers) if not isinstance(row, Gone)]


def by_account(documents: Any) -> list[Document]:
    return sorted(documents, key=lambda document: account_key(document.account.number.digits))


def test_what_is_published_is_what_was_given_in_any_order(utility: Utility) -> None:
    given = list(invented(300))
    random.Random(1).shuffle(given)
    done = utility.publish(given)
    assert (done.bills, done.rejected, done.kind, done.objects) == (300, 0, "snapshot", 1)
    assert done.bytes == sum(item.bytes for item in utility.manifest().snapshot)
    assert published(utility) == by_account(given)
    assert not utility.rejected


def test_bad_lines_are_told_by_number_and_reason_and_left_out(utility: Utility) -> None:
    bad_rate = worked_json("a")
    bad_rate["tiers"][1]["rate"] = 30
    bad_rate["kwh_total"] = -1
    secret = "30099999999"
    content = b"".join(
        (
            line(invented(3)[0]),
            b"no JSON\n",
            b"\n",
            line(bad_rate),
            b'{"schema":"ebill/1","status":"not_issued","account":{"number":"' + secret.encode() + b'","x":1}}\n',
            b"[" * 200_000 + b"\n",
            b'["123",null]\n',
            b"\xff\xfe\n",
            b'"' + b"x" * 5_000_000 + b'"\n',
            line(invented(3)[1]).rstrip(b"\n"),
        )
    )
    done = utility.publish(content)
    assert (done.bills, done.rejected) == (2, 7)
    assert [number for number, _ in utility.rejected] == [2, 4, 5, 6, 7, 8, 9]
    assert "tiers[1].rate is not a text" in utility.rejected[1][1]
    assert "kwh_total is too small" in utility.rejected[1][1]
    assert secret not in str(utility.rejected)


def test_the_last_line_of_an_account_counts(utility: Utility) -> None:
    first, second = (renewed(ACCOUNTS[0], kwh) for kwh in (100, 200))
    done = utility.publish([first, make_bill(number=ACCOUNTS[1]), second])
    assert done.bills == 2
    assert published(utility)[0] == second


def test_an_account_may_wait_beside_its_last_bill(utility: Utility) -> None:
    bill, waiting = make_bill(number=ACCOUNTS[0]), make_not_issued(ACCOUNTS[0])
    utility.publish([bill, waiting])
    assert published(utility) == [bill, waiting]
    utility.publish([renewed(ACCOUNTS[0], 77)])
    assert published(utility) == [renewed(ACCOUNTS[0], 77)]


def test_a_second_publication_is_a_delta_of_the_news(utility: Utility) -> None:
    utility.publish(make_bill(number=number) for number in ACCOUNTS)
    before = utility.manifest()
    utility.later(minutes=15)
    changed, new = renewed(ACCOUNTS[3], 5), make_bill(number="077777777")
    same = make_bill(number=ACCOUNTS[4])
    done = utility.publish(lines([changed, same, new]) + f'["{ACCOUNTS[5]}", null]\n["88888888", null]\n'.encode())
    after = utility.manifest()
    assert (done.kind, done.bills, done.objects) == ("delta", 3, 1)
    assert (after.base, after.snapshot) == (before.base, before.snapshot)
    assert after.generation > before.generation
    assert [(delta.seq, delta.as_of, delta.object.rows) for delta in after.deltas] == [(1, utility.now, 3)]
    standing_now = {document.account.number.digits: document for document in published(utility)}
    assert len(standing_now) == len(ACCOUNTS)
    assert standing_now[ACCOUNTS[3]] == changed
    assert standing_now["077777777"] == new
    assert ACCOUNTS[5] not in standing_now


def test_accounts_without_a_line_stay_as_they_are(utility: Utility) -> None:
    given = [make_bill(number=number) for number in ACCOUNTS]
    utility.publish(given)
    utility.publish(given[:2])
    assert published(utility) == given


def test_the_same_again_is_nothing_new_but_a_later_end(utility: Utility) -> None:
    utility.publish(invented(50))
    before = utility.manifest()
    utility.later(days=1)
    done = utility.publish(invented(50))
    after = utility.manifest()
    assert (done.kind, done.bills, done.objects, done.bytes) == ("unchanged", 50, 0, 0)
    assert (after.snapshot, after.deltas) == (before.snapshot, before.deltas)
    assert after.expires == before.expires + timedelta(days=1)


def test_deltas_follow_one_another_and_the_last_one_counts(utility: Utility) -> None:
    utility.publish(make_bill(number=number) for number in ACCOUNTS)
    for kwh in (1, 2, 3):
        utility.later(minutes=15)
        utility.publish([renewed(ACCOUNTS[0], kwh), make_not_issued(ACCOUNTS[1])])
    assert [delta.seq for delta in utility.manifest().deltas] == [1, 2, 3]
    assert published(utility)[0] == renewed(ACCOUNTS[0], 3)
    assert len(published(utility)) == len(ACCOUNTS) + 1


def test_a_clock_set_back_does_not_lower_the_generation(utility: Utility) -> None:
    first = utility.publish(invented(3))
    utility.later(days=-100)
    second = utility.publish([renewed(ACCOUNTS[0], 1)])
    assert second.generation == first.generation + 1


def test_a_new_month_is_a_new_snapshot_and_keeps_who_had_no_bill(
    utility: Utility, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "ROWS", 8)
    utility.publish(make_bill(number=number) for number in ACCOUNTS)
    before = utility.manifest()
    assert len(before.snapshot) == 3
    utility.later(days=31)
    done = utility.publish(renewed(number, 7) for number in ACCOUNTS[:15])
    after = utility.manifest()
    assert done.kind == "snapshot"
    assert after.base == after.generation > before.base
    assert after.deltas == [] and after.rows == len(ACCOUNTS)
    expected = [renewed(number, 7) for number in ACCOUNTS[:15]] + [make_bill(number=n) for n in ACCOUNTS[15:]]
    assert published(utility) == expected


def test_many_small_deltas_end_in_a_new_snapshot(utility: Utility, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.publish._MOST_DELTAS", 3)
    kinds = []
    for kwh in range(6):
        utility.later(minutes=15)
        kinds.append(utility.publish([renewed(ACCOUNTS[0], kwh), renewed(ACCOUNTS[1 + kwh], 1)]).kind)
    assert kinds == ["snapshot", "delta", "delta", "delta", "snapshot", "delta"]
    assert len(published(utility)) == 7


def test_objects_nobody_names_go_after_two_days(utility: Utility) -> None:
    board = Board(utility.folder, "all", utility.keys)
    utility.publish(invented(10))
    stray = utility.folder / "v1" / "objects" / ("0" * 64)
    stray.write_bytes(b"of a manifest long gone")
    old = (NOW - timedelta(days=3)).timestamp()
    for path in stray.parent.iterdir():
        os.utime(path, (old, old))
    assert board.prune(NOW) == 1
    assert not stray.exists()
    assert len(published(utility)) == 10


def test_objects_just_replaced_stay_for_terminals_that_are_fetching_them(
    utility: Utility, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.publish._MOST_DELTAS", 0)
    utility.publish([renewed(ACCOUNTS[0], 1)])
    first = utility.object_path()
    os.utime(first, (1, 1))  # written long ago
    utility.later(days=30)
    utility.publish([renewed(ACCOUNTS[0], 2)])
    assert first.exists()
    os.utime(first, (1, 1))
    utility.publish([renewed(ACCOUNTS[0], 3)])
    assert not first.exists()


def test_two_scopes_share_a_folder(tmp_path: Path) -> None:
    east, west = (Utility(tmp_path, scope=scope) for scope in ("region-east", "region-west"))
    for n, utility in enumerate((east, west)):
        utility.publish([make_bill(number=ACCOUNTS[n])])
        utility.publish([make_bill(number=ACCOUNTS[n]), make_bill(number=ACCOUNTS[10 + n])])
    assert [len(published(utility)) for utility in (east, west)] == [2, 2]
    assert east.manifest().scope == "region-east"


def test_nothing_readable_lies_in_what_is_served(utility: Utility) -> None:
    given = invented(50)
    utility.publish(given)
    utility.publish([renewed(given[5].account.number.digits, 3)])
    everything = b"".join(path.read_bytes() for path in utility.folder.rglob("*") if path.is_file())
    for text in (given[5].account.number.digits, "سعد", "Riyadh", "ebill/1"):
        assert text.encode() not in everything
    assert sorted(path.name for path in utility.folder.iterdir()) == [".publish", "v1"]
    assert list((utility.folder / ".publish").iterdir()) == []


def test_keys_are_made_once_and_for_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "utility.key"
    keys = Keys.open(path)
    again = Keys.open(path)
    assert again.scope.id == keys.scope.id
    assert again.signer.public_key() == keys.signer.public_key()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(path.with_name("utility.key.scope").stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"PUBLIC KEY" in path.with_name("utility.key.pub").read_bytes()
    assert keys.scope.text().strip() not in repr(keys)


@pytest.mark.parametrize(
    ("suffix", "content"), [("", b"no key"), ("", b""), (".scope", b"no key"), (".scope", b"")]
)
def test_a_file_that_is_no_key_is_never_replaced(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / "utility.key"
    Keys.open(path)
    path.with_name(path.name + suffix).write_bytes(content)
    with pytest.raises(KeyUnusable, match=r"utility\.key"):
        Keys.open(path)
    assert path.with_name(path.name + suffix).read_bytes() == content


def test_a_folder_published_with_other_keys_is_left_alone(utility: Utility, tmp_path: Path) -> None:
    utility.publish(invented(5))
    before = utility.manifest_path.read_bytes()
    other = Utility(tmp_path, keys=Keys.open(tmp_path / "other.key"))
    with pytest.raises(PackRefused, match="signed_by_another_key"):
        other.publish(invented(5))
    (tmp_path / "utility.key.scope").write_text("00" * 32)
    with pytest.raises(PackRefused, match="sealed_with_another_key"):
        Utility(tmp_path).publish(invented(5))
    assert utility.manifest_path.read_bytes() == before


def test_a_damaged_object_stops_the_next_publication(utility: Utility) -> None:
    utility.publish(invented(5))
    path = utility.object_path()
    whole = path.read_bytes()
    for broken in (whole[:-1], whole[:40] + b"x" + whole[41:], b""):
        path.write_bytes(broken)
        with pytest.raises(PackRefused, match="object_hash"):
            utility.publish([renewed(ACCOUNTS[0], 1)])
    path.unlink()
    with pytest.raises(PackRefused, match="object_missing"):
        utility.publish([renewed(ACCOUNTS[0], 1)])


class Broken(io.BytesIO):
    """Lines of a pipe that breaks."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= 150_000:
            raise BrokenPipeError
        return super().read(size)


def test_a_publication_broken_off_goes_on_with_what_was_read(
    utility: Utility, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading.chunks, "__kwdefaults__", {"size": 50_000})
    content = lines(invented(150))
    assert len(content) > 250_000
    with pytest.raises(BrokenPipeError):
        list(reading.chunks(Broken(content)))
    with monkeypatch.context() as patch:
        patch.setattr("io.BytesIO", Broken)
        with pytest.raises(BrokenPipeError):
            utility.publish(content)
    read: list[int] = []
    original = reading.read_chunk
    monkeypatch.setattr(reading, "read_chunk", lambda chunk: read.append(len(chunk)) or original(chunk))
    done = utility.publish(content)
    assert done.bills == 150
    assert 0 < sum(read) < len(content) - 100_000


def test_chunks_are_whole_lines_and_a_line_without_end_takes_no_memory() -> None:
    content = b"\n".join(b"%d" % n * (n % 50) for n in range(2000))
    for size in (7, 100, 4096, 10**6):
        pieces = list(reading.chunks(io.BytesIO(content), size=size))
        assert all(piece.endswith(b"\n") for piece in pieces[:-1])
        assert b"".join(pieces) == content
    pieces = list(reading.chunks(io.BytesIO(b"x" * 3_000_000 + b"\nend"), size=1000))
    assert [len(piece) < 100_000 for piece in pieces] == [True, True]
    assert list(reading.chunks(io.BytesIO(b""))) == []


def test_many_runs_are_merged_in_groups(utility: Utility, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.publish._MOST_RUNS", 3)
    monkeypatch.setattr("kiosk.publish._CONDENSED", 2)
    monkeypatch.setattr(reading.chunks, "__kwdefaults__", {"size": 30_000})
    given = list(invented(120))
    random.Random(2).shuffle(given)
    again = [*given, renewed(given[7].account.number.digits, 1), make_not_issued(given[8].account.number.digits)]
    assert utility.publish(again).bills == 120
    assert len(published(utility)) == 121


def test_several_processes_read_what_one_reads(
    utility: Utility, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.publish.workers._ALONE_BYTES", 0)
    monkeypatch.setattr(reading.chunks, "__kwdefaults__", {"size": 100_000})
    content = lines(invented(150)) + b"bad\n" + lines(invented(160)[150:])
    assert utility.publish(content).bills == 160
    assert utility.rejected == [(151, "document is not JSON at line 1 column 1")]
    assert published(utility) == by_account(invented(160))


def _publish(folder: Path, account: str) -> None:
    Utility(folder).publish([make_bill(number=account)])


def test_publications_at_once_wait_for_each_other(utility: Utility, tmp_path: Path) -> None:
    processes = [FORK.Process(target=_publish, args=(tmp_path, number)) for number in ACCOUNTS[:4]]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert len(published(utility)) == 4


def test_a_run_comes_back_and_an_altered_one_is_refused(tmp_path: Path, utility: Utility) -> None:
    path, key, held = tmp_path / "some.run", utility.keys.scope, many_rows(500)
    assert spool.write_run(path, held, note=b"note", key=key) == 500
    assert list(spool.read_run(path, key)) == held
    assert spool.read_note(path, key) == b"note"
    whole, chance = path.read_bytes(), random.Random(4)
    for _ in range(40):
        broken = bytearray(whole)
        broken[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(broken)
        with pytest.raises(PackRefused):
            list(spool.read_run(path, key))
    path.write_bytes(whole[:-5])
    with pytest.raises(PackRefused):
        list(spool.read_run(path, key))


def folded(*steps: str) -> standing.Standing:
    return standing.Standing().after(some_row(step) for step in steps)


def some_row(word: str) -> shards.Row:
    """`b1` a bill, `b2` another, `w` waiting, `g` gone."""
    match word:
        case "w":
            return rows.pack(make_not_issued(ACCOUNTS[0]))
        case "g":
            return Gone(account_key(ACCOUNTS[0]))
        case _:
            return pack(renewed(ACCOUNTS[0], int(word[1:])))


STEPS = ("b1", "b2", "w", "g")


def test_news_turn_what_stood_into_what_stands_whatever_came() -> None:
    from itertools import product

    for before_steps in product(STEPS, repeat=2):
        before = folded(*before_steps)
        for steps in product(STEPS, repeat=3):
            after = before.after(map(some_row, steps))
            # A pack tells who is gone first, then bills, then who waits.
            told = sorted(
                after.news(before), key=lambda row: ["Gone", "BillRow", "WaitingRow"].index(type(row).__name__)
            )
            assert before.after(told) == after
            assert before.after(standing.changes(map(some_row, steps))) == after
            assert (told == []) == (before == after)


def killed_publication(folder: Path, content: bytes, after_s: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk", "publish", "-", "--out", "published", "--key", "utility.key"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)},
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.communicate(content, timeout=after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.mark.slow
def test_a_killed_publication_leaves_what_was_published_and_goes_on(tmp_path: Path) -> None:
    utility, chance = Utility(tmp_path), random.Random(8)
    content = lines(invented(3000))
    for _ in range(20):
        killed_publication(tmp_path, content, chance.uniform(0.3, 4.0))
        if utility.manifest_path.exists():
            assert len(published(utility)) == 3000
    assert utility.publish(content).bills == 3000
    assert published(utility) == by_account(invented(3000))
    shutil.rmtree(utility.folder)


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    code = run([*arguments, "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out), said.err


def test_the_command_says_what_it_did_and_what_it_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bills, out, key = tmp_path / "bills.ndjson", str(tmp_path / "out"), str(tmp_path / "key.pem")
    bills.write_bytes(lines(invented(5)) + b"{}\n")
    code, said, told = called(capsys, "publish", str(bills), "--out", out, "--key", key)
    assert code == 0
    assert (said["bills"], said["rejected"], said["objects"]) == (5, 1, 1)
    assert said["bytes"] > 0 and said["seconds"] >= 0
    assert "line 6 left out: schema is missing" in told
    assert Path(out, "v1", "sync", "all", "manifest").exists()
    assert Path(key + ".pub").exists() and Path(key + ".scope").exists()


@pytest.mark.parametrize(
    ("arguments", "exit_code", "error"),
    [
        (["missing.ndjson", "--out", "out", "--key", "key"], 2, "not_read"),
        (["bills", "--out", "out", "--key", "no/such/folder/key"], 2, "key_unusable"),
        (["bills", "--out", "out", "--key", "key", "--scope", "../up"], 2, "scope"),
        (["bills", "--out", "bills", "--key", "key"], 2, "not_written"),
    ],
)
def test_the_command_tells_what_it_cannot_use(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    exit_code: int,
    error: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bills").write_bytes(lines(invented(2)))
    code, said, _ = called(capsys, "publish", *arguments)
    assert (code, said["error"]["code"]) == (exit_code, error)


def test_the_command_refuses_what_others_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bills").write_bytes(lines(invented(2)))
    assert called(capsys, "publish", "bills", "--out", "out", "--key", "one")[0] == 0
    code, said, _ = called(capsys, "publish", "bills", "--out", "out", "--key", "other")
    assert (code, said["error"]["code"]) == (1, "signed_by_another_key")


def test_a_manifest_says_nothing_of_whose_bills_they_are(utility: Utility) -> None:
    utility.publish(invented(20))
    held: Manifest = utility.manifest()
    for document in invented(20):
        assert document.account.number.digits not in repr(held)
