from __future__ import annotations

import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from fault_server import FaultServer, Peer, always, answer, gzip_bomb
from pack_rigs import NOW, PackServer, Reply, Utility, many_rows
from sync_rigs import QUICK, Terminal, over_http

from kiosk.http import HttpSession
from kiosk.sync.source import FolderSource, HttpSource, ObjectMissing, SyncFault


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


def served(server: ssl.SSLContext, ca: Path) -> str:
    """What a sync over TLS ends with."""
    with FaultServer(always(answer(b"{}")), tls=server) as peer:
        source = HttpSource(HttpSession(peer.url, ca=ca), patience=QUICK, chance=lambda: 0.0)
        with pytest.raises(SyncFault) as fault:
            source.manifest("all", None)
        source.close()
    return fault.value.code


@pytest.mark.parametrize(
    ("name", "days", "code"),
    [
        ("127.0.0.1", (-9, -1), "tls_expired"),
        ("127.0.0.1", (1, 9), "tls_not_yet_valid"),
        ("packs.example.sa", (-1, 9), "tls_wrong_host"),
    ],
)
def test_a_server_that_cannot_prove_itself_is_not_listened_to(
    tmp_path: Path, name: str, days: tuple[int, int], code: str
) -> None:
    authority, ca = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    begin, end = (datetime.now(UTC) + timedelta(days=day) for day in days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_before=begin, not_after=end).configure_cert(context)
    assert served(context, ca) == code
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(stranger)
    assert served(stranger, ca) == "tls_untrusted"


def test_a_packed_bomb_in_the_place_of_a_manifest_is_refused(held: Terminal) -> None:
    with FaultServer(always(answer(gzip_bomb(), Content_Encoding="gzip"))) as server:
        source = over_http(server.url)
        with pytest.raises(SyncFault, match="too_big"):
            held.sync(source)
        source.close()
    assert held.count() == 60
