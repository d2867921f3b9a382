"""Look-ups a second of the reference bill service, beside an answer of the same server that says nothing."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from kiosk.service.subscribers import SubscriberBook

_SUBSCRIBERS = 9_000_000
_ASKED_FOR = 20_000
_CONNECTIONS = 16
_SECONDS = 4
_RUNS = 3

_SERVE = f"""
import json, sys
from pathlib import Path
from kiosk.service import ServiceConfig
from kiosk.service.workers import serve_with_workers
if __name__ == "__main__":
    serve_with_workers(
        ServiceConfig(subscribers={_SUBSCRIBERS}, rate_per_min=1e9, burst=10**9, data=Path(sys.argv[1])),
        workers=int(sys.argv[2]), announce=lambda url, accounts: print(url, flush=True))
"""


def measure(folder: Path, *, workers: int = 2) -> dict[str, Any]:
    """Load the service with Debian's `wrk` from this machine; both share its cores."""
    if not shutil.which("wrk"):
        return {"missing": "the load generator: apt-get install wrk"}
    script, program = folder / "bills.lua", folder / "serve.py"
    script.write_text(_requests(), encoding="ascii")
    program.write_text(_SERVE, encoding="ascii")
    command = [sys.executable, str(program), str(folder / "data"), str(workers)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as service:
        assert service.stdout
        url = service.stdout.readline().strip()
        try:
            looked = [_per_s(url, "-s", str(script)) for _ in range(_RUNS)]
            empty = [_per_s(f"{url}/healthz") for _ in range(_RUNS)]
        finally:
            service.terminate()
    return {
        "workers": workers,
        "look_ups_per_s": round(median(looked)),
        "empty_answers_per_s": round(median(empty)),
        "ratio": round(median(looked) / median(empty), 2),
    }


def _requests() -> str:
    """A script for wrk that asks for one account after the other, in any order."""
    book, chance = SubscriberBook(1, _SUBSCRIBERS), random.Random(2)
    accounts = json.dumps([book.account(chance.randrange(_SUBSCRIBERS)) for _ in range(_ASKED_FOR)])
    listed = accounts.replace("[", "{").replace("]", "}")
    return (
        f"local accounts, n = {listed}, 0\n"
        "request = function()\n"
        "  n = n + 1\n"
        '  return wrk.format("GET", "/v1/bills/" .. accounts[n % #accounts + 1])\n'
        "end\n"
    )


def _per_s(url: str, *options: str) -> float:
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{_SECONDS}", *options, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found, said
    return float(found[1])
