"""What is counted while calls are answered: how long decisions take, what Asterisk tells, how late the event loop is.

What a part counts for itself is not counted again here; metrics.py reads it when somebody looks.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Mapping

import structlog
from prometheus_client import CollectorRegistry, Histogram

from aiguillage.asterisk.fastagi import AgiHeader, Route
from aiguillage.asterisk.provisioning.files import HEARD
from aiguillage.asterisk.queues import callers_waiting

log = structlog.get_logger()

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
"""Up to the deadline, at which Asterisk takes its own timetable."""
LAG_EVERY = 0.25
"""Seconds between two looks at how late the event loop is."""
LAG_LOOKS = 60
"""Looks that are remembered: the worst of fifteen seconds, so that whoever asks every fifteen misses nothing."""
LAG_ALARM = 0.1
LAG_TOLD_EVERY = 30.0
"""Seconds, at least, between two lines of the log about it."""

_FALLBACKS = {"timetable": "timetable", "last-resort": "last-resort", "": "phone"}
"""What extensions.conf writes in By; a phone that dials an extension names nothing."""


class Meters:
    """Owned by the event loop. `waiting` is callers by queue, `fallbacks` calls by what steered them without us."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events: Counter[str] = Counter()
        self.fallbacks: Counter[str] = Counter(dict.fromkeys(_FALLBACKS.values(), 0))
        self.waiting: dict[str, int] = {}
        self._decisions = Histogram(
            "aiguillage_route_decision_seconds",
            "Seconds from a question of Asterisk to its decision, by the question asked.",
            ["script"],
            registry=self.registry,
            buckets=SECONDS,
        )
        self._looked: float | None = None
        self._lags: deque[float] = deque(maxlen=LAG_LOOKS)
        self._lag_told = float("-inf")

    def timed(self, routes: Mapping[str, Route]) -> dict[str, Route]:
        """The same answers; what they take is measured, whether they come to an end or not."""
        return {script: self._timed(script, route) for script, route in routes.items()}

    def _timed(self, script: str, route: Route) -> Route:
        taken = self._decisions.labels(script)

        async def awaited(answer: Awaitable[str], began: float) -> str:
            try:
                return await answer
            finally:
                taken.observe(time.perf_counter() - began)

        def answer(question: AgiHeader) -> str | Awaitable[str]:
            began = time.perf_counter()
            answer: str | Awaitable[str] = ""
            try:
                answer = route(question)
            finally:
                if isinstance(answer, str):
                    taken.observe(time.perf_counter() - began)
            return answer if isinstance(answer, str) else awaited(answer, began)

        return answer

    def heard(self, message: Mapping[str, str]) -> None:
        """An event of Asterisk's manager interface."""
        event = message.get("Event", "")
        self.events[event if event in HEARD else "other"] += 1  # no peer makes up time series
        if event == "UserEvent" and message.get("UserEvent") == "AiguillageFallback":
            self.fallbacks[_FALLBACKS.get(message.get("By", ""), "other")] += 1
        if queue := callers_waiting(message):
            self.waiting[queue.queue] = queue.callers

    def looked(self) -> None:
        """The database was asked what is published: what calls follow is in step with it at this moment."""
        self._looked = time.monotonic()

    @property
    def age(self) -> float | None:
        """Seconds since then; None before the first time."""
        return None if self._looked is None else time.monotonic() - self._looked

    @property
    def lag(self) -> float:
        """Seconds that the event loop was late, at worst, in the last fifteen seconds."""
        return max(self._lags, default=0.0)

    async def watch(self) -> None:
        """Look how late the event loop is, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_EVERY
            await asyncio.sleep(LAG_EVERY)
            self.late(max(0.0, loop.time() - due), loop.time())

    def late(self, seconds: float, now: float) -> None:
        """The event loop was late at `now` (monotonic): everybody who asked waited that much longer."""
        self._lags.append(seconds)
        if seconds > LAG_ALARM and now - self._lag_told >= LAG_TOLD_EVERY:
            self._lag_told = now
            log.warning("event_loop_late", milliseconds=round(seconds * 1000), alarm_above=round(LAG_ALARM * 1000))
