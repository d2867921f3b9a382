"""The contract as it is served: `openapi.json` with the bill's schema and the example documents put in."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def openapi() -> dict[str, Any]:
    """The whole contract in one document, OpenAPI 3.1.

    On disk it points to `ebill-1.schema.json` and to the files of `examples/`, which have their own use.
    """
    contract = _read(__package__, "openapi.json")
    bill = _read("kiosk", "ebill-1.schema.json")
    del bill["$schema"]
    contract["components"]["schemas"]["Bill"] = bill
    for example in contract["components"]["examples"].values():
        if "externalValue" in example:
            example["value"] = _read(__package__, example.pop("externalValue"))
    return contract


def _read(package: str, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(files(package).joinpath(name).read_text(encoding="utf-8"))
    return document
