"""The conversations with readers that must be asked or answered: on a clock of the test's own, without a line."""

from __future__ import annotations

import pytest

from devices.card_reader import ReaderHealth, Rejection
from devices.codecs import em4100, ndef, pn532, sankyo, ssi
from devices.codecs.em4100 import Em4100Codec
from devices.codecs.frames import CardGone, Found, Frame
from devices.codecs.tags import Application
from devices.dialogues.dialogue import Dialogue, Turn
from devices.dialogues.listening import Presence
from devices.dialogues.pn532 import pn532_dialogue
from devices.dialogues.sankyo import sankyo_dialogue
from devices.dialogues.ssi import SsiDialogue
from devices.simulated_hardware.hardware import Hardware
from devices.simulated_hardware.pn532_module import Pn532Hardware
from devices.simulated_hardware.sankyo_reader import SankyoHardware
from devices.simulated_hardware.tag import Type2Tag, Type4Card


class Talk:
    """A dialogue and its hardware, on a clock that only `run` moves."""

    def __init__(self, dialogue: Dialogue, hardware: Hardware) -> None:
        self.dialogue = dialogue
        self.hardware = hardware
        self.now = 100.0
        self.due_at: float | None = None
        self.found: list[Found] = []
        self.health: list[ReaderHealth] = []
        self.sent: list[bytes] = []
        self._take(dialogue.opened(self.now))

    def arm(self, armed: bool) -> None:
        self._take(self.dialogue.armed(armed, self.now))

    def hear(self, data: bytes) -> None:
        self._take(self.dialogue.heard(data, self.now))

    def run(self, seconds: float) -> None:
        """Let time pass, with everything that falls due in it."""
        until = self.now + seconds
        while self.due_at is not None and self.due_at <= until:
            self.now = max(self.due_at, self.now)
            self._take(self.dialogue.due(self.now))
        self.now = until

    def _take(self, turn: Turn) -> None:
        self.due_at = turn.due_at
        self.found += turn.found
        self.health += [turn.health] if turn.health else []
        if turn.send:
            self.sent.append(turn.send)
            if answer := self.hardware.heard(turn.send):
                self.hear(answer)

    def read(self) -> list[tuple[dict[str, bytes], Rejection | None] | str]:
        found, self.found = self.found, []
        return [
            "gone"
            if isinstance(item, CardGone)
            else ({part.source: bytes(part.data) for part in item.parts}, item.fault)
            for item in found
        ]


def tags(*applications: Application) -> tuple[Talk, Pn532Hardware]:
    hardware = Pn532Hardware()
    talk = Talk(pn532_dialogue(applications), hardware)
    return talk, hardware


def test_a_tag_is_read_once_and_its_leaving_is_told() -> None:
    talk, module = tags()
    assert talk.health == ["online"]
    talk.arm(True)
    module.lay(Type4Card(ndef.text_record("10023456789")))
    talk.run(5.0)
    assert talk.read() == [({"uid": b"04A1B2C3D4E5F6", "ndef": b"10023456789"}, None)]
    module.remove()
    talk.run(1.0)
    assert talk.read() == ["gone"]


def test_another_tag_in_its_place_is_read_too() -> None:
    talk, module = tags()
    talk.arm(True)
    module.lay(Type4Card(ndef.text_record("10023456789")))
    talk.run(1.0)
    module.lay(Type2Tag(ndef.text_record("00000018")))
    talk.run(1.0)
    _, gone, second = talk.read()
    assert (gone, second) == ("gone", ({"uid": b"04112233445566", "ndef": b"00000018"}, None))


def test_while_nobody_asks_the_field_is_off_and_nothing_is_sent() -> None:
    talk, module = tags()
    module.lay(Type4Card(ndef.text_record("10023456789")))
    sent = len(talk.sent)
    talk.run(60.0)
    assert len(talk.sent) == sent
    assert talk.sent[-1] == pn532.command(0x32, b"\x01\x00")
    talk.arm(True)
    talk.run(0.1)
    talk.arm(False)
    assert len(talk.read()) == 1
    assert talk.sent[-1] == pn532.command(0x32, b"\x01\x00")


@pytest.mark.parametrize(
    ("laid", "fault"),
    [
        ([Type4Card(b""), Type4Card(b"", uid=b"1234567")], Rejection.COLLISION),
        ([Type4Card(None)], Rejection.UNKNOWN_CARD),
        ([Type4Card(ndef.text_record("10023456789"), exchanges_left=3)], Rejection.PARTIAL),
        ([Type2Tag(b"")], Rejection.UNKNOWN_CARD),
    ],
)
def test_tags_that_give_no_number_say_why(laid: list[Type4Card | Type2Tag], fault: Rejection) -> None:
    talk, module = tags()
    talk.arm(True)
    module.lay(*laid)
    talk.run(0.5)
    parts, found = talk.read()[0]
    assert found is fault
    assert "ndef" not in parts


def test_the_card_maps_application_is_read_over_the_air() -> None:
    aid = bytes.fromhex("F0A1B2C3D4")
    talk, module = tags(Application(aid, bytes.fromhex("00B0000006")))
    talk.arm(True)
    module.lay(Type4Card(None, applications={aid: bytes.fromhex("10023456789F")}))
    talk.run(0.5)
    assert talk.read() == [({"uid": b"04A1B2C3D4E5F6", "apdu": b"10023456789F"}, None)]


def test_a_module_that_falls_silent_is_a_fault_until_it_answers() -> None:
    talk, module = tags()
    talk.arm(True)
    module.silent = True
    talk.run(10.0)
    assert talk.health[-1] is ReaderHealth.FAULT
    module.silent = False
    module.lay(Type4Card(ndef.text_record("10023456789")))
    talk.run(4.0)
    assert talk.health[-1] is ReaderHealth.ONLINE
    assert talk.read() == [({"uid": b"04A1B2C3D4E5F6", "ndef": b"10023456789"}, None)]


def test_a_storm_of_acknowledgements_does_not_hold_the_module_up() -> None:
    talk, module = tags()
    talk.arm(True)
    module.silent = True
    for _ in range(200):
        talk.hear(pn532.ACK * 10)
    module.silent = False
    module.lay(Type4Card(ndef.text_record("10023456789")))
    talk.run(10.0)
    assert talk.read() == [({"uid": b"04A1B2C3D4E5F6", "ndef": b"10023456789"}, None)]


def test_our_own_commands_sent_back_are_not_answers() -> None:
    talk, module = tags()
    module.silent = True
    talk.arm(True)
    for _ in range(50):
        talk.run(0.5)
        talk.hear(talk.sent[-1])
    assert talk.read() == []
    assert talk.health[-1] is ReaderHealth.FAULT


def test_a_motorised_reader_gives_the_card_back_before_it_is_told() -> None:
    reader = SankyoHardware()
    talk = Talk(sankyo_dialogue(), reader)
    talk.arm(True)
    reader.present({"track2": "10023456789=2512"})
    talk.run(1.0)
    assert talk.read() == [({"track2": b"10023456789=2512"}, None), "gone"]
    texts = [bytes(frame[3:-2]) for frame in talk.sent]
    assert texts.index(b"C30") > texts.index(b"C62")


def test_a_motorised_reader_lets_no_card_in_while_nobody_asks() -> None:
    reader = SankyoHardware()
    talk = Talk(sankyo_dialogue(), reader)
    reader.present({"track2": "10023456789=2512"})
    talk.run(60.0)
    assert talk.read() == []
    assert talk.sent[-2:] == [sankyo.frame(b"C:1"), sankyo.frame(b"C10")]


def test_a_card_held_before_the_shut_gate_is_let_in_when_the_screen_asks() -> None:
    reader = SankyoHardware()
    talk = Talk(sankyo_dialogue(), reader)
    reader.present({"track2": "10023456789=2512"})
    talk.arm(True)
    talk.run(1.0)
    assert talk.read() == [({"track2": b"10023456789=2512"}, None), "gone"]


def test_a_card_drawn_in_as_the_screen_ceases_to_ask_is_given_back_unread() -> None:
    reader = SankyoHardware()
    talk = Talk(sankyo_dialogue(), reader)
    talk.arm(True)
    reader.present({"track2": "10023456789=2512"})
    talk.arm(False)
    talk.run(1.0)
    assert (talk.read(), reader.holds_card) == ([], False)
    talk.arm(True)
    talk.run(1.0)
    assert talk.read() == []


def test_a_card_drawn_in_for_one_question_is_not_read_for_the_next() -> None:
    reader = SankyoHardware()
    talk = Talk(sankyo_dialogue(), reader)
    talk.arm(True)
    reader.present({"track2": "10023456789=2512"})
    talk.arm(False)
    talk.arm(True)
    talk.run(1.0)
    assert (talk.read(), reader.holds_card) == ([], False)
    reader.present({"track2": "00000018=2512"})
    talk.run(1.0)
    assert talk.read() == [({"track2": b"00000018=2512"}, None), "gone"]


def test_a_command_refused_for_noise_is_sent_again() -> None:
    reader = SankyoHardware()
    talk = Talk(sankyo_dialogue(), reader)
    before = len(talk.sent)
    reader.refuses_next = True
    talk.arm(True)
    talk.run(1.0)
    assert talk.sent[before : before + 2] == [sankyo.frame(b"C:1")] * 2
    assert talk.health == [ReaderHealth.ONLINE]


def scans(turn: Turn) -> list[dict[str, bytes]]:
    return [
        {part.source: bytes(part.data) for part in item.parts} for item in turn.found if isinstance(item, Frame)
    ]


def test_every_packet_of_a_scan_is_acknowledged_and_a_repeated_one_counts_once() -> None:
    talk = SsiDialogue()
    packet = ssi.decode_data(b"10023456789")
    again = ssi.decode_data(b"10023456789", status=ssi.RETRANSMITTED)
    first, second = talk.heard(packet, 1.0), talk.heard(again, 1.1)
    assert (scans(first), scans(second)) == ([{"barcode": b"10023456789"}], [])
    assert first.send == second.send == ssi.packet(ssi.ACK)


def test_a_scan_in_several_packets_is_put_together() -> None:
    talk = SsiDialogue()
    begin = talk.heard(ssi.decode_data(b"8020", code_type=ssi.GS1_128, status=ssi.CONTINUED), 1.0)
    end = talk.heard(ssi.decode_data(b"10023456789", code_type=ssi.GS1_128), 1.1)
    assert (scans(begin), scans(end)) == ([], [{"gs1": b"802010023456789"}])


def test_a_scan_that_never_ends_is_too_long() -> None:
    talk = SsiDialogue()
    for number in range(20):
        talk.heard(ssi.decode_data(bytes([0x30 + number % 10]) * 200, status=ssi.CONTINUED), 1.0)
    (frame,) = talk.heard(ssi.decode_data(b"end"), 1.1).found
    assert isinstance(frame, Frame)
    assert (frame.parts, frame.fault) == ((), Rejection.TOO_LONG)


def test_scanning_is_switched_with_the_screens_asking() -> None:
    talk = SsiDialogue()
    assert talk.opened(1.0).send == ssi.packet(ssi.SCAN_DISABLE)
    assert talk.armed(True, 1.0).send == ssi.packet(ssi.SCAN_ENABLE)
    assert talk.armed(False, 1.0).send == ssi.packet(ssi.SCAN_DISABLE)


def test_a_tag_that_is_repeated_is_one_until_it_is_gone() -> None:
    talk = Presence(Em4100Codec())
    talk.opened(0.0)
    frame = em4100.encode(b"0A0050A9B6")
    turns = [talk.heard(frame, 1.0 + number * 0.065) for number in range(10)]
    assert [len(turn.found) for turn in turns] == [1] + [0] * 9
    due_at = turns[-1].due_at
    assert due_at == pytest.approx(1.585 + 0.3)
    assert talk.due(due_at).found == [CardGone(due_at)]
    assert len(talk.heard(frame, 3.0).found) == 1
