"""What a screen is given: ready strings and the events its buttons send. No figures to format, no logic to run.

`kiosk.views` makes these from a visit; `kiosk.ui.screens` draws them. Every string is whole, in the screen's
language, with its numbers already isolated; a screen only places it. `screen` is the name of the screen that
draws the model, and of its picture file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Tone(StrEnum):
    """How a message feels: chooses colour and icon together, never colour alone."""

    CALM = "calm"
    GOOD = "good"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Button:
    """One thing to press. `name` is stable (tests and robots press it), `event` is what the press sends.

    `spoken` names it where its text does not; `script` is the language its text is in where that is another one
    than the screen's. One of several that is the present one is `chosen`: it is not enabled, and not greyed.
    """

    name: str
    text: str
    event: object
    enabled: bool = True
    icon: str = ""
    spoken: str = ""
    script: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of a panel, shown as it will look: in letters of that size (0: the present), in that theme."""

    button: Button
    text_size: int = 0
    theme: str = ""


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """Choices of one kind; `title` may be empty."""

    title: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class PanelView:
    """What lies over a screen until it is closed: how to see it, in which language."""

    title: str
    groups: tuple[OptionGroup, ...]
    close: Button


@dataclass(frozen=True, slots=True)
class Chrome:
    """What stands on every screen: our mark, help line, languages, the way back and the way out.

    `demo` is the word written across the screen in the demo, else empty. `languages` holds the language
    buttons (name `language_<code>`), the present one chosen; `more` opens them as a panel where they have no
    room. `text_size`, `theme` and `low` (to be reached from a seat) are how the visitor wants to see the screen,
    `display` opens the panel to change that and `reach` moves everything to press down or back; `panel` lies
    over the screen. `hidden` is what a black screen says while only ears follow the visit, else empty.
    """

    language: str
    rtl: bool
    brand: str
    help_label: str
    help_number: str
    languages: tuple[Button, ...]
    back: Button | None = None
    finish: Button | None = None
    demo: str = ""
    text_size: int = 2
    theme: str = "default"
    low: bool = False
    display: Button | None = None
    more: Button | None = None
    reach: Button | None = None
    panel: PanelView | None = None
    hidden: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """One of the things the attract screen promises."""

    icon: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class AttractView:
    """The first screen: three promises and one large start; a touch anywhere starts too. `is_near`: whether
    somebody is, None where nothing tells."""

    screen: ClassVar[str] = "attract"
    chrome: Chrome
    title: str
    text: str
    promises: tuple[Promise, ...]
    start: Button
    note: str = ""
    is_near: bool | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A large tile to choose by; `note` says why it cannot be pressed when its button is not enabled."""

    button: Button
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class IdentifyView:
    """How to identify: by number, by card; `help` says what the terminal can do."""

    screen: ClassVar[str] = "identify"
    chrome: Chrome
    title: str
    text: str
    choices: tuple[Choice, ...]
    privacy: str
    help: Button | None = None


@dataclass(frozen=True, slots=True)
class ChoicesView:
    """A list to choose from; `screen` varies: more, proof, accounts. The first choice is the usual one."""

    screen: str
    chrome: Chrome
    title: str
    text: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class KeypadView:
    """Typing a number: `typed` is shown left to right as it stands; `keys` in telephone order.

    `screen` varies: keypad (an account number), mobile, code; `extra` is something else that can be done.
    """

    chrome: Chrome
    title: str
    hint: str
    typed: str
    placeholder: str
    problem: str
    keys: tuple[Button, ...]
    delete: Button
    clear: Button
    confirm: Button
    extra: Button | None = None
    screen: str = "keypad"


@dataclass(frozen=True, slots=True)
class CardView:
    """Presenting a card. `problem` (empty: none) tells of a failed try; `picture` shows the same, or how it is done.

    `screen` varies: card (to identify), proof_card (to prove).
    """

    chrome: Chrome
    title: str
    hint: str
    problem: str
    tone: Tone
    picture: str
    instead: Button
    screen: str = "card"


@dataclass(frozen=True, slots=True)
class LookingUpView:
    """Waiting for a bill: a skeleton at once, `text` after two seconds, `chrome.finish` always."""

    screen: ClassVar[str] = "looking_up"
    chrome: Chrome
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Amount:
    """Money as a person reads it: `sign` (the riyal glyph's name or letters) stands left of `figures`."""

    figures: str
    sign: str
    spoken: str


@dataclass(frozen=True, slots=True)
class Age:
    """How old a stored bill is, in words, always visible on it."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the bill's table; `strong` for totals, `detail` in small below the label."""

    label: str
    figures: str
    detail: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One month of the chart; `part` of the tallest is 0 to 1. A month without a row has part 0, no figures."""

    label: str
    figures: str
    part: float
    is_current: bool = False
    is_year_ago: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Consumption of 13 months, oldest first in time; the screen mirrors time for right-to-left."""

    title: str
    bars: tuple[Bar, ...]
    legend_current: str
    legend_year_ago: str


@dataclass(frozen=True, slots=True)
class TierSlice:
    """One tier of the divided bar; `part` of the whole consumption is 0 to 1."""

    label: str
    kwh: str
    rate: str
    amount: str
    part: float


@dataclass(frozen=True, slots=True)
class BillView:
    """The bill. Empty strings, None and empty tuples mean: not shown (unknown, private or not derivable)."""

    screen: ClassVar[str] = "bill"
    chrome: Chrome
    title: str
    owner: str
    account: str
    status: str
    status_tone: Tone
    amount_label: str
    amount: Amount
    due_label: str
    due_date: str
    due_words: str
    due_tone: Tone
    age: Age | None
    sentence: str
    facts: tuple[Fact, ...]
    chart: Chart | None
    tiers_title: str
    tiers: tuple[TierSlice, ...]
    lines_title: str
    lines: tuple[Line, ...]
    readings_title: str
    readings: tuple[Fact, ...]
    notes: tuple[str, ...]
    print: Button
    print_note: str
    app: Button
    details: Button
    shows_details: bool
    refreshing: str
    more: Button | None = None


@dataclass(frozen=True, slots=True)
class AppLinkView:
    """The QR into the mobile app; `payload` is what the code says, always https."""

    screen: ClassVar[str] = "app"
    chrome: Chrome
    title: str
    steps: tuple[str, ...]
    payload: str
    address: str
    note: str


@dataclass(frozen=True, slots=True)
class PrintingView:
    """Paper is moving; no time-out counts here. `part` is 0 to 1 of the way."""

    screen: ClassVar[str] = "printing"
    chrome: Chrome
    title: str
    text: str
    part: float


@dataclass(frozen=True, slots=True)
class TakeReceiptView:
    """The receipt is out."""

    screen: ClassVar[str] = "take_receipt"
    chrome: Chrome
    title: str
    text: str
    note: str
    actions: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class MessageView:
    """A plain sentence with a next step; `screen` varies: not_found, not_issued, service_away, print_failed,
    consent, asking, wish_done, wish_refused, help, out_of_service. `code` is small print for a technician."""

    screen: str
    chrome: Chrome
    tone: Tone
    icon: str
    title: str
    text: str
    steps: tuple[str, ...]
    actions: tuple[Button, ...]
    code: str = ""


@dataclass(frozen=True, slots=True)
class StillThereView:
    """The idle warning: one large "more time"; `seconds` left as a figure, `part` 0 to 1 of the answer time."""

    screen: ClassVar[str] = "still_there"
    chrome: Chrome
    title: str
    text: str
    seconds: str
    part: float
    more_time: Button


View = (
    AttractView
    | IdentifyView
    | ChoicesView
    | KeypadView
    | CardView
    | LookingUpView
    | BillView
    | AppLinkView
    | PrintingView
    | TakeReceiptView
    | MessageView
    | StillThereView
)

SCREENS = (
    "attract",
    "identify",
    "keypad",
    "card",
    "looking_up",
    "bill",
    "app",
    "printing",
    "take_receipt",
    "not_found",
    "not_issued",
    "service_away",
    "print_failed",
    "more",
    "consent",
    "mobile",
    "code",
    "proof",
    "proof_card",
    "asking",
    "wish_done",
    "wish_refused",
    "accounts",
    "help",
    "out_of_service",
    "still_there",
)
"""Every screen of a visit, in the order of a visit."""
