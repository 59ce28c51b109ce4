"""In which order the members of a ring group are rung.

The core has neither chance nor memory: both come with the call, as `Turns`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiguillage.routing.plan import RingGroup

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Turns:
    """`rung`: how many calls each rotary group was rung for. `answered`: when each person last took a call (aware).

    `draw` is chance, any number from 0; the same draw gives the same order.
    """

    rung: Mapping[str, int] = field(default_factory=dict)
    answered: Mapping[str, datetime] = field(default_factory=dict)
    draw: int = 0


FIRST_TURN = Turns()


def order(group: RingGroup, turns: Turns) -> tuple[str, ...]:
    """The members, first to be rung first.

    `rotary` begins one member further with each call; `random` draws; `leastrecent` begins with who has taken no
    call for longest; `hunt` and `ringall` keep the plan's order.
    """
    match group.strategy:
        case "rotary":
            first = turns.rung.get(group.key, 0) % len(group.members)
            return group.members[first:] + group.members[:first]
        case "random":
            return tuple(_drawn(list(group.members), turns.draw))
        case "leastrecent":
            return tuple(sorted(group.members, key=lambda member: turns.answered.get(member, _NEVER)))
        case "hunt" | "ringall":
            return group.members


def _drawn(members: list[str], draw: int) -> Iterator[str]:
    """Every order is as likely as any other where `draw` is uniform and large against the members' factorial."""
    while members:
        draw, place = divmod(draw, len(members))
        yield members.pop(place)
