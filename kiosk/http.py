"""One hardened way to ask the utility's servers: a `requests` session that cannot hang, swell or be led astray.

Whatever the other side does, a call ends by its deadline, takes no more than its size cap off the wire, follows
no redirect, believes no proxy or CA of the environment, and either returns a whole body or raises `HttpFault`.
"""

from __future__ import annotations

import http.client
import json
import logging
import re
import ssl
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from kiosk.wire import Call, HttpFault, LoopbackPool, TlsPool, fault_of

RETRY_AFTER_CAP_S = 3600.0
"""No server sends us away for longer than this, whatever its Retry-After says."""

_READ_TIMEOUT_S = 3.0
_PIECE = 65536
_GOOD = {"GET": (200, 206, 304), "POST": (200,)}
_LOOPBACK = re.compile(r"127(\.\d{1,3}){3}|localhost|::1")
_NUMBER = re.compile(r"[0-9]{1,18}")
_PROBLEM_TYPES = ("application/problem+json",)
_PROBLEM_CAP_BYTES = 4096
_PROBLEM_WORD = re.compile("[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: `status` 200, 206 or 304, headers by any case, the decoded body (empty for 304)."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpSession:
    """Pooled connections to one server, for any thread.

    Args:
        url: where the server's paths begin; `https://`, or `http://` for a host that is this machine.
        ca: PEM file of the only authorities to trust; None trusts the system's.
        client_cert: PEM file with certificate and key, or the two files, that prove who this terminal is.

    Raises:
        ValueError: `url` may not be used; the message is a sentence for who configures the terminal.
        OSError: a certificate file cannot be read (`ssl.SSLError` when it holds none).
    """

    def __init__(
        self, url: str, *, ca: Path | None = None, client_cert: Path | tuple[Path, Path] | None = None
    ) -> None:
        self._base = _checked(url)
        self._session = _Session()
        self._session.trust_env = False
        self._session.headers = {"User-Agent": "ebill-kiosk", "Accept-Encoding": "gzip"}
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.adapters.clear()
        tls = _tls_context(ca, client_cert) if self._base.startswith("https:") else None
        self._session.mount("https://" if tls else "http://", _Adapter(tls))
        # urllib3 writes whole URLs, and so account numbers, into its debug lines and warnings.
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)

    def get(
        self,
        path: str,
        *,
        headers: Mapping[str, str],
        deadline_s: float,
        max_bytes: int,
        content_types: Collection[str] | None = None,
        into: bytearray | None = None,
    ) -> Answer:
        """Fetch `path`, whole, within `deadline_s` of wall time.

        Args:
            path: begins with "/", already escaped.
            headers: sent besides our own.
            deadline_s: seconds for name look-up, connection, TLS, answer and body together.
            max_bytes: the largest body taken, on the wire and decoded.
            content_types: media types to accept, in small letters; None accepts any.
            into: gets the body as it comes, so that what came before a fault is not lost; the answer's own body is
                empty then. An answer 206 goes on where it ends, which `headers` must have asked for; 200 begins it
                anew.

        Raises:
            HttpFault: there is no whole, acceptable answer; never holds a path, header or body.
        """
        return self._within(deadline_s, _Question("GET", path, headers), _Taking(max_bytes, content_types, into))

    def post(
        self,
        path: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        deadline_s: float,
        max_bytes: int,
        content_types: Collection[str] | None = None,
    ) -> Answer:
        """Hand in `body`, whose type `headers` name, and fetch the answer, which must be a 200; else as `get`.

        Raises:
            HttpFault: as `get`; it may have arrived all the same, so send again only what may arrive twice.
        """
        question = _Question("POST", path, headers, body)
        return self._within(deadline_s, question, _Taking(max_bytes, content_types, None))

    def close(self) -> None:
        """Close the pooled connections; twice is fine."""
        self._session.close()

    def _within(self, deadline_s: float, question: _Question, taking: _Taking) -> Answer:
        with Call(deadline_s, wire_limit=taking.max_bytes) as call:
            try:
                return self._ask(call, question, taking)
            except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
                fault = fault_of(error)
            except (OSError, ValueError) as error:
                fault = fault_of(error)
            except HttpFault as error:
                fault = HttpFault(
                    error.code,
                    status=error.status,
                    retry_after_s=error.retry_after_s,
                    problem=error.problem,
                )
            finally:
                # It keeps the last 128 addresses it took apart, and so account numbers, of visits long over.
                urlsplit.cache_clear()  # type: ignore[attr-defined]  # typeshed does not say that it is cached
            passed = call.passed
        # A new one, raised out here: no library's exception and no frame, with URL and body in it, hangs on to it.
        raise HttpFault("deadline") if passed else fault

    def _ask(self, call: Call, question: _Question, taking: _Taking) -> Answer:
        with self._session.request(
            question.method,
            self._base + question.path,
            data=question.body,
            headers=question.headers,
            stream=True,
            allow_redirects=False,
            timeout=_READ_TIMEOUT_S,
        ) as response:
            call.check()  # a header block cut by our own deadline parses as a valid short answer
            _check_status(response, question.method)
            body = b"" if response.status_code == 304 else _body(response, taking)
            if response.status_code == 304:
                response.raw.read()  # nothing follows, and the connection goes back to the pool
            call.check()
            return Answer(response.status_code, response.headers, body)


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Taking:
    """How a body is taken: as in `HttpSession.get`."""

    max_bytes: int
    types: Collection[str] | None
    into: bytearray | None


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """No target at all: even with `allow_redirects=False`, requests reads a redirect's whole body."""
        return


class _Adapter(HTTPAdapter):
    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        super().__init__(pool_connections=1, pool_maxsize=4, max_retries=0)
        self.max_retries = urllib3.Retry(False)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._tls is not None:
            kwargs["ssl_context"] = self._tls
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": TlsPool} if self._tls else {"http": LoopbackPool}

    def close(self) -> None:
        """Close what waits in the pools too; clearing them, as the default does, only drops them."""
        pools = self.poolmanager.pools
        for key in pools.keys():  # noqa: SIM118 - this container cannot be iterated
            pools[key].close()
        super().close()

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing: the default would add every public authority of certifi to our pinned context."""


def _checked(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("the address must begin with https:// and name a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the address must hold no password, question mark or #")
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
        raise ValueError("the address must begin with https:// unless the host is this machine")
    return url.rstrip("/")


def _tls_context(ca: Path | None, client_cert: Path | tuple[Path, Path] | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if isinstance(client_cert, tuple):
        context.load_cert_chain(*client_cert)
    elif client_cert is not None:
        context.load_cert_chain(client_cert)
    return context


def _check_status(response: requests.Response, method: str) -> None:
    status = response.status_code
    if status in _GOOD[method]:
        return
    code = "redirect" if 300 <= status < 400 else f"http_{status}"
    raise HttpFault(code, status=status, retry_after_s=_retry_after(response.headers), problem=_problem(response))


def _problem(response: requests.Response) -> str:
    """The service's own word for what is wrong; empty when the answer is not the service's, or not whole."""
    if response.status_code < 400:
        return ""
    try:
        told = json.loads(_body(response, _Taking(_PROBLEM_CAP_BYTES, _PROBLEM_TYPES, None)))
        return told["code"] if _PROBLEM_WORD.fullmatch(told["code"]) else ""
    except (HttpFault, requests.RequestException, urllib3.exceptions.HTTPError, OSError):
        return ""
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("Retry-After", "").strip()
    if _NUMBER.fullmatch(value):
        return min(float(value), RETRY_AFTER_CAP_S)
    until = http_date(value)
    if until is None:
        return None
    # Measured on the server's own clock where it tells it: ours may be wrong.
    start = http_date(headers.get("Date", "")) or datetime.now(UTC)
    return min(max((until - start).total_seconds(), 0.0), RETRY_AFTER_CAP_S)


def http_date(text: str) -> datetime | None:
    """The moment an HTTP date names, in UTC; None when it is none."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _body(response: requests.Response, taking: _Taking) -> bytes:
    headers, max_bytes = response.headers, taking.max_bytes
    media = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if taking.types is not None and media not in taking.types:
        raise HttpFault("content_type")
    length = headers.get("Content-Length")
    if "Transfer-Encoding" in headers:
        if headers["Transfer-Encoding"].strip().lower() != "chunked":
            raise HttpFault("encoding")
    elif length is None or not _NUMBER.fullmatch(length):
        raise HttpFault("no_length")  # a body that ends with the connection cannot be told from half a body
    elif int(length) > max_bytes:
        raise HttpFault("too_big")
    pieces = _capped(response.raw.stream(_PIECE, decode_content=False), max_bytes)
    encoding = headers.get("Content-Encoding", "")
    if taking.into is None:
        return _decoded(b"".join(pieces), encoding, max_bytes)
    if encoding.strip().lower() not in ("", "identity"):
        raise HttpFault("encoding")
    _begin_or_go_on(response, taking.into)
    for piece in pieces:
        taking.into.extend(piece)
    return b""


def _begin_or_go_on(response: requests.Response, into: bytearray) -> None:
    if response.status_code != 206:
        into.clear()
    elif not response.headers.get("Content-Range", "").strip().lower().startswith(f"bytes {len(into)}-"):
        raise HttpFault("range")


def _capped(pieces: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    taken = 0
    for piece in pieces:
        taken += len(piece)
        if taken > max_bytes:
            raise HttpFault("too_big")
        yield piece


def _decoded(raw: bytes, encoding: str, max_bytes: int) -> bytes:
    match encoding.strip().lower():
        case "" | "identity":
            return raw
        case "gzip":
            return _gunzipped(raw, max_bytes)
    raise HttpFault("encoding")


def _gunzipped(raw: bytes, max_bytes: int) -> bytes:
    gzip = zlib.decompressobj(wbits=31)
    try:
        plain = gzip.decompress(raw, max_bytes + 1)
    except zlib.error:
        raise HttpFault("encoding") from None
    if len(plain) > max_bytes:
        raise HttpFault("too_big")
    if not gzip.eof:
        raise HttpFault("truncated")  # every length matched, and yet the end is missing
    if gzip.unused_data:
        raise HttpFault("encoding")
    return plain
