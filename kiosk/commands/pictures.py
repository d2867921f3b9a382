"""`screens`: every screen as a picture, from built-in views, without a visit."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace

from kiosk.bootstrap import facts_of
from kiosk.commands.common import known_language, made_folder, settings_of
from kiosk.commands.outcome import CommandError, Exit, emit, tell
from kiosk.commands.play import in_window
from kiosk.samples import NOW, samples, seen
from kiosk.viewmodel import SCREENS, View
from kiosk.views import view
from kiosk.visit.display import Display

PORTRAIT = "1080x1920"

_SMALLEST_SIDE = 320
"""Pixels; on less no screen of ours can be read."""

EXAMPLE_LINK = "https://app.ebill.example/"


def screens(options: Namespace) -> Exit:
    """Draw every screen in every language, text size, theme and panel asked for."""
    from kiosk.ui.photograph import render_samples

    settings = settings_of(options, state=None)
    site = replace(settings.site, privacy="open", app_link=settings.site.app_link or EXAMPLE_LINK)
    shown = {name: visit for name, visit in samples().items() if options.all or name in SCREENS}
    languages = [known_language(code) for code in options.language or ["ar", "en"]]
    made_folder(options.out)

    def views(language: str, display: Display) -> Mapping[str, View]:
        offered = tuple(dict.fromkeys((*site.languages, language)))
        facts = facts_of(replace(settings, site=replace(site, languages=offered)))
        visits = ((name, replace(visit, language=language)) for name, visit in shown.items())
        return {name: view(seen(visit, display), now=NOW, facts=facts) for name, visit in visits}

    pictures = in_window(
        lambda: [
            str(path)
            for path in render_samples(
                views,
                options.out,
                languages=languages,
                text_sizes=options.text_size or [2],
                themes=options.theme or ["default"],
                sizes=[_size(text) for text in options.size or [PORTRAIT]],
                width_mm=options.width_mm,
                low=options.low,
            )
        ]
    )
    if options.json:
        emit({"screens": pictures})
    else:
        tell(f"{len(pictures)} pictures are in {options.out}/")
    return Exit.DONE


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{3,4})x([0-9]{3,4})", text)
    if not found or min(int(found[1]), int(found[2])) < _SMALLEST_SIDE:
        raise CommandError("malformed_size", f"not a size in pixels, e.g. {PORTRAIT}: {text}", exit=Exit.USAGE)
    return int(found[1]), int(found[2])
