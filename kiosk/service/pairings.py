"""How a terminal gets its identity: a token for one use and a certificate of the service's own authority.

Tokens and the keys of paired terminals lie in `pairings.json` of the data folder.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.durable import write_whole
from kiosk.service import answers
from kiosk.service.answers import Problem
from kiosk.service.certificates import Authority
from kiosk.service.door import route
from kiosk.technician.pairing import CA_PATH, CERTIFICATE_PATH, PAIRINGS_PATH, PairingCode

FILE = "pairings.json"

TOKEN_VALID_FOR = timedelta(days=1)

_CLOCKS_DIFFER = timedelta(minutes=10)
"""By so much may the terminal's clock differ from ours in a request to renew."""

_LIMIT_BYTES = 16 << 10
_TOKEN_LETTERS = 26

_Terminal = Annotated[str, Field(pattern="^[A-Z0-9-]{1,16}$")]
_Pem = Annotated[str, Field(max_length=4096)]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _PairingWanted(_Fields):
    token: Annotated[str, Field(pattern=f"^[A-Z2-7]{{{_TOKEN_LETTERS}}}$")]
    terminal: _Terminal
    request: _Pem
    key: _Pem


class _CertificateWanted(_Fields):
    terminal: _Terminal
    at: Annotated[str, Field(max_length=40)]
    request: _Pem
    signature: Annotated[str, Field(max_length=100)]


@dataclass(slots=True)
class _Records:
    """Tokens by their hash, with terminal and last moment; the keys of terminals in PEM."""

    tokens: dict[str, list[str]] = field(default_factory=dict)
    terminals: dict[str, str] = field(default_factory=dict)


class Pairings:
    """Answers terminals that want an identity."""

    def __init__(
        self,
        folder: Path | None,
        *,
        open_authority: Callable[[], Authority],
        trust: Callable[[], str],
        now: Callable[[], datetime],
        is_secured: bool,
    ) -> None:
        """Keep all in `folder`, or nowhere; `trust` is the PEM of the key that signs settings and bundles.

        `is_secured`: whether the service speaks https, so that codes must name its authority.
        """
        self._path = None if folder is None else folder / FILE
        self._held = _Records()
        self._trust = trust
        self._now = now
        self._is_secured = is_secured
        self._open_authority = open_authority

    def routes(self) -> list[Route]:
        """Every address that is answered."""
        return [
            route(CA_PATH, self._tell_authority),
            route(PAIRINGS_PATH, self._pair, method="POST"),
            route(CERTIFICATE_PATH, self._renew, method="POST"),
        ]

    def issue(self, terminal: str, *, host: str) -> PairingCode:
        """A code for one terminal, good for a day; `host` is `name:port` as terminals reach the service.

        Raises:
            OSError: it is not kept, so it would not be taken.
        """
        token = base64.b32encode(secrets.token_bytes(20)).decode()[:_TOKEN_LETTERS]
        records = self._read()
        until = (self._now() + TOKEN_VALID_FOR).isoformat()
        self._write(_Records({**records.tokens, _digest(token): [terminal, until]}, records.terminals))
        return PairingCode(host.lower(), self._authority.sha256 if self._is_secured else "", token)

    async def _tell_authority(self, request: Request) -> Response:
        return answers.body(request, self._authority.pem.encode(), media_type="application/x-pem-file", headers={})

    async def _pair(self, request: Request) -> Response:
        wanted = await _read(request, _PairingWanted)
        if isinstance(wanted, Response):
            return wanted
        assert isinstance(wanted, _PairingWanted)
        records = self._read()
        terminal, until = records.tokens.get(_digest(wanted.token), ["", ""])
        if terminal != wanted.terminal or until < self._now().isoformat():
            return answers.problem(Problem.TOKEN_REFUSED)
        if _public_key(wanted.key) is None:
            return answers.problem(Problem.BAD_REQUEST)
        certificate = self._authority.certify(wanted.request, terminal)
        if certificate is None:
            return answers.problem(Problem.BAD_REQUEST)
        tokens = {digest: held for digest, held in records.tokens.items() if digest != _digest(wanted.token)}
        self._write(_Records(tokens, {**records.terminals, terminal: wanted.key}))
        trust = {"trust": self._trust()}
        return answers.small_json({"terminal": terminal, "certificate": certificate, **trust})

    async def _renew(self, request: Request) -> Response:
        wanted = await _read(request, _CertificateWanted)
        if isinstance(wanted, Response):
            return wanted
        assert isinstance(wanted, _CertificateWanted)
        key = _public_key(self._read().terminals.get(wanted.terminal, ""))
        if key is None or not self._is_signed(wanted, key):
            return answers.problem(Problem.TOKEN_REFUSED)
        certificate = self._authority.certify(wanted.request, wanted.terminal)
        if certificate is None:
            return answers.problem(Problem.BAD_REQUEST)
        return answers.small_json({"terminal": wanted.terminal, "certificate": certificate})

    def _is_signed(self, wanted: _CertificateWanted, key: Ed25519PublicKey) -> bool:
        signed = f"{wanted.terminal}\n{wanted.at}\n{wanted.request}".encode()
        try:
            key.verify(base64.b64decode(wanted.signature, validate=True), signed)
            return abs(datetime.fromisoformat(wanted.at) - self._now()) <= _CLOCKS_DIFFER
        except (InvalidSignature, ValueError, TypeError):
            return False

    @cached_property
    def _authority(self) -> Authority:
        return self._open_authority()

    def _read(self) -> _Records:
        if self._path is None or not self._path.exists():
            return self._held
        fields = json.loads(self._path.read_bytes())
        return _Records(fields["tokens"], fields["terminals"])

    def _write(self, records: _Records) -> None:
        now = self._now().isoformat()
        tokens = {digest: held for digest, held in records.tokens.items() if held[1] >= now}
        self._held = _Records(tokens, records.terminals)
        if self._path is not None:
            content = {"tokens": tokens, "terminals": records.terminals}
            write_whole(self._path, json.dumps(content, indent=1).encode())


def _public_key(pem: str) -> Ed25519PublicKey | None:
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, TypeError):
        return None
    return key if isinstance(key, Ed25519PublicKey) else None


def _digest(token: str) -> str:
    return hmac.digest(b"ebill pairing token", token.encode(), hashlib.sha256).hex()


async def _read(request: Request, kind: type[_Fields]) -> _Fields | Response:
    octets = await answers.received(request, media_type="application/json", limit=_LIMIT_BYTES)
    if isinstance(octets, Problem):
        return answers.problem(octets)
    try:
        return kind.model_validate_json(octets)
    except ValidationError:
        return answers.problem(Problem.BAD_REQUEST)
