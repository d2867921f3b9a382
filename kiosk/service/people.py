"""Who the invented subscribers are: names in two languages, where they live, what is known of them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Self

from kiosk.model import Category
from kiosk.service.mixing import Dice

Pair = tuple[str, str]
"""The same words in Arabic and in English."""


@dataclass(frozen=True, slots=True)
class City:
    """A city, its districts and how its year runs (a name in `premises.toml`)."""

    name: Pair
    climate: str
    districts: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds an account and where; None where the biller's records are silent."""

    name_ar: str | None
    name_en: str | None
    address_ar: str | None
    address_en: str | None
    premise_id: str | None
    mobile_last2: str | None
    buyer_vat_number: str | None


class People:
    """The words people and places are made of."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._men = _pairs(table["men"])
        self._women = _pairs(table["women"])
        self._families = _pairs(table["families"])
        self._residents = _pairs(table["residents"])
        self._firms = _pairs(table["firms"])
        self._kinds = {Category(category): _pairs(kinds) for category, kinds in table["kinds"].items()}
        self._cities: list[City] = []
        for row in table["city"]:
            city = City(_pair(row["name"]), row["climate"], _pairs(row["districts"]))
            self._cities.extend([city] * row["weight"])

    @classmethod
    def load(cls) -> Self:
        """The words that ship with the program."""
        return cls(tomllib.loads(files(__package__).joinpath("names.toml").read_text(encoding="utf-8")))

    def city(self, dice: Dice) -> City:
        """Where a subscriber lives."""
        return dice.pick(self._cities)

    def holder(self, dice: Dice, category: Category, city: City) -> Holder:
        """Who a subscriber of a category is, in that city."""
        district = dice.pick(city.districts)
        name_ar, name_en = self._name(dice, category, district)
        address_ar, address_en = _address(dice, city, district)
        return Holder(
            name_ar=None if dice.chance(15) else name_ar,
            name_en=None if dice.chance(150) else name_en,
            address_ar=address_ar,
            address_en=address_en if dice.chance(920) else None,
            premise_id=None if dice.chance(60) else "40" + dice.digits(8),
            mobile_last2=None if dice.chance(250) else dice.digits(2),
            buyer_vat_number=_buyer_vat_number(dice, category),
        )

    def _name(self, dice: Dice, category: Category, district: Pair) -> Pair:
        if category is Category.RESIDENTIAL:
            return self._person(dice)
        word = district if category is Category.GOVERNMENT else dice.pick(self._firms)
        kind = dice.pick(self._kinds[category])
        return kind[0].format(word[0]), kind[1].format(word[1])

    def _person(self, dice: Dice) -> Pair:
        if dice.chance(120):
            return dice.pick(self._residents)
        given = dice.pick(self._women if dice.chance(300) else self._men)
        father = dice.pick(self._men)
        family = dice.pick(self._families)
        if dice.chance(150):
            return f"{given[0]} {family[0]}", f"{given[1]} {family[1]}"
        return f"{given[0]} {father[0]} {family[0]}", f"{given[1]} {father[1]} {family[1]}"


def _address(dice: Dice, city: City, district: Pair) -> tuple[str | None, str | None]:
    if dice.chance(50):
        return None, None
    where_ar, where_en = f"{city.name[0]}، حي {district[0]}", f"{district[1]}, {city.name[1]}"
    if dice.chance(400):
        return where_ar, where_en
    building = 2000 + dice.below(7000)
    return f"{where_ar}، مبنى {building}", f"Building {building}, {where_en}"


def _buyer_vat_number(dice: Dice, category: Category) -> str | None:
    """Fifteen digits, first and last 3 (BR-KSA-40); small farms and charities need not be registered."""
    if category is Category.RESIDENTIAL:
        return None
    if category in (Category.AGRICULTURAL, Category.CHARITY) and dice.chance(500):
        return None
    return "3" + dice.digits(13) + "3"


def _pair(row: Sequence[str]) -> Pair:
    arabic, english = row
    return arabic, english


def _pairs(rows: Sequence[Sequence[str]]) -> tuple[Pair, ...]:
    return tuple(_pair(row) for row in rows)
