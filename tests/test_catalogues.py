"""What the terminal says in each language: complete, isolated, in words people use, and drawable."""

from __future__ import annotations

import re
import string
import tomllib
import unicodedata

import pytest

from kiosk.fonts import font, missing
from kiosk.i18n import OWN_NAMES, Catalogue, plural_form
from kiosk.model import Money
from kiosk.resources import asset
from kiosk.typography import iso

EN = Catalogue.load("en")
LANGUAGES = tuple(OWN_NAMES)
ALL = pytest.mark.parametrize("catalogue", [*map(Catalogue.load, LANGUAGES)], ids=LANGUAGES)

GLOSSARY = {
    "common.brand": "e_bill",
    "common.finish": "finish",
    "common.call": "call_centre",
    "attract.see_text": "due_date",
    "attract.print_title": "receipt",
    "attract.phone_text": "scan_code",
    "identify.by_number": "account_number",
    "identify.by_card": "present_card",
    "keypad.title": "account_number",
    "keypad.hint": "account_number",
    "keypad.confirm": "bill",
    "card.title": "present_card",
    "card.hint": "subscriber",
    "card.instead": "account_number",
    "card.unreadable": "card",
    "card.tax_qr": "account_number",
    "bill.account": "account_number",
    "bill.amount_due": "amount_due",
    "bill.credit": "credit",
    "bill.due_date": "due_date",
    "bill.print": "print_receipt",
    "bill.chart_title": "kwh",
    "bill.age.recent": "stored_bill as_of",
    "bill.age.old": "stored_bill as_of",
    "bill.fact.period": "billing_period",
    "bill.fact.consumption": "consumption",
    "bill.change.first_more": "kwh",
    "bill.tier.name": "tier",
    "bill.tier.detail": "kwh",
    "bill.line.meter_fee": "meter_fee",
    "bill.line.vat": "vat",
    "bill.line.previous_balance": "previous_balance",
    "bill.line.amount_due": "amount_due",
    "bill.line.credit": "credit",
    "bill.reading.previous": "previous_reading",
    "bill.reading.current": "current_reading",
    "bill.reading.factor": "multiplier",
    "bill.reading.breaker": "breaker",
    "bill.note.estimated": "estimated_reading call_centre",
    "bill.note.verify": "call_centre",
    "bill.note.not_proof": "not_proof",
    "printing.title": "receipt",
    "take_receipt.title": "take_receipt",
    "take_receipt.note": "not_proof",
    "print_failed.title": "receipt",
    "not_found.by_card": "present_card",
    "not_found.by_number": "account_number",
    "out_of_service.title": "out_of_service",
    "still_there.title": "still_there",
    "energy.kwh": "kwh",
}
"""Sentences and the words of the glossary that stand in each."""


def sentences(catalogue: Catalogue) -> list[tuple[str, str]]:
    """Every sentence with its key; a plural's forms as `key/form`."""
    flat: list[tuple[str, str]] = []
    for key, entry in catalogue.entries.items():
        flat += [(key, entry)] if isinstance(entry, str) else [(f"{key}/{form}", t) for form, t in entry.items()]
    return flat


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def glossary(catalogue: Catalogue) -> dict[str, str]:
    file = asset("catalogues") / f"{catalogue.language}.toml"
    words: dict[str, str] = tomllib.loads(file.read_text("utf-8"))["glossary"]
    return words


@ALL
def test_every_language_says_the_same_things_with_the_same_placeholders(catalogue: Catalogue) -> None:
    def shape(catalogue: Catalogue) -> dict[str, set[str]]:
        return {
            key: placeholders(entry if isinstance(entry, str) else entry["other"])
            for key, entry in catalogue.entries.items()
        }

    assert shape(catalogue) == shape(EN)


@ALL
def test_plural_sentences_have_the_forms_their_language_needs(catalogue: Catalogue) -> None:
    needed = {plural_form(catalogue.language, n) for n in range(200)}
    for key, entry in catalogue.entries.items():
        if not isinstance(entry, str):
            assert needed <= set(entry), key
            assert set(entry) <= needed | {"zero"}, key


@ALL
def test_a_form_that_covers_several_numbers_says_which(catalogue: Catalogue) -> None:
    """Only a form of a single number may leave the number out; none is `zero` where it has words of its own."""
    covered: dict[str, set[int]] = {}
    for n in range(200):
        covered.setdefault(plural_form(catalogue.language, n), set()).add(n)
    for key, entry in catalogue.entries.items():
        for form, text in {} if isinstance(entry, str) else entry.items():
            numbers = covered.get(form, {0}) - ({0} if "zero" in entry and form != "zero" else set())
            assert "{n}" in text or len(numbers) == 1, f"{key}/{form}"


@ALL
def test_every_placeholder_comes_out_isolated(catalogue: Catalogue) -> None:
    for key, entry in catalogue.entries.items():
        if key.startswith("date."):
            continue
        if isinstance(entry, str):
            given = {name: f"<{name}>" for name in placeholders(entry)}
            said = catalogue.text(key, **given)
        else:
            given = {name: f"<{name}>" for name in placeholders(entry["other"]) - {"n"}}
            said = catalogue.plural(key, 12, **given)
            given["n"] = "12"
        assert all(iso(value) in said for value in given.values()), key


@ALL
def test_figures_are_never_written_into_a_sentence(catalogue: Catalogue) -> None:
    assert [key for key, text in sentences(catalogue) if re.search(r"\d", re.sub(r"\{\w+\}", "", text))] == []


@ALL
@pytest.mark.parametrize("weight", [400, 500, 600, 700])
def test_the_screen_font_can_draw_every_sentence_and_what_is_put_into_it(
    catalogue: Catalogue, weight: int
) -> None:
    face = font(catalogue.language, weight, 20)
    put_in = "".join(map(chr, range(0x20, 0x7F))).replace("\\", "") + "\u2066\u2069*"
    own = Catalogue.load(catalogue.language, digits="native")
    assert [key for key, text in sentences(catalogue) if missing(text, face)] == []
    assert missing(put_in + own.money(Money(-123456789)) + own.number("0123456789"), face) == ""
    assert missing(OWN_NAMES[catalogue.language], face) == ""


@ALL
def test_sentences_use_plain_letters_and_plain_punctuation_only(catalogue: Catalogue) -> None:
    for key, text in sentences(catalogue):
        odd = {c for c in text if unicodedata.category(c)[0] not in "LNZMP" or c in "…–—«»‹›"}
        assert not odd, f"{key}: {odd}"
        assert text == text.strip() and "  " not in text, key


@ALL
def test_sentences_are_written_in_the_script_of_their_language(catalogue: Catalogue) -> None:
    """A name written in Latin may stand among other letters, another script never."""
    script = {"ar": "ARABIC", "ur": "ARABIC", "hi": "DEVANAGARI", "bn": "BENGALI"}.get(catalogue.language, "LATIN")
    for key, text in sentences(catalogue):
        names = {unicodedata.name(c).split()[0] for c in text if unicodedata.category(c)[0] in "LM"}
        if script != "LATIN":
            text = re.sub(r"\{\w+\}", "", text)
            latin = set(re.findall("[A-Za-z]+", text))
            assert latin <= {"SADAD", "SAR"}, f"{key}: {latin}"
            names.discard("LATIN")
        assert names <= {script}, key


def test_arabic_carries_no_vowel_marks_but_the_tanween_of_its_spelling() -> None:
    for key, text in sentences(Catalogue.load("ar")):
        marks = {c for c in text.replace("مرّر", "") if unicodedata.category(c) == "Mn"}
        assert marks <= {"\N{ARABIC FATHATAN}"}, key


@ALL
@pytest.mark.parametrize("key", GLOSSARY)
def test_the_glossary_has_one_word_for_one_thing(catalogue: Catalogue, key: str) -> None:
    words, said = glossary(catalogue), str(catalogue.entries[key]).casefold()
    assert [term for term in GLOSSARY[key].split() if words[term].casefold() not in said] == []


@ALL
def test_no_sentence_uses_a_word_the_glossary_avoids(catalogue: Catalogue) -> None:
    words = glossary(catalogue)["avoid"]
    said = [
        (key, word) for key, text in sentences(catalogue) for word in words if re.search(rf"\b{word}", text, re.I)
    ]
    assert said == []


def test_every_glossary_has_the_same_terms_and_each_is_held_to() -> None:
    held = {term for terms in GLOSSARY.values() for term in terms.split()}
    for language in LANGUAGES:
        assert set(glossary(Catalogue.load(language))) - {"avoid"} == held
