"""The contract says what the service does, the service does what the contract says; Schemathesis tries both."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from kiosk.service import Service, ServiceConfig, create_app
from kiosk.service.answers import Problem, problem

NOW = datetime(2026, 9, 15, 9, 20, tzinfo=UTC)

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ENVELOPE = b'{"key_id":"0123456789abcdef","signed":"e30=","signature":"c2lnbmVk"}'

# A token tried at random has expired, and says so: 410 is as good an answer as the page.
_SCHEMATHESIS = """
hooks = "st_hooks.py"

[[operations]]
include-operation-id = "showBill"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "410"]

# An account tried at random is nobody's, a code tried at random is wrong, and enough is enough.
[[operations]]
include-tag = "subscribers"
checks.positive_data_acceptance.expected-statuses = ["2xx", "403", "404", "409", "429"]

[[operations]]
include-operation-id = "readObject"
checks.positive_data_acceptance.expected-statuses = ["2xx", "304", "404", "416"]

# A line that is no event is rejected in its own answer, not with the whole batch.
[[operations]]
include-operation-id = "reportEvents"
checks.negative_data_rejection.expected-statuses = ["200", "400", "413", "415"]

# A token tried at random is nobody's, and one that fits is of no use with a request at random.
[[operations]]
include-operation-id = "pair"
checks.positive_data_acceptance.expected-statuses = ["400", "403"]
checks.negative_data_rejection.expected-statuses = ["400", "413", "415"]

[[operations]]
include-operation-id = "renewCertificate"
checks.positive_data_acceptance.expected-statuses = ["400", "403"]
checks.negative_data_rejection.expected-statuses = ["400", "413", "415"]
"""

_HOOKS = """
import json
import schemathesis

@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("published")
    for path in (folder / "v1" / "sync" / "all" / "manifest", folder / "v1" / "objects" / EMPTY):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"" if path.name == EMPTY else ENVELOPE)
    config = ServiceConfig(
        subscribers=1000,
        rate_per_min=1e6,
        burst=100_000,
        published=folder,
        lists_received=True,
        now=lambda: NOW,
    )
    with Service(config) as service:
        yield service


@pytest.fixture(scope="module")
def contract(service: Service) -> dict[str, Any]:
    document: dict[str, Any] = requests.get(f"{service.url}/openapi.json", timeout=10).json()
    return document


def test_every_route_is_in_the_contract_and_nothing_else(service: Service, contract: dict[str, Any]) -> None:
    routes = {route.path for route in service.desk.routes()}
    assert set(contract["paths"]) == routes
    answered = {(route.path, method.lower()) for route in service.desk.routes() for method in route.methods or ()}
    written = {(path, method) for path, operations in contract["paths"].items() for method in operations}
    assert written == {(path, method) for path, method in answered if method != "head"}


def test_the_contract_needs_no_other_file(contract: dict[str, Any]) -> None:
    schema = json.loads(files("kiosk").joinpath("ebill-1.schema.json").read_text(encoding="utf-8"))
    del schema["$schema"]
    assert contract["components"]["schemas"]["Bill"] == schema
    assert "externalValue" not in json.dumps(contract)
    for reference in _references(contract):
        assert reference.startswith("#/components/")
        found: Any = contract
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def test_everything_in_the_contract_s_stores_is_used(contract: dict[str, Any]) -> None:
    used = set(_references(contract))
    for kind, members in contract["components"].items():
        assert {f"#/components/{kind}/{name}" for name in members} <= used


def test_examples_fit_their_schemas(contract: dict[str, Any]) -> None:
    schemas = contract["components"]["schemas"]
    for name, example in contract["components"]["examples"].items():
        if name == "Events":
            continue
        schema = schemas["Bill" if "schema" in example["value"] else "Problem"]
        validator = Draft202012Validator(schema, format_checker=FormatChecker())
        assert [error.json_path for error in validator.iter_errors(example["value"])] == [], name


def _resolved(contract: dict[str, Any], name: str) -> Draft202012Validator:
    """A validator of one of the contract's schemas, which may refer to others."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": contract["components"]}
    return Draft202012Validator(schema, format_checker=FormatChecker())


def test_an_example_of_a_batch_is_one_that_is_taken(service: Service, contract: dict[str, Any]) -> None:
    batch = contract["components"]["examples"]["Events"]["value"]
    for line in batch.splitlines():
        assert list(_resolved(contract, "Event").iter_errors(json.loads(line))) == []
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "example"}
    answer = requests.post(f"{service.url}/v1/events", data=batch, headers=headers, timeout=10).json()
    assert list(_resolved(contract, "EventAnswers").iter_errors(answer)) == []
    assert [event["verdict"] for event in answer["events"]] == ["accepted", "accepted"]


def test_the_contract_shows_every_problem_as_it_is_sent(contract: dict[str, Any]) -> None:
    shown = [
        example["value"] for example in contract["components"]["examples"].values() if "code" in example["value"]
    ]
    sent = [json.loads(bytes(problem(kind).body)) for kind in Problem]
    by_name = {body["code"]: body for body in sent}
    assert all(body == by_name[body["code"]] for body in shown)
    assert set(by_name) == set(contract["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    operations = [operation for path in contract["paths"].values() for operation in path.values()]
    documented = {status for operation in operations for status in operation["responses"]}
    refusals = {"400", "403", "404", "409", "410", "413", "415", "416", "429", "500", "503"}
    assert documented == {"200", "206", "304"} | refusals


def test_an_example_of_an_account_is_a_subscriber(service: Service, contract: dict[str, Any]) -> None:
    account = contract["components"]["parameters"]["Account"]
    for example in account["examples"].values():
        assert requests.get(f"{service.url}/v1/bills/{example['value']}", timeout=10).status_code == 200


def test_the_application_runs_under_any_asgi_server() -> None:
    app = create_app(ServiceConfig())
    assert callable(app)
    assert app.state.desk.book.count == 1000
    app.state.desk.close()


def test_schemathesis_finds_no_answer_outside_the_contract(service: Service, tmp_path: Path) -> None:
    (tmp_path / "st.toml").write_text(_SCHEMATHESIS, encoding="utf-8")
    (tmp_path / "st_hooks.py").write_text(_HOOKS, encoding="utf-8")
    command = Path(sys.executable).with_name("schemathesis")
    options = ["--max-examples", "15", "--seed", "1", "--max-failures", "3", "--generation-database", "none"]
    done = subprocess.run(
        [command, "--no-color", "--config-file", "st.toml", "run", f"{service.url}/openapi.json", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tested: 17" in done.stdout
