"""The price list: worked bills, edges and dates, as published."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files

import pytest

from kiosk.model import Category
from kiosk.service.tariffs import Tariffs, meter_fee


@pytest.fixture(scope="module")
def tariffs() -> Tariffs:
    return Tariffs.load()


def test_the_residential_worked_bill_comes_out_to_the_halala(tariffs: Tariffs) -> None:
    price = tariffs.price(Category.RESIDENTIAL, start=date(2026, 7, 25), end=date(2026, 8, 25))
    assert [(band.start, band.end, band.rate, kwh, amount) for band, kwh, amount in price.tiers(7639)] == [
        (0, 6200, "18", 6200, 111_600),
        (6200, None, "30", 1439, 43_170),
    ]
    assert meter_fee(price.fees, 100) == 1500
    assert [(share.rate, part, amount) for share, part, amount in price.vat(156_270)] == [("15", 156_270, 23_441)]
    assert price.total(7639, fees=1500) == 179_711


def test_the_commercial_worked_bill_comes_out_to_the_halala(tariffs: Tariffs) -> None:
    price = tariffs.price(Category.COMMERCIAL, start=date(2026, 7, 26), end=date(2026, 8, 25))
    assert (price.tariff_id, price.days) == ("sa-commercial-22-32", 30)
    assert price.total(12_920, fees=meter_fee(price.fees, 200)) == 408_871


def test_the_commercial_bill_at_the_rates_and_vat_of_2018(tariffs: Tariffs) -> None:
    price = tariffs.price(Category.COMMERCIAL, start=date(2018, 4, 26), end=date(2018, 5, 26))
    assert price.total(12_920, fees=2100) == 346_185


def test_the_first_e_bill_of_2018_carries_five_per_cent_on_its_whole_period(tariffs: Tariffs) -> None:
    price = tariffs.price(Category.RESIDENTIAL, start=date(2017, 12, 28), end=date(2018, 1, 27))
    assert price.total(1240, fees=meter_fee(price.fees, 40)) == 24_486


@pytest.mark.parametrize(("kwh", "total"), [(0, 1150), (6000, 125_350), (6001, 125_385)])
def test_the_edges_round_half_up(tariffs: Tariffs, kwh: int, total: int) -> None:
    price = tariffs.price(Category.RESIDENTIAL, start=date(2026, 7, 26), end=date(2026, 8, 25))
    assert price.total(kwh, fees=meter_fee(price.fees, 60)) == total


@pytest.mark.parametrize(("start", "limit"), [(date(2026, 7, 28), 5600), (date(2026, 7, 24), 6400)])
def test_a_tier_limit_follows_the_days_billed(tariffs: Tariffs, start: date, limit: int) -> None:
    assert tariffs.price(Category.RESIDENTIAL, start=start, end=date(2026, 8, 25)).bands[0].end == limit


def test_a_period_over_the_change_to_fifteen_per_cent_carries_both_rates(tariffs: Tariffs) -> None:
    price = tariffs.price(Category.RESIDENTIAL, start=date(2020, 6, 25), end=date(2020, 7, 25))
    lines = [(share.rate, part, amount) for share, part, amount in price.vat(100_001)]
    assert lines == [("5", 20_000, 1000), ("15", 80_001, 12_000)]
    assert price.total(0, fees=100_001) == 100_001 + 13_000


def test_no_vat_was_charged_before_2018(tariffs: Tariffs) -> None:
    price = tariffs.price(Category.RESIDENTIAL, start=date(2017, 11, 25), end=date(2017, 12, 25))
    assert price.vat(12_345) == []
    assert price.total(2500, fees=1000) == 1000 + 2000 * 5 + 500 * 10


@pytest.mark.parametrize(
    ("category", "year", "kwh", "energy"),
    [
        (Category.RESIDENTIAL, 2017, 7000, 10_000 + 20_000 + 40_000 + 30_000),
        (Category.COMMERCIAL, 2017, 9000, 64_000 + 96_000 + 30_000),
        (Category.COMMERCIAL, 2019, 7000, 120_000 + 30_000),
        (Category.AGRICULTURAL, 2017, 9000, 40_000 + 48_000 + 16_000),
        (Category.AGRICULTURAL, 2026, 7000, 96_000 + 20_000),
        (Category.CHARITY, 2026, 7000, 96_000 + 20_000),
        (Category.PRIVATE_HEALTH, 2017, 1000, 12_000),
        (Category.PRIVATE_HEALTH, 2026, 1000, 21_000),
        (Category.PRIVATE_EDUCATION, 2026, 1000, 21_000),
        (Category.INDUSTRIAL, 2026, 1000, 18_000),
        (Category.GOVERNMENT, 2026, 1000, 32_000),
    ],
)
def test_every_category_pays_its_published_rates(
    tariffs: Tariffs, category: Category, year: int, kwh: int, energy: int
) -> None:
    price = tariffs.price(category, start=date(year, 8, 26), end=date(year, 9, 25))
    assert sum(amount for _band, _kwh, amount in price.tiers(kwh)) == energy


@pytest.mark.parametrize(
    ("ampere", "fee"),
    [
        (20, 1000),
        (60, 1000),
        (99, 1000),
        (100, 1500),
        (200, 2100),
        (300, 2200),
        (400, 2500),
        (401, 3000),
        (800, 3000),
    ],
)
def test_the_meter_fee_follows_the_breaker(tariffs: Tariffs, ampere: int, fee: int) -> None:
    price = tariffs.price(Category.RESIDENTIAL, start=date(2026, 7, 26), end=date(2026, 8, 25))
    assert meter_fee(price.fees, ampere) == fee


def test_a_day_before_the_list_begins_has_no_price(tariffs: Tariffs) -> None:
    with pytest.raises(LookupError):
        tariffs.price(Category.INDUSTRIAL, start=date(1999, 1, 1), end=date(1999, 2, 1))


def test_every_row_names_its_source_and_every_category_has_one_row_a_day() -> None:
    table = tomllib.loads(files("kiosk.service").joinpath("tariffs.toml").read_text(encoding="utf-8"))
    for kind in ("tariff", "meter_fee", "vat"):
        assert all(len(row["source"]) > 10 for row in table[kind])
    for category in Category:
        since = [row["since"] for row in table["tariff"] if category.value in row["categories"]]
        assert since == sorted(set(since))
        assert since[0] == date(2000, 1, 1)
