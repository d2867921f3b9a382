"""What the package does to a machine, tried without one; on whole machines it is tried by `packaging/trial.py`."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType

import pytest
import yaml

TOP = Path(__file__).parent.parent
PACKAGING = TOP / "packaging"
PROGRAMS = PACKAGING / "system/usr/lib/ebill-kiosk"
UNITS = PACKAGING / "system/usr/lib/systemd/system"

STICK = "0781:5567:1-1.2"


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"packaging_{name}", PACKAGING / f"{name}.py")
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The folders of a machine, and a `systemctl` that notes what it is asked and says what it is told to."""
    for name in ("run", "system", "refused", "requests", "bin"):
        (tmp_path / name).mkdir()
    fake = tmp_path / "bin/systemctl"
    fake.write_text('#!/bin/sh\necho "$*" >>"$CALLS"\n[ "$1" != show ] || echo "${STATUS:-Idle}"\n')
    fake.chmod(0o755)
    (tmp_path / "version").write_text("2.0\n")
    return {
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "KIOSK_RUN": str(tmp_path / "run"),
        "KIOSK_SYSTEM": str(tmp_path / "system"),
        "KIOSK_REFUSED": str(tmp_path / "refused"),
        "KIOSK_REQUESTS": str(tmp_path / "requests"),
        "KIOSK_STICK": str(tmp_path / "stick"),
        "KIOSK_VERSION": str(tmp_path / "version"),
        "KIOSK_PROGRAM": str(tmp_path / "version"),
    }


def ran(environment: dict[str, str], name: str, *words: str, feed: str = "") -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(PROGRAMS / name), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, input=feed, timeout=60)


def calls(environment: dict[str, str]) -> str:
    path = Path(environment["CALLS"])
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize(
    ("good", "starts", "returns"),
    [("1.0", 2, False), ("1.0", 3, True), ("2.0", 4, False), ("", 4, False)],
    ids=["twice-may-be-chance", "on-probation", "proven", "nothing-to-return-to"],
)
def test_a_release_on_probation_that_does_not_come_up_goes_again(
    machine: dict[str, str], good: str, starts: int, returns: bool
) -> None:
    if good:
        Path(machine["KIOSK_SYSTEM"], "good").write_text(f"{good} sum\n")
    for _ in range(starts):
        assert ran(machine, "count", "start").returncode == 0
    assert ("start ebill-kiosk-rollback.service" in calls(machine)) is returns


def test_a_release_on_probation_that_hangs_once_goes_again(machine: dict[str, str]) -> None:
    Path(machine["KIOSK_SYSTEM"], "good").write_text("1.0 sum\n")
    ran(machine, "count", "start")
    ran(machine | {"SERVICE_RESULT": "timeout"}, "count", "down")
    assert calls(machine) == ""
    ran(machine, "count", "start")
    assert "start ebill-kiosk-rollback.service" in calls(machine)


def test_a_release_on_probation_that_comes_up_five_times_goes_again(machine: dict[str, str]) -> None:
    Path(machine["KIOSK_SYSTEM"], "good").write_text("1.0 sum\n")
    for _ in range(5):
        ran(machine, "count", "start")
        ran(machine, "count", "up")
    assert calls(machine) == ""
    ran(machine, "count", "start")
    assert "start ebill-kiosk-rollback.service" in calls(machine)


@pytest.mark.parametrize(
    ("now", "confirmed", "said"),
    [(2_000, None, "sane"), (999, None, "1 seconds behind, set to 1000"), (2_000, 5_000, "3000 seconds behind")],
    ids=["later-than-the-program", "before-the-program", "before-the-last-confirmed-time"],
)
def test_a_clock_is_never_earlier_than_what_is_known(
    machine: dict[str, str], now: int, confirmed: int | None, said: str
) -> None:
    os.utime(machine["KIOSK_PROGRAM"], (1_000, 1_000))
    if confirmed:
        mark = Path(machine["KIOSK_SYSTEM"], "clock")
        mark.touch()
        os.utime(mark, (confirmed, confirmed))
    assert said in ran(machine, "clock", "--now", str(now)).stdout


def test_an_unknown_device_is_refused_and_noted_until_it_is_accepted(machine: dict[str, str]) -> None:
    asked = ("0781", "5567", "1-1.2:1.0")
    assert ran(machine, "accepted", *asked).returncode == 1
    assert [path.name for path in Path(machine["KIOSK_REFUSED"]).iterdir()] == [STICK]
    Path(machine["KIOSK_SYSTEM"], "devices.accepted").write_text(f"{STICK}\n")
    assert ran(machine, "accepted", *asked).returncode == 0
    assert ran(machine, "accepted", "0781", "5567", "1-1.3:1.0").returncode == 1, "another port"


@pytest.mark.parametrize("status", ["Idle", "Visit", "Technician"])
def test_a_device_is_accepted_only_while_a_technician_is_there(machine: dict[str, str], status: str) -> None:
    Path(machine["KIOSK_REFUSED"], STICK).touch()
    Path(machine["KIOSK_REQUESTS"], "accept").write_text(STICK)
    ran(machine | {"STATUS": status}, "requests")
    accepted = Path(machine["KIOSK_SYSTEM"], "devices.accepted")
    assert accepted.exists() is (status == "Technician")


@pytest.mark.parametrize(
    "content",
    ["", "0781:5567", "0781:5567:1-1.3", "zzzz:5567:1-1", "0781:5567:../../etc", "0781:5567:1 ;reboot", "a" * 500],
)
def test_a_device_that_nobody_refused_or_that_is_none_is_not_accepted(
    machine: dict[str, str], content: str
) -> None:
    Path(machine["KIOSK_REFUSED"], STICK).touch()
    Path(machine["KIOSK_REQUESTS"], "accept").write_text(content)
    ran(machine | {"STATUS": "Technician"}, "requests")
    assert not Path(machine["KIOSK_SYSTEM"], "devices.accepted").exists()
    assert "reboot" not in calls(machine)


def test_only_words_of_the_closed_list_are_heard_and_links_are_not_followed(
    machine: dict[str, str], tmp_path: Path
) -> None:
    folder = Path(machine["KIOSK_REQUESTS"])
    (folder / "sh").write_text("rm -rf /")
    (folder / "reboot; true").write_text("")
    (folder / "restart").symlink_to(tmp_path / "version")
    (folder / "deep").mkdir()
    (folder / "deep/reboot").touch()
    ran(machine, "requests")
    assert calls(machine) == ""
    assert list(folder.iterdir()) == [], "what stays would be asked again for ever"
    (folder / "restart").touch()
    assert "request: restart" in ran(machine, "requests").stdout
    assert calls(machine) == "--no-block restart ebill-kiosk.service\n"


def test_a_stick_is_mounted_only_while_a_technician_is_there(machine: dict[str, str]) -> None:
    Path(machine["KIOSK_REQUESTS"], "mount").touch()
    assert "request refused: mount" in ran(machine, "requests").stdout
    assert not Path(machine["KIOSK_STICK"]).exists()


def test_the_release_that_apt_installs_is_kept(machine: dict[str, str], tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN").chmod(0o755)
    (tree / "DEBIAN/control").write_text(
        "Package: ebill-kiosk\nVersion: 3.1-1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: x\n"
    )
    deb = tmp_path / "ebill-kiosk_3.1-1_all.deb"
    subprocess.run(["dpkg-deb", "-b", str(tree), str(deb)], check=True, capture_output=True)
    ran(machine, "keep", feed=f"/var/cache/other_1_all.deb\n{deb}\n")
    assert [path.name for path in Path(machine["KIOSK_SYSTEM"]).iterdir()] == ["3.1-1.deb"]


def test_every_unit_that_is_installed_is_enabled_and_removed_again() -> None:
    installable = {unit.name for unit in UNITS.iterdir() if unit.is_file() and "[Install]" in unit.read_text()}
    for script in ("postinst", "postrm"):
        named = set(
            re.findall(
                r"ebill-kiosk[a-z-]*\.(?:service|timer|path)",
                (PACKAGING / "debian" / script).read_text().split("if [")[0],
            )
        )
        assert named == installable, script


def test_every_program_that_a_unit_starts_is_in_the_package_and_executable() -> None:
    named = set()
    for unit in UNITS.glob("*.service"):
        named |= set(re.findall(r"/usr/lib/ebill-kiosk/([a-z-]+)", unit.read_text()))
    rules = (PACKAGING / "system/usr/lib/udev/rules.d/70-ebill-kiosk.rules").read_text()
    named |= set(re.findall(r"/usr/lib/ebill-kiosk/([a-z]+)", rules))
    assert named - {"version"} <= {path.name for path in PROGRAMS.iterdir() if os.access(path, os.X_OK)}


def test_every_settings_file_of_the_package_survives_an_update() -> None:
    contents = yaml.safe_load((PACKAGING / "nfpm.yaml").read_text())["contents"]
    kept = {entry["dst"].lstrip("/") for entry in contents if str(entry.get("type", "")).startswith("config")}
    system = PACKAGING / "system"
    assert kept == {str(path.relative_to(system)) for path in (system / "etc").rglob("*") if path.is_file()}


def test_scripts_are_shell_that_can_be_read() -> None:
    scripts = [*PROGRAMS.iterdir(), *(PACKAGING / "debian").iterdir(), PACKAGING / "build", PACKAGING / "root"]
    scripts = [path for path in (*scripts, PACKAGING / "repository") if path.read_bytes().startswith(b"#!/bin/sh")]
    assert len(scripts) >= 14
    for path in scripts:
        subprocess.run(["/bin/sh", "-n", str(path)], check=True)


def test_the_locks_name_hashes_and_no_address() -> None:
    text = (PACKAGING / "requirements.lock").read_text()
    assert "://" not in text
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=\S)", text.strip()))
    entry = module("stage").locked("paho-mqtt")
    assert entry.startswith("paho-mqtt==") and "--hash=sha256:" in entry and "://" not in entry


def test_what_the_package_leaves_out_is_gone_and_the_rest_stays(tmp_path: Path) -> None:
    for name in (
        "pip/x.py",
        "kivy/tools/x.py",
        "kivy/base.py",
        "PIL/_avif.cpython-311.so",
        "PIL/Image.py",
        "six.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    module("stage").prune(tmp_path)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["PIL/Image.py", "kivy/base.py", "six.py"]


def test_the_bill_of_materials_says_what_a_package_is_and_its_licence() -> None:
    part = module("sbom").component(distribution("requests"))
    assert part["purl"] == f"pkg:pypi/requests@{part['version']}"
    assert part["licenses"] == [{"license": {"name": "Apache Software License"}}] or part["licenses"]
    bom = module("sbom")
    first, second = (
        bom.document([part], version="1", at=bom.datetime.fromtimestamp(0, bom.UTC)) for _ in range(2)
    )
    assert first == second and first["serialNumber"].startswith("urn:uuid:")


def test_a_machine_that_cannot_carry_others_skips_the_trials_loudly(tmp_path: Path) -> None:
    # Without its tools on the path: as on a machine where nothing may be installed.
    environment = {"PATH": str(tmp_path), "PYTHONPATH": str(PACKAGING)}
    done = subprocess.run(
        [sys.executable, str(PACKAGING / "trial.py"), "x.deb"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 69
    assert "SKIPPED" in done.stderr and "systemd-nspawn" in done.stderr


def test_every_fault_was_tried_in_every_state_and_the_readme_says_how_it_went() -> None:
    faults = module("faults")
    verdicts = json.loads(faults.RECORD.read_text())
    assert list(verdicts) == list(faults.FAULTS)
    for fault, row in verdicts.items():
        assert tuple(row) == faults.STATES, fault
        assert all(verdict.startswith("ok") for verdict in row.values()), fault
    readme = faults.README.read_text()
    assert faults.with_table(readme, verdicts) == readme
