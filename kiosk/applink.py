"""The address in the app QR: the service's short-lived link when it is harmless, else the settings' link.

A QR on a public screen is read by phones of strangers, so a link must be https, go to a host the settings name, be
short enough to be read from a metre away, and never carry the account number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from kiosk.model import AccountNumber, CurrentBill

LONGEST = 122
"""Characters a link may have: version 7 at error correction M holds 122 bytes (ISO/IEC 18004), 53 modules wide
with its quiet zone; more makes modules too small for a phone held over a kiosk's screen."""

# RFC 3986's characters, so that no parser can be led to read another host than ours does.
_URL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
# Fewer digits than these stand in links by chance too often to be called somebody's number.
_FEWEST_DIGITS = 6


class LinkProblem(StrEnum):
    """Why a link is not shown."""

    MALFORMED = "malformed"
    TOO_LONG = "too_long"
    NOT_HTTPS = "not_https"
    USERINFO = "userinfo"
    HOST = "host"
    ACCOUNT = "account"


def link(current: CurrentBill, *, app_link: str, app_hosts: Collection[str]) -> str:
    """The address for the screen's app QR.

    Args:
        app_link: the settings' link to the app, already checked with `problem`.
        app_hosts: exact names, `host` (port 443 only) or `host:port`; letter case does not matter.
    """
    offered = current.link
    if offered is None or problem(offered, hosts=app_hosts, account=current.bill.account.number) is not None:
        return app_link
    return offered


def paper_link(app_link: str) -> str:
    """The address for the receipt's app QR: always the settings', since paper outlives a short-lived link."""
    return app_link


def problem(
    address: str, *, hosts: Collection[str] | None = None, account: AccountNumber | None = None
) -> LinkProblem | None:
    """What keeps an address out of the app QR; None when nothing does.

    Args:
        hosts: the only hosts allowed; None allows any, for checking the settings' own link.
        account: the number that must not be in it.
    """
    if len(address) > LONGEST:
        return LinkProblem.TOO_LONG
    if not _URL.fullmatch(address):
        return LinkProblem.MALFORMED
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return LinkProblem.MALFORMED
    if parts.scheme != "https":
        return LinkProblem.NOT_HTTPS
    if "@" in parts.netloc:
        return LinkProblem.USERINFO
    if not parts.hostname or (hosts is not None and not _is_allowed(parts.hostname, port, hosts)):
        return LinkProblem.HOST
    if account is not None and holds_account(address, account):
        return LinkProblem.ACCOUNT
    return None


def _is_allowed(host: str, port: int | None, hosts: Collection[str]) -> bool:
    name = host if port in (None, 443) else f"{host}:{port}"
    return name in {allowed.lower().removesuffix(":443") for allowed in hosts}


def holds_account(text: str, account: AccountNumber) -> bool:
    """Whether the account number can be read in `text`.

    Looks through percent-encoding (however often applied), digits of every script, anything written between the
    digits, and left-out leading zeros. A number that is hidden on purpose, say by a cipher, is not found.
    """
    digits = account.digits
    bare = digits.lstrip("0")
    wanted = {digits, bare} if len(bare) >= _FEWEST_DIGITS else {digits}
    while True:
        seen = "".join(
            str(unicodedata.digit(character)) for character in text if unicodedata.digit(character, -1) >= 0
        )
        if any(number in seen for number in wanted):
            return True
        decoded = unquote(text, errors="replace")
        if decoded == text:
            return False
        text = decoded
