"""Why the service cannot be reached: each cause has its own word, found at its own step, against real sockets."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from kiosk.health import Verdict
from kiosk.service import Service, ServiceConfig
from kiosk.technician import network
from kiosk.technician.network import Step, StepResult, diagnose


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"status": "ready"}'
        status = 503 if self.server.maintenance and self.path == "/readyz" else 200  # type: ignore[attr-defined]
        self.send_response_only(status)
        self.send_header("Date", format_datetime(datetime.now(UTC), usegmt=True))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def secured(certificate: trustme.LeafCert, *, maintenance: bool = False) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    server.maintenance = maintenance  # type: ignore[attr-defined]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def codes(results: list[StepResult]) -> dict[str, str]:
    return {result.step.value: result.code for result in results}


def test_a_service_in_order_passes_every_step_timed(authority: trustme.CA, ca_file: str) -> None:
    told: list[StepResult] = []
    with secured(authority.issue_cert("localhost")) as url:
        results = diagnose(url, ca=ca_file, told=told.append)
    assert [(r.step, r.code) for r in results] == [(step, "ok") for step in Step]
    assert told == results
    assert all(result.took_ms >= 1 and result.finding.verdict is Verdict.OK for result in results)


def test_loopback_without_tls_has_no_tls_step() -> None:
    with Service(ServiceConfig()) as service:
        assert codes(diagnose(service.url)) == dict.fromkeys(("dns", "tcp", "clock", "service"), "ok")
        service.desk.maintenance = True
        assert codes(diagnose(service.url))["service"] == "maintenance"


def test_no_address_and_no_such_name() -> None:
    assert codes(diagnose(""))["dns"] == "no_address"
    results = diagnose("https://bills.nowhere.invalid")
    assert codes(results)["dns"] in ("unknown_host", "dns_timeout")
    assert [result.code for result in results[1:]] == ["not_tried"] * 4


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        results = diagnose(f"https://127.0.0.1:{unused.getsockname()[1]}")
    assert (results[1].code, results[1].finding.remedy) == (
        "refused",
        "the machine is there, the service is not: ask operations",
    )


def test_another_authority_a_wrong_name_and_an_expired_certificate(authority: trustme.CA, ca_file: str) -> None:
    past = datetime.now(UTC) - timedelta(days=2)
    for certificate, code in (
        (trustme.CA().issue_cert("localhost"), "certificate_untrusted"),
        (authority.issue_cert("bills.example.sa"), "wrong_name"),
        (authority.issue_cert("localhost", not_before=past - timedelta(1), not_after=past), "certificate_expired"),
    ):
        with secured(certificate) as url:
            assert codes(diagnose(url, ca=ca_file))["tls"] == code


def test_a_certificate_that_ends_soon_is_a_warning_with_its_date(authority: trustme.CA, ca_file: str) -> None:
    ends = datetime.now(UTC) + timedelta(days=5)
    with secured(authority.issue_cert("localhost", not_after=ends)) as url:
        tls = diagnose(url, ca=ca_file)[2]
    assert (tls.verdict, tls.code, tls.seen) == (Verdict.WARNING, "certificate_ends_soon", ends.date().isoformat())


def test_a_line_that_speaks_no_tls(ca_file: str) -> None:
    with Service(ServiceConfig()) as service:
        url = service.url.replace("http://127.0.0.1", "https://127.0.0.1")
        assert codes(diagnose(url, ca=ca_file))["tls"] == "tls_failed"


def test_a_ca_file_that_is_none(tmp_path: Path, authority: trustme.CA) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text("nothing")
    with secured(authority.issue_cert("localhost")) as url:
        assert codes(diagnose(url, ca=str(wrong)))["tls"] == "certificate_file"


def test_a_wrong_clock_is_told_with_how_far(authority: trustme.CA, ca_file: str) -> None:
    with secured(authority.issue_cert("localhost")) as url:
        results = diagnose(url, ca=ca_file, now=lambda: datetime.now(UTC) + timedelta(hours=3))
    clock = results[3]
    assert (clock.code, results[4].code) == ("skewed", "not_tried")
    assert clock.seen.startswith("+10") or clock.seen.startswith("+1080")


def test_a_name_server_that_does_not_answer_costs_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(network, "STEP_S", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: released.wait(10))
    try:
        assert diagnose("https://bills.example.sa")[0].code == "dns_timeout"
    finally:
        released.set()
