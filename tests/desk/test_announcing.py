"""Who calls is spoken for the people who must press 1: made while it rings, kept for a day."""

import asyncio
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiguillage.asterisk.events import CallEvent
from aiguillage.desk.announcing import AT_ONCE, KEPT_SECONDS, MOST_WAITING, Announcing
from aiguillage.errors import AsteriskUnavailable
from aiguillage.routing import itinerary as i
from aiguillage.routing import plan as p
from aiguillage.routing.numbers import E164
from tests.unit.builders import keyed, person, small_plan

ANNE = "Anne Lambert, Patro Saint-Rémy de Jumet"
PLAN = small_plan(
    people=[person("ann", gsm="+32470000101", languages="nl"), person("tom", gsm="+32470000102", languages="de")],
    queues=keyed(p.Queue("desk", "Desk", ("ann", "tom"))),
)


class FakeVoice:
    """Writes the text itself; fails where `wrong` is set; knows how many spoke at once."""

    name = "fake"

    def __init__(self) -> None:
        self.spoken: list[tuple[str, str]] = []
        self.wrong: Exception | None = None
        self.most = 0
        self._speaking = 0
        self._lock = threading.Lock()

    def speak(self, text: str, language: str, target: Path) -> None:
        with self._lock:
            self._speaking += 1
            self.most = max(self.most, self._speaking)
        try:
            time.sleep(0.005)
            if self.wrong is not None:
                target.write_text("half", encoding="utf-8")
                raise self.wrong
            target.write_text(text, encoding="utf-8")
            with self._lock:
                self.spoken.append((language, text))
        finally:
            with self._lock:
                self._speaking -= 1


class Studio:
    def __init__(self, folder: Path) -> None:
        self.voice = FakeVoice()
        self.announcing = Announcing(folder, self.voice)
        self._folder = folder / "callers"

    async def sounds_for(self, *steps: i.Step, announced: str = ANNE) -> str:
        """The name; every sound that is wanted is made, or has failed."""
        name = self.announcing.sounds_for(i.Itinerary(steps, "fr", announced, announced), PLAN)
        await self.done()
        return name

    async def happens(self, decision: str, step: int, outcome: str = "") -> None:
        """A step of a call begins or, with an outcome, ends; what is spoken for that is made."""
        detail = {"decision": decision, "step": str(step), "kind": "ring", "outcome": outcome}
        self.announcing.happened(CallEvent("1756.1", datetime.now(UTC), "step", detail=detail))
        await self.done()

    async def done(self) -> None:
        await asyncio.gather(*self.announcing._tasks)

    def files(self) -> set[str]:
        return {each.name for each in self._folder.glob("*")}

    def age(self, seconds: float) -> None:
        """All that was spoken was spoken so long ago."""
        for each in self._folder.iterdir():
            os.utime(each, (time.time() - seconds,) * 2)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def gsm(language: str, *, confirm: bool = True) -> i.Leg:
    return i.Leg("x", "gsm", number=E164("+32470000199"), trunks=("operator",), confirm=confirm, language=language)


DESK = i.Leg("x", "desk", endpoint="x", language="en")


async def test_one_file_is_made_for_each_language_of_those_who_must_press_1(studio: Studio) -> None:
    name = await studio.sounds_for(i.Ring((gsm("fr"), gsm("nl"), DESK), 20), i.Ring((gsm("fr"),), 20))
    assert studio.files() == {f"{name}-fr.wav", f"{name}-nl.wav"}
    assert sorted(studio.voice.spoken) == [
        ("fr", f"Un appel de {ANNE}. Pour le prendre, tapez 1. Pour le refuser, tapez 2."),
        ("nl", f"Een oproep van {ANNE}. Druk 1 om hem aan te nemen, 2 om te weigeren."),
    ]


async def test_a_language_that_we_have_no_words_in_hears_english(studio: Studio) -> None:
    name = await studio.sounds_for(i.Ring((gsm("it"),), 20))
    assert studio.files() == {f"{name}-it.wav"}
    assert studio.voice.spoken[0][1].startswith("A call from Anne")


@pytest.mark.parametrize(
    "steps",
    [
        (i.Ring((DESK, gsm("fr", confirm=False)), 20), i.Voicemail("box")),
        (i.Play("welcome"), i.HangUp("normal")),
        (),
    ],
)
async def test_where_nobody_must_press_1_nothing_is_spoken(studio: Studio, steps: tuple[i.Step, ...]) -> None:
    assert await studio.sounds_for(*steps) == ""
    assert studio.files() == set()


async def test_an_unknown_caller_is_not_announced(studio: Studio) -> None:
    assert await studio.sounds_for(i.Ring((gsm("fr"),), 20), announced="") == ""
    assert studio.files() == set()


async def test_members_of_a_queue_and_who_follows_a_menu_are_told_too(studio: Studio) -> None:
    name = await studio.sounds_for(i.Menu("main", "choices", (i.Ring((gsm("fr"),), 20),)), i.Queue("desk"))
    assert studio.files() == {f"{name}-{language}.wav" for language in ("fr", "nl", "de")}


async def test_a_later_step_is_spoken_for_once_it_begins(studio: Studio) -> None:
    itinerary = i.Itinerary((i.Ring((DESK,), 20), i.Ring((gsm("fr"),), 20)), "fr", ANNE, ANNE)
    name = studio.announcing.sounds_for(itinerary, PLAN, "decision")
    await studio.happens("decision", step=1)
    assert (len(name), studio.files()) == (24, set())
    await studio.happens("decision", step=2, outcome="NOANSWER")
    await studio.happens("another", step=2)
    assert studio.files() == set()
    await studio.happens("decision", step=2)
    assert studio.files() == {f"{name}-fr.wav"}


async def test_the_first_step_is_spoken_for_at_once(studio: Studio) -> None:
    itinerary = i.Itinerary((i.Ring((gsm("fr"), DESK), 20), i.Ring((gsm("nl"),), 20)), "fr", ANNE, ANNE)
    name = studio.announcing.sounds_for(itinerary, PLAN, "decision")
    await studio.done()
    assert studio.files() == {f"{name}-fr.wav"}


async def test_of_a_flood_of_calls_only_the_last_are_remembered(studio: Studio) -> None:
    for number in range(MOST_WAITING + 1):
        itinerary = i.Itinerary((i.Ring((DESK,), 20), i.Ring((gsm("fr"),), 20)), "fr", "", f"Caller {number}")
        studio.announcing.sounds_for(itinerary, PLAN, f"decision-{number}")
    await studio.happens("decision-0", step=2)
    assert studio.files() == set()
    await studio.happens(f"decision-{MOST_WAITING}", step=2)
    assert len(studio.files()) == 1


async def test_the_name_of_a_file_tells_nobody_who_called(studio: Studio) -> None:
    name = await studio.sounds_for(i.Ring((gsm("fr"),), 20))
    other = await studio.sounds_for(i.Ring((gsm("fr"),), 20), announced="../../{who} $(id)\n")
    assert name != other
    assert all(len(each) == 24 and each.isalnum() for each in (name, other))
    assert studio.files() == {f"{name}-fr.wav", f"{other}-fr.wav"}


async def test_who_calls_again_is_not_spoken_again(studio: Studio) -> None:
    names = {await studio.sounds_for(i.Ring((gsm("fr"),), 20)) for _ in range(3)}
    assert len(names) == len(studio.voice.spoken) == 1


async def test_the_answer_does_not_wait_for_the_voice(studio: Studio) -> None:
    itinerary = i.Itinerary((i.Ring((gsm("fr"),), 20),), "fr", ANNE, ANNE)
    assert studio.announcing.sounds_for(itinerary, PLAN)
    assert studio.files() == set()
    await studio.done()
    assert len(studio.files()) == 1


async def test_a_rush_of_callers_leaves_the_machine_to_the_calls(studio: Studio) -> None:
    for number in range(6):
        studio.announcing.sounds_for(i.Itinerary((i.Ring((gsm("fr"),), 20),), "fr", "", f"Caller {number}"), PLAN)
    await studio.done()
    assert len(studio.files()) == 6
    assert studio.voice.most <= AT_ONCE


@pytest.mark.parametrize("wrong", [AsteriskUnavailable("espeak-ng is missing"), OSError(28, "No space left on device")])
async def test_a_failing_voice_harms_nobody_and_leaves_no_half_file(studio: Studio, wrong: Exception) -> None:
    studio.voice.wrong = wrong
    assert await studio.sounds_for(i.Ring((gsm("fr"), gsm("nl")), 20))
    assert studio.files() == set()
    studio.voice.wrong = None
    name = await studio.sounds_for(i.Ring((gsm("fr"),), 20))
    assert studio.files() == {f"{name}-fr.wav"}


# --- a spoken name is personal data ---


async def test_what_was_spoken_more_than_a_day_ago_is_forgotten(studio: Studio) -> None:
    await studio.sounds_for(i.Ring((gsm("fr"),), 20))
    studio.age(KEPT_SECONDS + 60)
    recent = await studio.sounds_for(i.Ring((gsm("fr"),), 20), announced="Benoît Maes")
    studio.announcing.forget()
    assert studio.files() == {f"{recent}-fr.wav"}


async def test_what_was_spoken_today_is_kept(studio: Studio) -> None:
    name = await studio.sounds_for(i.Ring((gsm("fr"),), 20))
    studio.age(KEPT_SECONDS - 60)
    studio.announcing.forget()
    assert studio.files() == {f"{name}-fr.wav"}


def test_before_anybody_was_announced_there_is_nothing_to_forget(studio: Studio) -> None:
    studio.announcing.forget()


async def test_a_file_that_cannot_be_looked_at_or_deleted_stops_nobody(studio: Studio, tmp_path: Path) -> None:
    name = await studio.sounds_for(i.Ring((gsm("fr"),), 20))
    (tmp_path / "callers" / "aaa.wav").symlink_to("nowhere.wav")
    (tmp_path / "callers" / "bbb.wav").mkdir()
    os.utime(tmp_path / "callers" / "bbb.wav", (0, 0))
    os.utime(tmp_path / "callers" / f"{name}-fr.wav", (0, 0))
    studio.announcing.forget()
    assert f"{name}-fr.wav" not in studio.files()
