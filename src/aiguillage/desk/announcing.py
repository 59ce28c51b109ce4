"""Speak who calls, for the people who are about to be rung on an outside line, while it rings.

The sound is made in a thread once Asterisk has its answer; where it is not ready when somebody picks up, or the
voice fails, Asterisk says that there is a call and no more.
"""

import asyncio
import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog

from aiguillage.asterisk.provisioning.announcements import call_from
from aiguillage.asterisk.provisioning.voices import Voice
from aiguillage.errors import AsteriskUnavailable
from aiguillage.routing.itinerary import Itinerary, Menu, Queue, Ring, Step
from aiguillage.routing.plan import Plan
from aiguillage.routing.unfold import legs_of

log = structlog.get_logger()

KEPT_SECONDS = 24 * 3600
"""A spoken name is personal data: it is not kept longer than a day."""
AT_ONCE = 2


class Announcing:
    """`folder`: where Asterisk finds prompts. One for the service; used on its event loop."""

    def __init__(self, folder: Path, voice: Voice) -> None:
        self._folder, self._voice = folder / "callers", voice
        self._busy = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def sounds_for(self, itinerary: Itinerary, plan: Plan) -> str:
        """The name, without language and ending, under which the announcement of this call will be found; or empty."""
        languages = dict.fromkeys(_languages(itinerary.steps, plan))
        if not itinerary.announced or not languages:
            return ""
        name = hashlib.sha256(itinerary.announced.encode()).hexdigest()[:24]
        for language in languages:
            task = asyncio.create_task(self._speak(itinerary.announced, language, self._file(name, language)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return name

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


def _languages(steps: Iterable[Step], plan: Plan) -> Iterator[str]:
    """Those of the people who are asked to press 1."""
    for step in steps:
        match step:
            case Ring(legs):
                yield from (leg.language for leg in legs if leg.confirm)
            case Menu():
                yield from _languages(step.otherwise, plan)
            case Queue(queue):
                for member in plan.queues[queue].members:
                    yield from (leg.language for leg in legs_of(plan, member) if leg.confirm)
            case _:
                pass
