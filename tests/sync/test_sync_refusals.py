from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pack_rigs import NOW, PackServer, Utility, invented, many_rows, renewed
from sync_rigs import ACCOUNTS, Terminal, over_http, refusal

from kiosk.packs import shards
from kiosk.packs.figures import FIELDS
from kiosk.packs.sealing import PackRefused, ScopeKey, object_name
from kiosk.packs.texts import Texts
from kiosk.publish import Keys as PublisherKeys
from kiosk.sync import ScopeKeyWrong


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
    held.keys = replace(held.keys, scopes=(ScopeKey.new(),))
    with pytest.raises(ScopeKeyWrong):
        held.sync()
    utility.repost(scope_key_id=held.keys.scopes[0].id)
    assert refusal(held) == "object_sealed_otherwise"
