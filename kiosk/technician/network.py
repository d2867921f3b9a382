"""Why the bill service cannot be reached, one step after the other: name, connection, TLS, clock, service.

Each step is timed and comes out as a word that a screen has a sentence for, in the technician's language.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from kiosk.health import Finding, Verdict

STEP_S = 4.0
"""How long one step may take."""

SKEW_S = 60.0
"""A clock that is wrong by more makes one-time codes fail; by a day, certificates."""

CERTIFICATE_SOON_DAYS = 30


class Step(StrEnum):
    """What is tried, in this order."""

    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    CLOCK = "clock"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one step came out. `code` is a word ("ok", "unknown_host", "refused", ...), `seen` is what was seen.

    `took_ms` is 0 for a step that was not tried because an earlier one failed (`code` "not_tried").
    """

    step: Step
    verdict: Verdict
    code: str
    seen: str = ""
    took_ms: int = 0

    @property
    def finding(self) -> Finding:
        """The same as a line of the readiness report."""
        seen = f"{self.code}: {self.seen}" if self.seen else self.code
        return Finding(f"network {self.step}", self.verdict, seen, _REMEDIES.get(self.code, ""))


_REMEDIES = {
    "no_address": "set gateway.url, or pair with the bill service",
    "unknown_host": "check the name in gateway.url and the network's name server",
    "dns_timeout": "check cable or signal, and the network's name server",
    "refused": "the machine is there, the service is not: ask operations",
    "timeout": "check cable, signal and firewall",
    "unreachable": "check cable or signal",
    "certificate_untrusted": "pair again, or set gateway.ca",
    "certificate_expired": "check the clock; else ask operations",
    "certificate_not_yet": "check the clock",
    "wrong_name": "check the name in gateway.url",
    "client_certificate": "pair again: the terminal's certificate is not accepted",
    "skewed": "set the clock, or let the network set it",
    "maintenance": "the service is being looked after: wait",
}

Announce = Callable[[StepResult], None]


def diagnose(
    url: str,
    *,
    ca: str = "",
    client_certificate: str = "",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    told: Announce = lambda result: None,
) -> list[StepResult]:
    """Try all steps to the service at `url`; takes up to 20 s, so call it on a worker.

    Args:
        url: as `gateway.url`; empty gives "no_address".
        ca: as `gateway.ca`.
        client_certificate: as `gateway.client_certificate`.
        now: the wall clock, for the comparison with the service's.
        told: called at once with each step's result, on the thread of the call.
    """
    run = _Run(url, ca, client_certificate, now)
    results: list[StepResult] = []
    for step, attempt in run.steps():
        if any(result.verdict is Verdict.FAILED for result in results):
            result = StepResult(step, Verdict.FAILED, "not_tried")
        else:
            result = _timed(step, attempt)
        results.append(result)
        told(result)
    return results


Found = tuple[Verdict, str, str]
"""Verdict, code and what was seen."""


def _timed(step: Step, attempt: Callable[[], Found]) -> StepResult:
    began = time.monotonic()
    verdict, code, seen = attempt()
    return StepResult(step, verdict, code, seen, max(1, round((time.monotonic() - began) * 1000)))


class _Run:
    """The steps to one address, each with what the ones before it found."""

    def __init__(self, url: str, ca: str, client_certificate: str, now: Callable[[], datetime]) -> None:
        self._url, self._ca, self._certificate, self._now = url, ca, client_certificate, now
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._is_tls = parts.scheme == "https"
        self._port = parts.port or (443 if self._is_tls else 80)
        self._addresses: list[str] = []

    def steps(self) -> Iterator[tuple[Step, Callable[[], Found]]]:
        yield Step.DNS, self._dns
        yield Step.TCP, self._tcp
        if self._is_tls:
            yield Step.TLS, self._tls
        yield Step.CLOCK, self._clock
        yield Step.SERVICE, self._service

    def _dns(self) -> Found:
        if not self._host:
            return Verdict.FAILED, "no_address", ""
        # The system's own look-up knows no time limit; a thread that hangs ends with it.
        pool = ThreadPoolExecutor(1, "dns")
        try:
            looked_up = pool.submit(socket.getaddrinfo, self._host, self._port, 0, socket.SOCK_STREAM)
            found = looked_up.result(STEP_S)
        except TookTooLong:
            return Verdict.FAILED, "dns_timeout", self._host
        except (OSError, UnicodeError):
            return Verdict.FAILED, "unknown_host", self._host
        finally:
            pool.shutdown(wait=False)
        self._addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        return Verdict.OK, "ok", ", ".join(self._addresses[:3])

    def _tcp(self) -> Found:
        try:
            self._connected().close()
        except OSError as error:
            return Verdict.FAILED, _tcp_code(error), f"{self._host}:{self._port}"
        return Verdict.OK, "ok", f"{self._host}:{self._port}"

    def _tls(self) -> Found:
        try:
            context = ssl.create_default_context(cafile=self._ca or None)
            if self._certificate:
                context.load_cert_chain(self._certificate)
        except (OSError, ssl.SSLError):
            return Verdict.FAILED, "certificate_file", self._ca or self._certificate
        try:
            with self._connected() as line, context.wrap_socket(line, server_hostname=self._host) as secured:
                return _expiry(secured.getpeercert() or {}, self._now())
        except ssl.SSLCertVerificationError as error:
            return Verdict.FAILED, _certificate_code(error), error.verify_message
        except (OSError, ssl.SSLError) as error:
            return Verdict.FAILED, "tls_failed", str(getattr(error, "reason", None) or type(error).__name__)

    def _clock(self) -> Found:
        from kiosk.http import http_date

        fault, headers = self._asked("/healthz")
        theirs = http_date(headers.get("date", ""))
        if theirs is None:
            return Verdict.WARNING, "no_time_told", fault
        skew_s = round((self._now() - theirs).total_seconds())
        if abs(skew_s) > SKEW_S:
            return Verdict.FAILED, "skewed", f"{skew_s:+d} s"
        return Verdict.OK, "ok", f"{skew_s:+d} s"

    def _service(self) -> Found:
        fault, _ = self._asked("/readyz")
        if not fault:
            return Verdict.OK, "ok", ""
        code = {"http_503": "maintenance", "client_certificate": "client_certificate"}.get(fault, "not_ready")
        return Verdict.FAILED, code, fault

    def _asked(self, path: str) -> tuple[str, dict[str, str]]:
        """What went wrong, or empty; and the headers of the answer by small names."""
        from kiosk.http import HttpSession
        from kiosk.wire import HttpFault

        files = [Path(name) if name else None for name in (self._ca, self._certificate)]
        try:
            session = HttpSession(self._url, ca=files[0], client_cert=files[1])
        except (ValueError, OSError):
            return "address_unusable", {}
        try:
            answer = session.get(path, headers={}, deadline_s=STEP_S, max_bytes=4096)
        except HttpFault as error:
            return error.code, {}
        finally:
            session.close()
        return "", {name.lower(): value for name, value in answer.headers.items()}

    def _connected(self) -> socket.socket:
        last: OSError = TimeoutError()
        for address in self._addresses:
            try:
                return socket.create_connection((address, self._port), timeout=STEP_S)
            except OSError as error:
                last = error
        raise last


def _tcp_code(error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return "refused"
        case TimeoutError():
            return "timeout"
    return "unreachable"


def _certificate_code(error: ssl.SSLCertVerificationError) -> str:
    # X509_V_ERR_CERT_NOT_YET_VALID, _CERT_HAS_EXPIRED and _HOSTNAME_MISMATCH of OpenSSL's x509_vfy.h.
    codes = {9: "certificate_not_yet", 10: "certificate_expired", 62: "wrong_name", 64: "wrong_name"}
    return codes.get(error.verify_code, "certificate_untrusted")


def _expiry(certificate: object, now: datetime) -> Found:
    ends = certificate.get("notAfter") if isinstance(certificate, dict) else None
    if not isinstance(ends, str):
        return Verdict.OK, "ok", ""
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
    days = (until - now).days
    seen = until.date().isoformat()
    if days < CERTIFICATE_SOON_DAYS:
        return Verdict.WARNING, "certificate_ends_soon", seen
    return Verdict.OK, "ok", seen
