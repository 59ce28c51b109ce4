"""A route's steps -> the itinerary's: who is meant by each step now, and on which phones.

The rules:

- A person's `reach` is tried in its order; a step of it outside its hours is skipped. A person without `reach` is
  rung on all phones at once.
- Who is away or does not want to be disturbed is not rung. Who forwards is rung at the other number only.
- A ring group rings its members' phones, whatever their own `reach` says: all at once (`ringall`), or one member
  after the other.
- `responsible` climbs from the caller's unit to the nearest one that has a mandate holder who can be rung now:
  main holders first, then deputies. At the top without one, the step is skipped.
- An outside number is rung over the trunks of the first outbound route that takes it. One that no outbound route
  takes, that is never dialled, or that is one of our own is not rung: a forward must cost nothing and never loop.
- A greeting that the step before has just played is not played again.
- A key that the caller has pressed in a menu takes the menu's place: what stood before it is over, what the plan has
  after it still follows. A menu may be entered again from one of its keys, not from its `otherwise`.
- Whatever is left out leaves a remark.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import assert_never

from aiguillage.routing import itinerary as i
from aiguillage.routing import plan as p
from aiguillage.routing.notes import Listed, Note, note
from aiguillage.routing.numbers import E164, Pattern, is_mobile
from aiguillage.routing.presence import AVAILABLE, Presence
from aiguillage.routing.situation import Situation
from aiguillage.routing.trace import Origin, StepWeighed
from aiguillage.routing.turns import order


@dataclass(frozen=True, slots=True)
class Press:
    """`keys` that the caller pressed in a menu: one of the menu's own, or an extension dialled there."""

    menu: str
    keys: str


@dataclass(slots=True)
class Unfolding:
    """One call's steps being unfolded: the caller's `unit` and the `last_colleague`, plan keys both.

    `presses` are those that no menu has taken up yet. `groups` are the rotary ones whose turn this call takes.
    """

    situation: Situation
    unit: str | None
    last_colleague: str | None
    presses: list[Press] = field(default_factory=list)
    remarks: list[Note] = field(default_factory=list)
    menus: tuple[str, ...] = ()
    groups: list[str] = field(default_factory=list)
    weighed: list[StepWeighed] = field(default_factory=list)

    @property
    def plan(self) -> p.Plan:
        return self.situation.plan

    def remark(self, remark: Note) -> None:
        self.remarks.append(remark)


def unfold(
    call: Unfolding, steps: Iterable[p.Step], after: tuple[i.Step, ...] = (), origin: Origin | None = "route"
) -> tuple[i.Step, ...]:
    """The itinerary's steps for `steps`, which follow the steps `after`. Each is weighed, unless `origin` is None."""
    unfolded: list[i.Step] = []
    for step in steps:
        waiting, remarked = len(call.presses), len(call.remarks)
        found = _unfold_step(call, step, [*after, *unfolded])
        if origin is not None:
            call.weighed.append(StepWeighed(step, origin, tuple(found), tuple(call.remarks[remarked:])))
        if len(call.presses) < waiting:  # the caller is past that menu
            unfolded, after = [*found], ()
        else:
            unfolded += found
    return tuple(unfolded)


def _unfold_step(call: Unfolding, step: p.Step, before: list[i.Step]) -> Sequence[i.Step]:
    match step:
        case p.Play(prompt):
            return [i.Play(prompt)]
        case p.Ring(target, seconds):
            return [i.Ring(legs, seconds or patience, target) for legs, patience in _rings(call, target)]
        case p.Dial(number, seconds, confirm):
            asks = is_mobile(number) if confirm is None else confirm
            outside = _outside(call, number, asks)
            return [i.Ring(tuple(outside), seconds)] if outside else []
        case p.JoinQueue(queue):
            return _queue(call.plan.queues[queue])
        case p.EnterMenu(menu):
            return _menu(call, call.plan.menus[menu])
        case p.LeaveMessage(box, person):
            return [_voicemail(call.plan, box, person, before)]
        case p.HangUp(cause):
            return [i.HangUp(cause)]
        case _:
            assert_never(step)


def _queue(queue: p.Queue) -> Sequence[i.Step]:
    return [i.Queue(queue.key, queue.max_wait, queue.offer_callback)]


def _menu(call: Unfolding, menu: p.Menu) -> Sequence[i.Step]:
    if menu.key in call.menus:
        call.remark(note("menu {menu} is not entered again from within itself", menu=menu.key))
        return []
    if call.presses and call.presses[0].menu == menu.key:
        return pressed(call, menu)
    waiting = len(call.presses)
    call.menus = (*call.menus, menu.key)
    otherwise = unfold(call, menu.otherwise, origin=None)
    call.menus = call.menus[:-1]
    if len(call.presses) < waiting:
        return otherwise
    return [i.Menu(menu.key, menu.prompt, otherwise, "".join(menu.keys), menu.wait, menu.attempts, menu.extensions)]


def pressed(call: Unfolding, menu: p.Menu) -> Sequence[i.Step]:
    """What follows the first of the waiting presses."""
    keys = call.presses.pop(0).keys
    steps = menu.keys.get(keys)
    if steps is None and menu.extensions:
        steps = extension_steps(call.plan, keys)
    if steps is None:
        call.remark(note("menu {menu}: {keys} leads nowhere", menu=menu.key, keys=keys))
        steps = menu.otherwise
    else:
        call.remark(note("menu {menu}: the caller pressed {keys}", menu=menu.key, keys=keys))
    entered, call.menus = call.menus, ()
    unfolded = unfold(call, steps, origin=None)
    call.menus = entered
    return unfolded


def extension_steps(plan: p.Plan, extension: str) -> tuple[p.Step, ...] | None:
    """The steps that an extension stands for, None where nobody has it."""
    for person in plan.people.values():
        if person.extension == extension:
            message = (p.LeaveMessage(person=person.key),) if person.voicemail else ()
            return (p.Ring(p.PersonTarget(person.key)), *message)
    for group in plan.ring_groups.values():
        if group.extension == extension:
            return (p.Ring(p.GroupTarget(group.key)),)
    for queue in plan.queues.values():
        if queue.extension == extension:
            return (p.JoinQueue(queue.key),)
    for box in plan.voicemail_boxes.values():
        if box.extension == extension:
            return (p.LeaveMessage(box=box.key),)
    return None


def _voicemail(plan: p.Plan, box: str | None, person: str | None, before: list[i.Step]) -> i.Voicemail:
    if box is None:
        return i.Voicemail(f"person:{person}")
    greeting = plan.voicemail_boxes[box].greeting
    just_played = bool(before) and before[-1] == i.Play(greeting or "")
    return i.Voicemail(box, None if just_played else greeting)


# --- Whom to ring ------------------------------------------------------------------------------------------

Rung = tuple[tuple[i.Leg, ...], int]
"""Legs that ring together, at least one, and for how many seconds."""


def _rings(call: Unfolding, target: p.RingTarget) -> list[Rung]:
    match target:
        case p.PersonTarget(person):
            return _reach(call, person)
        case p.GroupTarget(group):
            return _group(call, call.plan.ring_groups[group])
        case p.Responsible():
            return _responsible(call)
        case p.LastColleague():
            return _last_colleague(call)
        case _:
            assert_never(target)


def _reach(call: Unfolding, key: str) -> list[Rung]:
    """A person's phones in the order of their reach."""
    person = call.plan.people[key]
    elsewhere = _elsewhere(call, person)
    if elsewhere is not None:
        return elsewhere
    if not person.phones:
        call.remark(note("{person} has no phone", person=person.name))
    rings: list[Rung] = []
    for reach in person.reach or (p.Reach(tuple(person.phones)),):
        closed = call.situation.unmet(reach.hours)
        if closed:
            phones = Listed(reach.phones)
            call.remark(note("{person}: {phones} not rung, {why}", person=person.name, phones=phones, why=closed))
        elif legs := _phones(call, person, reach.phones):
            rings.append((legs, reach.seconds))
    return rings


def _group(call: Unfolding, group: p.RingGroup) -> list[Rung]:
    turns = call.situation.turns
    members = [_phones_of_member(call, call.plan.people[key]) for key in order(group, turns)]
    if group.strategy == "ringall":
        together = _each_line_once([leg for legs in members for leg in legs])
        return [(together, group.seconds)] if together else []
    if group.strategy == "rotary" and group.key not in call.groups:
        call.groups.append(group.key)
    return [(legs, group.seconds) for legs in members if legs]


def _phones_of_member(call: Unfolding, person: p.Person) -> tuple[i.Leg, ...]:
    elsewhere = _elsewhere(call, person)
    if elsewhere is not None:
        return tuple(leg for legs, _ in elsewhere for leg in legs)
    return _phones(call, person, tuple(person.phones))


def _responsible(call: Unfolding) -> list[Rung]:
    if call.unit is None:
        call.remark(note("responsible: skipped, the caller belongs to no unit"))
        return []
    if call.unit not in call.plan.units:
        call.remark(note("responsible: skipped, unit {unit} is not in the plan", unit=call.unit))
        return []
    for key in p.ladder(call.plan, call.unit):
        unit = call.plan.units[key]
        rings = [ring for person in _on_duty(call, unit) for ring in _reach(call, person)]
        if rings:
            holders = Listed(_names(call.plan, rings), "then")
            call.remark(note("responsible: {holders}, for {unit}", holders=holders, unit=unit.name))
            return rings
        call.remark(note("responsible: nobody on duty for {unit}", unit=unit.name))
    call.remark(note("responsible: skipped, nobody on duty up to the top"))
    return []


def _on_duty(call: Unfolding, unit: p.Unit) -> tuple[str, ...]:
    """The people who hold a mandate of `unit` today, main before deputies, each once."""
    known: tuple[date | None, tuple[str, ...]] | None = call.plan.worked_out.get(("duty", unit.key))
    if known is None or (known[0] is not None and known[0] != call.situation.today):
        today = call.situation.today
        valid = [mandate for mandate in unit.mandates if mandate.valid(today)]
        holders = tuple(dict.fromkeys(m.person for m in sorted(valid, key=lambda m: m.deputy)))
        known = today if any(m.first or m.last for m in unit.mandates) else None, holders
        call.plan.worked_out["duty", unit.key] = known
    return known[1]


def _names(plan: p.Plan, rings: Iterable[Rung]) -> tuple[str, ...]:
    people = dict.fromkeys([leg.person for legs, _ in rings for leg in legs if leg.person])
    return tuple([plan.people[person].name for person in people])


def _last_colleague(call: Unfolding) -> list[Rung]:
    if call.last_colleague is None:
        call.remark(note("last-colleague: skipped, none of us has called this number"))
        return []
    if call.last_colleague not in call.plan.people:
        call.remark(note("last-colleague: skipped, {person} is not in the plan", person=call.last_colleague))
        return []
    return _reach(call, call.last_colleague)


def _elsewhere(call: Unfolding, person: p.Person) -> list[Rung] | None:
    """What a person's live state makes of a call to them; None when they are simply available."""
    presence = call.situation.presence(person.key)
    if presence.state == "available":
        return None
    name, until = person.name, call.situation.clock(presence.until) if presence.until else None
    match presence.state:
        case "away":
            call.remark(
                note("{person} is away until {until}", person=name, until=until)
                if until
                else note("{person} is away", person=name)
            )
            return []
        case "do not disturb":
            call.remark(
                note("{person} does not want to be disturbed until {until}", person=name, until=until)
                if until
                else note("{person} does not want to be disturbed", person=name)
            )
            return []
        case "forwarded":
            number = presence.forward_to or ""
            call.remark(
                note("{person} forwards to {number} until {until}", person=name, number=number, until=until)
                if until
                else note("{person} forwards to {number}", person=name, number=number)
            )
            forward = p.Phone("forward", "gsm", number=presence.forward_to, confirm=True)
            legs = tuple(_legs(call, person, forward))
            return [(legs, p.DEFAULT_RING_SECONDS)] if legs else []
        case _:
            assert_never(presence.state)


# --- Which legs --------------------------------------------------------------------------------------------


def _phones(call: Unfolding, person: p.Person, phones: tuple[str, ...]) -> tuple[i.Leg, ...]:
    """The legs of these phones of `person`, each line once. They never change with the call."""
    known = call.plan.worked_out.get(("phones", person.key, *phones))
    if known is None:
        before = len(call.remarks)
        legs = _each_line_once(leg for phone in phones for leg in _legs(call, person, person.phones[phone]))
        known = legs, call.remarks[before:]
        call.plan.worked_out["phones", person.key, *phones] = known
        return legs
    kept: tuple[i.Leg, ...]
    kept, remarks = known
    call.remarks += remarks
    return kept


def _legs(call: Unfolding, person: p.Person, phone: p.Phone) -> list[i.Leg]:
    if phone.number is not None:
        return _outside(call, phone.number, phone.confirm, person, phone)
    return [i.Leg(person.key, phone.key, endpoint=phone.endpoint, language=p.language_of(call.plan, person))]


def _outside(
    call: Unfolding, number: E164, confirm: bool, person: p.Person | None = None, phone: p.Phone | None = None
) -> list[i.Leg]:
    trunks = _trunks(call.plan, number)
    if isinstance(trunks, Note):
        call.remark(trunks)
        return []
    return [
        i.Leg(
            person.key if person else None,
            phone.key if phone else None,
            number=number,
            trunks=trunks,
            confirm=confirm,
            language=p.language_of(call.plan, person),
        )
    ]


def why_not_rung(plan: p.Plan, number: E164) -> Note | None:
    """Why an outside number is never rung; None where it is."""
    trunks = _trunks(plan, number)
    return trunks if isinstance(trunks, Note) else None


def _trunks(plan: p.Plan, number: E164) -> tuple[str, ...] | Note:
    """The trunks that `number` is rung over, or why it is not rung."""
    if p.is_ours(plan, number):
        return note("{number} cannot be rung: it is one of our own numbers", number=number)
    if _any_matches(plan.never_dial, number):
        return note("{number} cannot be rung: it is among the numbers that are never dialled", number=number)
    for route in plan.outbound_routes:
        if _any_matches(route.numbers, number):
            return route.trunks
    return note("{number} cannot be rung: no outbound route takes it", number=number)


def _any_matches(patterns: Iterable[Pattern], number: E164) -> bool:
    return any(pattern.matches(number) for pattern in patterns)


def _each_line_once(legs: Iterable[i.Leg]) -> tuple[i.Leg, ...]:
    lines: dict[str | None, i.Leg] = {}
    for leg in legs:
        lines.setdefault(leg.endpoint or leg.number, leg)
    return tuple(lines.values())


def legs_of(plan: p.Plan, person: str, presence: Presence = AVAILABLE) -> tuple[i.Leg, ...]:
    """The phones that `person` is rung on as a member of a queue, by a live state that lasts."""
    presences = {person: Presence(presence.state, forward_to=presence.forward_to)}
    call = Unfolding(Situation(plan, presences, datetime.min.replace(tzinfo=UTC)), None, None)
    return _phones_of_member(call, plan.people[person])
