"""NFC messages and the questions put to a card: what is read, and cards that answer to confuse."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.card_reader import Rejection
from devices.codecs import ndef
from devices.codecs.tags import Application, TagRead, read_type2, read_type4
from devices.simulated_hardware.tag import Type2Tag, Type4Card

AID = bytes.fromhex("F0A1B2C3D4")
BCD = Application(AID, bytes.fromhex("00B0000006"))


def texts(message: bytes) -> list[bytes]:
    return [bytes(part.data) for part in ndef.parts(bytearray(message))]


def ask(
    reading: Generator[bytes, bytearray, TagRead], card: Callable[[bytes], bytes], *, most: int = 200
) -> TagRead:
    """Carry commands to a card and back; fails when the reading goes on for ever."""
    try:
        command = next(reading)
        for _ in range(most):
            command = reading.send(bytearray(card(command)))
    except StopIteration as done:
        read: TagRead = done.value
        return read
    raise AssertionError("the reading never ends")


def card_answers(card: Type4Card) -> Callable[[bytes], bytes]:
    return lambda command: card.exchange(command) or b""


def contents(read: TagRead) -> list[bytes]:
    return [bytes(part.data) for part in read.parts]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (ndef.text_record("10023456789"), "10023456789"),
        (ndef.text_record("١٠٠٢٣", language="ar"), "١٠٠٢٣"),
        (ndef.text_record("١٠٠٢٣", utf16=True), "١٠٠٢٣"),
        (ndef.text_record("a\U0001f4a1", utf16=True), "a??"),
        (ndef.link_record("https://example.org/?a=10023456789"), "https://example.org/?a=10023456789"),
        (ndef.own_record("example.org:acct", b"10023456789"), "urn:nfc:ext:example.org:acct=10023456789"),
        (ndef.text_record("1" * 300), "1" * 300),
        (bytes.fromhex("D101065524") + b"1002", ""),
        (bytes.fromhex("D1010555FF") + b"1002", "1002"),
    ],
)
def test_a_record_becomes_the_text_that_a_rule_can_match(message: bytes, text: str) -> None:
    assert texts(message) == ([text.encode()] if text else [])


def test_all_records_of_a_message_come_in_their_order() -> None:
    first, second = bytearray(ndef.text_record("one")), bytearray(ndef.link_record("https://two"))
    first[0] &= ~0x40
    second[0] &= ~0x80
    assert texts(bytes(first + second)) == [b"one", b"https://two"]
    assert texts(bytes(first + second[:-1])) == [b"one"]


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=400))
def test_no_message_can_make_the_parser_fail(message: bytes) -> None:
    assert sum(map(len, texts(message))) <= 2 * len(message) + 16 * 30


@pytest.mark.parametrize("length", [0, 1, 57, 58, 59, 60, 300, 1000])
def test_a_type_4_card_of_any_length_is_read_whole(length: int) -> None:
    card = Type4Card(ndef.text_record("7" * length))
    assert contents(ask(read_type4(()), card_answers(card))) == [b"7" * length]


def test_the_applications_of_the_card_map_come_first_as_digits_and_as_text() -> None:
    card = Type4Card(ndef.text_record("x"), applications={AID: bytes.fromhex("10023456789F")})
    assert contents(ask(read_type4([BCD]), card_answers(card))) == [b"10023456789F", b"x"]
    card = Type4Card(None, applications={AID: b"100234"})
    assert contents(ask(read_type4([BCD]), card_answers(card))) == [b"313030323334", b"100234"]


def test_a_bank_card_is_asked_for_nothing_of_its_own() -> None:
    commands: list[bytes] = []

    def bank_card(command: bytes) -> bytes:
        commands.append(command)
        return b"\x6a\x82"

    assert ask(read_type4([BCD]), bank_card) == TagRead((), Rejection.UNKNOWN_CARD)
    assert [command[5:-1] for command in commands] == [AID, bytes.fromhex("D2760000850101")]


@pytest.mark.parametrize(
    "answer",
    [b"\x61\x10", b"\x6c\x10", b"\x90\x00", b"", b"\x90", b"\x00" * 15 + b"\x90\x00", b"\xff" * 255 + b"\x90\x00"],
)
def test_a_card_that_answers_everything_alike_ends_the_reading(answer: bytes) -> None:
    read = ask(read_type4([BCD]), lambda command: answer)
    assert not any(part.source == "ndef" for part in read.parts)


@pytest.mark.parametrize(
    ("container", "file", "fault"),
    [
        ("000F20000000340406E1040400 00FF", b"\x00\x02xy", None),
        ("000F20003B00340406E1040400 00FF", b"\xff\xff", Rejection.TOO_LONG),
        ("000F20003B00340406E1040003 00FF", b"\x00\x10", Rejection.TOO_LONG),
        ("000F20003B00340406E1040400 00FF", b"\x00\x10abc", Rejection.PARTIAL),
        ("000F20003B00340406E1040400 00FF", b"\x00", Rejection.UNREADABLE),
        ("000F20", b"\x00\x02xy", Rejection.UNREADABLE),
    ],
)
def test_files_that_lie_about_their_length_are_refused(
    container: str, file: bytes, fault: Rejection | None
) -> None:
    files = {b"\xe1\x03": bytes.fromhex(container), b"\xe1\x04": file}
    selected = b""

    def card(command: bytes) -> bytes:
        nonlocal selected
        if command[1] == 0xA4:
            selected = files.get(command[5:7], b"")
            return b"\x90\x00"
        offset, length = int.from_bytes(command[2:4], "big"), command[4]
        piece = selected[offset : offset + length]
        return piece + b"\x90\x00" if piece else b"\x6b\x00"

    assert ask(read_type4(()), card).fault is fault


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=60))
def test_no_answers_of_a_card_can_make_the_reading_fail(answers: list[bytes]) -> None:
    left = iter(answers)
    assert isinstance(ask(read_type4([BCD]), lambda command: next(left, b"\x6a\x82")), TagRead)


def pages(tag: Type2Tag, *, from_page: int = 0) -> TagRead:
    reading = read_type2()
    try:
        page = next(reading)
        for _ in range(400):
            page = reading.send(bytearray(tag.exchange(bytes([0x30, page])) or b""))
    except StopIteration as done:
        read: TagRead = done.value
        return read
    raise AssertionError("the reading never ends")


@pytest.mark.parametrize("length", [1, 5, 6, 7, 8, 9, 100, 240, 260, 900])
def test_a_type_2_tag_of_any_length_is_read_whole(length: int) -> None:
    assert contents(pages(Type2Tag(ndef.text_record("7" * length)))) == [b"7" * length]


def test_a_type_2_tag_that_holds_nothing_or_leaves_is_told() -> None:
    assert pages(Type2Tag(b"")).fault is Rejection.UNKNOWN_CARD
    assert pages(Type2Tag(ndef.text_record("7" * 100), exchanges_left=2)).fault is Rejection.PARTIAL
    assert pages(Type2Tag(ndef.text_record("7"), exchanges_left=0)).fault is Rejection.UNKNOWN_CARD


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(min_size=16, max_size=16), max_size=80))
def test_no_pages_of_a_tag_can_make_the_reading_fail(memory: list[bytes]) -> None:
    reading, left = read_type2(), iter([b"\x00" * 4 + b"", *memory])
    next(reading)
    with pytest.raises(StopIteration):
        while True:
            reading.send(bytearray(next(left, b"")))
