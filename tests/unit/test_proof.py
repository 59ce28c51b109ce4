"""Whatever the proof passes loses no call; whatever hole is planted, it is found.

A caller is played here as Asterisk would: step by step, with people who answer, refuse or are away by chance, and keys
pressed by chance. It shares no code with the proof.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from aiguillage.routing import itinerary as i
from aiguillage.routing import plan as p
from aiguillage.routing.check import check
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.directory import Directory
from aiguillage.routing.numbers import E164, Pattern
from aiguillage.routing.presence import Presence, Presences
from aiguillage.routing.unfold import Press
from tests.unit.rich_plans import random_call, rich_directory, rich_plan

SINCE = datetime(2026, 11, 23, 8, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=366)
CALLS = 1000
SOUND_PLANS, ANY_PLANS, HOLED_PLANS = 12, 40, 12
MOST_KEYS = 9
SAVED = {"answered", "message", "hung up on", "will be called back"}


@dataclass
class Caller:
    """Somebody on the telephone. `patience`: how probably each phone that rings is answered."""

    plan: p.Plan
    directory: Directory
    presence: Presences
    call: Call
    at: datetime
    chance: random.Random
    patience: float

    def ends(self) -> str:
        """How the call ends; `lost` where nothing is left."""
        presses: tuple[Press, ...] = ()
        steps = self.steps(presses)
        while steps:
            step = steps.pop(0)
            match step:
                case i.Ring(legs, seconds):
                    assert legs
                    assert seconds > 0
                    if any(self.chance.random() < self.patience for _ in legs):
                        return "answered"
                case i.Queue(_, _, callback):
                    if self.chance.random() < self.patience:
                        return "answered"
                    if callback and self.chance.random() < 0.1:
                        return "will be called back"
                case i.Menu():
                    pressed = self.press(step)
                    if pressed is not None and len(presses) < MOST_KEYS:
                        presses = (*presses, pressed)
                        steps = self.steps(presses)
                    else:
                        steps = [*step.otherwise, *steps]
                case i.Voicemail():
                    return "message"
                case i.HangUp():
                    return "hung up on"
                case _:
                    pass
        return "lost"

    def steps(self, presses: tuple[Press, ...]) -> list[i.Step]:
        call = replace(self.call, presses=presses)
        return list(decide(self.plan, self.directory, self.presence, call, self.at).itinerary.steps)

    def press(self, menu: i.Menu) -> Press | None:
        """A key, an extension, or nothing."""
        keys = list(menu.keys)
        if menu.extensions:
            keys += [person.extension for person in self.plan.people.values() if person.extension]
        if not keys or self.chance.random() < 0.2:
            return None
        return Press(menu.menu, self.chance.choice(keys))


def moods(plan: p.Plan, chance: random.Random) -> Presences:
    states = [
        None,
        Presence("away"),
        Presence("do not disturb"),
        Presence("forwarded", forward_to=E164("+32470999999")),
    ]
    drawn = {person: chance.choice(states) for person in plan.people}
    return {person: state for person, state in drawn.items() if state is not None and chance.random() < 0.5}


def endings(plan: p.Plan, seed: int, calls: int = CALLS) -> Iterator[tuple[str, Caller]]:
    chance = random.Random(seed)
    directory = rich_directory(plan, seed)
    for _ in range(calls):
        at = SINCE + timedelta(minutes=chance.randrange(365 * 24 * 60))
        call = random_call(plan, directory, chance, at)
        caller = Caller(plan, directory, moods(plan, chance), call, at, chance, chance.choice([0, 0, 0.1, 0.5]))
        yield caller.ends(), caller


def has_errors(plan: p.Plan) -> bool:
    return any(problem.severity == "error" for problem in check(plan, SINCE, UNTIL))


@pytest.mark.parametrize("seed", range(SOUND_PLANS))
def test_a_sound_plan_passes_and_loses_no_call(seed: int) -> None:
    plan = rich_plan(seed, sound=True)
    assert [problem for problem in check(plan, SINCE, UNTIL) if problem.severity == "error"] == []
    assert {end for end, _ in endings(plan, seed)} <= SAVED


def test_of_any_plans_those_that_pass_lose_no_call() -> None:
    passed = [seed for seed in range(ANY_PLANS) if not has_errors(rich_plan(seed))]
    for seed in passed:
        for end, caller in endings(rich_plan(seed), seed):
            assert end in SAVED, (seed, caller.call, caller.at)
    assert 0 < len(passed) < ANY_PLANS


# --- Holes -------------------------------------------------------------------------------------------------

Hole = Callable[[p.Plan], p.Plan]
ANYBODY_TO = "planted"


def to_the_top(plan: p.Plan, *steps: p.Step) -> p.Plan:
    """A route before all others, for everybody and always."""
    return replace(plan, inbound_routes=(p.InboundRoute(ANYBODY_TO, steps), *plan.inbound_routes))


def box(plan: p.Plan) -> p.LeaveMessage:
    return p.LeaveMessage(box=next(iter(plan.voicemail_boxes)))


def last_resort_without_an_end(plan: p.Plan) -> p.Plan:
    person = next(person for person in plan.people.values() if person.phones)
    return replace(plan, last_resort=(p.Ring(p.PersonTarget(person.key)),))


def last_resort_that_only_speaks(plan: p.Plan) -> p.Plan:
    return replace(plan, last_resort=(p.Play(next(iter(plan.prompts))),))


def menus_in_a_circle(plan: p.Plan) -> p.Plan:
    prompt = next(iter(plan.prompts))
    one = p.Menu("circle-one", prompt, {"1": (box(plan),)}, otherwise=(p.EnterMenu("circle-two"),))
    two = p.Menu("circle-two", prompt, {"1": (box(plan),)}, otherwise=(p.EnterMenu("circle-one"),))
    return to_the_top(replace(plan, menus={**plan.menus, one.key: one, two.key: two}), p.EnterMenu(one.key), box(plan))


def a_number_of_ours_is_dialled(plan: p.Plan) -> p.Plan:
    return to_the_top(plan, p.Dial(next(iter(plan.dids.values())).number), box(plan))


def with_gsm(plan: p.Plan, number: E164) -> p.Plan:
    """Somebody has this number."""
    person = next(iter(plan.people.values()))
    phones = {**person.phones, "planted": p.Phone("planted", "gsm", number=number, confirm=True)}
    return replace(plan, people={**plan.people, person.key: replace(person, phones=phones)})


def a_phone_of_ours_leads_back(plan: p.Plan) -> p.Plan:
    return with_gsm(plan, next(iter(plan.dids.values())).number)


def a_phone_is_never_dialled(plan: p.Plan) -> p.Plan:
    return replace(with_gsm(plan, E164("+32470777777")), never_dial=(*plan.never_dial, Pattern("+32470777777")))


def no_outbound_route(plan: p.Plan) -> p.Plan:
    return replace(with_gsm(plan, E164("+32470777777")), outbound_routes=())


def nobody_with_a_phone(plan: p.Plan) -> p.Plan:
    nobody = p.Person("nobody", "Nobody")
    return to_the_top(
        replace(plan, people={**plan.people, "nobody": nobody}), p.Ring(p.PersonTarget("nobody")), box(plan)
    )


def rings_for_ever(plan: p.Plan) -> p.Plan:
    return to_the_top(plan, p.Dial(E164("+32470777777"), 100), p.Dial(E164("+32470777778"), 81), box(plan))


HOLES: dict[Hole, str] = {
    last_resort_without_an_end: "no-end",
    last_resort_that_only_speaks: "no-end",
    menus_in_a_circle: "loop",
    a_number_of_ours_is_dialled: "loop",
    a_phone_of_ours_leads_back: "loop",
    a_phone_is_never_dialled: "cannot-be-dialled",
    no_outbound_route: "cannot-be-dialled",
    nobody_with_a_phone: "nobody-to-ring",
    rings_for_ever: "rings-too-long",
}


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.__name__)
def test_a_planted_hole_is_always_found(hole: Hole) -> None:
    for seed in range(100, 100 + HOLED_PLANS):
        problems = check(hole(rich_plan(seed, sound=True)), SINCE, UNTIL)
        assert HOLES[hole] in {problem.name for problem in problems if problem.severity == "error"}, seed


def test_the_calls_that_are_played_end_in_every_way() -> None:
    assert {end for seed in range(6) for end, _ in endings(rich_plan(seed, sound=True), seed, 200)} == SAVED


def test_a_plan_without_an_end_does_lose_calls() -> None:
    """So that the caller who is played here can be lost at all."""
    plan = last_resort_without_an_end(replace(rich_plan(1, sound=True), inbound_routes=()))
    assert "lost" in {end for end, _ in endings(plan, 1, 200)}
