"""Announcements as sound files: each in every language of the organisation, made once."""

import wave
from dataclasses import replace
from pathlib import Path

import pytest

from aiguillage.asterisk.provisioning import prompts
from aiguillage.errors import AsteriskUnavailable
from aiguillage.routing.plan import Plan, Prompt, Recorded, Spoken
from tests.unit.examples import PLAN


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

    prompts.render(plan, tmp_path, tmp_path / "prompts")

    made = sounds(tmp_path / "prompts")
    assert set(made) == {f"{each}/{name}.wav" for each in ("fr", "nl", "de") for name in ("closed", "builtin/confirm")}
    assert made["fr/closed.wav"] == made["de/closed.wav"] != made["nl/closed.wav"]
    assert len({made[f"{each}/builtin/confirm.wav"] for each in ("fr", "nl", "de")}) == 3
    with wave.open(str(tmp_path / "prompts/fr/closed.wav")) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        assert sound.getnframes() > 8000


def test_what_is_made_is_not_made_again_and_what_changed_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "prompts"
    prompts.render(plan_with("fr", fr=Spoken("Un.")), tmp_path, folder)
    before = sounds(folder)
    spoken: list[str] = []

    def speak(text: str, language: str, target: Path) -> None:
        spoken.append(text)
        target.write_bytes(text.encode())

    monkeypatch.setattr(prompts, "_speak", speak)
    prompts.render(plan_with("fr", fr=Spoken("Un.")), tmp_path, folder)
    assert spoken == []
    prompts.render(plan_with("fr", fr=Spoken("Deux.")), tmp_path, folder)

    assert spoken == ["Deux."]
    assert sounds(folder) == {**before, "fr/closed.wav": b"Deux."}


def test_a_recording_is_converted_and_one_that_lacks_is_named(tmp_path: Path) -> None:
    plan = plan_with("fr", fr=Recorded("closed.wav"))
    with pytest.raises(AsteriskUnavailable, match=r"closed\.wav is not in"):
        prompts.render(plan, tmp_path, tmp_path / "prompts")
    with wave.open(str(tmp_path / "closed.wav"), "wb") as sound:
        sound.setparams((2, 2, 44_100, 0, "NONE", "not compressed"))
        sound.writeframes(b"\x00\x10" * 2 * 44_100)

    prompts.render(plan, tmp_path, tmp_path / "prompts")

    with wave.open(str(tmp_path / "prompts/fr/closed.wav")) as made:
        assert (made.getframerate(), made.getnchannels()) == (8000, 1)


def test_a_missing_synthesiser_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AsteriskUnavailable, match="install the package espeak-ng"):
        prompts.render(PLAN, tmp_path, tmp_path / "prompts")


def test_a_text_that_looks_like_an_option_is_spoken(tmp_path: Path) -> None:
    prompts.render(plan_with("fr", fr=Spoken("--version; `id`")), tmp_path, tmp_path / "prompts")
    assert (tmp_path / "prompts/fr/closed.wav").stat().st_size > 8000
