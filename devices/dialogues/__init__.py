"""Which dialogue a codec's name in the settings stands for, and how such a reader's line is usually set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from devices.codecs import em4100, magstripe, scanner
from devices.codecs.frames import Codec
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


_STRIPES = {"magtek": magstripe.MAGTEK, "idtech": magstripe.ID_TECH, "uic": magstripe.UIC}


def typed_codec(name: str, options: Options) -> Codec:
    """The codec of what a keyboard-like reader types: a scanner's lines, or a stripe head's.

    Raises:
        ValueError: no codec of that name can be typed; the message names the nearest one.
    """
    if name == "scanner":
        return scanner.ScannerCodec()
    if name not in _STRIPES:
        raise ValueError(unknown("codec of a keyboard-like reader", name, known=["scanner", *_STRIPES]))
    return magstripe.StripeCodec(_STRIPES[name], lrc=options.lrc, last_track=options.last_track)


def _listener(name: str, options: Options) -> Dialogue:
    return Listener(typed_codec(name, options))


KINDS = {
    **{name: Kind(partial(_listener, name)) for name in ("scanner", *_STRIPES)},
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
