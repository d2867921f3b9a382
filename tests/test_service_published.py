"""A published folder behind the service: manifests that change, objects that never do, settings that are signed."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.packs.envelope import Trust
from kiosk.packs.sealing import PackRefused
from kiosk.service import Service, ServiceConfig

NOW = datetime(2026, 9, 15, 9, 20, tzinfo=UTC)
CONTENT = bytes(range(256)) * 3000
NAME = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    (folder / "v1" / "sync" / "region-01").mkdir(parents=True)
    (folder / "v1" / "objects").mkdir()
    (folder / "v1" / "objects" / NAME).write_bytes(CONTENT)
    (folder / "v1" / "sync" / "region-01" / "manifest").write_bytes(b'{"signed": "first"}' + b" " * 600)
    (folder / "kiosk.toml").write_text('[site]\ncall_centre = "9200 00000"\n', encoding="utf-8")
    (folder / "secret").write_text("not published", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def service(folder: Path, data: Path) -> Iterator[Service]:
    with Service(ServiceConfig(published=folder, data=data, burst=3, now=lambda: NOW)) as service:
        yield service


def fetch(service: Service, path: str, *, method: str = "GET", **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(
        method, service.url + path, headers={"Accept-Encoding": "identity"} | named, timeout=10
    )


def fetch_object(service: Service, **headers: str) -> requests.Response:
    return fetch(service, f"/v1/objects/{NAME}", **headers)


def test_an_object_comes_whole_and_may_be_kept_for_ever(service: Service) -> None:
    answer = fetch_object(service)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["ETag"] == f'"{NAME}"'
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert int(answer.headers["Content-Length"]) == len(CONTENT)
    assert fetch_object(service, If_None_Match=f'"{NAME}"').status_code == 304


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=500000-", 500_000, len(CONTENT)),
        ("bytes=-100", len(CONTENT) - 100, len(CONTENT)),
        ("bytes=-99999999", 0, len(CONTENT)),
        ("bytes=767990-99999999", 767_990, len(CONTENT)),
        ("bytes=1000-300000", 1000, 300_001),
    ],
)
def test_a_part_of_an_object_is_that_part(service: Service, asked: str, start: int, end: int) -> None:
    answer = fetch_object(service, Range=asked)
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"


@pytest.mark.parametrize("asked", [f"bytes={len(CONTENT)}-", "bytes=99999999-", "bytes=-0"])
def test_bytes_that_are_not_there_are_said_not_to_be(service: Service, asked: str) -> None:
    answer = fetch_object(service, Range=asked)
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")
    assert answer.json()["code"] == "no_such_range"


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=a-b", "bytes=-", "items=0-1", "bytes=0-1,5-6", "", "0-1"])
def test_what_is_no_range_is_as_if_it_were_not_there(service: Service, asked: str) -> None:
    assert fetch_object(service, Range=asked).status_code == 200


def test_a_part_is_given_only_of_the_object_the_terminal_began(service: Service) -> None:
    assert fetch_object(service, Range="bytes=5-", If_Range=f'"{NAME}"').status_code == 206
    assert fetch_object(service, Range="bytes=5-", If_Range='"other"').status_code == 200


def test_head_says_how_long_an_object_is(service: Service) -> None:
    head = fetch_object(service, method="HEAD")
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(CONTENT)))


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/objects/" + "0" * 64, f"/v1/objects/{NAME.upper()}", "/v1/objects/secret", "/v1/objects/"),
        *("/v1/objects/..%2F..%2Fsecret", "/v1/objects/%2e%2e/%2e%2e/secret", "/v1/sync/region-02/manifest"),
        *("/v1/sync/..%2F..%2Fv1%2Fsync%2Fregion-01/manifest", "/v1/sync/region-01/other", "/v1/sync//manifest"),
    ],
)
def test_nothing_but_what_is_published_is_found(service: Service, path: str) -> None:
    answer = fetch(service, path)
    assert answer.status_code == 404
    assert "not published" not in answer.text


def test_a_manifest_is_fresh_at_once_and_has_a_tag_of_its_own(service: Service, folder: Path) -> None:
    path = folder / "v1" / "sync" / "region-01" / "manifest"
    first = fetch(service, "/v1/sync/region-01/manifest")
    assert first.content == path.read_bytes()
    assert first.headers["Cache-Control"] == "public, max-age=60, stale-if-error=86400"
    tag = first.headers["ETag"]
    assert fetch(service, "/v1/sync/region-01/manifest", If_None_Match=tag).status_code == 304
    path.write_bytes(b'{"signed": "second"}')
    second = fetch(service, "/v1/sync/region-01/manifest", If_None_Match=tag)
    assert (second.status_code, second.json()) == (200, {"signed": "second"})


def test_stores_are_filled_beside_the_limit_on_guesses(service: Service) -> None:
    assert [fetch_object(service, Range="bytes=0-9").status_code for _ in range(20)] == [206] * 20


def test_a_service_that_publishes_nothing_says_so() -> None:
    with Service(ServiceConfig()) as service:
        assert fetch(service, "/v1/sync/all/manifest").status_code == 404
        assert fetch(service, f"/v1/objects/{NAME}").status_code == 404
        assert fetch(service, "/v1/kiosks/self/config").status_code == 200


def test_settings_are_signed_by_the_key_of_the_data_folder(service: Service, data: Path) -> None:
    answer = fetch(service, "/v1/kiosks/self/config")
    envelope = answer.json()
    signed, signature = (base64.b64decode(envelope[name]) for name in ("signed", "signature"))
    Trust.parse((data / "signing-key.pub").read_bytes()).check(
        envelope["key_id"], signature=signature, signed=signed
    )
    fields = json.loads(signed)
    assert fields["settings"] == {"site": {"call_centre": "9200 00000"}}
    assert (fields["schema"], fields["key_id"]) == ("kiosk-config/1", envelope["key_id"])
    assert fields["expires"] > fields["issued_at"]
    with pytest.raises(PackRefused):
        Trust([Ed25519PrivateKey.generate().public_key()]).check(
            envelope["key_id"], signature=signature, signed=signed
        )


def test_a_terminal_that_has_its_settings_gets_304(service: Service) -> None:
    first = fetch(service, "/v1/kiosks/self/config")
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert fetch(service, "/v1/kiosks/self/config", If_None_Match=first.headers["ETag"]).status_code == 304


def test_the_signing_key_is_for_its_owner_only(service: Service, data: Path) -> None:
    fetch(service, "/v1/kiosks/self/config")
    assert (data / "signing-key").stat().st_mode & 0o777 == 0o600


def test_settings_that_cannot_be_read_are_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text("[site\n", encoding="utf-8")
    with pytest.raises(ValueError):
        Service(ServiceConfig(published=tmp_path))
