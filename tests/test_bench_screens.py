"""The benchmarks of screens: that they measure what they say, with few rounds; their figures are in the README."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kiosk.bench.processes import busy_share, family, pss_mb

ROOT = Path(__file__).parent.parent

needs_display = pytest.mark.skipif(not shutil.which("Xvfb"), reason="apt-get install xvfb libxtst6")


def measured(script: str, *, within_s: float = 110.0) -> str:
    """What a script prints, run in a process of its own: a window is opened once in a process."""
    environment = {**os.environ, "SDL_VIDEODRIVER": "offscreen", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=within_s,
    )
    return done.stdout.strip()


def test_a_family_is_a_process_and_its_children() -> None:
    code = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    with subprocess.Popen([sys.executable, "-c", code + "time.sleep(60)"]) as parent:
        try:
            until = time.monotonic() + 20
            while len(family(parent.pid)) < 2:
                assert time.monotonic() < until
            both = family(parent.pid)
            assert pss_mb(parent.pid) > pss_mb(both[1]) > 1
        finally:
            for member in reversed(both):
                os.kill(member, 9)


def test_a_busy_process_is_busier_than_a_sleeping_one() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            assert busy_share(busy.pid, seconds=0.5) > 0.02
        finally:
            busy.kill()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_visits_leave_nothing_behind() -> None:
    slope = measured(
        "from kiosk.bench.visits import measure; print(measure(visits=20_000, drawn=1_000)['slope_bytes'])",
        within_s=3500.0,
    )
    assert int(slope) <= 1024


def test_visits_are_counted_and_drawn() -> None:
    script = "from kiosk.bench.visits import measure; m = measure(visits=4, drawn=1)"
    assert measured(f"{script}; print(m['visits'], m['screens_drawn'])") == "4 10"


@needs_display
@pytest.mark.display
@pytest.mark.slow
def test_a_press_is_seen_on_a_real_display() -> None:
    found = measured(
        "from kiosk.bench.screens import touch; f = touch(); print(f['touch_p50_ms'] < f['touch_p95_ms'])"
    )
    assert found == "True"


@needs_display
@pytest.mark.display
@pytest.mark.slow
def test_the_bill_is_measured_beside_a_browser(tmp_path: Path) -> None:
    found = measured(
        "import sys; from pathlib import Path; from kiosk.bench.first_frame import measure\n"
        f"print(sorted(measure(Path({str(tmp_path)!r}), runs=1)))"
    )
    assert "bill_ms" in found and "pss_mb" in found
    assert ("chromium_ms" in found) == bool(shutil.which("chromium"))
