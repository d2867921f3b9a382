"""A payment card's number goes into the whole terminal by every entrance, and is then nowhere to be found."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from test_readers_canary import CANARY, parts_of

ROOT = Path(__file__).parent.parent


def test_of_a_payment_card_the_terminal_keeps_nothing(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tests" / "canary_robot.py"), CANARY, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, env=environment, check=False)
    assert "RuntimeError: the end" in done.stderr, done.stderr
    said = json.loads(done.stdout.splitlines()[0])
    # One was cut short on the line, before anything could say what it was.
    assert said["counts"] == [{"payment_card": 7, "partial": 1}, {"payment_card": 1}]
    assert said["typed"] == ["", "payment_card"]
    # A number that is typed is seen by whoever types it, in groups; what a reader read is never drawn.
    held = [*said["drawn"], *said["held"]]
    written = [path.read_bytes().decode("latin-1") for path in tmp_path.iterdir() if path.is_file()]
    everything = re.sub(r"(?<=\d) (?=\d)", "", "\n".join([*held, *written, done.stderr]))
    assert {path.name for path in tmp_path.iterdir()} >= {"events", "journal.db", "seen.db", "wedge"}
    assert [piece for piece in parts_of(CANARY) if piece in everything] == []
