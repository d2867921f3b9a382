from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pack_rigs import NOW, PackServer, Utility, invented, many_rows, renewed
from sync_rigs import ACCOUNTS, damage

from kiosk import ballast
from kiosk.cli import run
from kiosk.packs.sealing import ScopeKey
from kiosk.publish import Keys as PublisherKeys
from kiosk.store import Store, store_key
from kiosk.sync.source import Patience


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def options(tmp_path: Path, utility: Utility, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The options of a terminal's first sync, from a folder."""
    monkeypatch.setattr(os, "nice", lambda by: by)
    monkeypatch.setattr("kiosk.commands.issue_day.step_back", lambda: None)
    monkeypatch.setattr("kiosk.sync.source.Patience", lambda: Patience(pause_s=0.0))
    for module in ("syncing", "issue_day"):
        monkeypatch.setattr(f"kiosk.commands.{module}.utc_now", lambda: utility.now)
    utility.publish(invented(4))
    key = tmp_path / "utility.key"
    return ["--once", "--trust", f"{key}.pub", "--scope-key", f"{key}.scope", "--state", str(tmp_path / "state")]


def test_the_command_fills_the_store_that_bill_shows(
    utility: Utility, options: list[str], server: PackServer, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = called(capsys, "sync", *options, "--gateway", server.url)
    assert (code, said["bills"], said["generation"]) == (0, 4, utility.manifest().generation)
    assert said["bytes"] > 0 and said["seconds"] >= 0
    account = invented(4)[0].account.number.digits
    code, said = called(capsys, "bill", account, "--offline", "--state", options[-1])
    assert (code, said["source"], said["as_of"]) == (0, "stored", "2026-08-28T06:00:00Z")
    assert said["bill"]["account"]["number"] == account
    code, said = called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())
    assert (code, said["changed"]) == (0, False)


def test_the_keys_may_lie_in_settings_credentials_and_state(
    tmp_path: Path,
    utility: Utility,
    options: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, state = tmp_path / "site.toml", tmp_path / "state"
    settings.write_text(f'[gateway]\ntrust = "{tmp_path}/utility.key.pub"\n', encoding="utf-8")
    arguments = ["sync", "--once", "--settings", str(settings), "--state", str(state)]
    arguments += ["--gateway", utility.folder.as_uri()]
    code, said = called(capsys, *arguments)
    assert (code, said["error"]["code"]) == (5, "settings_wrong")
    shutil.copy(tmp_path / "utility.key.scope", state / "scope.key")
    assert called(capsys, *arguments)[0] == 0
    (state / "scope.key").unlink()
    shutil.copy(tmp_path / "utility.key.scope", tmp_path / "scope-key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert called(capsys, *arguments)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "exit_code", "error"),
    [
        ([], 5, "settings_wrong"),
        (["--gateway", "http://127.0.0.1:9"], 4, "refused"),
        (["--gateway", "file:///no/such/folder"], 4, "file_missing"),
        (["--gateway", "{published}", "--scope", "west"], 4, "file_missing"),
        (["--gateway", "{published}", "--scope", "No such"], 2, "scope"),
        (["--gateway", "{published}", "--trust", "{published}/v1"], 2, "key_file"),
        (["--gateway", "{published}", "--trust", "{key}.scope"], 2, "key_file"),
        (["--gateway", "{published}", "--scope-key", "{key}.pub"], 2, "key_file"),
        (["--gateway", "{published}", "--scope-key", "{other}"], 5, "scope_key_wrong"),
        (["--gateway", "{published}", "--trust", "{stranger}"], 1, "signed_by_another_key"),
        (["--gateway", "{published}", "--settings", "{none}"], 5, "settings_wrong"),
    ],
)
def test_the_command_ends_with_the_code_of_what_went_wrong(
    tmp_path: Path,
    utility: Utility,
    options: list[str],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    exit_code: int,
    error: str,
) -> None:
    (tmp_path / "other").write_text(ScopeKey.new().text())
    (tmp_path / "none").write_text('[store]\nscope = "none"\n')
    PublisherKeys.open(tmp_path / "stranger.key")
    names = {
        "published": utility.folder.as_uri(),
        "key": str(tmp_path / "utility.key"),
        "other": str(tmp_path / "other"),
        "none": str(tmp_path / "none"),
        "stranger": str(tmp_path / "stranger.key.pub"),
    }
    code, said = called(capsys, "sync", *options, *(argument.format(**names) for argument in arguments))
    assert (code, said["error"]["code"]) == (exit_code, error)


def test_an_altered_object_ends_the_command_with_one(
    utility: Utility, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    whole = utility.object_path().read_bytes()
    utility.object_path().write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    code, said = called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())
    assert (code, said["error"]["code"]) == (1, "object_hash")
    manifest = utility.manifest_path.read_bytes()
    utility.manifest_path.write_bytes(manifest.replace(b'"signature": "', b'"signature": "AAAA', 1))
    code, said = called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())
    assert (code, said["error"]["code"]) == (1, "signature")


def test_a_sync_without_end_goes_on_after_failures_and_says_only_news(
    utility: Utility, options: list[str], server: PackServer, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    pauses: list[float] = []
    server.fault = lambda path, number: (429, {"Retry-After": "60"}, b"") if number == 0 else None

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            raise KeyboardInterrupt
        if len(pauses) == 3:
            utility.later(hours=1)
            utility.publish([renewed(ACCOUNTS[0], 1)])

    monkeypatch.setattr("kiosk.commands.issue_day.time.sleep", sleep)
    arguments = [option for option in options if option != "--once"]
    assert run(["sync", *arguments, "--gateway", server.url, "--json"]) == 130
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("bills") for line in said] == [None, 4, 5]
    assert said[0]["error"] == {
        "code": "http_429",
        "message": "nothing usable could be fetched (http_429)",
        "retry_after_s": 60.0,
    }
    assert pauses[0] >= 60


def test_the_store_says_what_is_synced_and_forgets_it(
    utility: Utility, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    state = ["--state", options[-1]]
    assert called(capsys, "store", "info", *state)[1]["generations"] == []
    called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())
    utility.later(hours=1)
    utility.publish([renewed(ACCOUNTS[0], 1)])
    called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())
    code, said = called(capsys, "store", "info", *state)
    (found,) = said["generations"]
    assert code == 0 and found.pop("bytes") > 4096
    assert (said["sync"]["state"], said["sync"]["scope"]) == ("done", "all")
    assert found == {
        "generation": utility.manifest().generation,
        "scope": "all",
        "bills": 5,
        "deltas": 1,
        "as_of": "2026-08-28T07:00:00Z",
    }
    assert called(capsys, "store", "check", *state) == (0, {"whole": True, "problems": []})
    assert called(capsys, "store", "purge", *state) == (0, {"forgotten": 0})
    assert called(capsys, "store", "purge", "--all", *state) == (0, {"forgotten": 5})
    assert called(capsys, "store", "info", *state)[1]["generations"] == []
    assert not list(Path(options[-1]).glob("bills-*"))
    assert called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())[1]["bills"] == 5


def test_a_damaged_generation_is_found_by_a_check(
    utility: Utility, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    utility.publish_rows(many_rows(300))
    called(capsys, "sync", *options, "--gateway", utility.folder.as_uri())
    damage(next(Path(options[-1]).glob("bills-*.db")))
    code, said = called(capsys, "store", "check", "--state", options[-1])
    assert (code, said["whole"]) == (1, False) and said["problems"]


@pytest.fixture
def site(tmp_path: Path, options: list[str]) -> Callable[[str], list[str]]:
    """The options of a terminal whose settings say all there is to say, with these ones of the store."""
    (tmp_path / "state").mkdir()
    shutil.copy(tmp_path / "utility.key.scope", tmp_path / "state" / "scope.key")
    file = tmp_path / "site.toml"

    def write(store: str) -> list[str]:
        trust = f'[gateway]\ntrust = "{tmp_path}/utility.key.pub"\n'
        file.write_text(f"{trust}[store]\n{store}\n", encoding="utf-8")
        return ["--settings", str(file), "--state", str(tmp_path / "state")]

    return write


def test_the_regions_of_the_settings_are_kept_and_found(
    tmp_path: Path, utility: Utility, site: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    accounts = {"riyadh": ACCOUNTS[:2], "qassim": ACCOUNTS[2:5]}
    for scope, numbers in accounts.items():
        Utility(tmp_path, scope=scope).publish([renewed(number, 1) for number in numbers])
    terminal = site('scope = "regions"\nregions = ["riyadh", "qassim"]')
    assert run(["sync", "--once", *terminal, "--gateway", utility.folder.as_uri(), "--json"]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["scope"], line["bills"]) for line in said] == [("riyadh", 2), ("qassim", 3)]
    for number in ACCOUNTS[:5]:
        code, shown = called(capsys, "bill", number, "--offline", *terminal)
        assert (code, shown["bill"]["account"]["number"], shown["source"]) == (0, number, "stored")
    found = called(capsys, "store", "info", *terminal)[1]["generations"]
    assert {(held["scope"], held["bills"]) for held in found} == {("riyadh", 2), ("qassim", 3)}


def test_a_region_that_fails_does_not_keep_the_others_from_coming(
    tmp_path: Path, utility: Utility, site: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    Utility(tmp_path, scope="qassim").publish([renewed(ACCOUNTS[0], 1)])
    terminal = site('scope = "regions"\nregions = ["nowhere", "qassim"]')
    assert run(["sync", "--once", *terminal, "--gateway", utility.folder.as_uri(), "--json"]) == 4
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (said[0]["scope"], said[1]["error"]["code"]) == ("qassim", "file_missing")


def test_a_region_that_was_sent_away_is_left_alone_while_others_are_asked(
    tmp_path: Path,
    server: PackServer,
    site: Callable[[str], list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for scope in ("riyadh", "qassim"):
        Utility(tmp_path, scope=scope).publish([renewed(ACCOUNTS[0], 1)])
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if sum(slept) > 3000:
            raise KeyboardInterrupt

    server.fault = lambda path, number: (429, {"Retry-After": "3600"}, b"") if "riyadh" in path else None
    monkeypatch.setattr("kiosk.commands.issue_day.time.sleep", sleep)
    terminal = site('scope = "regions"\nregions = ["riyadh", "qassim"]')
    assert run(["sync", *terminal, "--gateway", server.url, "--json"]) == 130
    asked = [path for path, _ in server.requests if path.endswith("manifest")]
    assert sum("riyadh" in path for path in asked) == 1
    assert sum("qassim" in path for path in asked) == len(slept) >= 7
    assert "http_429" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("store", "exit_code", "forgotten"),
    [
        ('scope = "all"', 0, []),
        ('scope = "regions"\nregions = ["east"]', 4, ["all"]),
        ('scope = "none"', 5, ["all"]),
    ],
)
def test_what_the_settings_do_not_want_any_more_is_forgotten(
    utility: Utility,
    site: Callable[[str], list[str]],
    capsys: pytest.CaptureFixture[str],
    store: str,
    exit_code: int,
    forgotten: list[str],
) -> None:
    where = ["--gateway", utility.folder.as_uri()]
    assert called(capsys, "sync", "--once", *site('scope = "all"'), *where)[0] == 0
    terminal = site(store)
    assert called(capsys, "sync", "--once", *terminal, *where)[0] == exit_code
    assert bool(list(Path(terminal[-1]).glob("bills-*"))) is not bool(forgotten)


def test_where_only_seen_bills_are_kept_the_service_has_nothing_to_do(
    utility: Utility, site: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--gateway", utility.folder.as_uri()]
    assert called(capsys, "sync", "--once", *site('scope = "all"'), *where)[0] == 0
    terminal = site('scope = "seen"')
    assert run(["sync", *terminal, *where]) == 0
    assert "nothing to sync" in capsys.readouterr().err
    assert not list(Path(terminal[-1]).glob("bills-*"))


def test_a_sync_without_end_says_how_far_it_is(
    utility: Utility,
    site: Callable[[str], list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kiosk.commands.issue_day.time.sleep", stop)
    utility.publish_rows(many_rows(300), objects=3)
    assert run(["sync", *site('scope = "all"'), "--gateway", utility.folder.as_uri(), "--json"]) == 130
    first, *_, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (first["progress"]["scope"], first["progress"]["state"]) == ("all", "taking")
    assert 0 < first["progress"]["done"] <= first["progress"]["of"]
    assert last["scope"] == "all" and last["bills"] >= 300


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 96 MB that can be filled: a tmpfs, where we may mount one; else the disk there is."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and not subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode
    yield folder
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> None:
    """Leave no room on a disk of its own."""
    if os.path.ismount(disk):
        with (disk / "full").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
            while filler.write(bytes(1 << 16)) == 1 << 16:
                pass
            filler.write(b"x")


@pytest.mark.parametrize("synced", [True, False], ids=["synced", "only looked up"])
def test_everything_can_be_forgotten_on_a_full_disk(
    disk: Path, utility: Utility, options: list[str], capsys: pytest.CaptureFixture[str], synced: bool
) -> None:
    state = ["--state", str(disk)]
    if synced:
        called(capsys, "sync", *options[:-2], *state, "--gateway", utility.folder.as_uri())
    ballast.lay(disk)
    store = Store.file(disk / "seen.db", store_key(disk))
    for document in invented(200):
        store.keep(document.account.number, document, as_of=NOW, etag=None)
    store.close()
    fill(disk)
    assert called(capsys, "store", "purge", "--all", *state) == (0, {"forgotten": 204 if synced else 200})
    assert called(capsys, "store", "info", *state)[1]["documents"] == 0
    assert not list(disk.glob("bills-*"))
