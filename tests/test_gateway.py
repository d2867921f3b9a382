from __future__ import annotations

import gc
import gzip
import logging
import socket
import ssl
import threading
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from functools import _lru_cache_wrapper
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
import trustme
from fault_server import (
    ACCOUNT,
    DOCUMENT,
    OTHER_ACCOUNT,
    FaultServer,
    Peer,
    Play,
    always,
    answer,
    chunked,
    gzip_bomb,
    once,
    unknown_account,
)

from kiosk import ebill
from kiosk.gateway import (
    AccountNotFound,
    AnswerUnusable,
    Fetched,
    GatewayError,
    GatewayUnreachable,
    HttpGateway,
    TooManyRequests,
    Unchanged,
)
from kiosk.http import HttpSession
from kiosk.model import AccountNumber
from kiosk.service import Service, ServiceConfig
from kiosk.wire import HttpFault

NUMBER = AccountNumber(ACCOUNT)
UNKNOWN_ACCOUNT = "99999999"
NOW = datetime(2026, 8, 29, 9, 0, tzinfo=UTC)
PACKED = gzip.compress(DOCUMENT)
DEADLINE_S = 0.5


def gateway_to(url: str, **options: Any) -> HttpGateway:
    settings = {"deadline_s": DEADLINE_S, "clock": lambda: NOW, "chance": lambda: 0.0, **options}
    return HttpGateway(url, **settings)


def fetch(server: FaultServer, *, etag: str | None = None, **options: Any) -> Fetched | Unchanged:
    gateway = gateway_to(server.url, **options)
    try:
        return gateway.fetch(NUMBER, etag=etag)
    finally:
        gateway.close()


def silent(peer: Peer) -> None:
    peer.hold()


def hang_up(peer: Peer) -> None:
    peer.head()


def torn(reply: bytes) -> Play:
    return once(reply, Peer.reset)


def replaced(old: str, new: str) -> Play:
    assert old.encode() in DOCUMENT
    return always(answer(DOCUMENT.replace(old.encode(), new.encode("latin-1"))))


def redirect(location: str, body: bytes = b"") -> bytes:
    return answer(body, status="302 Found", Location=location)


@pytest.fixture(autouse=True, scope="module")
def _validators_built() -> None:
    ebill.prepare()


UNREACHABLE = {
    "header drip": (once(b"HTTP/1.1 200 OK\r\n", lambda peer: peer.drip(b"X-A: b\r\n")), "deadline"),
    "body drip": (once(answer(b"", Content_Length="9000"), lambda peer: peer.drip(b" ")), "deadline"),
    "chunk drip": (once(chunked(end=b""), lambda peer: peer.drip(b"1\r\n \r\n")), "deadline"),
    "half a header block": (once(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", Peer.hold), "deadline"),
    "endless 100 Continue": (
        once(b"", lambda peer: peer.drip(b"HTTP/1.1 100 C\r\n\r\n", every_s=0.01)),
        "deadline",
    ),
    "silent server": (silent, "deadline"),
    "truncated gzip with its length": (always(answer(PACKED[:-9], Content_Encoding="gzip")), "truncated"),
    "truncated gzip in chunks": (always(chunked(PACKED[:-9], Content_Encoding="gzip")), "truncated"),
    "body cut short": (once(answer(DOCUMENT, Content_Length="9000")), "truncated"),
    "chunks cut short": (once(chunked(DOCUMENT, end=b"")), "truncated"),
    "chunk cut short": (once(chunked(end=b"fff\r\n" + DOCUMENT)), "truncated"),
    "reset in the body": (torn(answer(DOCUMENT, Content_Length="9000")), "reset"),
    "reset at once": (lambda peer: peer.reset() if peer.head() else None, "reset"),
    "empty reply": (hang_up, "empty_reply"),
    "garbage": (once(b"\x00\xff garbage\r\n\r\n"), "protocol"),
    "500 header lines": (always(answer(**{f"X_{n}": "a" for n in range(500)})), "protocol"),
    "200 KB header": (always(answer(X_Long="a" * 200_000)), "too_big_or_protocol"),
    "500": (always(answer(status="500 Internal Server Error")), "http_500"),
    "503": (always(answer(status="503 Service Unavailable")), "http_503"),
    "captive portal": (always(answer(b"<html>Welcome</html>", Content_Type="text/html")), "content_type"),
    "no content type": (always(answer(Content_Type=None)), "content_type"),
    "redirect to plain http": (always(redirect("http://127.0.0.1:9/")), "redirect"),
    "redirect in a circle": (always(redirect("/v1/bills/1")), "redirect"),
    "redirect with an endless body": (
        once(
            chunked(end=b"", Location="/").replace(b"200 OK", b"302 Found"), lambda peer: peer.flood(b"1\r\n \r\n")
        ),
        "redirect",
    ),
}
UNUSABLE = {
    "10 GB body": (once(answer(Content_Length=str(10**10)), lambda peer: peer.flood(bytes(65536))), "too_big"),
    "endless chunks": (
        once(chunked(end=b""), lambda peer: peer.flood(b"1000\r\n" + bytes(4096) + b"\r\n")),
        "too_big",
    ),
    "chunk of size -1": (once(chunked(end=b"-1\r\n"), lambda peer: peer.flood(bytes(65536))), "too_big"),
    "gzip bomb": (always(answer(gzip_bomb(), Content_Encoding="gzip")), "too_big"),
    "body without length, cut": (once(answer(DOCUMENT[:40], Content_Length=None)), "no_length"),
    "body without length, whole": (once(answer(Content_Length=None)), "no_length"),
    "length that is no number": (once(answer(Content_Length="-1")), "no_length"),
    "corrupt gzip": (always(answer(PACKED[:12] + b"\xff" + PACKED[13:], Content_Encoding="gzip")), "encoding"),
    "gzip with a tail": (always(answer(PACKED + b"tail", Content_Encoding="gzip")), "encoding"),
    "brotli unasked": (always(answer(Content_Encoding="br")), "encoding"),
    "403": (always(answer(status="403 Forbidden")), "http_403"),
    "206 unasked": (always(answer(status="206 Partial Content")), "http_206"),
    "304 unasked": (always(answer(b"", status="304 Not Modified")), "http_304"),
    "not JSON": (always(answer(b"{")), "json"),
    "NaN": (replaced('"residential"', "NaN"), "json"),
    "1e999": (replaced('"residential"', "1e999"), "bill_invalid"),
    "key twice": (replaced('"status"', '"schema": "ebill/1", "status"'), "bill_invalid"),
    "invalid UTF-8": (replaced("residential", "resid\xe9ntial"), "json"),
    "deeply nested": (always(answer(b"[" * 8000 + b"]" * 8000)), "json"),
    "number of 10 000 digits": (replaced('"residential"', "9" * 10_000), "json"),
    "byte order mark": (always(answer(b"\xef\xbb\xbf" + DOCUMENT)), "json"),
    "unknown schema": (replaced("ebill/1", "ebill/2"), "bill_invalid"),
    "missing fields": (replaced("not_issued", "issued"), "bill_invalid"),
    "another account's bill": (replaced(ACCOUNT, OTHER_ACCOUNT), "wrong_account"),
}


def _cases(table: dict[str, tuple[Play, str]]) -> list[Any]:
    return [pytest.param(play, code, id=name) for name, (play, code) in table.items()]


@pytest.mark.parametrize(("play", "code"), _cases(UNREACHABLE))
def test_a_fault_of_the_way_means_unreachable(play: Play, code: str) -> None:
    _assert_fault(play, code, GatewayUnreachable)


@pytest.mark.parametrize(("play", "code"), _cases(UNUSABLE))
def test_a_useless_answer_is_refused(play: Play, code: str) -> None:
    _assert_fault(play, code, AnswerUnusable)


def _assert_fault(play: Play, code: str, kind: type[GatewayError]) -> None:
    tracemalloc.start()
    with FaultServer(play) as server:
        started = time.monotonic()
        with pytest.raises(kind) as caught:
            fetch(server)
        took = time.monotonic() - started
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert caught.value.code in code.split("_or_")
    assert took < DEADLINE_S + 0.4
    assert peak < 4 << 20
    assert caught.value.__cause__ is None and caught.value.__context__ is None


@pytest.mark.parametrize(
    "reply",
    [
        answer(),
        answer(Content_Type="Application/JSON; charset=utf-8"),
        answer(Content_Encoding="identity"),
        answer(PACKED, Content_Encoding="gzip"),
        chunked(DOCUMENT[:10], DOCUMENT[10:]),
        chunked(PACKED[:10], PACKED[10:], Content_Encoding="GZIP"),
    ],
)
def test_a_whole_document_arrives_however_it_was_packed(reply: bytes) -> None:
    with FaultServer(always(reply)) as server:
        fetched = fetch(server)
    assert isinstance(fetched, Fetched)
    assert fetched.document == ebill.read(DOCUMENT)


LONG_AGO = "Sat, 29 Aug 2026 06:00:00 GMT"
LATELY = "Sat, 29 Aug 2026 08:59:58 GMT"
TOMORROW = "Sun, 30 Aug 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("last_modified", "date", "as_of"),
    [
        (LONG_AGO, LATELY, datetime(2026, 8, 29, 6, 0, tzinfo=UTC)),
        (None, LATELY, datetime(2026, 8, 29, 8, 59, 58, tzinfo=UTC)),
        ("yesterday", LATELY, datetime(2026, 8, 29, 8, 59, 58, tzinfo=UTC)),
        (None, None, NOW),
        (TOMORROW, LATELY, NOW),
        (None, TOMORROW, NOW),
        ("Sat, 29 Aug 99999 06:00:00 GMT", None, NOW),
    ],
)
def test_as_of_is_last_modified_else_date_and_never_in_the_future(
    last_modified: str | None, date: str | None, as_of: datetime
) -> None:
    with FaultServer(always(answer(Last_Modified=last_modified, Date=date))) as server:
        assert fetch(server).as_of == as_of


def test_an_unchanged_document_is_not_sent_again() -> None:
    with FaultServer(always(answer(b"", status="304 Not Modified", Date=LATELY))) as server:
        unchanged = fetch(server, etag='"v1"')
    assert unchanged == Unchanged(datetime(2026, 8, 29, 8, 59, 58, tzinfo=UTC))
    assert b'\r\nIf-None-Match: "v1"\r\n' in server.heads[0]


@pytest.mark.parametrize(("sent", "kept"), [('"v1"', '"v1"'), ('W/"v1"', 'W/"v1"'), ("v1", None), (None, None)])
def test_only_a_well_formed_etag_is_kept(sent: str | None, kept: str | None) -> None:
    with FaultServer(always(answer(ETag=sent))) as server:
        fetched = fetch(server)
    assert isinstance(fetched, Fetched)
    assert fetched.etag == kept


@pytest.mark.parametrize(
    ("header", "link"),
    [
        ('<https://app.example.sa/b/x>; rel="alternate"', "https://app.example.sa/b/x"),
        ('<https://app.example.sa/b/x>; type="text/html"; rel=alternate', "https://app.example.sa/b/x"),
        ('<https://a.sa/1>; rel="next", <https://a.sa/2>; rel="alternate appendix"', "https://a.sa/2"),
        ('<https://a.sa/1>; rel="next"', None),
        ('<https://a.sa/1>; title="rel=alternate"; rel="next"', None),
        ('<https://a.sa/1>; rel="alternatively"', None),
        ("https://a.sa/1", None),
        (None, None),
    ],
)
def test_the_alternate_link_is_passed_on_as_it_stands(header: str | None, link: str | None) -> None:
    with FaultServer(always(answer(Link=header))) as server:
        assert fetch(server).link == link


def test_an_unknown_account_is_not_a_fault_of_the_service(caplog: pytest.LogCaptureFixture) -> None:
    with FaultServer(always(unknown_account())) as server:
        gateway = gateway_to(server.url)
        for _ in range(7):
            with pytest.raises(AccountNotFound):
                gateway.fetch(NUMBER, etag=None)
        gateway.close()
    assert caplog.messages == []


PORTAL = b"<!doctype html><title>Wi-Fi</title><p>Please sign in."


@pytest.mark.parametrize(
    "reply",
    [
        answer(PORTAL, status="404 Not Found", Content_Type="text/html"),
        answer(b"", status="404 Not Found"),
        answer(b'{"code":"account_unknown"}', status="404 Not Found"),
        unknown_account("not_found"),
        unknown_account("no such account"),
        unknown_account(Content_Length="500"),
        unknown_account(Content_Length=None),
        answer(b"[" * 3000, status="404 Not Found", Content_Type="application/problem+json"),
        answer(b'{"code":7}', status="404 Not Found", Content_Type="application/problem+json"),
        answer(b'["code"]', status="404 Not Found", Content_Type="application/problem+json"),
        answer(b" " * 5000, status="404 Not Found", Content_Type="application/problem+json"),
    ],
)
def test_a_404_that_is_not_the_services_means_that_it_is_away(reply: bytes) -> None:
    with FaultServer(once(reply)) as server, pytest.raises(GatewayUnreachable) as caught:
        fetch(server)
    assert caught.value.code == "http_404"


def test_a_404_that_never_ends_is_over_at_the_deadline() -> None:
    def drip(peer: Peer) -> None:
        if peer.head():
            peer.drip(unknown_account(), every_s=0.1)

    began = time.monotonic()
    with FaultServer(drip) as server, pytest.raises(GatewayUnreachable):
        fetch(server)
    assert time.monotonic() - began < DEADLINE_S + 1


def test_the_reference_service_says_it_in_words_that_are_believed() -> None:
    with Service(ServiceConfig()) as service:
        gateway = gateway_to(service.url, deadline_s=5.0)
        with pytest.raises(AccountNotFound):
            gateway.fetch(AccountNumber(UNKNOWN_ACCOUNT), etag=None)
        gateway.close()
        elsewhere = gateway_to(f"{service.url}/wrong/path", deadline_s=5.0)
        with pytest.raises(GatewayUnreachable, match="http_404"):
            elsewhere.fetch(AccountNumber(UNKNOWN_ACCOUNT), etag=None)
        elsewhere.close()


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("5", 5), ("86400", 3600), (TOMORROW, 3600), (LATELY, 118), (LONG_AGO, 1), ("soon", 1), (None, 1)],
)
def test_retry_after_is_read_and_capped_at_an_hour(retry_after: str | None, seconds: int) -> None:
    date = "Sat, 29 Aug 2026 08:58:00 GMT"
    reply = answer(b"", status="429 Too Many Requests", Retry_After=retry_after, Date=date)
    with FaultServer(always(reply)) as server, pytest.raises(TooManyRequests) as caught:
        fetch(server)
    assert caught.value.retry_after_s == seconds
    assert len(server.heads) == 1


class Clock:
    """Monotonic time by hand; a pause moves it on."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(
    ("status", "retry_after", "hold_s"),
    [("429 Too Many Requests", "40", 40), ("429 Too Many Requests", "86400", 300), ("503 Away", "60", 60)],
)
def test_the_service_is_left_alone_for_as_long_as_it_asked(status: str, retry_after: str, hold_s: int) -> None:
    clock = Clock()
    with FaultServer(always(answer(b"", status=status, Retry_After=retry_after))) as server:
        gateway = gateway_to(server.url, monotonic=clock)
        for passed_s, calls in ((0, 1), (hold_s - 1, 1), (1, 2)):
            clock.now += passed_s
            with pytest.raises((TooManyRequests, GatewayUnreachable)):
                gateway.fetch(NUMBER, etag=None)
            assert len(server.heads) == calls
        gateway.close()


def replies_then(*plays: Play) -> Play:
    """A part that plays the next of `plays` for each new connection, the last one for all that follow."""
    waiting = chain(plays, repeat(plays[-1]))
    return lambda peer: next(waiting)(peer)


def reset_at_once(peer: Peer) -> None:
    if peer.head():
        peer.reset()


@pytest.mark.parametrize("fault", [reset_at_once, hang_up, once(answer(b"", status="503 Away"))])
def test_a_passing_fault_is_tried_again_inside_the_deadline(fault: Play) -> None:
    clock = Clock()
    with FaultServer(replies_then(fault, fault, always(answer()))) as server:
        fetch(server, monotonic=clock, pause=clock.pause, chance=lambda: 0.5)
    assert len(server.heads) == 3
    assert clock.pauses == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(
    ("play", "tries"),
    [
        (reset_at_once, 3),
        (always(answer(b"", status="500 Oops")), 1),
        (always(answer(b"", status="503 Away", Retry_After="1")), 1),
        (always(answer(b"{}")), 1),
        (silent, 1),
    ],
)
def test_no_more_than_three_tries_and_none_that_cannot_help(play: Play, tries: int) -> None:
    with FaultServer(play) as server, pytest.raises(GatewayError):
        fetch(server, pause=lambda seconds: None)
    assert len(server.peers) == tries


def test_no_pause_reaches_beyond_the_deadline() -> None:
    clock = Clock()
    with FaultServer(reset_at_once) as server, pytest.raises(GatewayUnreachable):
        fetch(server, monotonic=clock, pause=clock.pause, chance=lambda: 0.999, deadline_s=0.3)
    assert clock.pauses == pytest.approx([0.1998])


def assert_left_alone(gateway: HttpGateway) -> None:
    with pytest.raises(GatewayUnreachable, match="left_alone"):
        gateway.fetch(NUMBER, etag=None)


def test_after_five_faults_the_service_is_left_alone_then_probed(caplog: pytest.LogCaptureFixture) -> None:
    clock, failing = Clock(), True

    def play(peer: Peer) -> None:
        while peer.head():
            peer.send(answer(status="500 Oops" if failing else "200 OK"))

    caplog.set_level(logging.INFO)
    with FaultServer(play) as server:
        gateway = gateway_to(server.url, monotonic=clock)
        for calls, hold_s in ((5, 30), (1, 60), (1, 120), (1, 240), (1, 300), (1, 300)):
            for _ in range(calls):
                with pytest.raises(GatewayUnreachable, match="http_500"):
                    gateway.fetch(NUMBER, etag=None)
            clock.now += hold_s - 1
            assert_left_alone(gateway)
            clock.now += 1
        failing = False
        for _ in range(2):
            gateway.fetch(NUMBER, etag=None)
        gateway.close()
    assert len(server.heads) == 12
    assert caplog.messages == ["bill service away: http_500", "bill service back"]


def test_only_one_call_probes_a_service_left_alone() -> None:
    clock, asked, go_on = Clock(), threading.Event(), threading.Event()

    def slow(peer: Peer) -> None:
        peer.head()
        asked.set()
        go_on.wait(5)
        peer.send(answer())

    with FaultServer(replies_then(*[once(answer(status="500 Oops"))] * 5, slow)) as server:
        gateway = gateway_to(server.url, monotonic=clock, deadline_s=5)
        for _ in range(5):
            with pytest.raises(GatewayUnreachable):
                gateway.fetch(NUMBER, etag=None)
        clock.now += 30
        probe = threading.Thread(target=gateway.fetch, args=(NUMBER,), kwargs={"etag": None})
        probe.start()
        assert asked.wait(5)
        assert_left_alone(gateway)
        go_on.set()
        probe.join(5)
        gateway.close()


def test_calls_share_a_connection_and_survive_its_end() -> None:
    with FaultServer(replies_then(once(answer()), always(answer()))) as server:
        gateway = gateway_to(server.url)
        for _ in range(4):
            gateway.fetch(NUMBER, etag=None)
        gateway.close()
    assert len(server.peers) == 2
    assert len(server.heads) == 4


def test_threads_do_not_get_in_each_others_way() -> None:
    fetched: list[object] = []
    with FaultServer(always(answer())) as server:
        gateway = gateway_to(server.url, deadline_s=5)
        threads = [
            threading.Thread(target=lambda: fetched.append(gateway.fetch(NUMBER, etag=None))) for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        gateway.close()
    assert len(fetched) == 12


def test_a_deadline_in_one_thread_leaves_the_others_alone() -> None:
    held = threading.Event()

    def first_hangs(peer: Peer) -> None:
        peer.head()
        held.set()
        peer.hold()

    with FaultServer(replies_then(first_hangs, always(answer()))) as server:
        gateway = gateway_to(server.url)
        faults: list[str] = []

        def hang() -> None:
            try:
                gateway.fetch(NUMBER, etag=None)
            except GatewayError as error:
                faults.append(error.code)

        thread = threading.Thread(target=hang)
        thread.start()
        assert held.wait(5)
        while thread.is_alive():
            gateway.fetch(NUMBER, etag=None)
        gateway.close()
    assert faults == ["deadline"]


def test_nobody_listening_is_told_from_a_name_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(silent) as server:
        pass
    with pytest.raises(GatewayUnreachable, match="refused"):
        gateway_to(server.url).fetch(NUMBER, etag=None)
    monkeypatch.setattr(socket, "getaddrinfo", _unknown)
    with pytest.raises(GatewayUnreachable, match="dns"):
        gateway_to("https://bills.example.sa").fetch(NUMBER, etag=None)


def _unknown(*args: Any, **kwargs: Any) -> Any:
    raise socket.gaierror(socket.EAI_NONAME, "unknown")


def test_a_name_server_that_does_not_answer_cannot_outlast_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: over.wait(10))
    started = time.monotonic()
    with pytest.raises(GatewayUnreachable, match=r"dns|deadline"):
        gateway_to("https://bills.example.sa", deadline_s=0.3).fetch(NUMBER, etag=None)
    over.set()
    assert time.monotonic() - started < 0.8


def test_the_environment_names_no_proxy_and_no_cookie_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with FaultServer(always(answer(Set_Cookie="visitor=1; Path=/"))) as server:
        gateway = gateway_to(server.url)
        for _ in range(2):
            gateway.fetch(NUMBER, etag=None)
        gateway.close()
    assert b"cookie" not in b"".join(server.heads).lower()


@pytest.mark.parametrize(
    "reply",
    [
        answer(),
        answer(b"{"),
        answer(status="500 Oops"),
        answer(b"", status="404 Not Found"),
        unknown_account(),
        answer(DOCUMENT.replace(b"residential", b"palace")),
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno header\r\n\r\n{}",
        answer(b"", status="302 Found", Location="/" + ACCOUNT),
    ],
)
def test_no_log_line_and_no_error_holds_the_account_number(
    reply: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultServer(always(reply)) as server:
        try:
            fetch(server)
        except GatewayError as error:
            logging.getLogger("test").exception("%r %s", error, error)
    assert ACCOUNT not in caplog.text + "".join(capfd.readouterr())
    assert ACCOUNT.encode() in server.heads[0]


def test_no_library_remembers_the_account_number() -> None:
    with FaultServer(always(answer())) as server:
        fetch(server)
    caches = [each for each in gc.get_objects() if type(each) is _lru_cache_wrapper]
    kept = [each.__qualname__ for each in caches if ACCOUNT in str(gc.get_referents(each))]
    assert (bool(caches), kept) == (True, [])


@pytest.mark.parametrize(
    "url",
    [
        "http://bills.example.sa",
        "http://127.0.0.1.example.sa",
        "ftp://127.0.0.1",
        "https://",
        "",
        "https://user:word@bills.example.sa",
        "https://bills.example.sa/?next=1",
    ],
)
def test_an_address_that_may_not_be_used_is_refused_when_configured(url: str) -> None:
    with pytest.raises(ValueError, match="the address must"):
        gateway_to(url)


def test_an_object_of_any_type_arrives_under_its_own_cap() -> None:
    shard = bytes(range(256)) * 4096
    with FaultServer(always(answer(shard, Content_Type="application/octet-stream"))) as server:
        session = HttpSession(server.url)
        got = session.get("/v1/objects/0", headers={"Range": "bytes=0-"}, deadline_s=5, max_bytes=1 << 20)
        with pytest.raises(HttpFault, match="too_big"):
            session.get("/v1/objects/0", headers={}, deadline_s=5, max_bytes=(1 << 20) - 1)
        session.close()
    assert got.body == shard


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def server_context(
    authority: trustme.CA, *names: str, not_before: datetime | None = None, not_after: datetime | None = None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_before=not_before, not_after=not_after).configure_cert(context)
    return context


def tls_1_1(context: ssl.SSLContext) -> ssl.SSLContext:
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def asking_for_client(context: ssl.SSLContext, authority: trustme.CA, version: ssl.TLSVersion) -> ssl.SSLContext:
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = version
    return context


def fetch_tls(context: ssl.SSLContext, ca_file: Path, **options: Any) -> Fetched | Unchanged:
    with FaultServer(always(answer()), tls=context) as server:
        return fetch(server, ca=ca_file, deadline_s=3, **options)


def test_tls_with_our_authority_is_believed(authority: trustme.CA, ca_file: Path) -> None:
    assert isinstance(fetch_tls(server_context(authority, "127.0.0.1"), ca_file), Fetched)


def test_tls_trusts_nobody_but_the_pinned_authority(authority: trustme.CA, ca_file: Path) -> None:
    with FaultServer(always(answer()), tls=server_context(authority, "127.0.0.1")) as server:
        gateway = gateway_to(server.url, ca=ca_file, deadline_s=3)
        gateway.fetch(NUMBER, etag=None)
        adapter = gateway._session._session.get_adapter(server.url)
        gateway.close()
    assert len(adapter._tls.get_ca_certs()) == 1


def days(count: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=count)


@pytest.mark.parametrize(
    ("names", "dates", "code"),
    [
        (("127.0.0.1",), {"not_before": days(-9), "not_after": days(-1)}, "tls_expired"),
        (("127.0.0.1",), {"not_before": days(1), "not_after": days(9)}, "tls_not_yet_valid"),
        (("127.0.0.2",), {}, "tls_wrong_host"),
        (("bills.example.sa",), {}, "tls_wrong_host"),
    ],
)
def test_a_certificate_that_does_not_hold_says_why(
    authority: trustme.CA,
    ca_file: Path,
    caplog: pytest.LogCaptureFixture,
    names: tuple[str, ...],
    dates: dict[str, datetime],
    code: str,
) -> None:
    with pytest.raises(GatewayUnreachable, match=code):
        fetch_tls(server_context(authority, *names, **dates), ca_file)
    assert ("clock" in caplog.text) == (not code.endswith("host"))


def test_a_certificate_of_another_authority_is_refused(ca_file: Path) -> None:
    with pytest.raises(GatewayUnreachable, match="tls_untrusted"):
        fetch_tls(server_context(trustme.CA(), "127.0.0.1"), ca_file)


@pytest.mark.filterwarnings("ignore:.*TLSv1_1 is deprecated")
def test_tls_1_1_is_refused(authority: trustme.CA, ca_file: Path) -> None:
    with pytest.raises(GatewayUnreachable, match="tls_version"):
        fetch_tls(tls_1_1(server_context(authority, "127.0.0.1")), ca_file)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_missing_client_certificate_is_named(
    authority: trustme.CA, ca_file: Path, version: ssl.TLSVersion
) -> None:
    with pytest.raises(GatewayUnreachable, match="tls_client_cert"):
        fetch_tls(asking_for_client(server_context(authority, "127.0.0.1"), authority, version), ca_file)


def test_a_client_certificate_is_shown_to_the_service(
    authority: trustme.CA, ca_file: Path, tmp_path: Path
) -> None:
    own = tmp_path / "terminal.pem"
    authority.issue_cert("terminal-1").private_key_and_cert_chain_pem.write_to_path(own)
    context = asking_for_client(server_context(authority, "127.0.0.1"), authority, ssl.TLSVersion.TLSv1_3)
    assert isinstance(fetch_tls(context, ca_file, client_cert=own), Fetched)


@pytest.mark.parametrize("play", [silent, lambda peer: peer.drip(b"\x16\x03\x03\x40\x00" + bytes(400))])
def test_a_tls_handshake_cannot_outlast_the_deadline(play: Play, ca_file: Path) -> None:
    with FaultServer(play) as server, pytest.raises(GatewayUnreachable, match="deadline"):
        gateway_to(server.url.replace("http:", "https:"), ca=ca_file).fetch(NUMBER, etag=None)


def test_plain_http_behind_an_https_address_is_a_fault_of_tls(ca_file: Path) -> None:
    with FaultServer(lambda peer: peer.send(answer())) as server, pytest.raises(GatewayUnreachable, match="tls"):
        gateway_to(server.url.replace("http:", "https:"), ca=ca_file).fetch(NUMBER, etag=None)
