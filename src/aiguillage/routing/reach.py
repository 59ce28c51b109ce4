"""What steps can lead to, whatever the hour: through menus, their keys and extensions, groups and queues."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from aiguillage.routing import plan as p


@dataclass(slots=True)
class Reached:
    """Keys of the plan. `people`: whose own `reach` is followed; `named`: those of them whom a step names; `members`:
    who are rung as part of a group or queue.

    `responsible`, `last_colleague`: a step asks for them, so that the unit or our last call makes a difference.
    """

    named: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    ring_groups: set[str] = field(default_factory=set)
    queues: set[str] = field(default_factory=set)
    menus: set[str] = field(default_factory=set)
    prompts: set[str] = field(default_factory=set)
    voicemail_boxes: set[str] = field(default_factory=set)
    dialled: set[str] = field(default_factory=set)
    responsible: bool = False
    last_colleague: bool = False


def reached(plan: p.Plan, steps: Iterable[p.Step]) -> Reached:
    """What `steps` lead to. `responsible` reaches every mandate holder, `last-colleague` everybody."""
    found = Reached()
    _walk(plan, steps, found)
    if found.responsible:
        found.people |= {mandate.person for unit in plan.units.values() for mandate in unit.mandates}
    if found.last_colleague:
        found.people |= set(plan.people)
    return found


def all_steps(plan: p.Plan) -> Iterator[tuple[str, tuple[p.Step, ...]]]:
    """Every list of steps of the plan, with its path in the document."""
    for place, route in enumerate(plan.inbound_routes):
        yield f"inbound_routes[{place}].steps", route.steps
    for menu in plan.menus.values():
        for key, steps in menu.keys.items():
            yield f"menus.{menu.key}.keys.{key}", steps
        if menu.otherwise:
            yield f"menus.{menu.key}.otherwise", menu.otherwise
    yield "last_resort.steps", plan.last_resort


def _walk(plan: p.Plan, steps: Iterable[p.Step], found: Reached) -> None:
    for step in steps:
        match step:
            case p.Play(prompt):
                found.prompts.add(prompt)
            case p.Ring(target):
                _target(plan, target, found)
            case p.Dial(number):
                found.dialled.add(number)
            case p.JoinQueue(queue):
                found.queues.add(queue)
                found.members |= set(plan.queues[queue].members)
            case p.EnterMenu(menu):
                _menu(plan, plan.menus[menu], found)
            case p.LeaveMessage(box, _):
                if box is not None:
                    found.voicemail_boxes.add(box)
                    found.prompts |= {plan.voicemail_boxes[box].greeting or ""} - {""}
            case p.HangUp():
                pass


def _target(plan: p.Plan, target: p.RingTarget, found: Reached) -> None:
    match target:
        case p.PersonTarget(person):
            found.named.add(person)
            found.people.add(person)
        case p.GroupTarget(group):
            found.ring_groups.add(group)
            found.members |= set(plan.ring_groups[group].members)
        case p.Responsible():
            found.responsible = True
        case p.LastColleague():
            found.last_colleague = True


def _menu(plan: p.Plan, menu: p.Menu, found: Reached) -> None:
    if menu.key in found.menus:
        return
    found.menus.add(menu.key)
    found.prompts.add(menu.prompt)
    for steps in (*menu.keys.values(), menu.otherwise):
        _walk(plan, steps, found)
    if menu.extensions:
        found.people |= {person.key for person in plan.people.values() if person.extension}
        for group in plan.ring_groups.values():
            if group.extension:
                _target(plan, p.GroupTarget(group.key), found)
        for queue in plan.queues.values():
            if queue.extension:
                _walk(plan, (p.JoinQueue(queue.key),), found)
