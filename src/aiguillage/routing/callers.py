"""The kinds of caller that a plan can tell apart.

A plan knows a caller by a few facts: whether and which number is shown, whether the directory has it, the contact's
category, unit and language, and who of us called that number last. `Domain` holds, for each fact, the values that make
a difference to some routes; all others count as one. A `Callers` is a set of callers, so many values of each fact; a
`Kind` is one value of each. A number with several contacts is as many kinds: the decision is that of the contact whose
first matching route comes first (`decide.py`, rule 4).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Literal

from aiguillage.routing import plan as p
from aiguillage.routing.decide import Call, OutgoingCall
from aiguillage.routing.directory import NOBODY_KNOWN, Contact, Directory
from aiguillage.routing.numbers import E164, Pattern
from aiguillage.routing.reach import Reached
from aiguillage.routing.unfold import Press

Showing = Literal["withheld", "unknown", "known"]
Values = frozenset[str]

NONE = ""
"""The value of every other number, category, unit or language, and of a number that none of us has called."""
Asking = tuple[p.Plan, Sequence[p.InboundRoute], Reached]
"""The routes of a plan that may take a call, and what they can reach."""
_LIKELY = "+32499000000"
_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Callers:
    """Everybody who is `showing` so, and has one of the values of each fact.

    `numbers` are patterns of the plan: numbers that this one matches, and no narrower one. `returning`: "0" is within
    the first of `Domain.durations`, "1" within the second. `colleagues`: who of us called the number last.
    """

    showing: Showing
    numbers: Values
    categories: Values
    units: Values
    languages: Values
    returning: Values
    colleagues: Values

    @property
    def facts(self) -> tuple[Values, ...]:
        return (self.numbers, self.categories, self.units, self.languages, self.returning, self.colleagues)

    def __and__(self, other: "Callers") -> "Callers | None":
        both = tuple(mine & theirs for mine, theirs in zip(self.facts, other.facts, strict=True))
        return _callers(self.showing, both) if self.showing == other.showing and all(both) else None

    def joined(self, other: "Callers") -> "Callers":
        """With every value of both."""
        facts = tuple(mine | theirs for mine, theirs in zip(self.facts, other.facts, strict=True))
        return _callers(self.showing, facts)

    def without(self, other: "Callers") -> Iterator["Callers"]:
        """Those of these who are not among `other`, in sets that do not overlap. `other` is a part of these."""
        facts = list(self.facts)
        for place, theirs in enumerate(other.facts):
            rest = facts[place] - theirs
            if rest:
                yield _callers(self.showing, (*facts[:place], rest, *facts[place + 1 :]))
            facts[place] &= theirs


def _callers(showing: Showing, facts: tuple[Values, ...]) -> Callers:
    numbers, categories, units, languages, returning, colleagues = facts
    return Callers(showing, numbers, categories, units, languages, returning, colleagues)


@dataclass(frozen=True, slots=True)
class Kind:
    """One value of each fact of Callers."""

    showing: Showing
    number: str = NONE
    category: str = NONE
    unit: str = NONE
    language: str = NONE
    returning: str = NONE
    colleague: str = NONE

    def among(self, callers: Callers) -> bool:
        mine = (self.number, self.category, self.unit, self.language, self.returning, self.colleague)
        return self.showing == callers.showing and all(
            value in values for value, values in zip(mine, callers.facts, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Domain:
    """The values that make a difference. The first value of each fact is the one that stands for several.

    `numbers`: by pattern, a number that matches it and no narrower one. `units`: by the unit that stands for them,
    those that no route and no mandate tells apart.
    """

    numbers: dict[str, E164]
    categories: tuple[str, ...]
    units: dict[str, tuple[str, ...]]
    languages: tuple[str, ...]
    durations: tuple[timedelta, ...]
    colleagues: tuple[str, ...]
    remembers: bool

    @property
    def everybody(self) -> tuple[Callers, Callers, Callers]:
        none = frozenset({NONE})
        numbers, units = frozenset(self.numbers), frozenset(self.units)
        returning = frozenset({NONE, *(str(place) for place in range(len(self.durations) + 1))})
        called = (returning if self.remembers else none, frozenset(self.colleagues))
        facts = (frozenset(self.categories), units, frozenset(self.languages))
        return (
            Callers("known", numbers, *facts, *called),
            Callers("unknown", numbers, none, none, none, *called),
            Callers("withheld", none, none, none, none, none, none),
        )

    def meant(self, plan: p.Plan, condition: p.CallerCondition, among: Callers) -> Callers | None:
        """Those `among` some callers whom a route of `plan` asks for."""
        if condition == p.ANYBODY:
            return among
        if among.showing == "withheld":
            return among if condition == p.CallerCondition(withheld=True) else None
        if condition.withheld or condition.known is (among.showing != "known"):
            return None
        units = {unit for unit in among.units if any(each in condition.units for each in p.ladder(plan, unit))}
        wanted = replace(
            among,
            numbers=self._numbers(condition.numbers, among),
            categories=frozenset(condition.categories) or among.categories,
            units=frozenset(units) if condition.units else among.units,
            languages=frozenset(condition.languages) or among.languages,
            returning=self._returning(condition.returning_call, among),
        )
        return among & wanted

    def _numbers(self, patterns: Sequence[Pattern], among: Callers) -> Values:
        if not patterns:
            return among.numbers
        return frozenset(
            text for text in among.numbers if any(pattern.matches(self.numbers[text]) for pattern in patterns)
        )

    def _returning(self, within: timedelta | None, among: Callers) -> Values:
        if within is None:
            return among.returning
        return frozenset(str(place) for place, duration in enumerate(self.durations) if duration <= within)

    def kinds(self, callers: Callers) -> Iterator[Kind]:
        """Every kind among them, in the order of the domain."""
        order = (self.numbers, self.categories, self.units, self.languages, None, self.colleagues)
        facts = [
            sorted(values) if known is None else [value for value in known if value in values] or sorted(values)
            for values, known in zip(callers.facts, order, strict=True)
        ]
        for number, category, unit, language, returning, colleague in product(*facts):
            yield Kind(callers.showing, number, category, unit, language, returning, colleague)

    def kinds_of(self, directory: Directory, call: Call, now: datetime) -> Iterator[Kind]:
        """What the caller is, once for each contact with that number, in the directory's order."""
        if call.caller is None:
            yield Kind("withheld")
            return
        number = next((text for text in by_width(self.numbers) if Pattern(text or "+*").matches(call.caller)), NONE)
        returning, colleague = self._remembered(call.last_outgoing, now)
        nobody = Kind("unknown", number, returning=returning, colleague=colleague)
        candidates = directory.candidates(call.caller)
        if not candidates:
            yield nobody
        for contact in candidates:
            category = contact.category if contact.category in self.categories else NONE
            language = contact.language if contact.language in self.languages else NONE
            unit = next((each for each, alike in self.units.items() if contact.unit in alike), NONE)
            yield replace(nobody, showing="known", category=category or NONE, unit=unit, language=language or NONE)

    def _remembered(self, last: OutgoingCall | None, now: datetime) -> tuple[str, str]:
        if last is None or last.at > now or not self.remembers:
            return NONE, self.colleagues[0]
        ago = now - last.at
        returning = next((str(place) for place, each in enumerate(self.durations) if ago <= each), None)
        colleague = last.person if last.person in self.colleagues else NONE
        return returning or str(len(self.durations)), colleague

    def call(self, kind: Kind, called: E164, at: datetime, presses: tuple[Press, ...] = ()) -> tuple[Call, Directory]:
        """A call by somebody of this kind, and the directory that makes the caller so."""
        if kind.showing == "withheld":
            return Call(called, None, None, presses), NOBODY_KNOWN
        caller = self.numbers[kind.number]
        last = None
        if kind.returning != NONE:
            place = int(kind.returning)
            ago = timedelta(seconds=1) + self.durations[place - 1] if place else timedelta()
            last = OutgoingCall(kind.colleague, at - ago)
        call = Call(called, caller, last, presses)
        if kind.showing == "unknown":
            return call, NOBODY_KNOWN
        contact = Contact("", (caller,), kind.unit or None, kind.category or None, kind.language or None)
        return call, Directory({caller: (contact,)})


def domain(plans: Sequence[Asking]) -> Domain:
    """What makes a difference to the given routes of any of the plans, by what these routes can reach."""
    conditions = [route.caller for _, routes, _ in plans for route in routes]
    remembers = any(reached.last_colleague for *_, reached in plans)
    durations = sorted({each.returning_call for each in conditions if each.returning_call is not None})
    people = _each(person for plan, _, reached in plans if reached.last_colleague for person in plan.people)
    return Domain(
        numbers=_numbers(_each(pattern.text for each in conditions for pattern in each.numbers)),
        categories=(*_each(category for each in conditions for category in each.categories), NONE),
        units=_units(plans),
        languages=_languages(plans, conditions),
        durations=tuple(durations),
        colleagues=(*people, NONE),
        remembers=remembers or bool(durations),
    )


def by_width(patterns: Iterable[str]) -> list[str]:
    """The narrowest first; "" last."""
    return sorted(patterns, key=lambda text: (len(text.rstrip("*")), not text.endswith("*")), reverse=True)


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _languages(plans: Sequence[Asking], conditions: Sequence[p.CallerCondition]) -> tuple[str, ...]:
    spoken = (language for plan, *_ in plans for language in plan.organisation.languages)
    return _each((NONE, *spoken, *(language for each in conditions for language in each.languages)))


def _units(plans: Sequence[Asking]) -> dict[str, tuple[str, ...]]:
    """By what tells them apart: the units that routes name above them, and the mandates there."""
    alike: dict[object, list[str]] = {_difference(plans, NONE): []}
    for unit in _each(unit for plan, *_ in plans for unit in plan.units):
        alike.setdefault(_difference(plans, unit), []).append(unit)
    without, *others = alike.values()
    return {**{units[0]: tuple(units) for units in others}, NONE: tuple(without)}


def _difference(plans: Sequence[Asking], unit: str) -> object:
    found: list[object] = []
    for plan, routes, reached in plans:
        above = p.ladder(plan, unit)
        named = {each for route in routes for each in route.caller.units}
        found.append(tuple(each for each in above if each in named))
        if reached.responsible:
            found.append(tuple(each for each in above if plan.units[each].mandates))
    return tuple(found)


def _numbers(patterns: tuple[str, ...]) -> dict[str, E164]:
    found = {}
    for text in (*patterns, NONE):
        narrower = [each for each in patterns if each != text and Pattern(text or "+*").matches(each.rstrip("*"))]
        number = text if text and not text.endswith("*") else _number(text.rstrip("*") or "+", narrower)
        if number is not None:
            found[text] = E164(number)
    return found


def _number(prefix: str, taken: list[str]) -> str | None:
    """A number with this prefix that no pattern in `taken` matches; None where they take all."""
    taken = [each for each in taken if each.startswith(prefix) or Pattern(each).matches(prefix)]
    if any(Pattern(each).matches(prefix) for each in taken if each.endswith("*")):
        return None
    if not taken:
        return prefix + (_LIKELY[len(prefix) :] if _LIKELY.startswith(prefix) else "0" * (len(_LIKELY) - len(prefix)))
    if len(prefix) > _DIGITS:
        return None
    likely = _LIKELY[len(prefix)] if _LIKELY.startswith(prefix) and len(prefix) < len(_LIKELY) else "0"
    digits = (likely, *(digit for digit in "0123456789" if digit != likely and prefix + digit != "+0"))
    return next((number for digit in digits if (number := _number(prefix + digit, taken))), None)
