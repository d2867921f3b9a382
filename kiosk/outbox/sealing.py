"""Bodies that hold an account, as nobody without the terminal's key can read them on its disk."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class Seal:
    """Closes and opens bodies under 32 bytes; the id of its event is part of the seal."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def close(self, body: str, id_: str) -> str:
        """The body of an event, sealed."""
        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher().encrypt(nonce, body.encode(), id_.encode())).decode("ascii")

    def open(self, body: str, id_: str) -> str | None:
        """The body; None: it was closed with another key."""
        if body.startswith("{"):
            return body
        from cryptography.exceptions import InvalidTag

        sealed = base64.b64decode(body)
        try:
            return self._cipher().decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], id_.encode()).decode()
        except InvalidTag:
            return None

    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # late: most terminals' days need none

        return AESGCM(self._key)
