"""Pairing by QR: only with the service the code names, once, and never half."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import qrcode
import zxingcpp

from kiosk import bootstrap
from kiosk.model import AccountNumber
from kiosk.service import Service, ServiceConfig
from kiosk.service.certificates import Tls, make
from kiosk.settings import load
from kiosk.settings_files import change
from kiosk.technician import pairing
from kiosk.technician.identity import Identity, IdentityUnusable, certificate_end
from kiosk.technician.pairing import PairingCode, PairingError, pair, renew

TERMINAL = "RUH-0421"


@dataclass
class Rig:
    service: Service
    host: str
    data: Path
    state: Path

    def code(self, terminal: str = TERMINAL) -> PairingCode:
        return self.service.desk.pairings.issue(terminal, host=self.host)

    def pair(self, code: PairingCode, terminal: str = TERMINAL) -> pairing.Paired:
        return pair(code, terminal=terminal, state=self.state, identity=Identity.open(self.state))


def secured(folder: Path) -> Service:
    """The service over TLS, with an authority of its own in `folder`."""
    make(folder, hosts=["localhost"], terminals=[])
    return Service(ServiceConfig(data=folder), tls=Tls.of(folder))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    data, state = tmp_path / "service", tmp_path / "state"
    state.mkdir()
    with secured(data) as service:
        yield Rig(service, f"localhost:{service.port}", data, state)


def code_of(error: pytest.ExceptionInfo[PairingError]) -> str:
    return error.value.code


def test_a_code_makes_an_identity_that_the_settings_take(rig: Rig) -> None:
    paired = rig.pair(rig.code())
    settings = change(paired.values, state=rig.state)
    assert (settings.site.terminal, settings.gateway.url) == (TERMINAL, f"https://{rig.host}")
    held = Path(settings.gateway.client_certificate)
    assert held.stat().st_mode & 0o777 == 0o600
    assert certificate_end(Path(held).read_bytes()) == paired.until
    assert timedelta(days=85) < paired.until - datetime.now(UTC) < timedelta(days=91)
    assert b"PUBLIC KEY" in Path(settings.maintenance.trust).read_bytes()
    assert load(state=rig.state) == settings
    # Bills are told to terminals with a certificate only.
    bill = bootstrap.open_gateway(settings).fetch(AccountNumber.parse("30012345678"), etag=None)
    assert bill is not None


def test_a_token_counts_once_and_for_its_terminal_only(rig: Rig) -> None:
    code = rig.code()
    with pytest.raises(PairingError) as error:
        rig.pair(code, terminal="RUH-0422")
    assert code_of(error) == "token_refused"
    rig.pair(code)
    with pytest.raises(PairingError) as error:
        rig.pair(code)
    assert code_of(error) == "token_refused"
    assert len(list((rig.state / "pairing").iterdir())) == 1


def test_an_old_token_is_refused(tmp_path: Path) -> None:
    moment = [datetime.now(UTC)]
    with Service(ServiceConfig(now=lambda: moment[0])) as service:
        code = service.desk.pairings.issue(TERMINAL, host=f"127.0.0.1:{service.port}")
        moment[0] += timedelta(hours=25)
        with pytest.raises(PairingError) as error:
            pair(code, terminal=TERMINAL, state=tmp_path, identity=Identity.open(tmp_path))
    assert code_of(error) == "token_refused"


def test_somebody_else_who_answers_is_not_believed(rig: Rig) -> None:
    code = rig.code()
    with secured(rig.data.parent / "other") as other, pytest.raises(PairingError) as error:
        rig.pair(replace(code, host=f"localhost:{other.port}"))
    assert code_of(error) == "authority_differs"
    with pytest.raises(PairingError) as error:
        rig.pair(replace(code, ca_sha256="00" * 32))
    assert code_of(error) == "authority_differs"
    assert not (rig.state / "pairing").exists()


def test_nobody_there_changes_nothing(rig: Rig) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(PairingError) as error:
            rig.pair(replace(rig.code(), host=f"localhost:{unused.getsockname()[1]}"))
    assert code_of(error) == "unreachable"
    assert not (rig.state / "settings.toml").exists()


def test_a_service_on_this_machine_needs_no_authority(tmp_path: Path) -> None:
    with Service(ServiceConfig()) as service:
        code = service.desk.pairings.issue(TERMINAL, host=f"127.0.0.1:{service.port}")
        paired = pair(code, terminal=TERMINAL, state=tmp_path, identity=Identity.open(tmp_path))
    assert (paired.values["gateway.url"], paired.values["gateway.ca"]) == (service.url, "")


def test_a_certificate_is_renewed_with_the_terminals_own_key(rig: Rig) -> None:
    paired = rig.pair(rig.code())
    change(paired.values, state=rig.state)
    identity, now = Identity.open(rig.state), datetime.now(UTC)
    url, ca = paired.values["gateway.url"], paired.values["gateway.ca"]
    again = renew(url, ca=ca, terminal=TERMINAL, state=rig.state, identity=identity, now=now)
    settings = change(again.values, state=rig.state)
    assert settings.gateway.client_certificate != paired.values["gateway.client_certificate"]
    pairing.forget_others(rig.state, settings)
    assert Path(settings.maintenance.trust).exists()  # of the first pairing, and still named
    change({"maintenance.trust": ""}, state=rig.state)
    pairing.forget_others(rig.state, load(state=rig.state))
    assert not Path(paired.values["gateway.client_certificate"]).exists()
    assert Path(settings.gateway.ca).exists()


@pytest.mark.parametrize("late", [timedelta(minutes=11), timedelta(minutes=-11)])
def test_a_renewal_of_another_key_or_hour_is_refused(rig: Rig, tmp_path: Path, late: timedelta) -> None:
    paired = rig.pair(rig.code())
    url, ca = paired.values["gateway.url"], paired.values["gateway.ca"]
    stranger = Identity.open(tmp_path)
    for identity, now in ((stranger, datetime.now(UTC)), (Identity.open(rig.state), datetime.now(UTC) + late)):
        with pytest.raises(PairingError) as error:
            renew(url, ca=ca, terminal=TERMINAL, state=rig.state, identity=identity, now=now)
        assert code_of(error) == "token_refused"
    assert len(list((rig.state / "pairing").iterdir())) == 1


def test_when_a_certificate_is_due(rig: Rig, tmp_path: Path) -> None:
    paired = rig.pair(rig.code())
    held = Path(paired.values["gateway.client_certificate"])
    assert not pairing.is_due(held, datetime.now(UTC))
    assert pairing.is_due(held, datetime.now(UTC) + timedelta(days=70))
    assert pairing.is_due(tmp_path / "nowhere", datetime.now(UTC))


def test_a_code_survives_being_printed_as_a_qr_and_scanned() -> None:
    code = PairingCode("bills.example.sa:443", "ab" * 32, "A" * 26)
    picture = qrcode.QRCode(border=4)
    picture.add_data(code.text())
    picture.make(fit=True)
    assert picture.version <= 7
    (found,) = zxingcpp.read_barcodes(picture.make_image().get_image().convert("L").resize((400, 400)))
    assert PairingCode.parse(found.text) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EBP1",
        "https://evil.example/",
        f"EBP1/EVIL.EXAMPLE:443//{'A' * 26}",
        f"EBP1/EVIL.EXAMPLE@X/{'A' * 52}/{'A' * 26}",
        f"EBP1/{'A' * 81}/{'A' * 52}/{'A' * 26}",
        f"EBP1/A:443/{'A' * 51}/{'A' * 26}",
        f"EBP1/A:443/{'A' * 52}/{'A' * 26}\n",
        f"EBP1/A:443/{'A' * 52}/{'A' * 26}*",
    ],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(PairingError) as error:
        PairingCode.parse(text)
    assert code_of(error) == "not_a_code"


@pytest.mark.parametrize(
    "answer",
    [b"[]", b"{", b"{}", b'{"terminal": "X", "certificate": "none"}', b'{"terminal": "a b", "certificate": ""}'],
)
def test_an_answer_that_is_none_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    from kiosk.service import pairings

    async def nonsense(_self: object, _request: object) -> object:
        return pairings.Response(answer, media_type="application/json")

    monkeypatch.setattr(pairings.Pairings, "_pair", nonsense)
    with Service(ServiceConfig()) as service:
        code = service.desk.pairings.issue(TERMINAL, host=f"127.0.0.1:{service.port}")
        with pytest.raises(PairingError) as error:
            pair(code, terminal=TERMINAL, state=tmp_path, identity=Identity.open(tmp_path))
    assert code_of(error) == "answer_unusable"
    assert list((tmp_path / "pairing").iterdir()) == []


def test_the_service_knows_terminals_after_a_restart_and_keeps_no_token(rig: Rig) -> None:
    code = rig.code()
    kept = json.loads((rig.data / "pairings.json").read_text("utf-8"))
    assert code.token not in json.dumps(kept)
    rig.pair(code)
    with secured(rig.data) as again:
        assert again.desk.pairings._read().terminals[TERMINAL] == Identity.open(rig.state).public_pem


def test_an_identity_is_made_once_with_mode_0600_and_not_believed_when_damaged(tmp_path: Path) -> None:
    first = Identity.open(tmp_path)
    assert Identity.open(tmp_path).fingerprint == first.fingerprint
    assert (tmp_path / "terminal.key").stat().st_mode & 0o777 == 0o600
    assert base64.b64encode(first.key.private_bytes_raw()).decode() not in repr(first)
    (tmp_path / "terminal.key").write_text("nothing")
    with pytest.raises(IdentityUnusable, match="holds no key"):
        Identity.open(tmp_path)


def test_a_credential_comes_before_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "credentials"
    elsewhere.mkdir()
    Identity.open(elsewhere)
    (elsewhere / "terminal.key").rename(elsewhere / "terminal-key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(elsewhere))
    Identity.open(tmp_path)
    assert not (tmp_path / "terminal.key").exists()
