"""Which dialogue a codec's name in the settings stands for, and how such a reader's line is usually set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from devices.codecs import em4100, magstripe, scanner
from devices.codecs.tags import Application
from devices.dialogues.dialogue import Dialogue
from devices.dialogues.listening import Listener, Presence
from devices.dialogues.pn532 import pn532_dialogue
from devices.dialogues.sankyo import sankyo_dialogue
from devices.dialogues.ssi import SsiDialogue
from devices.near_miss import unknown


@dataclass(frozen=True, slots=True)
class Options:
    """What a settings table says about a reader's bytes, and what its driver knows.

    `lrc`: the reader sends check characters. `last_track`: the highest track it sends, for formats that frame each
    track by itself. `applications`: the chip applications of the card map.
    """

    lrc: bool = False
    last_track: int | None = None
    applications: tuple[Application, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One codec's name: how to make its dialogue, and its line's usual speed and parity."""

    make: Callable[[Options], Dialogue]
    baud: int = 9600
    parity: Literal["N", "E", "O"] = "N"


def _stripe(dialect: magstripe.Dialect) -> Callable[[Options], Dialogue]:
    return lambda options: Listener(magstripe.StripeCodec(dialect, lrc=options.lrc, last_track=options.last_track))


KINDS = {
    "magtek": Kind(_stripe(magstripe.MAGTEK)),
    "idtech": Kind(_stripe(magstripe.ID_TECH)),
    "uic": Kind(_stripe(magstripe.UIC)),
    "scanner": Kind(lambda options: Listener(scanner.ScannerCodec())),
    "ssi": Kind(lambda options: SsiDialogue()),
    "rdm6300": Kind(lambda options: Presence(em4100.Em4100Codec())),
    "id12la": Kind(lambda options: Listener(em4100.Em4100Codec())),
    "pn532": Kind(lambda options: pn532_dialogue(options.applications), baud=115200),
    "sankyo": Kind(lambda options: sankyo_dialogue(), baud=38400, parity="E"),
}


def kind(codec: str) -> Kind:
    """What is known of a codec.

    Raises:
        ValueError: no codec of that name; the message names the nearest one.
    """
    if codec not in KINDS:
        raise ValueError(unknown("codec", codec, known=KINDS))
    return KINDS[codec]
