"""Readers that plug in as a keyboard or a HID scanner: taken for ourselves alone, so that nobody else hears."""

from __future__ import annotations

from devices import binding, dialogues
from devices.binding import Match
from devices.card_map import CardMap
from devices.card_reader import CardReaderError, ReaderHealth
from devices.channels import grab_node, open_node
from devices.codecs.hid_pos import HidPosCodec
from devices.codecs.keyboard import KeyboardCodec
from devices.dialogues.listening import Listener
from devices.intake import Intake
from devices.monitor import Monitor
from devices.reader_url import ReaderUrlError, parse_node
from devices.watched_reader import ReaderLink, WatchedReader


class KeyboardCardReader(WatchedReader):
    """A reader that types what it reads. Its keys reach nothing but this driver, and no window, ever."""

    def __init__(
        self,
        *,
        name: str = "card reader",
        url: str = "evdev:",
        match: Match | None = None,
        codec: str = "scanner",
        lrc: bool = False,
        last_track: int | None = None,
        card_map: CardMap | None = None,
        monitor: Monitor | None = None,
    ) -> None:
        """Bind to `url` (`evdev:///dev/input/event5`) or to what fits `match`; `codec` reads what is typed.

        Raises:
            CardReaderError: the address, the codec or both bindings at once make no sense.
        """
        intake = Intake(name, card_map=card_map)
        try:
            path = parse_node(url, kind="evdev", match=match)
            codec_inside = dialogues.typed_codec(codec, dialogues.Options(lrc, last_track))
        except (ReaderUrlError, ValueError) as error:
            raise CardReaderError(ReaderHealth.FAULT, f"{name}: {error}") from None
        link = ReaderLink(
            address=lambda: binding.find(match, binding.input_devices()) if match else path,
            open_at=grab_node,
            dialogue=Listener(KeyboardCodec(codec_inside)),
            intake=intake,
        )
        super().__init__(intake, link, monitor=monitor)


class HidCardReader(WatchedReader):
    """A bar code scanner as a HID point-of-sale device."""

    def __init__(
        self,
        *,
        name: str = "card reader",
        url: str = "hidraw:",
        match: Match | None = None,
        card_map: CardMap | None = None,
        monitor: Monitor | None = None,
    ) -> None:
        """Bind to `url` (`hidraw:///dev/hidraw0`) or to what fits `match`.

        Raises:
            CardReaderError: the address or both bindings at once make no sense.
        """
        intake = Intake(name, card_map=card_map)
        try:
            path = parse_node(url, kind="hidraw", match=match)
        except ReaderUrlError as error:
            raise CardReaderError(ReaderHealth.FAULT, f"{name}: {error}") from None
        link = ReaderLink(
            address=lambda: binding.find(match, binding.hid_devices()) if match else path,
            open_at=open_node,
            dialogue=Listener(HidPosCodec()),
            intake=intake,
        )
        super().__init__(intake, link, monitor=monitor)
