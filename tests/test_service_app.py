"""The bill service over real HTTP: bills, tags, refusals, limits and links, and what it keeps to itself."""

from __future__ import annotations

import gzip
import json
import logging
import re
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from kiosk import ebill, sums
from kiosk.model import Bill
from kiosk.service import Service, ServiceConfig
from kiosk.service.rate import RateLimit

NOW = datetime(2026, 9, 15, 9, 20, tzinfo=UTC)
A, B, D = "30012345678", "10098765432", "30055555555"
UNKNOWN = "30012345679"


class Times:
    """The time of day and the seconds that a service goes by, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW
        self.seconds = 1000.0


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    config = ServiceConfig(subscribers=100_000, rate_per_min=1e6, burst=100_000, now=lambda: NOW)
    with Service(config) as service:
        yield service


def ask(service: Service, path: str, *, method: str = "GET", **headers: str) -> requests.Response:
    """Ask without what `requests` would send of its own accord."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    unsaid = {"Accept-Encoding": "identity", "User-Agent": "test"}
    return requests.request(method, service.url + path, headers=unsaid | named, timeout=10, allow_redirects=False)


def bill(service: Service, account: str, **headers: str) -> requests.Response:
    return ask(service, f"/v1/bills/{account}", **headers)


@pytest.mark.parametrize(
    ("account", "name"),
    [(A, "a-residential"), (B, "b-commercial"), ("00412345", "c-first-e-bill-2018"), (D, "d-not-issued")],
)
def test_a_worked_bill_is_served_as_it_is_written(service: Service, account: str, name: str) -> None:
    answer = bill(service, account)
    written = files("kiosk.service").joinpath("examples", f"{name}.json").read_text(encoding="utf-8")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == json.loads(written)
    assert len(answer.content) <= 16 * 1024


def test_a_bill_says_how_long_it_may_be_kept_and_since_when_it_is_right(service: Service) -> None:
    answer = bill(service, A)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert re.fullmatch(r'"[A-Za-z0-9_-]{20}"', answer.headers["ETag"])
    # Payments are posted on the hour.
    assert parsedate_to_datetime(answer.headers["Last-Modified"]) == datetime(2026, 9, 15, 9, tzinfo=UTC)


def test_bills_of_the_terminal_s_own_reader_are_whole_and_add_up(service: Service) -> None:
    book = service.desk.book
    for index in range(200, 320):
        if book.is_withheld(index):
            continue
        document = ebill.read(bill(service, book.account(index)).content)
        assert document.account.number.digits == book.account(index)
        assert sums.problems(document) == () if isinstance(document, Bill) else True


def test_who_holds_the_bill_gets_304_with_a_fresh_link(service: Service) -> None:
    first = bill(service, A)
    again = bill(service, A, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    for header in ("ETag", "Last-Modified", "Cache-Control", "Vary"):
        assert again.headers[header] == first.headers[header]
    assert again.headers["Link"] != first.headers["Link"]


@pytest.mark.parametrize("form", ["W/{}", '"other", {}', "{} , W/{}", "*"])
def test_every_form_of_if_none_match_is_understood(service: Service, form: str) -> None:
    tag = bill(service, A).headers["ETag"]
    assert bill(service, A, If_None_Match=form.format(tag, tag)).status_code == 304


@pytest.mark.parametrize("known", ['"other"', "", "nonsense", ",,", 'W/"x", "y"'])
def test_another_tag_gets_the_bill(service: Service, known: str) -> None:
    assert bill(service, A, If_None_Match=known).status_code == 200


def test_two_bills_have_two_tags_and_one_bill_has_one(service: Service) -> None:
    assert bill(service, A).headers["ETag"] == bill(service, A).headers["ETag"]
    assert bill(service, A).headers["ETag"] != bill(service, B).headers["ETag"]


def test_a_bill_is_packed_for_who_takes_gzip_under_a_tag_of_its_own(service: Service) -> None:
    plain = bill(service, A)
    packed = requests.get(
        f"{service.url}/v1/bills/{A}", headers={"Accept-Encoding": "gzip"}, stream=True, timeout=10
    )
    raw = packed.raw.read(decode_content=False)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) * 0.6
    assert packed.headers["ETag"] != plain.headers["ETag"]
    for tag in (packed.headers["ETag"], plain.headers["ETag"]):
        assert bill(service, A, If_None_Match=tag, Accept_Encoding="gzip").status_code == 304
        assert bill(service, A, If_None_Match=tag).status_code == 304


@pytest.mark.parametrize("refusal", ["", "br", "gzip;q=0", "gzip; q=0.0, br", "identity"])
def test_a_bill_is_not_packed_for_who_does_not_take_gzip(service: Service, refusal: str) -> None:
    assert "Content-Encoding" not in bill(service, A, Accept_Encoding=refusal).headers


@pytest.mark.parametrize(
    "account",
    [
        *("3001234567A", "1", "1234567", "1" * 16, "1" * 3000, "%D9%A3" * 11, "30012345678%20", "-30012345678"),
        *("", "null", "30012345678/", "30012345678/more", "%2e%2e/healthz", "30012345678%2Fx", "%00", "%FF%FE"),
    ],
)
def test_what_is_no_account_is_answered_as_one_that_is_unknown(service: Service, account: str) -> None:
    unknown, malformed = bill(service, UNKNOWN), bill(service, account)
    assert (unknown.status_code, malformed.status_code) == (404, 404)
    assert malformed.content == unknown.content
    assert {**malformed.headers, "date": ""} == {**unknown.headers, "date": ""}
    assert unknown.headers["Content-Type"] == "application/problem+json"
    assert unknown.json()["code"] == "account_unknown"


def test_unknown_and_malformed_take_as_long(service: Service) -> None:
    book = service.desk.book

    def typical_s(account: str) -> float:
        spans = []
        for _ in range(300):
            started = time.perf_counter()
            book.index_of(account)
            spans.append(time.perf_counter() - started)
        return statistics.median(spans)

    # Both are a matter of microseconds, a thousandth of what the network adds.
    assert typical_s(UNKNOWN) < 0.0005
    assert typical_s("3001234567A") < 0.0005


def test_an_account_that_is_kept_from_terminals_is_refused(service: Service) -> None:
    book = service.desk.book
    withheld = next(index for index in range(100_000) if book.is_withheld(index))
    answer = bill(service, book.account(withheld))
    assert (answer.status_code, answer.json()["code"]) == (403, "withheld")
    assert book.account(withheld) not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_reading_is_answered(service: Service, method: str) -> None:
    answer = ask(service, f"/v1/bills/{A}", method=method)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"


def test_head_says_what_get_would_without_saying_it(service: Service) -> None:
    head, get = ask(service, f"/v1/bills/{A}", method="HEAD"), bill(service, A)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == get.headers["ETag"]
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_a_terminal_that_asks_too_often_waits() -> None:
    times = Times()
    config = ServiceConfig(rate_per_min=30, burst=3, now=lambda: NOW, clock=lambda: times.seconds)
    with Service(config) as service:
        assert [bill(service, account).status_code for account in (A, UNKNOWN, "x")] == [200, 404, 404]
        refused = bill(service, A)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
        assert refused.json()["code"] == "too_many_requests"
        times.seconds += 2
        assert bill(service, A).status_code == 200
        assert bill(service, A).status_code == 429
        assert ask(service, "/healthz").status_code == 200


def test_a_terminal_cannot_pass_for_another_but_another_is_not_kept_waiting() -> None:
    config = ServiceConfig(rate_per_min=30, burst=1, now=lambda: NOW, clock=lambda: 0.0)
    with Service(config) as service:
        assert bill(service, A).status_code == 200
        assert bill(service, A, X_Forwarded_For="10.0.0.7", Forwarded="for=10.0.0.8").status_code == 429
        with requests.Session() as elsewhere:
            elsewhere.mount("http://", _From("127.0.0.2"))
            assert elsewhere.get(f"{service.url}/v1/bills/{A}", timeout=10).status_code == 200


class _From(HTTPAdapter):
    """Connects from another address of this machine."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, source_address=(self._address, 0), **options)


def test_a_bucket_never_holds_more_than_its_burst_and_forgets_idle_terminals() -> None:
    times = Times()
    limit = RateLimit(per_min=60, burst=2, clock=lambda: times.seconds)
    assert [limit.wait_s("a") for _ in range(3)] == [0, 0, 1]
    times.seconds += 3600
    assert [limit.wait_s("a") for _ in range(3)] == [0, 0, 1]
    for terminal in range(12_000):
        limit.wait_s(str(terminal))
        times.seconds += 1
    assert len(limit._buckets) < 10_100


def test_in_maintenance_bills_wait_and_health_does_not() -> None:
    with Service(ServiceConfig(now=lambda: NOW)) as service:
        assert ask(service, "/readyz").json() == {"status": "ready"}
        service.desk.maintenance = True
        for path in (f"/v1/bills/{A}", f"/v1/bills/{UNKNOWN}", "/readyz"):
            answer = ask(service, path)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
            assert answer.json()["code"] == "maintenance"
        assert ask(service, "/healthz").json() == {"status": "up"}
        service.desk.maintenance = False
        assert bill(service, A).status_code == 200


def _link(answer: requests.Response) -> str:
    matched = re.fullmatch(r'<(\S+)>; rel="alternate"', answer.headers["Link"])
    assert matched
    return matched[1]


def test_a_link_is_opaque_new_each_time_and_opens_the_bill(service: Service) -> None:
    links = [_link(bill(service, A)) for _ in range(20)]
    assert len(set(links)) == 20
    for link in links:
        token = link.removeprefix(f"{service.url}/b/")
        assert re.fullmatch("[A-Za-z]{26}", token)
    page = requests.get(links[0], timeout=10)
    assert page.status_code == 200
    assert "1,797.11" in page.text


def test_a_link_does_not_follow_the_host_header(service: Service) -> None:
    assert _link(bill(service, A, Host="evil.example")).startswith(service.url + "/b/")


def test_a_link_leads_where_phones_reach_the_service() -> None:
    with Service(ServiceConfig(public_url="https://app.ebill.example", now=lambda: NOW)) as service:
        assert re.fullmatch("https://app.ebill.example/b/[A-Za-z]{26}", _link(bill(service, A)))
        assert re.fullmatch("https://app.ebill.example/b/[A-Za-z]{26}", _link(bill(service, D)))


def test_a_link_expires_and_then_is_gone() -> None:
    times = Times()
    with Service(ServiceConfig(token_ttl_s=60, now=lambda: times.now)) as service:
        link = _link(bill(service, A))
        times.now += timedelta(seconds=59)
        assert requests.get(link, timeout=10).status_code == 200
        times.now += timedelta(seconds=1)
        gone = requests.get(link, headers={"Accept-Language": "en"}, timeout=10)
        assert gone.status_code == 410
        assert "This link has expired" in gone.text


@pytest.mark.parametrize("token", ["a" * 26, "x", "%D8%A7" * 26, "a" * 5000, "' OR 1=1 --"])
def test_a_link_that_never_was_is_gone_too(service: Service, token: str) -> None:
    assert ask(service, f"/b/{token}").status_code == 410


def test_issued_links_survive_a_restart_when_there_is_a_folder_and_are_not_readable_there(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there yet"
    with Service(ServiceConfig(data=folder, now=lambda: NOW)) as service:
        token = _link(bill(service, A)).rsplit("/", 1)[1]
    with Service(ServiceConfig(data=folder, now=lambda: NOW)) as service:
        assert ask(service, f"/b/{token}").status_code == 200
        kept = b"".join(path.read_bytes() for path in folder.iterdir())
        assert token.encode() not in kept
        assert A.encode() not in kept


def test_links_of_another_seed_open_nothing(tmp_path: Path) -> None:
    with Service(ServiceConfig(data=tmp_path, seed=1, now=lambda: NOW)) as service:
        token = _link(bill(service, A)).rsplit("/", 1)[1]
    with Service(ServiceConfig(data=tmp_path, seed=2, now=lambda: NOW)) as service:
        assert ask(service, f"/b/{token}").status_code == 410


def test_without_a_folder_nothing_is_kept() -> None:
    with Service(ServiceConfig(now=lambda: NOW)) as service:
        token = _link(bill(service, A)).rsplit("/", 1)[1]
    with Service(ServiceConfig(now=lambda: NOW)) as service:
        assert ask(service, f"/b/{token}").status_code == 410


def test_on_issue_day_an_account_goes_from_not_issued_to_its_bill() -> None:
    times = Times()
    with Service(ServiceConfig(subscribers=100, now=lambda: times.now)) as service:
        book = service.desk.book
        index = next(
            n for n in range(4, 100) if book.bill(n, "2026-08")["status"] == "issued" and not book.is_withheld(n)
        )
        out = datetime.fromisoformat(book.bill(index, "2026-08")["issue_at"])
        times.now = out.astimezone(UTC) - timedelta(minutes=1)
        before = bill(service, book.account(index))
        times.now += timedelta(minutes=2)
        after = bill(service, book.account(index), If_None_Match=before.headers["ETag"])
        assert before.json()["status"] == "not_issued"
        assert (after.status_code, after.json()["issue_at"]) == (200, out.isoformat())
        assert parsedate_to_datetime(after.headers["Last-Modified"]) in (out, times.now.replace(minute=0))
        assert parsedate_to_datetime(after.headers["Last-Modified"]) >= out


def test_fifty_terminals_at_once_each_get_their_own_bill(service: Service) -> None:
    book = service.desk.book
    accounts = [book.account(index) for index in range(1000, 1100) if not book.is_withheld(index)][:50]
    with ThreadPoolExecutor(50) as terminals:
        answers = list(terminals.map(lambda account: bill(service, account), accounts * 4))
    assert [answer.json()["account"]["number"] for answer in answers] == accounts * 4


def test_no_account_number_reaches_a_log(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        link = _link(bill(service, A))
        for path in (f"/v1/bills/{UNKNOWN}", f"/v1/bills/{A}/", f"/v1/bills/{A}x", f"/elsewhere/{A}?account={A}"):
            ask(service, path)
        requests.get(link, timeout=10)
    service_lines = [
        record.getMessage() for record in caplog.records if record.name.startswith(("kiosk", "uvicorn"))
    ]
    assert "GET /v1/bills/{account} 200" in service_lines
    assert "GET /b/{token} 200" in service_lines
    assert not any(number in line for line in service_lines for number in (A, UNKNOWN, link.rsplit("/", 1)[1]))


def test_a_mistake_of_the_service_is_a_problem_without_details() -> None:
    def broken() -> datetime:
        raise RuntimeError(f"no time for {A}")

    with Service(ServiceConfig(now=broken)) as service:
        answer = bill(service, A)
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    assert A not in answer.text
