"""What a screen says to whoever cannot see it: its sentences in the order of reading, and a name for every button.

A voice gets a view of its own, from the same visit: `view(visit, now=now, facts=replace(facts, digits="words"))`.
Its strings are those of `catalogues/speech`, every figure in words, so that what is heard is what is shown. A
sentence that concerns the subscriber alone is for headphones; a loudspeaker says instead that there is one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from kiosk.i18n import Catalogue
from kiosk.viewmodel import (
    AppLinkView,
    AttractView,
    BillView,
    Button,
    CardView,
    Chart,
    Choice,
    ChoicesView,
    Fact,
    IdentifyView,
    KeypadView,
    Line,
    LookingUpView,
    MessageView,
    PanelView,
    PrintingView,
    StillThereView,
    TakeReceiptView,
    TierSlice,
    View,
)

SPOKEN_LANGUAGES = ("ar", "en")
"""The languages that have a speech catalogue; a visit in another one is silent."""

PAGE_TURNERS = ("page_previous", "page_next")
"""Buttons that no view names, because a screen brings them where not everything fits."""

_OWN_ACCOUNT = "account_"
"""How the buttons begin that name an account of the subscriber's."""

_DIRECTIONS = str.maketrans("", "", "\u061c\u200e\u200f\u2066\u2067\u2068\u2069")
_SEPARATORS = str.maketrans("", "", ",.")


class Ears(StrEnum):
    """Who may hear a sentence."""

    ANY = "any"
    HEADPHONES = "headphones"
    LOUDSPEAKER = "loudspeaker"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something to say in one breath, in the voice of `language`."""

    text: str = field(repr=False)
    language: str
    ears: Ears = Ears.ANY


@dataclass(frozen=True, slots=True)
class Utterance:
    """Sentences to say one after the other; empty: nothing to say."""

    sentences: tuple[Sentence, ...] = ()

    def heard(self, *, headphones: bool) -> tuple[Sentence, ...]:
        """What comes out of the headphones, or out of the loudspeaker."""
        kept = Ears.HEADPHONES if headphones else Ears.LOUDSPEAKER
        return tuple(sentence for sentence in self.sentences if sentence.ears in (Ears.ANY, kept))

    def __bool__(self) -> bool:
        return bool(self.sentences)


def speaks(language: str) -> bool:
    """Whether a visit in `language` can be heard."""
    return language in SPOKEN_LANGUAGES


def spoken(view: View) -> Utterance:
    """The whole of a screen, from its title to what can be chosen on it.

    Args:
        view: made with figures in words, in a language of `SPOKEN_LANGUAGES`.
    """
    return _Reader.of(view).utterance(view)


def news(before: View | None, after: View) -> Utterance:
    """What to say when `after` takes the place of `before`: what changed, or the whole of another screen.

    Counting down and paper moving say nothing new; a key says its digit.
    """
    if before is None or _subject(before) != _subject(after):
        return spoken(after)
    reader = _Reader.of(after)
    match before, after:
        case KeypadView(), KeypadView():
            return Utterance(tuple(reader.typing(before, after)))
        case (StillThereView(), _) | (PrintingView(), _):
            return Utterance()
    said = set(reader.utterance(before).sentences)
    new = [s for s in reader.utterance(after).sentences if s not in said or s.ears is Ears.LOUDSPEAKER]
    is_own = any(sentence.ears is Ears.HEADPHONES for sentence in new)
    return Utterance(tuple(s for s in new if is_own or s.ears is not Ears.LOUDSPEAKER))


def labels(view: View) -> dict[str, Sentence]:
    """What to say when a button gets the focus, by its name, those that turn a page too; and `typed`, the field
    of the number pad."""
    reader = _Reader.of(view)
    said = {button.name: reader.label(button) for button in _buttons(view)}
    said |= {name: reader.say(reader.words.text(f"speech.{name}")) for name in PAGE_TURNERS}
    if isinstance(view, KeypadView):
        said["typed"] = reader.typed(view)
    return said


def notice(key: str, *, language: str) -> Sentence:
    """A sentence of the voice's own: `welcome`, `off`, `hidden`, `seen`, `other_language`, `receipt`."""
    reader = _Reader(Catalogue.load(language, digits="words"))
    return reader.say(reader.words.text(f"speech.{key}"))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes sentences in one language; `words` is its speech catalogue."""

    words: Catalogue

    @classmethod
    def of(cls, view: View) -> _Reader:
        return cls(Catalogue.load(view.chrome.language, digits="words"))

    def utterance(self, view: View) -> Utterance:
        return Utterance(tuple(sentence for sentence in self._read(view) if sentence.text))

    def say(self, text: str, ears: Ears = Ears.ANY) -> Sentence:
        language = self.words.language
        said = unicodedata.normalize("NFC", text.translate(_DIRECTIONS))
        if language == "ar":
            from kiosk.spoken.arabic import linked

            said = linked(said)
        return Sentence(said, language, ears)

    def own(self, text: str) -> Sentence:
        """Something that concerns the subscriber alone."""
        return self.say(text, Ears.HEADPHONES)

    def label(self, button: Button) -> Sentence:
        """A button's name and whether it can be pressed; a language in itself, a digit as a word."""
        code = button.name.removeprefix("language_")
        if code != button.name:
            own = Catalogue.load(code, digits="words").text("speech.own_name") if speaks(code) else button.text
            return Sentence(unicodedata.normalize("NFC", own), code)
        text = self._digits(button.text) if button.name.startswith("digit_") else button.spoken or button.text
        ears = Ears.HEADPHONES if button.name.startswith(_OWN_ACCOUNT) else Ears.ANY
        return self.say(text if button.enabled else self.words.text("speech.unavailable", button=text), ears)

    def typed(self, view: KeypadView) -> Sentence:
        """The number as far as it is typed."""
        if not view.typed:
            return self.say(self.words.text("speech.typed_nothing"))
        return self.own(self.words.text("speech.typed", digits=view.typed))

    def typing(self, before: KeypadView, after: KeypadView) -> Iterator[Sentence]:
        old, new = (view.typed.translate(_DIRECTIONS).replace(" ", "") for view in (before, after))
        if len(new) > len(old):
            yield self.own(self._digits(new[len(old) :]))
        elif len(new) < len(old):
            yield self.say(self.words.text("speech.deleted" if new else "speech.cleared"))
        if after.problem and after.problem != before.problem:
            yield self.say(after.problem)

    def _read(self, view: View) -> Iterator[Sentence]:
        if view.chrome.panel:
            yield from self._panel(view.chrome.panel)
            return
        yield self.say(view.title)
        match view:
            case BillView():
                yield from self._bill(view)
            case KeypadView():
                # Where a code went is the subscriber's own affair.
                yield (
                    self.own(view.hint)
                    if view.screen == "code" and not view.problem
                    else self.say(view.problem or view.hint)
                )
                yield self.typed(view)
            case CardView():
                yield self.say(view.problem or view.hint)
            case AppLinkView():
                yield from map(self.say, view.steps)
                yield self.say(self.words.text("speech.address", address=view.address))
                yield self.say(view.note)
            case AttractView() | TakeReceiptView():
                yield from map(self.say, (view.text, view.note))
            case IdentifyView():
                yield from map(self.say, (view.text, *self._choices(view.choices), view.privacy))
            case ChoicesView(screen="accounts"):
                yield self.say(self.words.text("speech.headphones"), Ears.LOUDSPEAKER)
                yield from map(self.own, self._choices(view.choices))
            case ChoicesView():
                yield from map(self.say, (view.text, *self._choices(view.choices)))
            case MessageView(screen="wish_done"):
                yield self.own(view.text)
                yield from map(self.say, view.steps)
            case MessageView():
                yield from map(self.say, (view.text, *view.steps))
            case LookingUpView() | PrintingView() | StillThereView():
                yield self.say(view.text)
        yield from self._offer(view)

    def _panel(self, panel: PanelView) -> Iterator[Sentence]:
        yield self.say(panel.title)
        for group in panel.groups:
            yield self.say(group.title)
            yield from (self.label(option.button) for option in group.options if option.button.enabled)
        yield self.label(panel.close)

    def _choices(self, choices: Iterable[Choice]) -> Iterator[str]:
        for choice in choices:
            about = choice.note or choice.text
            yield self._pair(choice.button.text, about) if about else choice.button.text

    def _bill(self, view: BillView) -> Iterator[Sentence]:
        if view.age:
            yield self.say(view.age.text)
        yield self.say(view.refreshing)
        yield self.say(self.words.text("speech.headphones"), Ears.LOUDSPEAKER)
        yield self.own(view.account)
        yield self.own(self._pair(view.amount_label, view.amount.spoken))
        yield self.own(view.status)
        if view.due_date:
            yield self.own(
                self.words.text("speech.due", label=view.due_label, date=view.due_date, words=view.due_words)
            )
        yield self.own(view.sentence)
        yield from self._facts(view.facts)
        if view.shows_details:
            yield from self._details(view)
        yield from map(self.own, view.notes)
        yield self.say(view.print_note)

    def _details(self, view: BillView) -> Iterator[Sentence]:
        yield self.own(view.lines_title)
        yield from self._lines(view.lines)
        yield self.own(view.tiers_title)
        yield from self._tiers(view.tiers)
        yield self.own(view.readings_title)
        yield from self._facts(view.readings)
        if view.chart:
            yield from self._chart(view.chart)

    def _lines(self, lines: Iterable[Line]) -> Iterator[Sentence]:
        for line in lines:
            if line.detail:
                parts = {"label": line.label, "detail": line.detail, "value": line.figures}
                yield self.own(self.words.text("speech.line", **parts))
            else:
                yield self.own(self._pair(line.label, line.figures))

    def _tiers(self, tiers: Iterable[TierSlice]) -> Iterator[Sentence]:
        for tier in tiers:
            yield self.own(self._pair(tier.label, tier.rate))

    def _facts(self, facts: Iterable[Fact]) -> Iterator[Sentence]:
        for fact in facts:
            yield self.own(self._pair(fact.label, self._number(fact.value)))

    def _chart(self, chart: Chart) -> Iterator[Sentence]:
        yield self.own(chart.title)
        for bar in chart.bars:
            if bar.figures:
                month = chart.legend_year_ago if bar.is_year_ago else bar.label
                used = bar.figures.translate(_DIRECTIONS)
                yield self.own(self.words.text("speech.bar", month=month, used=used))

    def _offer(self, view: View) -> Iterator[Sentence]:
        """What can be pressed now, the keys of the number pad and the ways to see the screen left out."""
        left_out = ("digit_", _OWN_ACCOUNT)
        said = [
            button.text for button in _offered(view) if button.enabled and not button.name.startswith(left_out)
        ]
        if said:
            pause = "، " if self.words.rtl else ", "
            yield self.say(self.words.text("speech.choices", choices=pause.join(said)))

    def _pair(self, label: str, value: str) -> str:
        return self.words.text("speech.pair", label=label, value=value)

    def _digits(self, figures: str) -> str:
        from kiosk.spoken import Figure

        return format(Figure(figures, self.words.language), "digits")

    def _number(self, value: str) -> str:
        """A value that is nothing but a number, in words; any other as it is."""
        from kiosk.spoken import Figure

        figures = value.translate(_DIRECTIONS)
        if not figures.translate(_SEPARATORS).isdecimal():
            return value
        return format(Figure(figures, self.words.language), "number")


def _subject(view: View) -> tuple[str, str, str]:
    """What has to be the same for only the changes to be worth saying."""
    panel = view.chrome.panel
    return view.screen, view.chrome.language, panel.title if panel else view.title


def _buttons(view: View) -> Iterator[Button]:
    """Every button of a screen in the order of reading: its own, the way back and out, how to see the screen; of
    a panel only its own, because it lies over the others."""
    chrome = view.chrome
    if chrome.panel:
        yield from (option.button for group in chrome.panel.groups for option in group.options)
        yield chrome.panel.close
        return
    yield from _offered(view)
    yield from filter(None, (chrome.reach, chrome.display, chrome.more))
    yield from chrome.languages


def _offered(view: View) -> Iterator[Button]:
    """The screen's own buttons, then the way back and out."""
    match view:
        case AttractView():
            yield view.start
        case IdentifyView():
            yield from (choice.button for choice in view.choices)
            yield from filter(None, (view.help,))
        case ChoicesView():
            yield from (choice.button for choice in view.choices)
        case KeypadView():
            yield from (*view.keys, view.delete, view.clear, view.confirm)
            yield from filter(None, (view.extra,))
        case CardView():
            yield view.instead
        case BillView():
            yield from (view.print, view.app, view.details)
            yield from filter(None, (view.more,))
        case TakeReceiptView() | MessageView():
            yield from view.actions
        case StillThereView():
            yield view.more_time
    yield from filter(None, (view.chrome.back, view.chrome.finish))
