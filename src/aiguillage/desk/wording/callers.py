"""Who: sets of callers, by what they are to the organisation."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from aiguillage.desk.wording.words import Words
from aiguillage.routing import plan as p
from aiguillage.routing.callers import NONE, Callers, Domain
from aiguillage.routing.notes import Listed

_FEW = 4


def who(words: Words, plan: p.Plan, domain: Domain, sets: Iterable[Callers]) -> str:
    """`Président local and Animateur of Régionale du Hainaut; unknown callers`.

    `plan` gives keys their names. What sets callers apart by being none of the others is left unsaid, except for
    categories and units.
    """
    said: dict[tuple[str, ...], list[str]] = {}
    for callers in sets:
        restrictions = tuple(_restrictions(words, plan, domain, callers))
        said.setdefault(restrictions, []).append(_base(words, plan, domain, callers))
    return words("; ").join(
        ", ".join([base, *restrictions])
        for restrictions, bases in said.items()
        for base in _everybody(words, list(dict.fromkeys(bases)))
    )


def _everybody(words: Words, bases: list[str]) -> list[str]:
    known, unknown, withheld = words("callers in the directory"), words("unknown callers"), words("withheld numbers")
    if not {known, unknown} <= set(bases):
        return bases
    everybody = words("everybody") if withheld in bases else words("everybody who shows a number")
    return [everybody, *(each for each in bases if each not in {known, unknown, withheld})]


def _base(words: Words, plan: p.Plan, domain: Domain, callers: Callers) -> str:
    match callers.showing:
        case "withheld":
            return words("withheld numbers")
        case "unknown":
            return words("unknown callers")
        case "known":
            return _known(words, plan, domain, callers)


def _known(words: Words, plan: p.Plan, domain: Domain, callers: Callers) -> str:
    categories = [category for category in domain.categories if category in callers.categories]
    if len(categories) == len(domain.categories):
        said = words("callers in the directory")
    elif NONE in categories:
        without = [_category(plan, each) for each in domain.categories if each not in categories]
        said = words("callers in the directory other than {categories}", categories=Listed(tuple(without)))
    else:
        said = words.say(Listed(tuple(_category(plan, each) for each in categories)))
    if len(callers.units) == len(domain.units):
        return said
    return words("{who} of {units}", who=said, units=_units(words, plan, domain, callers))


def _category(plan: p.Plan, key: str) -> str:
    return plan.categories[key].name if key in plan.categories else key


def _units(words: Words, plan: p.Plan, domain: Domain, callers: Callers) -> Listed:
    """By the highest of those that are alike; the others below them are meant too."""
    names = [name for each in domain.units if each in callers.units for name in _highest(words, plan, domain, each)]
    return _some(words, names)


def _some(words: Words, names: list[str]) -> Listed:
    if len(names) <= _FEW:
        return Listed(tuple(names))
    more = words.many(len(names) - _FEW + 1, "{number} more", "{number} more")
    return Listed((*names[: _FEW - 1], more))


def _highest(words: Words, plan: p.Plan, domain: Domain, unit: str) -> Iterator[str]:
    alike = domain.units[unit]
    if not alike:
        yield words("no unit")
    for each in alike:
        if each in plan.units and plan.units[each].parent not in alike:
            yield plan.units[each].name


def _restrictions(words: Words, plan: p.Plan, domain: Domain, callers: Callers) -> Iterator[str]:
    if NONE not in callers.numbers:
        yield words("calling from {numbers}", numbers=Listed(tuple(sorted(callers.numbers)), "or"))
    if NONE not in callers.languages and callers.showing == "known":
        yield words("speaking {languages}", languages=Listed(tuple(sorted(callers.languages)), "or"))
    if NONE not in callers.returning:
        yield _returning(words, domain, callers)
        people = [plan.people[each].name for each in domain.colleagues if each in callers.colleagues & set(plan.people)]
        if not people:
            yield words("last by somebody who has left")
        elif len(people) < len(plan.people):
            yield words("last by {people}", people=_some(words, people))


def _returning(words: Words, domain: Domain, callers: Callers) -> str:
    place = max(int(each) for each in callers.returning)
    if place >= len(domain.durations):
        return words("whom one of us has called")
    return words("whom one of us has called within {span}", span=_span(words, domain.durations[place]))


def _span(words: Words, span: timedelta) -> str:
    if span.days:
        return words.many(span.days, "{number} day", "{number} days")
    return words("{hours} h {minutes} min", hours=span.seconds // 3600, minutes=span.seconds % 3600 // 60)
