"""Reads a visit aloud: each screen when it comes, what changes on it, and what the keys of the voice ask for.

Figures that concern the subscriber alone go to head-phones only, and the head-phone switch has to say that they
are there. Whatever is done silences the voice at once; what it leads to may be said then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from kiosk.keypad import Act
from kiosk.settings import SpeechSettings
from kiosk.speaker import Speaker
from kiosk.speech import Ears, Sentence, Utterance, labels, news, notice, speaks, spoken
from kiosk.viewmodel import BillView, View
from kiosk.views import SiteFacts, view
from kiosk.visit import Visit
from kiosk.visit.states import Attract, TakeReceipt


class Narrator:
    """Follows one terminal's visits. Everything here is for the screens' thread."""

    def __init__(self, speaker: Speaker, *, facts: SiteFacts, now: Callable[[], datetime]) -> None:
        """`facts` are those of the screens; `now` is the wall clock."""
        self._speaker = speaker
        self._facts = replace(facts, digits="words")
        self._now = now
        self._visit: Visit | None = None
        self._view: View | None = None
        self._whole: tuple[Sentence, ...] = ()
        # Where on the whole screen the voice was last; `_from` is where it began there, None while it says
        # something that has no place there.
        self._at = 0
        self._from: int | None = None

    @property
    def is_speaking(self) -> bool:
        """Whether something is being said now."""
        return self._speaker.is_speaking

    def shown(self, visit: Visit) -> None:
        """The screen shows `visit` now: say what is new, or fall silent when nobody wants to hear."""
        before, self._visit = self._visit, visit
        if before is not None and _is_over(before, visit):
            self._speaker.reset()
        if not visit.is_aloud:
            self._forget(says_so=before is not None and before.is_aloud and visit.display.aloud is False)
            return
        seen, self._view = self._view, view(self._heard(visit), now=self._now(), facts=self._facts)
        receipt = self._receipt(visit)
        everything = spoken(self._view)
        self._whole = self._fit((*everything.sentences, *receipt))
        opening = self._fit(self._opening(before, visit))
        changed = news(seen, self._view)
        if changed == everything or (before is not None and _plugged(before, visit)):
            self._say((*opening, *self._whole), starts=-len(opening))
        elif before is not None and _unplugged(before, visit):
            self.hush()
        elif opening or changed:
            self._say((*opening, *self._fit(changed.sentences)), starts=None)

    def hush(self) -> None:
        """Somebody did something: be silent at once."""
        self._note()
        self._speaker.stop()

    def focused(self, name: str) -> None:
        """The button `name` got the focus: say what it is."""
        if self._view is not None and name:
            label = labels(self._view).get(name)
            self._say(self._fit([label]) if label else (), starts=None)

    def do(self, act: Act) -> None:
        """What a key of the voice asks for; it then reads the screen, from where it was or from the beginning."""
        if self._view is None:
            return
        self._note()
        match act:
            case Act.REPEAT:
                self._at = 0
            case Act.ITEM_ON:
                self._at += 1
            case Act.ITEM_BACK:
                self._at -= 1
            case Act.FASTER | Act.SLOWER:
                self._speaker.faster(1 if act is Act.FASTER else -1)
            case Act.LOUDER | Act.SOFTER:
                self._speaker.louder(1 if act is Act.LOUDER else -1)
            case _:
                return
        self._at = min(max(self._at, 0), max(len(self._whole) - 1, 0))
        self._say(self._whole[self._at :], starts=self._at)

    def _heard(self, visit: Visit) -> Visit:
        """The visit in a language that can be spoken: its own, else one that the site offers."""
        return replace(visit, language=self._language(visit))

    def _language(self, visit: Visit) -> str:
        if speaks(visit.language):
            return visit.language
        # Whoever reads none of both is more likely to follow English than Arabic.
        offered = [code for code in ("en", "ar") if code in self._facts.rules.languages]
        return offered[0] if offered else "ar"

    def _opening(self, before: Visit | None, visit: Visit) -> tuple[Sentence, ...]:
        """What comes before the screen: that the voice is there, that it speaks another language, what was hidden."""
        language = self._language(visit)
        if before is None or not before.is_aloud:
            said = ["welcome"] if speaks(visit.language) else ["other_language", "welcome"]
            return tuple(notice(key, language=language) for key in said)
        if before.language != visit.language and not speaks(visit.language):
            return (notice("other_language", language=language),)
        if before.is_hidden != visit.is_hidden:
            return (notice("hidden" if visit.is_hidden else "seen", language=language),)
        return ()

    def _receipt(self, visit: Visit) -> tuple[Sentence, ...]:
        """What stands on the receipt that has just come out, for head-phones."""
        if not isinstance(visit.state, TakeReceipt):
            return ()
        bill = replace(visit.state.bill, details=True)
        page = view(replace(self._heard(visit), state=bill), now=self._now(), facts=self._facts)
        if not isinstance(page, BillView):
            return ()
        own = [s for s in spoken(replace(page, chart=None)).sentences if s.ears is Ears.HEADPHONES]
        begins = replace(notice("receipt", language=self._language(visit)), ears=Ears.HEADPHONES)
        return (begins, *own) if own else ()

    def _fit(self, sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
        """Those of `sentences` that may be heard where the sound comes out now."""
        assert self._visit is not None
        return Utterance(tuple(sentences)).heard(headphones=self._visit.around.headphones is True)

    def _say(self, sentences: Sequence[Sentence], *, starts: int | None) -> None:
        """Say them; `starts` is the place of the first one on the whole screen, None when it has none there."""
        self._note()
        self._from = starts
        self._speaker.say(sentences)

    def _note(self) -> None:
        """Remember where on the screen the voice is; what is said next may have no place there."""
        if self._from is not None:
            self._at = max(self._from + self._speaker.place, 0)

    def _forget(self, *, says_so: bool) -> None:
        """Nobody listens any more: nothing is kept."""
        self._view, self._whole, self._at, self._from = None, (), 0, None
        self._speaker.stop()
        if says_so and self._visit is not None:
            self._speaker.say([notice("off", language=self._language(self._visit))])


def narrator(speech: SpeechSettings, *, facts: SiteFacts, now: Callable[[], datetime]) -> Narrator | None:
    """The narrator of a terminal with these settings; None where the site wants none."""
    if not speech.enabled:
        return None
    # espeak-ng has no voice for Filipino: a button in it is named by the English one.
    voices = {"ar": speech.voice_ar, "en": speech.voice_en, "fil": speech.voice_en}
    return Narrator(Speaker(voices=voices, rate=speech.rate, volume=speech.volume), facts=facts, now=now)


def _is_over(before: Visit, after: Visit) -> bool:
    """Whether a visit ended between the two."""
    return isinstance(after.state, Attract) and not isinstance(before.state, Attract)


def _plugged(before: Visit, after: Visit) -> bool:
    return before.around.headphones is not True and after.around.headphones is True


def _unplugged(before: Visit, after: Visit) -> bool:
    return _plugged(after, before)
