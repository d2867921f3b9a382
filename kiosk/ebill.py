"""The wire form of `ebill/1`: strict JSON in, every mistake at once; the same JSON out.

The contract is `kiosk/ebill-1.schema.json`. What it accepts is accepted and what it refuses is refused, with these
refused besides, because no honest biller sends them: a number written as a float or with more than 18 digits, one
key twice in an object, control or format characters in identifiers and in the tax QR, a leap second, the years 1
and 9999, a SADAD text over 1000 characters, a document over `LIMIT_BYTES`. Words for people are cleaned instead
(`kiosk.limits.clean`) and refused only when nothing is left or NFC made them too long.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from kiosk import limits
from kiosk.model import Account, Bill, Document, NotIssued

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

SCHEMA = "ebill/1"

LIMIT_BYTES = 64 * 1024
"""The longest document read. A worked bill is 2.5 KB; 24 meters and 13 months stay under 8 KB."""

_FIELD_NAME = re.compile("[a-z][a-z0-9_]{0,39}")
_NOT_ISSUED = "not_issued"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One mistake in a document.

    `path` is like `tiers[1].rate`, empty for the document itself; a field name that is none of ours and might be
    somebody's data stands there as `?`. `problem` is an English predicate ("is missing") that quotes no value.
    """

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path or 'document'} {self.problem}"


class BillInvalid(ValueError):
    """A document that is no `ebill/1`; `problems` holds every mistake found. Safe to log: it quotes no value."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        more = f"; {len(problems) - 5} more" if len(problems) > 5 else ""
        super().__init__("; ".join(map(str, problems[:5])) + more)
        self.problems = problems


def read(raw: bytes | str, *, limit_bytes: int = LIMIT_BYTES) -> Document:
    """Read one `ebill/1` document from JSON (UTF-8, no byte order mark).

    The first call imports pydantic and builds the validator, some 150 ms; call `prepare` where that would be felt.

    Raises:
        BillInvalid: it is no such document. Sums are not looked at here, see `kiosk.sums`.
    """
    fields, doubled = _parse(raw, limit_bytes)
    if fields.get("schema") != SCHEMA:
        raise BillInvalid((FieldProblem("schema", "is not ebill/1" if "schema" in fields else "is missing"),))
    from pydantic import ValidationError

    problems = [*doubled, *_cross_problems(fields)]
    del fields["schema"]
    wire = _wire_not_issued() if fields.get("status") == _NOT_ISSUED else _wire_bill()
    try:
        document = wire.validate_python(fields, extra="forbid")
    except ValidationError as error:
        problems += map(_field_problem, error.errors(include_url=False, include_input=False))
    if problems:
        raise BillInvalid(tuple(problems))
    return document if isinstance(document, Bill) else NotIssued(document.account)


def write(document: Document) -> dict[str, Any]:
    """The document as JSON values in the wire form: nulls kept, only a plan's and a not issued bill's left out."""
    if isinstance(document, NotIssued):
        account = _wire_account().dump_python(document.account, mode="json", exclude_none=True)
        return {"schema": SCHEMA, "status": _NOT_ISSUED, "account": account}
    fields = _wire_bill().dump_python(document, mode="json")
    fields["plan"] = {name: value for name, value in fields["plan"].items() if value is not None}
    return {"schema": SCHEMA, **fields}


def prepare() -> None:
    """Import pydantic and build the validators now, from any thread, so that the first bill does not wait."""
    _wire_bill()
    _wire_not_issued()


@dataclass(frozen=True, slots=True)
class _NotIssuedFields:
    """What may stand in a `not_issued` document; besides the account nothing in it says anything."""

    status: Literal["not_issued"]
    account: Account
    invoice_uuid: limits.Uuid | None = None
    issue_hijri: limits.HijriDate | None = None
    disconnection_date: limits.CalendarDay | None = None
    qr: limits.TaxQrText | None = None


@cache
def _wire_bill() -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(Bill)


@cache
def _wire_not_issued() -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(_NotIssuedFields)


@cache
def _wire_account() -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(Account)


def _parse(raw: bytes | str, limit_bytes: int) -> tuple[dict[str, Any], list[FieldProblem]]:
    """The JSON object in `raw`, and a problem for each key that stands twice."""
    doubled: list[tuple[dict[str, Any], list[str]]] = []

    def to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) != len(pairs):
            count = Counter(name for name, _ in pairs)
            doubled.append((fields, [name for name in fields if count[name] > 1]))
        return fields

    fields = _load(raw, limit_bytes, to_object)
    if not isinstance(fields, dict):
        raise _refused("is not a JSON object")
    return fields, list(_doubled_problems(fields, doubled)) if doubled else []


def _doubled_problems(
    root: dict[str, Any], doubled: list[tuple[dict[str, Any], list[str]]]
) -> Iterator[FieldProblem]:
    names = {id(fields): names for fields, names in doubled}
    for path, value in _walk(root):
        for name in names.get(id(value), ()):
            yield FieldProblem(_path((*path, name)), "stands twice")


def _load(raw: bytes | str, limit_bytes: int, to_object: Any) -> Any:
    try:
        data = raw.encode() if isinstance(raw, str) else raw
        if len(data) > limit_bytes:
            raise _refused(f"is over {limit_bytes} bytes")
        return json.loads(data.decode(), object_pairs_hook=to_object, parse_constant=_no_constant)
    except UnicodeError:
        raise _refused("is not UTF-8") from None
    except RecursionError:
        raise _refused("is nested too deeply") from None
    except json.JSONDecodeError as error:
        # Its message names the place and what was expected there; the chained one would carry the document.
        raise _refused(f"is not JSON at line {error.lineno} column {error.colno}") from None
    except BillInvalid:
        raise
    except ValueError:
        raise _refused("holds a number of thousands of digits") from None


def _no_constant(name: str) -> None:
    raise _refused("holds NaN or Infinity, which JSON has not")


def _refused(problem: str) -> BillInvalid:
    return BillInvalid((FieldProblem("", problem),))


def _walk(root: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value of a JSON document with the keys that lead to it, without recursion."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), root)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if isinstance(value, dict):
            waiting.extend(((*path, name), held) for name, held in value.items())
        elif isinstance(value, list):
            waiting.extend(((*path, index), held) for index, held in enumerate(value))


def _cross_problems(fields: dict[str, Any]) -> Iterator[FieldProblem]:
    """The rules that tie one field to another, looked at even when single fields are wrong."""
    account, charges, plan = (_object(fields, name) for name in ("account", "charges", "plan"))
    if fields.get("document_type") == "tax_invoice" and account and account.get("buyer_vat_number") is None:
        yield FieldProblem("account.buyer_vat_number", "is missing: a tax invoice names its buyer")
    if plan.get("kind") == "fixed" and plan.get("fixed_amount") is None:
        yield FieldProblem("plan.fixed_amount", "is missing: the plan is fixed")
    if charges and "other" not in charges:
        yield FieldProblem("charges.other", "is missing")


def _object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _field_problem(error: ErrorDetails) -> FieldProblem:
    path = _path(error["loc"])
    match error["type"]:
        case "unexpected_keyword_argument":
            known = path in Bill.__dataclass_fields__
            return FieldProblem(path, "has no place in a bill not issued" if known else "is no field of ebill/1")
        case "value_error":
            return FieldProblem(path, str(error["ctx"]["error"]))
        case kind:
            return FieldProblem(path, _PROBLEMS.get(kind, "is not valid"))


def _path(keys: tuple[str | int, ...]) -> str:
    path = ""
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        else:
            path += ("." if path else "") + (key if _FIELD_NAME.fullmatch(key) else "?")
    return path


_PROBLEMS = {
    "missing": "is missing",
    "dataclass_type": "is not an object",
    "tuple_type": "is not a list",
    "too_long": "has too many rows",
    "string_type": "is not a text",
    "string_unicode": "holds text that is not Unicode",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "is not of the form expected",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "int_parsing_size": "is too large",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
    "bool_type": "is neither true nor false",
    "enum": "is none of the words expected",
    "literal_error": "is none of the words expected",
}
"""Pydantic's error types in our words: its own messages may quote what was sent."""
