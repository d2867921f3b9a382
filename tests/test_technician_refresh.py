"""What a terminal fetches for itself at night: only what is signed, only what is right here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk import inspection
from kiosk.audit import Audit
from kiosk.service import Service, ServiceConfig
from kiosk.settings import Settings, load
from kiosk.settings_files import change
from kiosk.technician.identity import Identity
from kiosk.technician.pairing import pair
from kiosk.technician.refresh import fetch_settings, renew_certificate


@dataclass
class Rig:
    service: Service
    state: Path
    published: Path

    @property
    def settings(self) -> Settings:
        return load(state=self.state)

    def fetch(self, now: datetime | None = None) -> bool:
        audit = Audit(self.state, bytes(32))
        return fetch_settings(self.settings, files=[], state=self.state, audit=audit, now=now or datetime.now(UTC))

    def renew(self, now: datetime) -> bool:
        audit = Audit(self.state, bytes(32))
        return renew_certificate(self.settings, files=[], state=self.state, audit=audit, now=now)


@pytest.fixture
def rig(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A terminal paired with a service that has settings for it."""
    published, state = tmp_path / "published", tmp_path / "state"
    published.mkdir()
    state.mkdir()
    (published / "kiosk.toml").write_text(getattr(request, "param", "[visit]\nprints = 7\n"), "utf-8")
    with Service(ServiceConfig(data=tmp_path / "data", published=published)) as service:
        code = service.desk.pairings.issue("RUH-1", host=f"127.0.0.1:{service.port}")
        paired = pair(code, terminal="RUH-1", state=state, identity=Identity.open(state))
        change(paired.values, state=state)
        yield Rig(service, state, published)


def test_the_fleets_settings_are_fetched_once_and_count_from_the_next_start(rig: Rig) -> None:
    assert rig.fetch()
    assert rig.settings.visit.prints == 7
    assert not rig.fetch()
    assert [entry.event for entry in Audit(rig.state, bytes(32)).entries()] == ["fleet_settings_taken"]


@pytest.mark.parametrize("rig", ["[visit]\nprints = 99\n", '[site]\nterminal = "X"\n'], indirect=True)
def test_settings_that_are_wrong_here_change_nothing(rig: Rig) -> None:
    assert not rig.fetch()
    assert rig.settings.visit.prints == 2


def test_nothing_is_fetched_where_nobody_is_trusted_or_the_service_is_away(rig: Rig) -> None:
    rig.service.stop()
    assert not rig.fetch()
    change({"maintenance.trust": ""}, state=rig.state)
    assert not rig.fetch()


def test_a_certificate_is_renewed_when_it_is_due_and_not_before(rig: Rig) -> None:
    before = rig.settings.gateway.client_certificate
    assert not rig.renew(datetime.now(UTC))
    # Due on a clock that is two months ahead; the service does not believe that clock.
    assert not rig.renew(datetime.now(UTC) + timedelta(days=65))
    assert rig.settings.gateway.client_certificate == before
    Path(before).write_text("not a certificate any more")
    assert rig.renew(datetime.now(UTC))
    assert rig.settings.gateway.client_certificate != before


def test_a_certificate_from_elsewhere_is_left_to_who_made_it(rig: Rig, tmp_path: Path) -> None:
    elsewhere = tmp_path / "terminal.pem"
    elsewhere.write_bytes(Path(rig.settings.gateway.client_certificate).read_bytes())
    change({"gateway.client_certificate": str(elsewhere)}, state=rig.state)
    assert not rig.renew(datetime.now(UTC) + timedelta(days=65))


def test_the_night_does_all_of_it(rig: Rig) -> None:
    inspection.nightly(rig.settings, state=rig.state, journal=None)
    assert rig.settings.visit.prints == 7
