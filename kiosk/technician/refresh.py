"""What a terminal fetches for itself at night: the fleet's settings, and a new certificate before the old one ends."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from kiosk.audit import Audit
from kiosk.settings import FLEET, Settings, SettingsError
from kiosk.settings_files import change
from kiosk.settings_fleet import LIMIT_BYTES, FleetRefused, adopt
from kiosk.technician import pairing
from kiosk.technician.identity import Identity, IdentityUnusable

logger = logging.getLogger(__name__)

CONFIG_PATH = "/v1/kiosks/self/config"

_DEADLINE_S = 20.0
_ITSELF = "-"


def renew_certificate(
    settings: Settings, *, files: Sequence[Path], state: Path, audit: Audit, now: datetime
) -> bool:
    """Renew the certificate of a paired terminal when it is due; counts from the next start. Never raises."""
    gateway = settings.gateway
    paired = state / "pairing" in Path(gateway.client_certificate).parents if gateway.client_certificate else False
    if not paired or not pairing.is_due(Path(gateway.client_certificate), now):
        return False
    try:
        renewed = pairing.renew(
            gateway.url,
            ca=gateway.ca,
            terminal=settings.site.terminal,
            state=state,
            identity=Identity.open(state),
            now=now,
        )
        pairing.forget_others(state, change(renewed.values, files=files, state=state))
        audit.add("certificate_renewed", who=_ITSELF)
    except (pairing.PairingError, IdentityUnusable, SettingsError, OSError) as error:
        logger.warning("certificate_not_renewed: %s", error)
        return False
    logger.info("certificate_renewed: until %s", renewed.until.date().isoformat())
    return True


def fetch_settings(settings: Settings, *, files: Sequence[Path], state: Path, audit: Audit, now: datetime) -> bool:
    """Keep the fleet's settings when there are newer ones, signed by who is trusted; count from the next start.

    Never raises: what is refused or wrong here is logged and told in the audit log, and what was in force stays.
    """
    from kiosk.http import HttpSession
    from kiosk.wire import HttpFault

    gateway = settings.gateway
    if not (gateway.url and settings.maintenance.trust):
        return False
    paths = [Path(name) if name else None for name in (gateway.ca, gateway.client_certificate)]
    try:
        session = HttpSession(gateway.url, ca=paths[0], client_cert=paths[1])
    except (ValueError, OSError) as error:
        logger.warning("fleet_settings_not_fetched: %s", error)
        return False
    try:
        file = session.get(CONFIG_PATH, headers={}, deadline_s=_DEADLINE_S, max_bytes=LIMIT_BYTES).body
    except HttpFault as fault:
        logger.info("fleet_settings_not_fetched: %s", fault.code)
        return False
    finally:
        session.close()
    held = state / FLEET
    try:
        if held.exists() and held.read_bytes() == file:
            return False
        found = adopt(file, files=files, state=state, now=now)
        audit.add("fleet_settings_taken", who=_ITSELF, issued_at=found.issued_at)
    except FleetRefused as refused:
        if refused.code != "rolled_back":  # a cache that is behind is no news
            logger.warning("fleet_settings_refused: %s", refused.code)
        return False
    except SettingsError as error:
        logger.error("fleet_settings_wrong: %s", error)
        return False
    except OSError as error:
        logger.warning("fleet_settings_not_kept: %s", error.strerror)
        return False
    return True
