"""Announcements as sound files: each in every language of the organisation, made once."""

import wave
from dataclasses import replace
from pathlib import Path

import pytest

from aiguillage.asterisk.provisioning import prompts
from aiguillage.asterisk.provisioning.announcements import ANNOUNCEMENTS
from aiguillage.asterisk.provisioning.voices import Espeak, voice
from aiguillage.errors import AsteriskUnavailable
from aiguillage.routing.plan import Plan, Prompt, Recorded, Spoken
from tests.unit.examples import PLAN

VOICE = Espeak()


def plan_with(*languages: str, **variants: Spoken | Recorded) -> Plan:
    """A plan whose only prompt is `closed`."""
    return replace(
        PLAN,
        organisation=replace(PLAN.organisation, languages=languages),
        prompts={"closed": Prompt("closed", variants)},
    )


def sounds(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.wav") if "cache" not in file.parts
    }


def test_each_language_has_each_prompt_and_lacking_ones_get_the_first(tmp_path: Path) -> None:
    plan = plan_with("fr", "nl", "de", fr=Spoken("Nos bureaux sont fermés."), nl=Spoken("Gesloten."))

    prompts.render(plan, tmp_path, tmp_path / "prompts", VOICE)

    made = sounds(tmp_path / "prompts")
    names = ("closed", *(f"builtin/{name}" for name in ANNOUNCEMENTS))
    assert {name for name in made if "/asterisk/" not in name} == {
        f"{language}/{name}.wav" for language in ("fr", "nl", "de") for name in names
    }
    numbers = {"nl/asterisk/digits/7.wav", "nl/asterisk/digits/nl-en.wav", "de/asterisk/digits/7-and.wav"}
    assert numbers < {*made}
    assert not any(name.startswith("fr/asterisk/digits") for name in made), "Debian has them"
    assert made["fr/closed.wav"] == made["de/closed.wav"] != made["nl/closed.wav"]
    assert len({made[f"{each}/builtin/confirm.wav"] for each in ("fr", "nl", "de")}) == 3
    with wave.open(str(tmp_path / "prompts/fr/closed.wav")) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        assert sound.getnframes() > 8000


class FakeVoice:
    """Writes down what it is asked to say."""

    def __init__(self, name: str = "fake") -> None:
        self.name, self.spoken = name, list[str]()

    def speak(self, text: str, language: str, target: Path) -> None:
        self.spoken.append(text)
        target.write_bytes(text.encode())


def test_what_is_made_is_not_made_again_and_what_changed_is(tmp_path: Path) -> None:
    folder, voice = tmp_path / "prompts", FakeVoice()
    prompts.render(plan_with("fr", fr=Spoken("Un.")), tmp_path, folder, voice)
    before = sounds(folder)
    voice.spoken.clear()

    prompts.render(plan_with("fr", fr=Spoken("Un.")), tmp_path, folder, voice)
    assert voice.spoken == []
    prompts.render(plan_with("fr", fr=Spoken("Deux.")), tmp_path, folder, voice)

    assert voice.spoken == ["Deux."]
    assert sounds(folder) == {**before, "fr/closed.wav": b"Deux."}


def test_another_voice_says_everything_again(tmp_path: Path) -> None:
    folder, better = tmp_path / "prompts", FakeVoice("better")
    prompts.render(plan_with("fr", fr=Spoken("Un.")), tmp_path, folder, FakeVoice())
    prompts.render(plan_with("fr", fr=Spoken("Un.")), tmp_path, folder, better)
    assert "Un." in better.spoken


def test_a_voice_of_the_settings_is_any_command(tmp_path: Path) -> None:
    chosen = voice("espeak-ng -v {language} -w {file} --stdin")
    chosen.speak("Bonjour", "fr", tmp_path / "made.wav")
    with wave.open(str(tmp_path / "made.wav")) as made:
        assert (made.getframerate(), made.getnchannels()) == (8000, 1)


def test_a_recording_is_converted_and_one_that_lacks_is_named(tmp_path: Path) -> None:
    plan = plan_with("fr", fr=Recorded("closed.wav"))
    with pytest.raises(AsteriskUnavailable, match=r"closed\.wav is not in"):
        prompts.render(plan, tmp_path, tmp_path / "prompts", VOICE)
    with wave.open(str(tmp_path / "closed.wav"), "wb") as sound:
        sound.setparams((2, 2, 44_100, 0, "NONE", "not compressed"))
        sound.writeframes(b"\x00\x10" * 2 * 44_100)

    prompts.render(plan, tmp_path, tmp_path / "prompts", VOICE)

    with wave.open(str(tmp_path / "prompts/fr/closed.wav")) as made:
        assert (made.getframerate(), made.getnchannels()) == (8000, 1)


def test_a_missing_synthesiser_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AsteriskUnavailable, match="install the package espeak-ng"):
        prompts.render(PLAN, tmp_path, tmp_path / "prompts", VOICE)


def test_a_text_that_looks_like_an_option_is_spoken(tmp_path: Path) -> None:
    prompts.render(plan_with("fr", fr=Spoken("--version; `id`")), tmp_path, tmp_path / "prompts", VOICE)
    assert (tmp_path / "prompts/fr/closed.wav").stat().st_size > 8000
