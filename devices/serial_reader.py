"""Card readers and scanners on a line of bytes: a serial port, a pseudo-terminal, a port behind the network."""

from __future__ import annotations

from dataclasses import replace

from devices import binding, dialogues
from devices.binding import Match
from devices.card_map import CardMap
from devices.card_reader import CardReaderError, ReaderHealth
from devices.channels import Channel, open_line
from devices.intake import Intake
from devices.monitor import Monitor
from devices.reader_url import Line, ReaderUrlError, parse_line
from devices.watched_reader import ReaderLink, WatchedReader


class SerialCardReader(WatchedReader):
    """A reader on a line, through the codec its settings name. Making one opens nothing."""

    def __init__(
        self,
        *,
        name: str = "card reader",
        url: str = "",
        match: Match | None = None,
        codec: str = "magtek",
        lrc: bool = False,
        last_track: int | None = None,
        card_map: CardMap | None = None,
        monitor: Monitor | None = None,
    ) -> None:
        """Bind to `url` (`serial:///dev/x?baud=9600`, `/dev/pts/3`, `socket://host:port`) or to what fits `match`.

        `lrc` and `last_track` are as in `devices.dialogues.Options`. Without a `monitor` it brings its own.

        Raises:
            CardReaderError: the address, the codec or both bindings at once make no sense.
        """
        intake = Intake(name, card_map=card_map)
        options = dialogues.Options(lrc, last_track, intake.card_map.applications)
        try:
            kind = dialogues.kind(codec)
            line = parse_line(url or "serial:", default_baud=kind.baud, default_parity=kind.parity)
        except (ReaderUrlError, ValueError) as error:
            raise CardReaderError(ReaderHealth.FAULT, f"{name}: {error}") from None
        if bool(line.address) == bool(match):
            raise CardReaderError(ReaderHealth.FAULT, f"{name}: give either an address in url or match")
        link = ReaderLink(
            address=lambda: binding.find(match, binding.serial_ports()) if match else line.address,
            open_at=lambda address: _open(line, address),
            dialogue=kind.make(options),
            intake=intake,
        )
        super().__init__(intake, link, monitor=monitor)


def _open(line: Line, address: str) -> Channel:
    return open_line(replace(line, address=address))
