"""Handing something in over the hardened session; what it does when it only fetches is in `test_gateway`."""

from __future__ import annotations

import time

import pytest
from fault_server import FaultServer, Peer, Play, answer, chunked

from kiosk.http import Answer, HttpSession
from kiosk.wire import HttpFault

BODY = b'{"seq":1}\n{"seq":2}\n'
DEADLINE_S = 0.4


def reading(reply: bytes, seen: list[bytes], *, size: int = len(BODY)) -> Play:
    """Read one request with its body of `size` bytes, then send `reply`."""

    def play(peer: Peer) -> None:
        request = b""
        while len(request.partition(b"\r\n\r\n")[2]) < size:
            request += peer.wire.recv(65536)
        seen.append(request)
        peer.send(reply)

    return play


def post(server: FaultServer, *, body: bytes = BODY, max_bytes: int = 1000) -> Answer:
    session = HttpSession(server.url)
    try:
        return session.post(
            "/v1/events",
            body,
            headers={"Content-Type": "application/x-ndjson"},
            deadline_s=DEADLINE_S,
            max_bytes=max_bytes,
            content_types=("application/json",),
        )
    finally:
        session.close()


def test_a_body_arrives_whole_with_its_length_and_type() -> None:
    seen: list[bytes] = []
    with FaultServer(reading(answer(b"{}"), seen)) as server:
        assert post(server).body == b"{}"
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert body == BODY
    assert head.startswith(b"POST /v1/events HTTP/1.1\r\n")
    assert b"Content-Length: 20\r\n" in head + b"\r\n"
    assert b"Content-Type: application/x-ndjson" in head


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (answer(b"", status="304 Not Modified"), "redirect"),
        (answer(b"{}", status="206 Partial Content"), "http_206"),
        (answer(b"{}", status="302 Found", Location="http://127.0.0.1:1/"), "redirect"),
        (answer(b"{}", status="500 Oops"), "http_500"),
        (answer(b"{}", Content_Type="text/html"), "content_type"),
        (answer(b"{}", Content_Length=None), "no_length"),
        (answer(b"x" * 1001), "too_big"),
        (chunked(b"x" * 600, b"x" * 600), "too_big"),
        (chunked(b"{}", end=b""), "truncated"),
        (answer(b"{}", Content_Length="9"), "truncated"),
        (b"", "empty_reply"),
        (b"garbage\r\n\r\n", "protocol"),
    ],
)
def test_only_a_whole_acceptable_200_is_an_answer(reply: bytes, code: str) -> None:
    with FaultServer(reading(reply, [])) as server, pytest.raises(HttpFault) as fault:
        post(server)
    assert fault.value.code == code


def test_a_server_that_reads_nothing_is_given_up_at_the_deadline() -> None:
    with FaultServer(lambda peer: peer.over.wait(5)) as server:
        started = time.monotonic()
        with pytest.raises(HttpFault, match="deadline"):
            post(server, body=bytes(50 << 20))
        assert time.monotonic() - started < 5 * DEADLINE_S


def test_a_server_that_drips_its_answer_is_given_up_at_the_deadline() -> None:
    def play(peer: Peer) -> None:
        peer.wire.recv(65536)
        peer.drip(answer(b"{}"))

    with FaultServer(play) as server, pytest.raises(HttpFault, match="deadline"):
        post(server)


def test_how_long_to_wait_is_kept_and_capped() -> None:
    for value, kept in (("120", 120.0), ("99999", 3600.0)):
        reply = answer(b"{}", status="429 Too Many Requests", Retry_After=value)
        with FaultServer(reading(reply, [])) as server, pytest.raises(HttpFault) as fault:
            post(server)
        assert (fault.value.code, fault.value.retry_after_s) == ("http_429", kept)


def test_a_fault_holds_nothing_of_what_was_sent() -> None:
    with FaultServer(reading(b"", [])) as server, pytest.raises(HttpFault) as fault:
        post(server)
    error = fault.value
    assert error.__cause__ is None and error.__context__ is None
    assert "seq" not in repr(error) and "/v1" not in repr(error)
