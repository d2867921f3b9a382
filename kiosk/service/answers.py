"""How the service answers: problems as `application/problem+json`, strong entity tags, gzip when it is wanted."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from kiosk.service.page_text import LANGUAGES, Language

_GZIP_FROM_BYTES = 500
"""Below this a packet is a packet."""

_GZIP_LEVEL = 5
_TAG_OF_GZIP = "-gzip"


class Problem(Enum):
    """What can go wrong (RFC 9457): status, code, title and a sentence for who reads a log."""

    BAD_REQUEST = (400, "bad_request", "Bad request", "The request cannot be understood.")
    CERTIFICATE_NEEDED = (
        403,
        "certificate_needed",
        "Certificate needed",
        "Only terminals that bring a certificate are answered here.",
    )
    PROOF_NEEDED = (403, "proof_needed", "Proof needed", "This needs a proof that the subscriber asks.")
    WRONG_CODE = (
        403,
        "wrong_code",
        "Wrong code",
        "The code is not the one sent last, or it has expired.",
    )
    WRONG_ID = (403, "wrong_id", "Wrong ID", "The ID is not the subscriber's.")
    WITHHELD = (403, "withheld", "Not shown at terminals", "The subscriber keeps this bill from terminals.")
    TOKEN_REFUSED = (
        403,
        "token_refused",
        "Token refused",
        "The token was used, is too old or another terminal's; or the signature is not the terminal's.",
    )
    ACCOUNT_UNKNOWN = (404, "account_unknown", "No such account", "There is no such account.")
    NOT_FOUND = (404, "not_found", "Not found", "There is nothing at this address.")
    METHOD_NOT_ALLOWED = (405, "method_not_allowed", "Method not allowed", "This address is not used in this way.")
    NO_CONTACT = (409, "no_contact", "No way to reach", "Nothing is on record where a message could be sent.")
    TOO_LONG = (413, "too_long", "Too long", "The request is longer than any that is answered.")
    WRONG_TYPE = (415, "wrong_type", "Wrong media type", "The request's body is of another type than expected.")
    NO_SUCH_RANGE = (416, "no_such_range", "No such range", "The object has no such bytes.")
    TOO_MANY_REQUESTS = (429, "too_many_requests", "Too many requests", "This terminal asks too often.")
    TOO_MANY_TRIES = (429, "too_many_tries", "Too many tries", "Nothing more is tried for this account today.")
    FAULT = (500, "fault", "Fault", "The service has made a mistake.")
    MAINTENANCE = (503, "maintenance", "Maintenance", "The service is being looked after and will be back.")


def problem(
    kind: Problem, *, retry_after_s: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer for a problem; the same body for the same kind, whatever was asked."""
    status, code, title, detail = kind.value
    fields = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    extra = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    if retry_after_s is not None:
        extra["Retry-After"] = str(retry_after_s)
    return Response(json.dumps(fields), status, headers=extra, media_type="application/problem+json")


def small_json(fields: Mapping[str, Any]) -> Response:
    """A short answer that nobody keeps."""
    return Response(json.dumps(fields), headers={"Cache-Control": "no-store"}, media_type="application/json")


def body(
    request: Request, content: bytes, *, media_type: str, headers: Mapping[str, str], status: int = 200
) -> Response:
    """An answer of some length, packed when whoever asks takes gzip."""
    if len(content) < _GZIP_FROM_BYTES or not takes_gzip(request):
        return Response(content, status, headers=dict(headers), media_type=media_type)
    packed = gzip.compress(content, _GZIP_LEVEL, mtime=0)
    return Response(packed, status, headers={**headers, "Content-Encoding": "gzip"}, media_type=media_type)


def tagged(request: Request, content: bytes, *, tag: str, media_type: str, headers: Mapping[str, str]) -> Response:
    """An answer with a strong entity tag, or 304 when whoever asks has it.

    A packed answer has other bytes, so it has another tag (RFC 9110, 8.8.3.3); either one gets the 304.
    """
    packed = len(content) >= _GZIP_FROM_BYTES and takes_gzip(request)
    entity = f'"{tag}{_TAG_OF_GZIP if packed else ""}"'
    if has_tag(request, f'"{tag}"', f'"{tag}{_TAG_OF_GZIP}"'):
        return Response(status_code=304, headers={**headers, "ETag": entity})
    return body(request, content, media_type=media_type, headers={**headers, "ETag": entity})


def takes_gzip(request: Request) -> bool:
    """Whether the request's Accept-Encoding names gzip and does not refuse it with q=0."""
    for part in request.headers.get("accept-encoding", "").split(","):
        coding, _, weight = part.partition(";")
        if coding.strip().lower() in ("gzip", "*"):
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def language(request: Request) -> Language:
    """The page's language: what the query asks for, else the browser's first choice, else Arabic."""
    wanted = request.query_params.get("language") or request.headers.get("accept-language", "")
    first = wanted.split(",")[0].split(";")[0].split("-")[0].strip().lower()
    return next((known for known in LANGUAGES if known == first), LANGUAGES[0])


def has_tag(request: Request, *ours: str) -> bool:
    """Whether the request's If-None-Match names one of these strong tags, weakly compared."""
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*":
        return True
    return any(part.strip().removeprefix("W/") in ours for part in known.split(","))


async def received(request: Request, *, media_type: str, limit: int) -> bytes | Problem:
    """The request's body, or what is wrong with it; no more than `limit` bytes are taken in."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != media_type:
        return Problem.WRONG_TYPE
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            return Problem.TOO_LONG
    return bytes(body)
