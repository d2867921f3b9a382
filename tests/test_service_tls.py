"""The service over https: terminals known by their certificates, phones let in to their page, several processes."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from test_service_events import event

from kiosk.model import AccountNumber
from kiosk.service import Service, ServiceConfig, certificates
from kiosk.service.certificates import Tls

A = "30012345678"
NOW = datetime(2026, 9, 15, 9, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    certificates.make(folder, hosts=["127.0.0.1", "localhost"], terminals=["T-0007", "T-0008"])
    return folder


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    config = ServiceConfig(now=lambda: NOW, rate_per_min=60, burst=2, lists_received=True)
    with Service(config, tls=Tls.of(folder)) as service:
        yield service


def asked(service: Service, folder: Path, path: str, terminal: str | None = None) -> requests.Response:
    cert = str(folder / f"{terminal}.pem") if terminal else None
    return requests.get(f"{service.url}{path}", verify=str(folder / "ca.pem"), cert=cert, timeout=10)


def test_the_gateway_is_answered_with_its_certificate(service: Service, folder: Path) -> None:
    from kiosk.gateway import HttpGateway

    pem = folder / "T-0008.pem"
    gateway = HttpGateway(service.url, ca=folder / "ca.pem", client_cert=pem)
    fetched = gateway.fetch(AccountNumber.parse(A), etag=None)
    assert type(fetched).__name__ == "Fetched"


def test_without_a_certificate_no_account_is_told_of_and_a_phone_still_gets_its_page(
    service: Service, folder: Path
) -> None:
    refused = asked(service, folder, f"/v1/bills/{A}")
    assert (refused.status_code, refused.json()["code"]) == (403, "certificate_needed")
    link = asked(service, folder, f"/v1/bills/{A}", "T-0007").links["alternate"]["url"]
    assert link.startswith("https://")
    assert requests.get(link, verify=str(folder / "ca.pem"), timeout=10).status_code == 200
    assert asked(service, folder, "/readyz").status_code == 200


def test_terminals_at_one_address_have_limits_of_their_own(folder: Path) -> None:
    config = ServiceConfig(now=lambda: NOW, rate_per_min=0.001, burst=2)
    with Service(config, tls=Tls.of(folder)) as service:
        first = [asked(service, folder, f"/v1/bills/{A}", "T-0007").status_code for _ in range(3)]
        other = asked(service, folder, f"/v1/bills/{A}", "T-0008").status_code
    assert (first, other) == ([200, 200, 429], 200)


def test_a_terminal_reports_under_its_own_name_only(service: Service, folder: Path) -> None:
    lines = json.dumps(event(1)).encode() + b"\n" + json.dumps(event(2, kiosk="T-0008")).encode()
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "one"}
    answer = requests.post(
        f"{service.url}/v1/events",
        lines,
        headers=headers,
        verify=str(folder / "ca.pem"),
        cert=str(folder / "T-0008.pem"),
        timeout=10,
    )
    said = [(line["verdict"], line.get("reason")) for line in answer.json()["events"]]
    assert said == [("rejected", "another_kiosk"), ("accepted", None)]


def test_a_certificate_of_another_authority_is_refused_in_the_handshake(
    service: Service, folder: Path, tmp_path: Path
) -> None:
    certificates.make(tmp_path, hosts=["127.0.0.1"], terminals=["T-0007"])
    with pytest.raises((requests.exceptions.SSLError, requests.exceptions.ConnectionError)):
        requests.get(
            f"{service.url}/v1/bills/{A}",
            verify=str(folder / "ca.pem"),
            cert=str(tmp_path / "T-0007.pem"),
            timeout=10,
        )


def test_certificates_are_added_to_and_their_keys_are_nobody_elses(folder: Path, tmp_path: Path) -> None:
    before = certificates.make(tmp_path, hosts=["localhost"], terminals=["T-1"])
    kept = {path: path.read_bytes() for path in before}
    after = certificates.make(tmp_path, hosts=["localhost"], terminals=["T-1", "T-2"])
    assert [path.name for path in after] == ["ca.pem", "service.pem", "T-1.pem", "T-2.pem"]
    assert {path: path.read_bytes() for path in before} == kept
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert {name for name, mode in modes.items() if mode != 0o600} == {"ca.pem"}
    ssl.create_default_context(cafile=str(tmp_path / "ca.pem")).load_cert_chain(tmp_path / "T-2.pem")
    with pytest.raises(ValueError, match="name of a terminal"):
        certificates.make(tmp_path, hosts=["localhost"], terminals=["../T"])


@pytest.fixture
def crew(folder: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    words = [
        "service",
        "--workers",
        "2",
        "--data",
        str(tmp_path),
        "--tls",
        str(folder),
        "--json",
        "--subscribers",
        "50",
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "kiosk", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        yield process, json.loads(process.stdout.readline())["url"]
        process.terminate()
        assert process.wait(20) == 0


def _children(process: subprocess.Popen[str]) -> set[int]:
    return {int(word) for word in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()}


def test_workers_answer_for_each_other_and_one_that_dies_is_made_anew(
    crew: tuple[subprocess.Popen[str], str], folder: Path
) -> None:
    process, url = crew
    with requests.Session() as session:
        session.trust_env = False
        session.verify, session.cert = str(folder / "ca.pem"), str(folder / "T-0007.pem")
        before = _children(process)
        links = [session.get(f"{url}/v1/bills/{A}", timeout=10).links["alternate"]["url"] for _ in range(3)]
        for link in links:
            assert requests.get(link, verify=str(folder / "ca.pem"), timeout=10).status_code == 200
        for victim in before:
            os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while len(_children(process) - before) < len(before) and time.monotonic() < deadline:
            time.sleep(0.05)
        fresh = requests.get(links[0], verify=str(folder / "ca.pem"), timeout=20)
        assert fresh.status_code == 200
