"""What must not be published: calls that get lost, go round, or ring where nobody can be."""

from collections.abc import Iterable, Iterator

from aiguillage.routing import itinerary as i
from aiguillage.routing import plan as p
from aiguillage.routing.decide import last_resort
from aiguillage.routing.notes import Listed, note
from aiguillage.routing.numbers import E164
from aiguillage.routing.proof.evidence import Evidence, names
from aiguillage.routing.proof.problem import ExampleCall, Problem, error
from aiguillage.routing.reach import all_steps
from aiguillage.routing.unfold import why_not_rung


def no_end(evidence: Evidence) -> Iterator[Problem]:
    """Every way must end at a message box or a hang-up that the plan asks for: people may be out."""
    lost = next((seen for seen in evidence.seen if not i.ends(seen.steps)), None)
    alone = last_resort(evidence.plan, evidence.since)
    if lost is None and i.ends(alone.steps):
        return
    yield error(
        "no-end",
        "last_resort.steps",
        note("a call that nobody takes ends nowhere: the last resort neither takes a message nor hangs up"),
        note("end the last resort with a message box: - {{voicemail: BOX}}"),
        evidence.example_of(lost) if lost else evidence.example_row(lambda *_: True),
    )


def loops(evidence: Evidence) -> Iterator[Problem]:
    plan = evidence.plan
    for circle in _circles({key: set(_menus_entered(menu.otherwise)) for key, menu in plan.menus.items()}):
        first = circle[0]
        yield error(
            "loop",
            f"menus.{first}.otherwise",
            note("menus go round without a key: {menus}", menus=Listed((*circle, first), "then")),
            note("let the `otherwise` of one of them lead to a person, a group or a message box"),
            evidence.example_entering(first),
        )
    for path, number, reaches in _numbers(evidence):
        if p.is_ours(plan, number):
            yield error(
                "loop",
                path,
                note("{number} is one of our own numbers: the call would come back to us", number=number),
                note("write the number of a telephone, or an extension's person or group"),
                reaches,
            )


def cannot_be_dialled(evidence: Evidence) -> Iterator[Problem]:
    for path, number, reaches in _numbers(evidence):
        why = why_not_rung(evidence.plan, number)
        if why is not None and not p.is_ours(evidence.plan, number):
            remedy = note("correct the number, or let an outbound route take it and never_dial leave it out")
            yield error("cannot-be-dialled", path, why, remedy, reaches)


def nobody_to_ring(evidence: Evidence) -> Iterator[Problem]:
    """Steps whose only people have no phone: what looks like somebody answering is nobody."""
    plan = evidence.plan
    for path, steps in all_steps(plan):
        if any(_can_ring(plan, step) for step in steps):
            continue
        for place, step in enumerate(steps):
            people = _people_of(plan, step)
            if people:
                yield error(
                    "nobody-to-ring",
                    f"{path}[{place}]",
                    note("only {people} would be rung, without any phone", people=names(plan, people)),
                    note("give them a phone (people.{person}.phones), or ring somebody else", person=people[0]),
                    evidence.example_at(path),
                )


def rings_too_long(evidence: Evidence, longest: int) -> Iterator[Problem]:
    """`longest` in seconds."""
    told = set[str]()
    for seen in evidence.seen:
        seconds = _longest_ringing(seen.steps)
        if seconds > longest and seen.path not in told:
            told.add(seen.path)
            yield error(
                "rings-too-long",
                seen.path,
                note(
                    "rings for {seconds} s without a word; callers wait {longest} s", seconds=seconds, longest=longest
                ),
                note("ring for a shorter time (`for`), or play an announcement in between"),
                evidence.example_of(seen),
            )


# --- Menus ---


def _menus_entered(steps: Iterable[p.Step]) -> Iterator[str]:
    return (step.menu for step in steps if isinstance(step, p.EnterMenu))


def _circles(leads: dict[str, set[str]]) -> Iterator[tuple[str, ...]]:
    """Each circle once, from the member that stands first in the plan."""
    for start in leads:
        waiting: list[tuple[str, ...]] = [(start,)]
        seen = set[str]()
        for way in waiting:
            for following in sorted(leads[way[-1]]):
                if following == start:
                    if start == min(way, key=list(leads).index):
                        yield way
                    waiting.clear()
                    break
                if following not in seen:
                    seen.add(following)
                    waiting.append((*way, following))


def _longest_ringing(steps: Iterable[i.Step]) -> int:
    """Seconds that a caller hears nothing but ringing, at most."""
    longest = ringing = 0
    for step in i.in_line(steps):
        ringing = ringing + step.seconds if isinstance(step, i.Ring) else 0
        longest = max(longest, ringing)
    return longest


# --- Numbers ---


def _numbers(evidence: Evidence) -> Iterator[tuple[str, E164, ExampleCall | None]]:
    """Every outside number that a call may ring, its path, and a call that may ring it."""
    for person in evidence.plan.people.values():
        for phone in person.phones.values():
            if phone.number is not None:
                yield f"people.{person.key}.phones.{phone.key}.number", phone.number, evidence.example_with(person.key)
    for path, steps in all_steps(evidence.plan):
        for place, step in enumerate(steps):
            if isinstance(step, p.Dial):
                yield f"{path}[{place}].dial", step.number, evidence.example_at(path)


# --- People ---


def _can_ring(plan: p.Plan, step: p.Step) -> bool:
    """Whether a step may ring somebody; who is responsible, or what a menu leads to, is looked at elsewhere."""
    match step:
        case p.Ring(p.Responsible() | p.LastColleague()) | p.Dial() | p.EnterMenu():
            return True
        case _:
            return any(plan.people[person].phones for person in _people_of(plan, step))


def _people_of(plan: p.Plan, step: p.Step) -> tuple[str, ...]:
    match step:
        case p.Ring(p.PersonTarget(person)):
            return (person,)
        case p.Ring(p.GroupTarget(group)):
            return plan.ring_groups[group].members
        case p.JoinQueue(queue):
            return plan.queues[queue].members
        case _:
            return ()
