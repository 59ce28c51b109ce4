"""What holds at the instant of a call: which schedules are open, who can be rung."""

from dataclasses import dataclass, field
from datetime import date, datetime

from aiguillage.routing import hours, presence
from aiguillage.routing.notes import Moment, Note, note
from aiguillage.routing.plan import Hours, Plan
from aiguillage.routing.turns import FIRST_TURN, Turns


@dataclass(frozen=True, slots=True)
class Situation:
    """The plan and people's live state at `now` (UTC). Answers about schedules are worked out once."""

    plan: Plan
    presences: presence.Presences
    now: datetime
    turns: Turns = FIRST_TURN
    states: dict[str, hours.State] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """On the organisation's clock."""
        return self.now.astimezone(hours.zone(self.plan)).date()

    def state(self, schedule: str) -> hours.State:
        if schedule not in self.states:
            self.states[schedule] = self._state_in_this_minute(schedule)
        return self.states[schedule]

    def _state_in_this_minute(self, schedule: str) -> hours.State:
        """Schedules know no seconds: calls of one minute find it the same."""
        minute = self.now.timestamp() // 60
        known: tuple[float, hours.State] | None = self.plan.worked_out.get(("state", schedule))
        if known is None or known[0] != minute:
            known = minute, hours.state(self.plan, self.plan.schedules[schedule], self.now)
            self.plan.worked_out["state", schedule] = known
        return known[1]

    def unmet(self, condition: Hours) -> Note | None:
        """Why the hours do not hold now, or None when they do."""
        for schedule in condition.when:
            state = self.state(schedule)
            if not state.open:
                return _closed(schedule, state)
        for schedule in condition.unless:
            state = self.state(schedule)
            if state.open:
                return _open(schedule, state)
        return None

    def presence(self, person: str) -> presence.Presence:
        return presence.presence_of(self.presences, person, self.now)

    def clock(self, at: datetime) -> Moment:
        """`at` as people of the organisation say it: `14:00`, with the date when it is another day."""
        wall = at.astimezone(hours.zone(self.plan))
        return Moment(wall, other_day=wall.date() != self.today)


def _closed(schedule: str, state: hours.State) -> Note:
    if state.calendar is None:
        return note("{schedule} is closed", schedule=schedule)
    return note("{schedule} is closed ({calendar})", schedule=schedule, calendar=_day(state.calendar, state))


def _open(schedule: str, state: hours.State) -> Note:
    if state.calendar is None:
        return note("{schedule} is open", schedule=schedule)
    return note("{schedule} is open ({calendar})", schedule=schedule, calendar=_day(state.calendar, state))


def _day(calendar: str, state: hours.State) -> str:
    return f"{calendar}: {state.label}" if state.label else calendar
