"""What a technician takes away on a stick: the report, the logs with errors first, who did what. Never a subscriber.

Nothing is said to be safe to remove before every byte was written, brought to the stick and read back.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from kiosk.audit import Entry
from kiosk.durable import sync_folder
from kiosk.log import FOLDER as LOGS
from kiosk.log import mask

_LEVELS = ("CRITICAL", "ERROR", "WARNING")
_LINE = re.compile(r"\S+ (?P<level>[A-Z]+) ")
_LOG_LIMIT = 8 << 20
"""Bytes of the newest log that are taken along."""


class ExportFailed(Exception):
    """The stick does not hold what it should; `code` is a word: `no_stick`, `full`, `not_written`, `not_the_same`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Exported:
    """What is on the stick now: it may be removed."""

    folder: Path
    files: int
    bytes: int


def sticks(folder: str) -> list[Path]:
    """The sticks that are in: mounted in `maintenance.usb` itself, or in folders below it; those one can write to."""
    if not folder:
        return []
    above = Path(folder)
    try:
        found = [above, *sorted(each for each in above.iterdir() if each.is_dir())]
    except OSError:
        return []
    return [each for each in found if os.path.ismount(each) and os.access(each, os.W_OK)]


def logs(state: Path, *, errors_only: bool = False) -> list[str]:
    """The lines of the program's log, newest first, redacted once more; with `errors_only` without the ordinary."""
    taken: list[str] = []
    size = 0
    for path in sorted((state / LOGS).glob("*.log*"), key=lambda path: path.stat().st_mtime, reverse=True):
        lines = path.read_text("utf-8", "replace").splitlines()
        for line in reversed(lines):
            size += len(line)
            if size > _LOG_LIMIT:
                return taken
            if not errors_only or _is_error(line):
                taken.append(mask(line))
    return taken


def export_to(
    stick: Path, *, state: Path, terminal: str, report: Mapping[str, object], audit: Iterable[Entry], now: datetime
) -> Exported:
    """Write everything to a folder of its own on the stick; what it returns may be pulled out.

    Raises:
        ExportFailed: it may not; nothing half is left.
    """
    if not stick.is_dir():
        raise ExportFailed("no_stick")
    folder = stick / f"ebill-kiosk-{terminal}-{now:%Y%m%d-%H%M%S}"
    contents = _contents(state, report, audit)
    try:
        folder.mkdir()
        for name, content in contents.items():
            _write(folder / name, content)
        sync_folder(folder)
        sync_folder(stick)
        _read_back(folder, contents)
    except OSError as error:
        _remove(folder, contents)
        raise ExportFailed("full" if error.errno == 28 else "not_written") from None
    except ExportFailed:
        _remove(folder, contents)
        raise
    return Exported(folder, len(contents), sum(map(len, contents.values())))


def _contents(state: Path, report: Mapping[str, object], audit: Iterable[Entry]) -> dict[str, bytes]:
    files = {
        "report.json": json.dumps(report, ensure_ascii=False, indent=1).encode(),
        "errors.log": _lines(logs(state, errors_only=True)),
        "all.log": _lines(logs(state)),
        "audit.jsonl": _lines(json.dumps(asdict(entry), ensure_ascii=False) for entry in audit),
    }
    sums = _lines(f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in files.items())
    return {**files, "SHA256SUMS": sums}


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read_back(folder: Path, contents: Mapping[str, bytes]) -> None:
    for name, content in contents.items():
        with (folder / name).open("rb") as file:
            # Else the page cache would tell what it was told.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            if file.read() != content:
                raise ExportFailed("not_the_same")


def _remove(folder: Path, names: Iterable[str]) -> None:
    try:
        for name in names:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
    except OSError:
        return  # the stick is gone, or broken; the technician is told anyway


def _is_error(line: str) -> bool:
    found = _LINE.match(line)
    levels: Sequence[str] = _LEVELS
    return found is not None and found["level"] in levels
