"""Small files under power cuts: whole before or whole after, and writable on a full disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.durable import CONTENT_LIMIT, SLOT_BYTES, SlotsDamaged, TwoSlots, write_whole


def test_a_file_is_replaced_whole_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_record_that_never_was_is_none_and_each_change_sees_the_one_before(tmp_path: Path) -> None:
    slots = TwoSlots(tmp_path / "record")
    assert slots.read() is None
    seen: list[bytes | None] = []
    for n in range(5):
        slots.change(lambda held, n=n: seen.append(held) or str(n).encode())  # type: ignore[misc,func-returns-value]
    assert seen == [None, b"0", b"1", b"2", b"3"]
    assert TwoSlots(tmp_path / "record").read() == b"4"


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(0, SLOT_BYTES), junk=st.binary(min_size=1, max_size=8))
def test_a_write_that_is_torn_anywhere_leaves_the_record_before_or_after(
    tmp_path_factory: pytest.TempPathFactory, cut: int, junk: bytes
) -> None:
    path = tmp_path_factory.mktemp("torn") / "record"
    slots = TwoSlots(path)
    slots.put(b"before")
    old = path.read_bytes()
    slots.put(b"after")
    new = path.read_bytes()
    start = 0 if old[:SLOT_BYTES] != new[:SLOT_BYTES] else SLOT_BYTES
    # The page that was being written holds its new beginning, some bytes of nobody, and its old end.
    page = (new[start : start + cut] + junk)[:SLOT_BYTES]
    path.write_bytes(old[:start] + page + old[start + len(page) :])
    assert slots.read() in (b"before", b"after")


def test_two_damaged_copies_are_told_and_can_only_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "record"
    slots = TwoSlots(path)
    slots.put(b"one")
    slots.put(b"two")
    path.write_bytes(b"x" * 2 * SLOT_BYTES)
    with pytest.raises(SlotsDamaged):
        slots.read()
    with pytest.raises(SlotsDamaged):
        slots.change(lambda _: b"three")
    slots.put(b"three")
    assert slots.read() == b"three"


def test_an_emptied_file_is_damaged_and_not_new(tmp_path: Path) -> None:
    slots = TwoSlots(tmp_path / "record")
    slots.put(b"one")
    slots.path.write_bytes(b"")
    with pytest.raises(SlotsDamaged):
        slots.read()


def test_what_is_too_long_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    slots = TwoSlots(tmp_path / "record")
    slots.put(b"one")
    with pytest.raises(ValueError, match="too long"):
        slots.put(bytes(CONTENT_LIMIT + 1))
    assert slots.read() == b"one"
