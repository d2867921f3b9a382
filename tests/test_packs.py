from __future__ import annotations

import base64
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import zstandard
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from factories import make_bill, make_not_issued, worked

from kiosk import ebill
from kiosk.packs import manifest, shards
from kiosk.packs.envelope import Trust, key_id
from kiosk.packs.figures import FIELDS, account_key
from kiosk.packs.manifest import Delta, Manifest, PackObject
from kiosk.packs.rows import BillRow, RowUnreadable, pack, unpack
from kiosk.packs.sealing import OVERHEAD_BYTES, PackRefused, ScopeKey, object_name
from kiosk.packs.shards import Gone, Row
from kiosk.packs.texts import Texts, number_texts, split_extra
from kiosk.service.subscribers import SubscriberBook

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TRUST = Trust([SIGNER.public_key()])
KEY = ScopeKey(bytes(range(32, 64)))
NOW = datetime(2026, 8, 28, 3, tzinfo=UTC)


def some_rows() -> list[Row]:
    documents = [
        worked("a"),
        worked("b"),
        make_bill(number="012345678", qr="no Base64"),
        make_not_issued("00000001"),
    ]
    rows: list[Row] = [pack(document) for document in documents]
    return sorted([*rows, Gone(account_key("99999999"))], key=account_of)


def account_of(row: Row) -> int:
    return row.account


def read_back(raw: bytes, texts: Texts, rows: int) -> list[Row]:
    shard = shards.read(raw, rows=rows)
    known = dict(enumerate(shard.texts, shard.first_text))
    assert len(known) == len(texts)
    return sorted(shards.rows_of(shard, known.__getitem__), key=account_of)


def test_rows_come_back_from_a_shard() -> None:
    rows, texts = some_rows(), Texts()
    raw = shards.write(rows, texts)
    assert read_back(raw, texts, len(rows)) == rows


def test_an_empty_shard_is_a_shard() -> None:
    shard = shards.read(shards.write([], Texts()), rows=0)
    assert (shard.bills, shard.texts, shard.gone) == (0, [], [])


def test_texts_that_found_no_number_stand_in_the_row() -> None:
    rows, texts = some_rows(), Texts(most=3)
    raw = shards.write(rows, texts)
    assert len(texts) == 3
    assert read_back(raw, texts, len(rows)) == rows


def test_a_second_shard_brings_only_new_texts() -> None:
    texts = Texts()
    first, bill = some_rows(), pack(make_bill(number="77777777", bill_id="another form 1"))
    shards.write(first, texts)
    known = len(texts)
    shard = shards.read(shards.write([bill], texts), rows=1)
    assert shard.first_text == known + 1
    assert isinstance(bill, BillRow)
    assert 0 < len(shard.texts) == len(texts) - known < len(set(bill.texts))


def test_neighbours_stay_within_the_bytes_a_bill_may_take() -> None:
    book, rows, number = SubscriberBook(1, 9_000_000), [], 30_050_000_000
    while len(rows) < 1500:
        number += 1
        index = book.index_of(str(number))
        if index is not None:
            rows.append(pack(ebill.read(json.dumps(book.bill(index, "2026-08")))))
    packed = shards.compress(shards.write(rows, Texts()))
    texts = shards.compress(shards.write([], Texts()))
    assert (len(packed) - len(texts)) / len(rows) < 90


@pytest.mark.parametrize(
    ("line", "change", "code"),
    [
        (0, lambda header: header | {"schema": "ebill-shard/2"}, "fields"),
        (0, lambda header: header | {"fields": FIELDS[::-1]}, "fields"),
        (0, lambda header: header | {"due": header["due"] + 1}, "sums"),
        (0, lambda header: [], "object_form"),
        (2, lambda accounts: accounts[::-1], "order"),
        (2, lambda accounts: [accounts[0]] * len(accounts), "order"),
        (2, lambda accounts: accounts[:-1], "row_count"),
        (3, lambda column: column[:-1], "row_count"),
        (14, lambda column: ["a"] * len(column), "object_form"),
        (16, lambda lengths: [length + 1 for length in lengths], "object_form"),
        (16, lambda lengths: [-1, *lengths[1:]], "object_form"),
        (18, lambda encoded: encoded + "!", "object_form"),
        (19, lambda encoded: 7, "object_form"),
        (20, lambda accounts: [*accounts, 5], "object_form"),
        (23, lambda accounts: [], "row_count"),
        (23, lambda accounts: {}, "row_count"),
    ],
)
def test_a_shard_that_is_not_what_it_says_is_refused(line: int, change: Any, code: str) -> None:
    rows = some_rows()
    lines = shards.write(rows, Texts()).split(b"\n")
    lines[line] = json.dumps(change(json.loads(lines[line]))).encode()
    with pytest.raises(PackRefused, match=f"^{code}$"):
        shards.read(b"\n".join(lines), rows=len(rows))


def test_any_shard_of_garbage_is_refused() -> None:
    rows, chance = some_rows(), random.Random(3)
    raw = shards.write(rows, Texts())
    for garbage in (b"", b"\n" * 23, b"[" * 200_000, raw[: len(raw) // 2], raw + b"\n[]", raw.replace(b",", b";")):
        with pytest.raises(PackRefused):
            shards.read(garbage, rows=len(rows))
    for _ in range(300):
        broken = bytearray(raw)
        broken[chance.randrange(len(raw))] = chance.randrange(256)
        try:
            shard = shards.read(bytes(broken), rows=len(rows))
            known = dict(enumerate(shard.texts, shard.first_text))
            for row in shards.rows_of(shard, known.__getitem__):
                if not isinstance(row, Gone):
                    unpack(row)
        except (PackRefused, RowUnreadable):
            continue


def test_what_was_packed_is_unpacked_to_exactly_its_length() -> None:
    raw = shards.write(some_rows(), Texts())
    packed = shards.compress(raw)
    assert shards.decompress(packed, raw_bytes=len(raw)) == raw
    for raw_bytes in (0, len(raw) - 1, len(raw) + 1, 10**12):
        with pytest.raises(PackRefused, match="raw_size"):
            shards.decompress(packed, raw_bytes=raw_bytes)
    for broken in (packed[:-1], packed + b"more", packed + packed, b"", b"no frame"):
        with pytest.raises(PackRefused):
            shards.decompress(broken, raw_bytes=len(raw))


def test_a_bomb_is_refused_before_it_unpacks() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(200 << 20))
    with pytest.raises(PackRefused, match="raw_size"):
        shards.decompress(bomb, raw_bytes=200 << 20)
    streamed = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(200 << 20))
    with pytest.raises(PackRefused, match="raw_size"):
        shards.decompress(streamed, raw_bytes=1000)


def test_texts_are_named_by_number_or_in_full() -> None:
    row = pack(worked("a"))
    assert isinstance(row, BillRow)
    texts = Texts()
    held = dict(enumerate(texts.add(row.texts[:3]), 1))
    extra = number_texts(row, texts)
    assert split_extra(extra, held.__getitem__) == (row.texts, row.extra)
    for broken in (b"", extra[:2], b"\xff\xff\xff\xff\x0f", b"\x01\x63", b"\x01\x00\x02\xff\xff"):
        with pytest.raises(RowUnreadable):
            split_extra(broken, held.__getitem__)


def test_what_is_sealed_opens_with_its_key_only_and_only_unaltered() -> None:
    sealed = KEY.seal(b"bills")
    assert KEY.open(sealed) == b"bills"
    assert len(sealed) == 5 + OVERHEAD_BYTES
    with pytest.raises(PackRefused, match="object_sealed_otherwise"):
        ScopeKey.new().open(sealed)
    for at in range(len(sealed)):
        altered = bytearray(sealed)
        altered[at] ^= 1
        with pytest.raises(PackRefused):
            KEY.open(bytes(altered))
    for cut in range(len(sealed)):
        with pytest.raises(PackRefused):
            KEY.open(sealed[:cut])


def test_the_same_bytes_get_the_same_name_and_others_another() -> None:
    names = {object_name(KEY.seal(plain)) for plain in (b"one", b"two", b"one", b"")}
    assert len(names) == 3
    nonces = {KEY.seal(bytes([n]))[4:16] for n in range(200)}
    assert len(nonces) == 200


def test_a_scope_key_is_read_from_bytes_or_digits_and_never_shown() -> None:
    assert ScopeKey.parse(KEY.text().encode()).id == KEY.id == ScopeKey.parse(bytes(range(32, 64))).id
    assert ScopeKey.new().id != KEY.id
    assert KEY.text().strip() not in repr(KEY)
    for garbage in (b"", b"short", b"x" * 64, bytes(33)):
        with pytest.raises(ValueError):
            ScopeKey.parse(garbage)


def item(rows: int = 5) -> PackObject:
    return PackObject("ab" * 32, 1000, 3000, rows)


def some_manifest(**fields: Any) -> Manifest:
    return replace(
        Manifest(
            scope="all",
            generation=20260828030000,
            base=20260828030000,
            as_of=NOW,
            issued_at=NOW,
            expires=NOW + timedelta(days=60),
            scope_key_id=KEY.id,
            fields=FIELDS,
            snapshot=[item(), item(7)],
            deltas=[Delta(1, NOW + timedelta(hours=1), item())],
        ),
        **fields,
    )


def test_a_signed_manifest_comes_back() -> None:
    held = some_manifest()
    file = manifest.sign(held, SIGNER)
    assert manifest.verify(file, TRUST) == held
    assert set(json.loads(file)) == {"key_id", "signed", "signature"}
    assert held.rows == 12


def signed_fields(change: Any) -> bytes:
    """A manifest rightly signed, of fields that a newer or a faulty publisher might write."""
    fields = json.loads(base64.b64decode(json.loads(manifest.sign(some_manifest(), SIGNER))["signed"]))
    signed = json.dumps(fields | change).encode()
    envelope = {
        "key_id": key_id(SIGNER.public_key()),
        "signed": base64.b64encode(signed).decode(),
        "signature": base64.b64encode(SIGNER.sign(signed)).decode(),
    }
    return json.dumps(envelope).encode()


def test_fields_nobody_knows_yet_are_ignored() -> None:
    delta = {"seq": 1, "as_of": "2026-08-28T04:00:00Z", "object": {**vars_of(item()), "codec": "x"}, "why": "news"}
    assert manifest.verify(signed_fields({"colour": "blue", "deltas": [delta]}), TRUST) == some_manifest()


def vars_of(held: PackObject) -> dict[str, Any]:
    return {"sha256": held.sha256, "bytes": held.bytes, "raw": held.raw, "rows": held.rows}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"schema": "ebill-snapshot/2"}, "schema"),
        ({"schema": None}, "schema"),
        ({"fields": [*FIELDS, "more"]}, "fields"),
        ({"generation": -1}, "manifest_fields"),
        ({"generation": "x"}, "manifest_fields"),
        ({"expires": "soon"}, "manifest_fields"),
        ({"scope": "../../etc"}, "manifest_fields"),
        ({"snapshot": [{"sha256": "../x", "bytes": 1, "raw": 1, "rows": 1}]}, "manifest_fields"),
        ({"snapshot": [vars_of(item()) | {"bytes": 10**10}]}, "manifest_fields"),
        ({"snapshot": [vars_of(item()) | {"raw": 10**10}]}, "manifest_fields"),
        ({"snapshot": {}}, "manifest_fields"),
        ({"deltas": [{"seq": 2, "as_of": "2026-08-28T04:00:00Z", "object": vars_of(item())}]}, "manifest_fields"),
    ],
)
def test_a_signed_manifest_that_is_not_understood_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(PackRefused, match=f"^{code}$"):
        manifest.verify(signed_fields(change), TRUST)


def test_every_altered_byte_of_a_manifest_is_noticed() -> None:
    file, chance = manifest.sign(some_manifest(), SIGNER), random.Random(2)
    for _ in range(400):
        altered = bytearray(file)
        altered[chance.randrange(len(file))] ^= 1 << chance.randrange(8)
        try:
            assert manifest.verify(bytes(altered), TRUST) == some_manifest()
        except PackRefused:
            continue
        assert json.loads(altered)["signed"] == json.loads(file)["signed"]  # white space only
    for garbage in (
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        file[:-40],
        b'{"key_id":1,"signed":2,"signature":3}',
        b"\xff",
    ):
        with pytest.raises(PackRefused):
            manifest.verify(garbage, TRUST)


def test_only_believed_keys_count_and_there_may_be_two() -> None:
    other = Ed25519PrivateKey.generate()
    with pytest.raises(PackRefused, match="signed_by_another_key"):
        manifest.verify(manifest.sign(some_manifest(), other), TRUST)
    pem = b"".join(map(public_pem, (SIGNER, other)))
    for key in (SIGNER, other):
        assert manifest.verify(manifest.sign(some_manifest(), key), Trust.parse(pem)) == some_manifest()
    forged = json.loads(manifest.sign(some_manifest(), other))
    forged["key_id"] = key_id(SIGNER.public_key())
    with pytest.raises(PackRefused, match=r"^signature$"):
        manifest.verify(json.dumps(forged).encode(), TRUST)


def public_pem(key: Any) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    pem: bytes = key.public_key().public_bytes(encoding, form)
    return pem


@pytest.mark.parametrize("pem", [b"", b"no PEM", public_pem(generate_private_key(SECP256R1()))])
def test_a_trust_file_without_our_kind_of_key_is_refused(pem: bytes) -> None:
    with pytest.raises(ValueError):
        Trust.parse(pem)
