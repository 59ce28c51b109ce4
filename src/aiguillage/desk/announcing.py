"""Speak who calls, for the people who are about to be rung on an outside line, while it rings.

The sound is made in a thread once Asterisk has its answer, or for a later step once that begins: most calls are taken
before. Where it is not ready when somebody picks up, or the voice fails, Asterisk says that there is a call and no
more.
"""

import asyncio
import hashlib
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from aiguillage.asterisk.events import CallEvent
from aiguillage.asterisk.provisioning.announcements import call_from
from aiguillage.asterisk.provisioning.voices import Voice
from aiguillage.errors import AsteriskUnavailable
from aiguillage.routing.itinerary import Itinerary, Queue, Ring, Step, in_line
from aiguillage.routing.plan import Plan
from aiguillage.routing.unfold import legs_of

log = structlog.get_logger()

KEPT_SECONDS = 24 * 3600
"""A spoken name is personal data: it is not kept longer than a day."""
AT_ONCE = 2
MOST_WAITING = 2000
"""Calls whose later steps may still want an announcement; beyond, the oldest go without."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is still to be spoken of a call, and in which languages, by step."""

    name: str
    text: str
    languages: Mapping[int, tuple[str, ...]]


class Announcing:
    """`folder`: where Asterisk finds prompts. One for the service; used on its event loop."""

    def __init__(self, folder: Path, voice: Voice) -> None:
        self._folder, self._voice = folder / "callers", voice
        self._busy = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: OrderedDict[str, _Wanted] = OrderedDict()

    def sounds_for(self, itinerary: Itinerary, plan: Plan, decision: str = "") -> str:
        """The name, without language and ending, under which the announcement of this call will be found; or empty.

        With the `decision`'s id, what only later steps need is left until they begin (`happened`).
        """
        if not itinerary.announced:
            return ""
        steps = enumerate(in_line(itinerary.steps), start=1)
        languages = {number: found for number, step in steps if (found := _languages(step, plan))}
        if not languages:
            return ""
        wanted = _Wanted(hashlib.sha256(itinerary.announced.encode()).hexdigest()[:24], itinerary.announced, languages)
        if decision:
            self._speak_for(wanted, (1,))
            self._waiting[decision] = wanted
            if len(self._waiting) > MOST_WAITING:
                self._waiting.popitem(last=False)
        else:
            self._speak_for(wanted, languages)
        return wanted.name

    def happened(self, event: CallEvent) -> None:
        """A later step that begins may ring people who must be told."""
        if event.kind == "step" and not event.detail["outcome"] and event.detail["step"] != "1":
            wanted = self._waiting.get(event.detail["decision"])
            if wanted is not None and event.detail["step"].isdecimal():
                self._speak_for(wanted, (int(event.detail["step"]),))

    def _speak_for(self, wanted: _Wanted, steps: Iterable[int]) -> None:
        for language in dict.fromkeys(each for step in steps for each in wanted.languages.get(step, ())):
            task = asyncio.create_task(self._speak(wanted.text, language, self._file(wanted.name, language)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def forget(self) -> None:
        """Delete what was spoken more than a day ago, and what a crash has left of it."""
        for file in self._folder.glob("*"):
            try:
                if file.stat().st_mtime >= time.time() - KEPT_SECONDS:
                    continue
                if file.is_dir():
                    shutil.rmtree(file)
                else:
                    file.unlink(missing_ok=True)
            except OSError as wrong:
                log.warning("spoken_name_not_deleted", error=str(wrong))

    def _file(self, name: str, language: str) -> Path:
        return self._folder / f"{name}-{language}.wav"

    async def _speak(self, announced: str, language: str, target: Path) -> None:
        async with self._busy:
            try:
                await asyncio.to_thread(self._make, call_from(announced, language), language, target)
            except (AsteriskUnavailable, OSError) as wrong:
                log.warning("caller_not_announced", error=str(wrong))

    def _make(self, text: str, language: str, target: Path) -> None:
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            made = Path(scratch) / "sound.wav"
            self._voice.speak(text, language, made)
            made.replace(target)


def _languages(step: Step, plan: Plan) -> tuple[str, ...]:
    """Those of the people who are asked to press 1; what follows a menu is a step of its own."""
    match step:
        case Ring(legs):
            return tuple([leg.language for leg in legs if leg.confirm])
        case Queue(queue):
            members = plan.queues[queue].members
            return tuple(leg.language for member in members for leg in legs_of(plan, member) if leg.confirm)
        case _:
            return ()
