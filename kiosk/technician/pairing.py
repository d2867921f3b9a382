"""Pairing with the bill service by one QR: it names the service, its authority by hash, and a token for one use.

The authority is fetched from the service and believed only when it has that hash; from then on nothing else is.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import http.client
import json
import re
import shutil
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.durable import write_whole
from kiosk.technician.identity import Identity, certificate_end, certificate_request, text_of

if TYPE_CHECKING:
    from kiosk.http import HttpSession
    from kiosk.settings import Settings

PATTERN = "EBP1/[A-Z0-9.:-]{1,80}/(?:[A-Z2-7]{52})?/[A-Z2-7]{26}"
"""A pairing code as a scanner reads it: only what QR's alphanumeric mode holds, so that it stays small."""

CA_PATH = "/v1/pairing/authority"
PAIRINGS_PATH = "/v1/pairings"
CERTIFICATE_PATH = "/v1/kiosks/self/certificate"

RENEW_DAYS = 30
"""A certificate is renewed when it has fewer days left."""

_DEADLINE_S = 10.0
_LIMIT_BYTES = 64 << 10
_FOLDER = "pairing"
_TERMINAL = re.compile("[A-Z0-9-]{1,16}")


class PairingError(Exception):
    """The terminal is not paired; `code` is a word that a screen has a sentence for.

    `not_a_code`, `unreachable`, `authority_differs` (somebody else answers), `token_refused` (used, too old, or
    another terminal's), `refused`, `answer_unusable`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class PairingCode:
    """What the QR says. `ca_sha256` is empty for a service on this machine, which needs no TLS."""

    host: str
    ca_sha256: str
    token: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> PairingCode:
        """The code of a scanned text.

        Raises:
            PairingError: `not_a_code`.
        """
        if not re.fullmatch(PATTERN, text):
            raise PairingError("not_a_code")
        _, host, digest, token = text.split("/")
        if not digest and host.rpartition(":")[0] not in ("127.0.0.1", "LOCALHOST"):
            raise PairingError("not_a_code")  # an authority that nobody names would be believed on first sight
        try:
            octets = base64.b32decode(digest + "=" * (-len(digest) % 8))
        except binascii.Error:
            raise PairingError("not_a_code") from None
        return cls(host.lower(), octets.hex(), token)

    def text(self) -> str:
        """The code as `parse` takes it."""
        digest = base64.b32encode(bytes.fromhex(self.ca_sha256)).decode().rstrip("=")
        return f"EBP1/{self.host.upper()}/{digest}/{self.token}"

    @property
    def url(self) -> str:
        """Where the service answers."""
        return f"{'https' if self.ca_sha256 else 'http'}://{self.host}"


@dataclass(frozen=True, slots=True)
class Paired:
    """A pairing that was made: its files are in the state folder; `values` make it count (`settings_files.change`).

    `until` is the certificate's last moment.
    """

    terminal: str
    until: datetime
    values: Mapping[str, str]


def pair(code: PairingCode, *, terminal: str, state: Path, identity: Identity) -> Paired:
    """Exchange the code's token for this terminal's identity; takes seconds, so call it on a worker.

    `terminal` is what the technician called it; the service may know better.

    Raises:
        PairingError: nothing was changed.
        OSError: nothing was changed.
    """
    authority = _authority(code) if code.ca_sha256 else ""
    folder = _fresh_folder(state)
    try:
        if authority:
            write_whole(folder / "ca.pem", authority.encode())
        request = certificate_request(terminal)
        fields = {"token": code.token, "terminal": terminal, "request": request.pem, "key": identity.public_pem}
        answer = _asked(code.url, PAIRINGS_PATH, fields, ca=folder / "ca.pem" if authority else None)
        made = _taken(answer, folder, request.key_pem)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    values = {
        "gateway.url": code.url,
        "gateway.ca": str(folder / "ca.pem") if authority else "",
        "gateway.client_certificate": str(folder / "terminal.pem"),
        "site.terminal": made.terminal,
        **made.values,
    }
    return Paired(made.terminal, made.until, values)


def renew(url: str, *, ca: str, terminal: str, state: Path, identity: Identity, now: datetime) -> Paired:
    """A new certificate, asked for with the terminal's own key, in a folder of its own; as `pair`.

    Raises:
        PairingError, OSError: as `pair`.
    """
    folder = _fresh_folder(state)
    try:
        request = certificate_request(terminal)
        at = now.astimezone(UTC).isoformat(timespec="seconds")
        signature = identity.sign(f"{terminal}\n{at}\n{request.pem}".encode())
        fields = {"terminal": terminal, "at": at, "request": request.pem, "signature": text_of(signature)}
        answer = _asked(url, CERTIFICATE_PATH, fields, ca=Path(ca) if ca else None)
        made = _taken(answer, folder, request.key_pem)
        if ca:
            write_whole(folder / "ca.pem", Path(ca).read_bytes())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    values = {"gateway.client_certificate": str(folder / "terminal.pem")}
    if ca:
        values["gateway.ca"] = str(folder / "ca.pem")
    return Paired(made.terminal, made.until, values | dict(made.values))


def is_due(certificate: Path, now: datetime) -> bool:
    """Whether a certificate should be renewed; one that cannot be read should."""
    try:
        return (certificate_end(certificate.read_bytes()) - now).days < RENEW_DAYS
    except (OSError, ValueError):
        return True


def forget_others(state: Path, settings: Settings) -> None:
    """Delete the files of pairings that count no more: those that nothing in the settings names."""
    gateway = settings.gateway
    named = [Path(name) for name in (gateway.ca, gateway.client_certificate, settings.maintenance.trust)]
    for folder in (state / _FOLDER).glob("*"):
        if folder.is_dir() and not any(folder in path.parents for path in named):
            shutil.rmtree(folder, ignore_errors=True)


def _fresh_folder(state: Path) -> Path:
    """A folder no settings point to yet, so that what counts is never half one pairing and half another."""
    above = state / _FOLDER
    above.mkdir(mode=0o700, exist_ok=True)
    number = max((int(each.name) for each in above.iterdir() if each.name.isdecimal()), default=0) + 1
    folder = above / str(number)
    folder.mkdir(mode=0o700)
    return folder


def _authority(code: PairingCode) -> str:
    """The service's authority in PEM, when it is the one that the code names."""
    # Nothing is believed here but the hash; so the certificate of this one line is of no account.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    line = http.client.HTTPSConnection(code.host, timeout=_DEADLINE_S, context=context)
    try:
        line.request("GET", CA_PATH)
        answer = line.getresponse()
        pem = answer.read(_LIMIT_BYTES).decode("ascii")
    except (OSError, http.client.HTTPException, ValueError):
        raise PairingError("unreachable") from None
    finally:
        line.close()
    try:
        der = ssl.PEM_cert_to_DER_cert(pem.strip())
    except ValueError:
        raise PairingError("answer_unusable" if answer.status == 200 else "unreachable") from None
    if hashlib.sha256(der).hexdigest() != code.ca_sha256:
        raise PairingError("authority_differs")
    return pem


def _asked(url: str, path: str, fields: Mapping[str, str], *, ca: Path | None) -> Mapping[str, Any]:
    from kiosk.http import HttpSession
    from kiosk.wire import HttpFault

    try:
        session: HttpSession = HttpSession(url, ca=ca)
    except (ValueError, OSError):
        raise PairingError("answer_unusable") from None
    try:
        answer = session.post(
            path,
            json.dumps(fields).encode(),
            headers={"Content-Type": "application/json"},
            deadline_s=_DEADLINE_S,
            max_bytes=_LIMIT_BYTES,
            content_types=("application/json",),
        )
        found = json.loads(answer.body)
    except HttpFault as fault:
        raise PairingError(_code_of(fault.status)) from None
    except (ValueError, RecursionError):
        raise PairingError("answer_unusable") from None
    finally:
        session.close()
    if not isinstance(found, dict):
        raise PairingError("answer_unusable")
    return found


def _code_of(status: int | None) -> str:
    if status is None or status >= 500:
        return "unreachable"
    return "token_refused" if status == 403 else "refused"


def _taken(answer: Mapping[str, Any], folder: Path, key_pem: bytes) -> Paired:
    """Keep what the service gave; it must fit the key it was asked for."""
    terminal, certificate, trust = (answer.get(name) for name in ("terminal", "certificate", "trust"))
    if not (isinstance(terminal, str) and _TERMINAL.fullmatch(terminal) and isinstance(certificate, str)):
        raise PairingError("answer_unusable")
    write_whole(folder / "terminal.pem", key_pem + certificate.encode())
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(folder / "terminal.pem")
        until = certificate_end(certificate.encode())
    except (ssl.SSLError, OSError, ValueError):
        raise PairingError("answer_unusable") from None
    values = {}
    if isinstance(trust, str) and trust:
        write_whole(folder / "operations.pub", trust.encode())
        values["maintenance.trust"] = str(folder / "operations.pub")
    return Paired(terminal, until, values)
