"""Prompts as sound files, cached by content.

A file for each prompt and language stands at `<folder>/<language>/<prompt>.wav`, 8 kHz mono 16 bit, as Asterisk plays
it best. A language that a prompt lacks gets the organisation's first one.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from aiguillage.asterisk.provisioning.announcements import announcements, lacking_sounds, spoken
from aiguillage.asterisk.provisioning.voices import Voice, convert
from aiguillage.errors import AsteriskUnavailable
from aiguillage.routing.plan import Plan, Recorded, Spoken

Variant = Spoken | Recorded


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A sound at `<language>/<name>.wav`; `variant` is in `variant_language`."""

    language: str
    name: str
    variant_language: str
    variant: Variant


def render(plan: Plan, recordings: Path, folder: Path, voice: Voice) -> None:
    """Make every prompt of the plan, and the built-in ones, playable in every language of the organisation.

    Raises AsteriskUnavailable when a programme or a recording is missing, and names it.
    """
    cache = folder / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        wanted = list(_wanted(plan))
        distinct = {(each.variant_language, each.variant): each for each in wanted}
        made = workers.map(lambda each: _sound(each, recordings, cache, voice), distinct.values())
        sounds = dict(zip(distinct, made, strict=True))
    for each in wanted:
        _put(folder / each.language / f"{each.name}.wav", sounds[each.variant_language, each.variant])


def lacking(plan: Plan, folder: Path) -> list[str]:
    """The sounds that `render` makes and that are not there, as `fr/builtin/confirm`."""
    names = (f"{each.language}/{each.name}" for each in _wanted(plan))
    return [name for name in names if not (folder / f"{name}.wav").is_file()]


def _wanted(plan: Plan) -> Iterator[_Wanted]:
    first = plan.organisation.languages[0]
    for language in plan.organisation.languages:
        for name, text in announcements(language):
            yield _Wanted(language, f"builtin/{name}", spoken(language), Spoken(text))
        for name, text in lacking_sounds(language):
            yield _Wanted(language, f"asterisk/{name}", language, Spoken(text))
        for prompt in plan.prompts.values():
            found = next(each for each in (language, first, *prompt.variants) if each in prompt.variants)
            yield _Wanted(language, prompt.key, found, prompt.variants[found])


def _put(target: Path, sound: Path) -> None:
    if target.exists() and target.samefile(sound):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    temporary.hardlink_to(sound)
    temporary.replace(target)


def _sound(wanted: _Wanted, recordings: Path, cache: Path, voice: Voice) -> Path:
    """The sound in the cache, made where it is not there yet."""
    variant = wanted.variant
    if isinstance(variant, Recorded):
        source = recordings / variant.file
        if not source.is_file():
            raise AsteriskUnavailable(f"recording {variant.file} is not in {recordings}; put it there")
        content = source.read_bytes()
    else:
        content = f"{voice.name}\n{wanted.variant_language}\n{variant.say}".encode()
    sound = cache / f"{hashlib.sha256(content).hexdigest()[:32]}.wav"
    if not sound.exists():
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            made = Path(scratch) / "sound.wav"
            if isinstance(variant, Recorded):
                convert(recordings / variant.file, made)
            else:
                voice.speak(variant.say, wanted.variant_language, made)
            made.replace(sound)
    return sound
