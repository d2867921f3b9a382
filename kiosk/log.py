"""How the program logs: one line an event on stderr, with every long digit run masked as the last guard."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path

FOLDER = "log"
"""In the state folder: the log of a terminal, for technicians who have no journal to look into."""

_FILE_BYTES = 1 << 20
_FILES = 4

_DIGIT_RUN = re.compile(r"[0-9٠-٩۰-۹]{8,19}")


class MaskDigits(logging.Filter):
    """Masks any run of 8 to 19 digits but its last four, whoever let it into a message or a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; every record passes."""
        record.msg = mask(record.getMessage())
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = mask(logging.Formatter().formatException(record.exc_info))
        return True


def mask(text: str) -> str:
    """`text` with each run of 8 to 19 digits reduced to its last four."""
    return _DIGIT_RUN.sub(lambda run: "*" * (len(run[0]) - 4) + run[0][-4:], text)


def configure(level: str = "INFO") -> None:
    """Send all logs to stderr (journald adds time and unit there); call once, before anything logs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    handler.addFilter(MaskDigits())
    # Kivy says at every start where it is installed, and sets its own level; only its warnings are worth a line.
    handler.addFilter(lambda record: record.levelno >= logging.WARNING or not record.name.startswith("kivy"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def keep(state: Path) -> None:
    """Write the log to files of the state folder too, four megabytes at most; twice is fine.

    A disk that refuses costs nothing.
    """
    from logging.handlers import RotatingFileHandler

    if any(isinstance(held, RotatingFileHandler) for held in logging.getLogger().handlers):
        return
    folder = state / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        handler = RotatingFileHandler(
            folder / "kiosk.log", maxBytes=_FILE_BYTES, backupCount=_FILES - 1, encoding="utf-8", delay=True
        )
    except OSError as error:
        logging.getLogger(__name__).warning("log_not_kept: %s", error.strerror)
        return
    line = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")
    handler.setFormatter(line)
    handler.addFilter(MaskDigits())
    handler.addFilter(lambda record: record.levelno >= logging.WARNING or not record.name.startswith("kivy"))
    handler.handleError = lambda record: None  # type: ignore[method-assign]  # a full disk must not fill stderr
    logging.getLogger().addHandler(handler)
