"""Voices: text -> a sound file as Asterisk plays it best, 8 kHz mono 16 bit.

A better voice is put in by AIGUILLAGE_VOICE_COMMAND, or by another class with a `speak` of its own.
"""

import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aiguillage.errors import AsteriskUnavailable

_ESPEAK_VOICES = {"fr": "fr-be", "nl": "nl", "de": "de", "en": "en-gb"}
"""Another language is its own voice's name."""
SPEAKING_SECONDS = 60.0


class Voice(Protocol):
    """`name` tells voices apart in the cache: what another voice has spoken is spoken again."""

    @property
    def name(self) -> str: ...

    def speak(self, text: str, language: str, target: Path) -> None:
        """Write `text`, spoken in `language` (ISO 639-1), to `target`. Raises AsteriskUnavailable."""


@dataclass(frozen=True, slots=True)
class Espeak:
    """espeak-ng, which Debian has: plain to understand, no beauty."""

    name: str = "espeak-ng"

    def speak(self, text: str, language: str, target: Path) -> None:
        voice = _ESPEAK_VOICES.get(language, language)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            raw = Path(scratch) / "raw.wav"
            _run(["espeak-ng", "-v", voice, "-s", "150", "-w", str(raw), "--stdin"], text)
            convert(raw, target)


@dataclass(frozen=True, slots=True)
class Command:
    """A command line that reads the text and writes a WAV file: `piper --model /voices/{language}.onnx -f {file}`."""

    name: str

    def speak(self, text: str, language: str, target: Path) -> None:
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            raw = Path(scratch) / "raw.wav"
            words = shlex.split(self.name)
            _run([word.replace("{language}", language).replace("{file}", str(raw)) for word in words], text)
            convert(raw, target)


def voice(command: str) -> Voice:
    """The voice of the setting: espeak-ng where it is empty."""
    return Command(command) if command else Espeak()


def convert(source: Path, target: Path) -> None:
    """Any sound file that sox reads. Raises AsteriskUnavailable."""
    _run(["sox", str(source), "-r", "8000", "-c", "1", "-b", "16", str(target), "gain", "-n", "-3"])


def _run(arguments: list[str], text: str = "") -> None:
    programme = shutil.which(arguments[0])
    if programme is None:
        raise AsteriskUnavailable(f"{arguments[0]} is missing; install the package {arguments[0]}")
    try:
        done = subprocess.run(
            [programme, *arguments[1:]], input=text.encode(), capture_output=True, check=False, timeout=SPEAKING_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise AsteriskUnavailable(f"{arguments[0]} did not end within {SPEAKING_SECONDS:.0f} s") from None
    if done.returncode != 0:
        raise AsteriskUnavailable(f"{arguments[0]} failed: {done.stderr.decode(errors='replace').strip()[:300]}")
