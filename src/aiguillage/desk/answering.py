"""Answer Asterisk's question about a call: header -> decision -> one command, and a line for the journal."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiguillage.asterisk import channel_variables
from aiguillage.asterisk.fastagi import AgiHeader
from aiguillage.desk.journalling import Journalling
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import Unavailable
from aiguillage.routing import hours
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.numbers import E164, from_signalling
from aiguillage.routing.plan import Plan
from aiguillage.routing.trace import describe_decision
from aiguillage.store.journal import DecisionRecord

_WALL_CLOCK = re.compile(r"20\d{2}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?")


@dataclass(frozen=True, slots=True)
class Answering:
    """`simulation`: honour the time of day that a simulated call brings (never a real trunk's)."""

    snapshot: Callable[[], Snapshot | None]
    journalling: Journalling
    simulation: bool

    async def inbound(self, question: AgiHeader) -> str:
        """The AGI command that sets the whole itinerary of a call on one of our numbers.

        Raises Unavailable while no plan is in memory: Asterisk then takes its own timetable.
        """
        snapshot = self.snapshot()
        if snapshot is None:
            raise Unavailable("no plan in memory yet")
        plan = snapshot.plan
        now = datetime.now(UTC)
        dialled, time_of_day = (*question.args, "", "")[:2]
        simulated = self._simulated_time(time_of_day, plan)
        country = plan.organisation.country
        called = from_signalling(dialled, country) or E164(dialled)
        call = Call(called, from_signalling(question.caller, country))
        decision = decide(plan, snapshot.directory, snapshot.presences, call, simulated or now)
        decision_id = uuid.uuid4().hex
        facts = describe_decision(decision)
        self.journalling.decided(
            DecisionRecord(
                id=decision_id,
                call=question.uniqueid,
                at=now,
                kind="simulated" if simulated else "inbound",
                caller=call.caller,
                called=call.called,
                route=decision.route,
                plan_version=snapshot.plan_version,
                itinerary=facts["itinerary"],
                trace={**facts, "at": (simulated or now).isoformat()},
            )
        )
        return channel_variables.command(decision.itinerary, decision_id)

    async def alive(self, question: AgiHeader) -> str:
        """The answer to a health check: a command that does nothing. Raises Unavailable like `inbound`."""
        if self.snapshot() is None:
            raise Unavailable("no plan in memory yet")
        return "NOOP"

    def _simulated_time(self, asked: str, plan: Plan) -> datetime | None:
        """The wall-clock time that a simulated call asks for; the dialplan passes none for a real trunk."""
        if not self.simulation or not _WALL_CLOCK.fullmatch(asked):
            return None
        try:
            return datetime.fromisoformat(asked).replace(tzinfo=hours.zone(plan))
        except ValueError:
            return None
