"""What holds at the instant of a call: which schedules are open, who can be rung."""

from dataclasses import dataclass, field
from datetime import datetime

from aiguillage.routing import hours, presence
from aiguillage.routing.plan import Hours, Plan
from aiguillage.routing.trace import Note, note
from aiguillage.routing.turns import FIRST_TURN, Turns


@dataclass(frozen=True, slots=True)
class Situation:
    """The plan and people's live state at `now` (UTC). Answers about schedules are worked out once."""

    plan: Plan
    presences: presence.Presences
    now: datetime
    turns: Turns = FIRST_TURN
    states: dict[str, hours.State] = field(default_factory=dict)

    def state(self, schedule: str) -> hours.State:
        if schedule not in self.states:
            self.states[schedule] = hours.state(self.plan, self.plan.schedules[schedule], self.now)
        return self.states[schedule]

    def unmet(self, condition: Hours) -> Note | None:
        """Why the hours do not hold now, or None when they do."""
        for schedule in condition.when:
            state = self.state(schedule)
            if not state.open:
                return note("{schedule} is closed{why}", schedule=schedule, why=_because(state))
        for schedule in condition.unless:
            state = self.state(schedule)
            if state.open:
                return note("{schedule} is open{why}", schedule=schedule, why=_because(state))
        return None

    def presence(self, person: str) -> presence.Presence:
        return presence.presence_of(self.presences, person, self.now)

    def clock(self, at: datetime) -> str:
        """`at` as people of the organisation say it: `14:00`, with the date when it is another day."""
        wall, today = at.astimezone(hours.zone(self.plan)), self.now.astimezone(hours.zone(self.plan))
        return f"{wall:%H:%M}" if wall.date() == today.date() else f"{wall:%H:%M on %-d %B %Y}"


def _because(state: hours.State) -> str:
    if state.calendar is None:
        return ""
    return f" ({state.calendar}: {state.label})" if state.label else f" ({state.calendar})"
