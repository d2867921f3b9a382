"""Codes, proofs, mobiles and messages: what a subscriber can do with them, and what a thief cannot."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from kiosk.service import Service, ServiceConfig
from kiosk.service.belonging import Belonging

NOW = datetime(2026, 9, 15, 9, 20, tzinfo=UTC)
A, B, NO_MOBILE, UNKNOWN = "30012345678", "10098765432", "00412345", "30012345679"
MOBILE = "0551234567"


class Times:
    """The time of day, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW


@pytest.fixture
def times() -> Times:
    return Times()


def config(times: Times, **others: Any) -> ServiceConfig:
    settings: dict[str, Any] = {"rate_per_min": 1e6, "burst": 100_000, "lists_received": True}
    return ServiceConfig(**settings | {"now": lambda: times.now} | others)


@pytest.fixture
def service(times: Times) -> Iterator[Service]:
    with Service(config(times)) as service:
        yield service


def ask(service: Service, account: str, errand: str, **fields: str) -> requests.Response:
    return requests.post(f"{service.url}/v1/accounts/{account}/{errand}", json=fields, timeout=10)


def messages(service: Service) -> list[dict[str, str]]:
    found: list[dict[str, str]] = requests.get(f"{service.url}/demo/messages", timeout=10).json()["messages"]
    return found


def code_sent(service: Service) -> str:
    found = re.search(r"\d{6}$", messages(service)[0]["text"])
    assert found
    return found[0]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def proof_of(service: Service, account: str) -> str:
    ask(service, account, "codes", channel="sms")
    proof: str = ask(service, account, "proofs", code=code_sent(service)).json()["proof"]
    return proof


def test_a_code_goes_to_the_mobile_on_record_and_makes_a_proof(service: Service) -> None:
    sent = ask(service, A, "codes", channel="sms")
    assert sent.json() == {"sent_to": "…42", "valid_s": 300}
    message = messages(service)[0]
    assert (message["to"], message["channel"], message["account_end"]) == ("…42", "sms", "5678")
    answer = ask(service, A, "proofs", code=code_sent(service))
    assert answer.status_code == 200
    assert datetime.fromisoformat(answer.json()["expires"]) == NOW + timedelta(minutes=10)


def test_a_code_is_good_once(service: Service) -> None:
    ask(service, A, "codes", channel="sms")
    code = code_sent(service)
    assert ask(service, A, "proofs", code=code).status_code == 200
    assert refusal(ask(service, A, "proofs", code=code)) == (403, "wrong_code")


def test_a_code_is_good_for_five_minutes(service: Service, times: Times) -> None:
    ask(service, A, "codes", channel="sms")
    times.now += timedelta(minutes=5)
    assert refusal(ask(service, A, "proofs", code=code_sent(service))) == (403, "wrong_code")


def test_a_code_is_good_for_its_own_account_and_the_newest_only(service: Service) -> None:
    ask(service, A, "codes", channel="sms")
    first = code_sent(service)
    assert refusal(ask(service, B, "proofs", code=first)) == (403, "wrong_code")
    ask(service, A, "codes", channel="sms")
    second = code_sent(service)
    assert first == second or refusal(ask(service, A, "proofs", code=first)) == (403, "wrong_code")
    assert ask(service, A, "proofs", code=second).status_code == 200


def test_the_fourth_try_of_a_day_is_refused_even_with_the_right_code(service: Service, times: Times) -> None:
    ask(service, A, "codes", channel="sms")
    code = code_sent(service)
    assert [ask(service, A, "proofs", code=wrong(code)).status_code for _ in range(3)] == [403] * 3
    late = ask(service, A, "proofs", code=code)
    assert refusal(late) == (429, "too_many_tries")
    # It is 12:20 in Riyadh: the day ends in 11 hours and 40 minutes.
    assert int(late.headers["Retry-After"]) in range(42_000, 42_003)
    times.now += timedelta(hours=11, minutes=41)
    ask(service, A, "codes", channel="sms")
    assert ask(service, A, "proofs", code=code_sent(service)).status_code == 200


def test_a_thousand_guesses_at_once_are_three_tries(service: Service) -> None:
    ask(service, A, "codes", channel="sms")
    code = code_sent(service)
    guesses = [wrong(code)] * 100 + [code]
    with ThreadPoolExecutor(16) as thieves:
        answers = list(thieves.map(lambda guess: ask(service, A, "proofs", code=guess).status_code, guesses))
    assert Counter(answers) == {403: 3, 429: 98}


def test_tries_stay_counted_over_a_restart(times: Times, tmp_path: Path) -> None:
    for _ in range(3):
        with Service(config(times, data=tmp_path)) as service:
            assert ask(service, A, "proofs", code="000000").status_code == 403
    with Service(config(times, data=tmp_path)) as service:
        assert ask(service, A, "proofs", code="000000").status_code == 429


def test_a_try_is_counted_before_the_code_is_looked_at(
    times: Times, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> bool:
        raise RuntimeError("the power went")

    with Service(config(times, data=tmp_path)) as service:
        with monkeypatch.context() as patch:
            patch.setattr("kiosk.service.proofs.hmac.compare_digest", cut)
            assert [ask(service, A, "proofs", code="000000").status_code for _ in range(3)] == [500] * 3
        assert ask(service, A, "proofs", code="000000").status_code == 429


def test_another_account_s_tries_are_its_own(service: Service) -> None:
    for _ in range(4):
        ask(service, A, "proofs", code="000000")
    assert ask(service, B, "proofs", code="000000").status_code == 403


def test_the_id_of_the_subscriber_is_a_proof_and_counts_as_a_try(service: Service) -> None:
    mine = Belonging(service.desk.book).national_id(0)
    other = next(number for number in ("1000000008", "1101798278") if number != mine)
    assert len(mine) == 10 and mine[0] in "12"
    assert refusal(ask(service, A, "proofs", national_id=other)) == (403, "wrong_id")
    assert len(ask(service, A, "proofs", national_id=mine).json()["proof"]) == 32
    assert refusal(ask(service, A, "proofs", national_id=other)) == (403, "wrong_id")
    assert refusal(ask(service, A, "proofs", national_id=mine)) == (429, "too_many_tries")


def test_a_proof_names_the_person_s_accounts_and_holds_for_each(service: Service) -> None:
    ask(service, A, "codes", channel="sms")
    answer = ask(service, A, "proofs", code=code_sent(service)).json()
    assert [account["number"] for account in answer["accounts"]] == [A, B]
    assert {account["category"] for account in answer["accounts"]} == {"residential", "commercial"}
    assert ask(service, B, "mobile", mobile=MOBILE, proof=answer["proof"]).status_code == 200


def test_persons_hold_one_account_or_two_that_name_each_other(service: Service) -> None:
    belonging = Belonging(service.desk.book)
    groups = [tuple(belonging.accounts(n)) for n in range(400)]
    assert {len(group) for group in groups} == {1, 2}
    for n, group in enumerate(groups):
        assert n in group
        assert all(tuple(belonging.accounts(other)) == group for other in group)
        assert len({belonging.national_id(other) for other in group}) == 1
    assert len({belonging.national_id(n) for n in range(400)}) == len(set(groups))


def test_three_codes_a_day_are_sent_and_no_more(service: Service) -> None:
    answers = [ask(service, A, "codes", channel="sms").status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    assert len(messages(service)) == 3


def test_who_has_no_mobile_on_record_gets_no_code(service: Service) -> None:
    assert refusal(ask(service, NO_MOBILE, "codes", channel="sms")) == (409, "no_contact")
    assert messages(service) == []


def test_a_first_mobile_is_registered_by_the_code_sent_to_it(service: Service) -> None:
    assert ask(service, NO_MOBILE, "mobile", mobile=MOBILE).json() == {"sent_to": "…67", "valid_s": 300}
    code = code_sent(service)
    assert refusal(ask(service, NO_MOBILE, "mobile", mobile="0559999999", code=code)) == (403, "wrong_code")
    assert refusal(ask(service, NO_MOBILE, "proofs", code=code)) == (403, "wrong_code")
    assert ask(service, NO_MOBILE, "mobile", mobile=MOBILE, code=code).json() == {"registered": "…67"}
    assert ask(service, NO_MOBILE, "messages", channel="sms").json() == {"sent_to": "…67"}


def test_a_mobile_registered_at_a_terminal_proves_nothing(service: Service) -> None:
    ask(service, NO_MOBILE, "mobile", mobile=MOBILE)
    ask(service, NO_MOBILE, "mobile", mobile=MOBILE, code=code_sent(service))
    assert refusal(ask(service, NO_MOBILE, "codes", channel="sms")) == (409, "no_contact")
    assert refusal(ask(service, NO_MOBILE, "mobile", mobile="0559999999")) == (403, "proof_needed")


def test_a_mobile_is_changed_with_a_proof_only(service: Service, times: Times) -> None:
    assert refusal(ask(service, A, "mobile", mobile=MOBILE)) == (403, "proof_needed")
    assert refusal(ask(service, A, "mobile", mobile=MOBILE, proof="x" * 32)) == (403, "proof_needed")
    book = service.desk.book
    stranger = next(n for n in range(10, 60) if book.current(n, NOW)["account"].get("mobile_last2"))
    others = proof_of(service, book.account(stranger))
    assert refusal(ask(service, A, "mobile", mobile=MOBILE, proof=others)) == (403, "proof_needed")
    proof = proof_of(service, A)
    assert ask(service, A, "mobile", mobile=MOBILE, proof=proof).status_code == 200
    assert ask(service, A, "mobile", mobile=MOBILE, code=code_sent(service)).json() == {"registered": "…67"}
    assert ask(service, A, "messages", channel="sms").json() == {"sent_to": "…67"}
    times.now += timedelta(minutes=10)
    assert refusal(ask(service, A, "mobile", mobile=MOBILE, proof=proof)) == (403, "proof_needed")


def test_a_bill_that_was_sent_opens_for_a_day(service: Service, times: Times) -> None:
    assert ask(service, A, "messages", channel="sms").json() == {"sent_to": "…42"}
    link = messages(service)[0]["text"].split()[-1]
    assert link.startswith(service.url + "/b/")
    times.now += timedelta(hours=23, minutes=59)
    assert "1,797.11" in requests.get(link, timeout=10).text
    times.now += timedelta(minutes=1)
    assert requests.get(link, timeout=10).status_code == 410


def test_a_bill_goes_by_mail_where_there_is_an_address(service: Service) -> None:
    book = service.desk.book
    accounts = [book.account(n) for n in range(10, 60) if not book.is_withheld(n)]
    answers = [ask(service, account, "messages", channel="email") for account in accounts]
    assert {answer.status_code for answer in answers} == {200, 409}
    sent = [answer.json() for answer in answers if answer.status_code == 200]
    assert sent == [{"sent_to": "s…@…"}] * len(sent) and len(messages(service)) == len(sent)


def test_five_messages_a_day_are_sent_and_no_more(service: Service) -> None:
    answers = [ask(service, A, "messages", channel="sms").status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


@pytest.mark.parametrize("errand", ["codes", "proofs", "mobile", "messages"])
def test_unknown_malformed_and_withheld_accounts_are_answered_as_for_bills(service: Service, errand: str) -> None:
    book = service.desk.book
    withheld = book.account(next(n for n in range(1000) if book.is_withheld(n)))
    assert refusal(ask(service, UNKNOWN, errand, channel="sms")) == (404, "account_unknown")
    assert ask(service, "x", errand).content == ask(service, UNKNOWN, errand).content
    assert refusal(ask(service, withheld, errand, channel="sms")) == (403, "withheld")


@pytest.mark.parametrize(
    ("errand", "body"),
    [
        *(
            ("codes", body)
            for body in ("", "[]", "null", "{}", '{"channel":"fax"}', '{"channel":"sms","to":"05"}')
        ),
        *(("proofs", body) for body in ('{"code":123456}', '{"code":"12345"}', '{"code":"١٢٣٤٥٦"}', "[" * 900)),
        *(("mobile", body) for body in ('{"mobile":"966551234567"}', '{"mobile":"0551234567","code":""}')),
        ("messages", '{"channel":"sms"} {}'),
    ],
)
def test_what_is_not_understood_is_refused_and_counts_as_nothing(service: Service, errand: str, body: str) -> None:
    url = f"{service.url}/v1/accounts/{A}/{errand}"
    answer = requests.post(url, body.encode(), headers={"Content-Type": "application/json"}, timeout=10)
    assert refusal(answer) == (400, "bad_request")
    assert [ask(service, A, "proofs", code="000000").status_code for _ in range(4)] == [403, 403, 403, 429]


def test_a_long_or_other_body_is_refused(service: Service) -> None:
    url = f"{service.url}/v1/accounts/{A}/codes"
    long = requests.post(url, b" " * 2000, headers={"Content-Type": "application/json"}, timeout=10)
    other = requests.post(url, {"channel": "sms"}, timeout=10)
    assert (refusal(long), refusal(other)) == ((413, "too_long"), (415, "wrong_type"))


def test_errands_and_bills_share_the_limit_on_guesses(times: Times) -> None:
    with Service(config(times, rate_per_min=30, burst=2, clock=lambda: 0.0)) as service:
        assert requests.get(f"{service.url}/v1/bills/{UNKNOWN}", timeout=10).status_code == 404
        assert ask(service, UNKNOWN, "codes").status_code == 404
        assert refusal(ask(service, UNKNOWN, "codes")) == (429, "too_many_requests")


def _unlisted(times: Times, folder: Path) -> bytes:
    with Service(config(times, data=folder, lists_received=False)) as service:
        ask(service, A, "codes", channel="sms")
        return b"".join(path.read_bytes() for path in folder.iterdir())


def _listed(times: Times, folder: Path) -> bytes:
    with Service(config(times, data=folder)) as service:
        ask(service, A, "codes", channel="sms")
        proof_of(service, B)
        ask(service, A, "messages", channel="sms")
        return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.parametrize("use", [_unlisted, _listed])
def test_the_files_hold_no_account_and_no_whole_mobile(
    times: Times, tmp_path: Path, use: Callable[[Times, Path], bytes]
) -> None:
    kept = use(times, tmp_path)
    assert A.encode() not in kept and not re.search(rb"\b05\d{8}\b", kept)
    assert ("رمزك".encode() in kept) == (use is _listed)


def test_nothing_of_it_reaches_a_log(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        proof = proof_of(service, A)
        ask(service, A, "mobile", mobile=MOBILE, proof=proof)
        ask(service, A, "messages", channel="sms")
    lines = [record.getMessage() for record in caplog.records if record.name.startswith(("kiosk", "uvicorn"))]
    assert "POST /v1/accounts/{account}/proofs 200" in lines
    assert not re.search(rf"{A}|{MOBILE}|{proof}", json.dumps(lines))
