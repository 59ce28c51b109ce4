import shutil
import subprocess
import time
from pathlib import Path

import pytest
from tests.required import missing

from aiguillage.asterisk.provisioning.voices import Espeak
from aiguillage.simulator.sound import AUDIBLE, FRAME_SAMPLES, SILENCE, SPEECH, decoded, encode, likeness, loudness

CONFIRMS = {
    "fr": "Un appel pour vous. Pour le prendre, tapez 1. Pour le refuser, tapez 2.",
    "nl": "Een oproep voor u. Druk 1 om hem aan te nemen, 2 om te weigeren.",
    "de": "Ein Anruf für Sie. Drücken Sie 1 zum Annehmen, 2 zum Ablehnen.",
    "en": "A call for you. Press 1 to take it, 2 to refuse it.",
}
WELCOMES = {
    "fr": "Bienvenue à la fédération. Pour le secrétariat, tapez 1. Pour la comptabilité, tapez 2.",
    "nl": "Welkom bij de federatie. Voor het secretariaat, druk 1. Voor de boekhouding, druk 2.",
    "de": "Willkommen beim Verband. Für das Sekretariat drücken Sie 1, für die Buchhaltung 2.",
    "en": "Welcome to the federation. For the secretariat, press 1. For the accounts, press 2.",
}
SECOND = 8000


def pause(seconds: float) -> bytes:
    return bytes([encode(0)]) * round(seconds * SECOND)


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What Asterisk would play, as A-law: two prompts in each language, and a word."""
    for programme in ("espeak-ng", "sox"):
        if shutil.which(programme) is None:
            missing(f"{programme} is missing; install the package of that name")
    texts = {f"{language}-confirm": text for language, text in CONFIRMS.items()}
    texts |= {f"{language}-welcome": text for language, text in WELCOMES.items()}
    texts["fr-yes"] = "Oui."
    folder = tmp_path_factory.mktemp("prompts")
    return {name: spoken(text, name[:2], folder / f"{name}.wav") for name, text in texts.items()}


def spoken(text: str, language: str, file: Path) -> bytes:
    Espeak().speak(text, language, file)
    return subprocess.run(["sox", str(file), "-t", "al", "-"], capture_output=True, check=True).stdout


@pytest.mark.parametrize("sample, code", [(8, 0xD5), (-8, 0x55), (32256, 0xAA), (-32256, 0x2A), (1008, 0xFA)])
def test_samples_get_the_codes_of_g711(sample: int, code: int) -> None:
    assert encode(sample) == code
    assert list(decoded(bytes([code]))) == [sample]


def test_speech_is_heard_and_silence_is_not() -> None:
    assert len(SPEECH) == len(SILENCE) == FRAME_SAMPLES
    assert loudness(SPEECH) == pytest.approx(8000 / 2**0.5, rel=0.02)
    assert loudness(SILENCE) < AUDIBLE
    assert loudness(b"") == 0


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_a_prompt_is_told_from_all_others(prompts: dict[str, bytes], language: str) -> None:
    heard = pause(1.2345) + prompts[f"{language}-confirm"] + pause(0.7)

    scores = {name: likeness(heard, expected) for name, expected in prompts.items()}

    assert scores.pop(f"{language}-confirm") > 0.9
    assert max(scores.values()) < 0.7, scores


def test_a_prompt_is_found_behind_another_one(prompts: dict[str, bytes]) -> None:
    heard = prompts["fr-welcome"] + pause(0.3) + prompts["fr-confirm"]

    assert likeness(heard, prompts["fr-confirm"]) > 0.9
    assert likeness(heard, prompts["fr-welcome"]) > 0.9


def test_a_word_is_found_and_told_from_a_sentence(prompts: dict[str, bytes]) -> None:
    assert likeness(pause(0.5) + prompts["fr-yes"], prompts["fr-yes"]) > 0.9
    assert likeness(prompts["fr-welcome"], prompts["fr-yes"]) < 0.7


def test_a_lost_packet_and_another_volume_do_not_hide_a_prompt(prompts: dict[str, bytes]) -> None:
    sound = prompts["nl-welcome"]
    quieter = {code: encode(decoded(bytes([code]))[0] // 3) for code in range(256)}
    heard = pause(0.111) + bytes(quieter[code] for code in sound[: 2 * SECOND] + sound[2 * SECOND + FRAME_SAMPLES :])

    assert likeness(heard, sound) > 0.9


@pytest.mark.parametrize("heard", [b"", pause(0.01), pause(8), SPEECH * 400])
def test_no_prompt_is_found_where_there_is_none(prompts: dict[str, bytes], heard: bytes) -> None:
    assert likeness(heard, prompts["fr-confirm"]) < 0.1


def test_silence_is_like_nothing(prompts: dict[str, bytes]) -> None:
    assert likeness(prompts["fr-confirm"], b"") == 0
    assert likeness(prompts["fr-confirm"], pause(1)) < 0.1


def test_a_prompt_is_looked_for_in_less_than_a_second(prompts: dict[str, bytes]) -> None:
    heard = prompts["de-confirm"] + pause(15)
    began = time.process_time()

    likeness(heard, prompts["fr-welcome"][: 5 * SECOND])

    assert time.process_time() - began < 1
