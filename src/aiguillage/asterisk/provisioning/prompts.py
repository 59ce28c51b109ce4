"""Prompts as sound files: spoken by espeak-ng or converted by sox, cached by content.

A file for each prompt and language stands at `<folder>/<language>/<prompt>.wav`, 8 kHz mono 16 bit, as Asterisk plays
it best. A language that a prompt lacks gets the organisation's first one.
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from aiguillage.errors import AsteriskUnavailable
from aiguillage.routing.plan import Plan, Recorded, Spoken

VOICES = {"fr": "fr-be", "nl": "nl", "de": "de", "en": "en-gb"}
"""espeak-ng's voices; another language is its own voice's name."""

CONFIRM: Mapping[str, str] = {
    "fr": "Un appel pour vous. Pour le prendre, tapez 1. Pour le refuser, tapez 2.",
    "nl": "Een oproep voor u. Druk 1 om hem aan te nemen, 2 om te weigeren.",
    "de": "Ein Anruf für Sie. Drücken Sie 1 zum Annehmen, 2 zum Ablehnen.",
    "en": "A call for you. Press 1 to take it, 2 to refuse it.",
}

Variant = Spoken | Recorded


def render(plan: Plan, recordings: Path, folder: Path) -> None:
    """Make every prompt of the plan, and the built-in ones, playable in every language of the organisation.

    Raises AsteriskUnavailable when a programme or a recording is missing, and names it.
    """
    cache = folder / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for language, name, variant_language, variant in _wanted(plan):
        target = folder / language / f"{name}.wav"
        sound = _sound(variant, variant_language, recordings, cache)
        if not (target.exists() and target.samefile(sound)):
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_suffix(".new")
            temporary.unlink(missing_ok=True)
            temporary.hardlink_to(sound)
            temporary.replace(target)


def _wanted(plan: Plan) -> Iterator[tuple[str, str, str, Variant]]:
    """(language, file name, language of the variant, variant)."""
    first = plan.organisation.languages[0]
    for language in plan.organisation.languages:
        spoken = language if language in CONFIRM else "en"
        yield language, "builtin/confirm", spoken, Spoken(CONFIRM[spoken])
        for prompt in plan.prompts.values():
            found = next(each for each in (language, first, *prompt.variants) if each in prompt.variants)
            yield language, prompt.key, found, prompt.variants[found]


def _sound(variant: Variant, language: str, recordings: Path, cache: Path) -> Path:
    """The sound in the cache, made where it is not there yet."""
    if isinstance(variant, Recorded):
        source = recordings / variant.file
        if not source.is_file():
            raise AsteriskUnavailable(f"recording {variant.file} is not in {recordings}; put it there")
        content = source.read_bytes()
    else:
        content = f"{language}\n{variant.say}".encode()
    sound = cache / f"{hashlib.sha256(content).hexdigest()[:32]}.wav"
    if not sound.exists():
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            made = Path(scratch) / "sound.wav"
            if isinstance(variant, Recorded):
                _convert(recordings / variant.file, made)
            else:
                _speak(variant.say, language, made)
            made.replace(sound)
    return sound


def _speak(text: str, language: str, target: Path) -> None:
    raw = target.with_name("raw.wav")
    voice = VOICES.get(language, language)
    _run(["espeak-ng", "-v", voice, "-s", "150", "-w", str(raw), "--stdin"], "espeak-ng", text)
    _convert(raw, target)


def _convert(source: Path, target: Path) -> None:
    _run(["sox", str(source), "-r", "8000", "-c", "1", "-b", "16", str(target), "gain", "-n", "-3"], "sox")


def _run(arguments: list[str], package: str, text: str = "") -> None:
    programme = shutil.which(arguments[0])
    if programme is None:
        raise AsteriskUnavailable(f"{arguments[0]} is missing; install the package {package}")
    done = subprocess.run([programme, *arguments[1:]], input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise AsteriskUnavailable(f"{package} failed: {done.stderr.decode(errors='replace').strip()[:300]}")
