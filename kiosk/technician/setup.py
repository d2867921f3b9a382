"""How far the first set-up has come: which steps were tried and found right; it can be left and gone on with."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kiosk.durable import write_whole

logger = logging.getLogger(__name__)

FILE = "set-up.json"


@dataclass(frozen=True, slots=True)
class SetUp:
    """The steps that are done, and whether the technician said at the end that the terminal may serve."""

    done: tuple[str, ...] = ()
    finished: bool = False

    def next_of(self, steps: Sequence[str]) -> str | None:
        """The first of `steps` that is not done; None when all are."""
        return next((step for step in steps if step not in self.done), None)


def set_up(folder: Path) -> SetUp:
    """How far the set-up of a state folder's terminal has come; an unreadable file counts as not begun."""
    try:
        fields = json.loads((folder / FILE).read_bytes())
        return SetUp(tuple(map(str, fields["done"])), bool(fields["finished"]))
    except FileNotFoundError:
        return SetUp()
    except (OSError, ValueError, KeyError, TypeError):
        logger.warning("set_up_unreadable: it begins anew")
        return SetUp()


def step_done(folder: Path, step: str) -> SetUp:
    """Keep that a step was tested and saved, on disk when this returns.

    Raises:
        OSError: it is not kept.
    """
    held = set_up(folder)
    return _keep(folder, SetUp(tuple(dict.fromkeys((*held.done, step))), held.finished))


def step_open(folder: Path, step: str) -> SetUp:
    """A step must be done again, because something it was tested with was changed.

    Raises:
        OSError: it still counts as done.
    """
    held = set_up(folder)
    return _keep(folder, SetUp(tuple(one for one in held.done if one != step), held.finished))


def finish(folder: Path) -> SetUp:
    """The technician has looked at the summary, and the terminal may serve.

    Raises:
        OSError: it is not kept.
    """
    return _keep(folder, SetUp(set_up(folder).done, finished=True))


def _keep(folder: Path, held: SetUp) -> SetUp:
    text = json.dumps({"done": held.done, "finished": held.finished})
    write_whole(folder / FILE, text.encode())
    return held
