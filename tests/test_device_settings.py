"""The device tables of the settings file: what they take, and how they say what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from devices.binding import Match
from devices.card_map import CardMap, Source
from devices.settings import (
    CardMapRule,
    CardReaderSettings,
    DeviceSettings,
    DeviceSettingsError,
    PrinterSettings,
)

FILE = """
[gateway]
url = "https://example.org"

[[printer]]
url = "tcp://10.0.0.9:9100"
width = 384

[[card_reader]]
name = "stripe"
match = { vid = "0403", pid = 0x6001, serial = "KIOSKRD1" }
codec = "idtech"
lrc = true

[[card_reader]]
url = "acme://somewhere"
colour = "green"

[[card_map]]
source = "track2"
pattern = '^(?P<account>\\d{8,15})='
example = "10023456789=2512"
"""


def wrong(model: type, **table: object) -> str:
    with pytest.raises(ValidationError) as caught:
        model(**table)
    return str(caught.value)


def test_a_whole_file_is_read_and_other_tables_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "acme-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[devices.card_readers]\nacme = acme:Reader\n")
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "kiosk.toml"
    file.write_text(FILE)
    settings = DeviceSettings.read([file])
    assert settings.printer[0] == PrinterSettings(url="tcp://10.0.0.9:9100", width=384)
    stripe, acme = settings.card_reader
    assert stripe.match
    assert stripe.match.match() == Match(vid=0x0403, pid=0x6001, serial="KIOSKRD1")
    assert (stripe.scheme, stripe.codec, stripe.lrc) == ("serial", "idtech", True)
    assert (acme.scheme, acme.extra) == ("acme", {"colour": "green"})
    assert settings.card_map[0].rule().source is Source.TRACK2
    CardMap(rule.rule() for rule in settings.card_map)


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(
        '[[card_reader]]\nurl = "serial:///dev/x?buad=1"\n[[card_map]]\nsource = "track9"\nexample = "1"\n'
    )
    with pytest.raises(DeviceSettingsError) as caught:
        DeviceSettings.read([file])
    assert [mistake.split(":")[0] for mistake in caught.value.mistakes] == ["card_reader.0", "card_map.0.source"]


@pytest.mark.parametrize("text", ["[[card_reader", "\xff"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(DeviceSettingsError, match=r"kiosk\.toml"):
        DeviceSettings.read([file])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"url": "serial:///dev/x", "cdec": "magtek"}, 'did you mean "codec"'),
        ({"url": "serial:///dev/x", "codec": "magtec"}, 'did you mean "magtek"'),
        ({"url": "serial:///dev/x?buad=9600"}, 'did you mean "baud"'),
        ({"url": "serial:///dev/x?baud=9601"}, "9600"),
        ({"url": "serial:///dev/x?parity=X"}, "N, E, O"),
        ({"url": "socket://host"}, "socket://HOST:PORT"),
        ({}, "either an address in url or match"),
        ({"url": "serial:///dev/x", "match": {"serial": "A"}}, "either an address in url or match"),
        ({"match": {"vid": "0403"}}, "vid and pid, or serial, or location"),
        ({"match": {"vid": "zz", "pid": 1}}, "vid"),
    ],
)
def test_a_mistake_in_a_reader_names_the_near_miss(table: dict[str, object], words: str) -> None:
    assert words in wrong(CardReaderSettings, **table)


def test_a_mistake_in_a_printer_names_the_near_miss() -> None:
    assert 'did you mean "width"' in wrong(PrinterSettings, url="tcp://h:9100", widht=384)
    assert "tcp" in wrong(PrinterSettings, url="tcp://h:port")
    assert 'profile "epsn"' in wrong(PrinterSettings, url="tcp://h:9100", profile="epsn")
    assert "multiple" in wrong(PrinterSettings, url="tcp://h:9100", width=385)


def test_a_mistake_in_the_card_map_is_told_when_it_is_read() -> None:
    assert "example" in wrong(CardMapRule, source="track2", example="123=", pattern=r"(?P<account>\d{8,15})=")
    assert "payment" in wrong(CardMapRule, source="track2", example="4111111111111111=2512")


def test_a_bare_path_is_a_serial_line() -> None:
    assert CardReaderSettings(url="/dev/pts/3").scheme == "serial"
