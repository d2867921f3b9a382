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

# A token tried at random has expired, and says so: 410 is as good an answer as the page.
_SCHEMATHESIS = """
[[operations]]
include-operation-id = "showBill"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "410"]
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    config = ServiceConfig(subscribers=1000, rate_per_min=1e6, burst=100_000, now=lambda: NOW)
    with Service(config) as service:
        yield service


@pytest.fixture(scope="module")
def contract(service: Service) -> dict[str, Any]:
    document: dict[str, Any] = requests.get(f"{service.url}/openapi.json", timeout=10).json()
    return document


def test_every_route_is_in_the_contract_and_nothing_else(service: Service, contract: dict[str, Any]) -> None:
    routes = {route.path for route in service.desk.routes()}
    assert set(contract["paths"]) == routes
    assert all(set(operations) == {"get"} for operations in contract["paths"].values())


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
        schema = schemas["Bill" if "schema" in example["value"] else "Problem"]
        validator = Draft202012Validator(schema, format_checker=FormatChecker())
        assert [error.json_path for error in validator.iter_errors(example["value"])] == [], name


def test_the_contract_shows_every_problem_as_it_is_sent(contract: dict[str, Any]) -> None:
    shown = [
        example["value"] for example in contract["components"]["examples"].values() if "type" in example["value"]
    ]
    sent = [json.loads(bytes(problem(kind).body)) for kind in Problem]
    by_name = {body["code"]: body for body in sent}
    assert all(body == by_name[body["code"]] for body in shown)
    assert set(by_name) == set(contract["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    documented = {status for path in contract["paths"].values() for status in path["get"]["responses"]}
    assert {"200", "304", "403", "404", "410", "429", "500", "503"} == documented


def test_an_example_of_an_account_is_a_subscriber(service: Service, contract: dict[str, Any]) -> None:
    parameters = contract["paths"]["/v1/bills/{account}"]["get"]["parameters"]
    account = next(parameter for parameter in parameters if parameter["name"] == "account")
    for example in account["examples"].values():
        assert requests.get(f"{service.url}/v1/bills/{example['value']}", timeout=10).status_code == 200


def test_the_application_runs_under_any_asgi_server() -> None:
    app = create_app(ServiceConfig())
    assert callable(app)
    assert app.state.desk.book.count == 1000
    app.state.desk.close()


def test_schemathesis_finds_no_answer_outside_the_contract(service: Service, tmp_path: Path) -> None:
    (tmp_path / "st.toml").write_text(_SCHEMATHESIS, encoding="utf-8")
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
    assert "Tested: 4" in done.stdout
