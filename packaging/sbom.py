"""Writes the list of what is in the package, as CycloneDX 1.6 JSON: each Python package with its licence.

    sbom.py --stage DIR --version V

It reads what was really staged, not what was asked for. The same stage gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5


def main() -> int:
    """Write `sbom.cdx.json` beside the package's other documents."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--stage", required=True, type=Path)
    options.add_argument("--version", required=True)
    chosen = options.parse_args()
    lib = chosen.stage / "usr/lib/ebill-kiosk/lib"
    found = sorted(distributions(path=[str(lib)]), key=lambda one: one.name.lower())
    parts = [component(one) for one in found if one.name != "ebill-kiosk"]
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    bom = document(parts, version=chosen.version, at=datetime.fromtimestamp(epoch, UTC))
    target = chosen.stage / "usr/share/doc/ebill-kiosk/sbom.cdx.json"
    target.write_text(json.dumps(bom, indent=1, ensure_ascii=False) + "\n")
    print(f"sbom.py: {len(parts)} packages")
    return 0


def document(parts: list[dict[str, Any]], *, version: str, at: datetime) -> dict[str, Any]:
    """The whole document; its serial number is that of its content."""
    digest = hashlib.sha256(json.dumps([version, parts]).encode()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {
            "timestamp": at.isoformat().replace("+00:00", "Z"),
            "component": {
                "type": "application",
                "bom-ref": "ebill-kiosk",
                "name": "ebill-kiosk",
                "version": version,
                "licenses": [{"license": {"id": "MIT"}}],
            },
        },
        "components": parts,
        "dependencies": [{"ref": "ebill-kiosk", "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def component(one: Distribution) -> dict[str, Any]:
    """One installed package."""
    name = one.name.lower().replace("_", "-")
    purl = f"pkg:pypi/{name}@{one.version}"
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": one.version,
        "purl": purl,
    }
    licences = licences_of(one)
    return found | ({"licenses": licences} if licences else {})


def licences_of(one: Distribution) -> list[dict[str, Any]]:
    """What the package says its licence is: the expression, else the classifiers, else its own words."""
    metadata = one.metadata
    if expression := metadata.get("License-Expression"):
        return [{"expression": expression}]
    marks = [word for word in metadata.get_all("Classifier") or () if word.startswith("License :: ")]
    names = [word.split(" :: ")[-1] for word in marks]
    words = metadata.get("License", "").strip()
    if not names and words and "\n" not in words:
        names = [words]
    return [{"license": {"name": name}} for name in names]


if __name__ == "__main__":
    sys.exit(main())
