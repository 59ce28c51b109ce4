"""Who may do what: scopes, roles, and how far each reaches. Nothing here asks the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiguillage.errors import Forbidden, NumberRefused
from aiguillage.routing.numbers import parse_written
from aiguillage.routing.outgoing import may_dial
from aiguillage.routing.plan import Plan

SCOPES: Mapping[str, str] = {
    "plan:read": "read the draft, its proof and its versions, and where calls would go",
    "plan:write": "change the draft",
    "plan:publish": "publish the draft",
    "contacts:read": "read the directory of callers",
    "contacts:write": "change and import the directory of callers",
    "presence:read": "see where people are",
    "presence:write": "say where people are",
    "callbacks:read": "see who waits to be called back",
    "callbacks:write": "take call-back requests, and say that they are done",
    "voicemail:read": "list and hear messages",
    "voicemail:write": "delete messages",
    "calls:read": "read the journal, and see the calls in progress",
    "calls:place": "place calls",
    "accounts:read": "see users and tokens",
    "accounts:write": "make, change and delete users and tokens",
    "audit:read": "read the audit",
    "settings:read": "see the settings",
    "metrics:read": "see how the service does, in figures",
    "privacy:read": "export everything that is kept of somebody",
    "privacy:write": "erase everything that is kept of somebody",
    "webhooks:read": "see the webhooks, and what they were told",
    "webhooks:write": "make, change and delete webhooks",
}
"""What a token may be made for, and what its holder can then do."""


class Reach(StrEnum):
    """How far a scope goes: everywhere; the holder's unit and all below; the holder's own things; the things that
    belong to no person, and the holder's own."""

    ALL = "all"
    UNIT = "unit"
    OWN = "own"
    SHARED = "shared"


ROLES: Mapping[str, Mapping[str, Reach]] = {
    "administrator": dict.fromkeys(SCOPES, Reach.ALL),
    "receptionist": {
        **dict.fromkeys(
            (
                "plan:read",
                "contacts:read",
                "contacts:write",
                "presence:read",
                "presence:write",
                "callbacks:read",
                "callbacks:write",
                "calls:read",
                "calls:place",
            ),
            Reach.ALL,
        ),
        "voicemail:read": Reach.SHARED,
        "voicemail:write": Reach.SHARED,
    },
    "person": {
        "presence:read": Reach.ALL,
        **dict.fromkeys(
            ("plan:read", "plan:write", "presence:write", "voicemail:read", "voicemail:write", "calls:place"), Reach.OWN
        ),
    },
    "editor": {
        "plan:read": Reach.ALL,
        "presence:read": Reach.ALL,
        **dict.fromkeys(("plan:write", "contacts:read", "contacts:write"), Reach.UNIT),
    },
    "auditor": dict.fromkeys(("plan:read", "calls:read", "accounts:read", "audit:read", "settings:read"), Reach.ALL),
}
"""What users may do, by their role. `person` needs the person that they are, `editor` the unit that they answer for."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks: `name` is `user marie` or `token backup`. `person` and `unit` are keys of the plan."""

    name: str
    grants: Mapping[str, Reach] = field(default_factory=dict)
    person: str | None = None
    unit: str | None = None
    user: str | None = None
    lacks: str = ""
    """What is to be done before anything else may be."""

    def needs(self, scope: str) -> Reach:
        """How far the scope goes. Raises Forbidden without it."""
        reach = self.grants.get(scope)
        if reach is None:
            raise Forbidden(self.lacks or f"{self.name} may not {SCOPES[scope]}; that needs {scope}")
        return reach

    def needs_all(self, scope: str) -> None:
        """Raises Forbidden where the scope does not go everywhere."""
        reach = self.needs(scope)
        if reach is not Reach.ALL:
            raise Forbidden(f"{self.name} may {SCOPES[scope]} only as far as it is {_IN_WORDS[reach]}")

    def may_for(self, scope: str, person: str | None) -> bool:
        """Whether the scope reaches what belongs to a person; None: to no person."""
        match self.needs(scope):
            case Reach.ALL:
                return True
            case Reach.OWN:
                return person is not None and person == self.person
            case Reach.SHARED:
                return person is None or person == self.person
        return False

    def needs_for(self, scope: str, person: str | None) -> None:
        """Raises Forbidden where the scope does not reach what belongs to the person."""
        if not self.may_for(scope, person):
            raise Forbidden(f"{self.name} may {SCOPES[scope]} only as far as it is {_IN_WORDS[self.grants[scope]]}")


_IN_WORDS: Mapping[Reach, str] = {
    Reach.UNIT: "of their own unit",
    Reach.OWN: "their own",
    Reach.SHARED: "shared, or their own",
}


def grants_of(role: str, scopes: frozenset[str] | None = None) -> Mapping[str, Reach]:
    """Of a role; of a token that its holder made for some scopes only."""
    return {scope: reach for scope, reach in ROLES[role].items() if scopes is None or scope in scopes}


def everything(scopes: frozenset[str]) -> Mapping[str, Reach]:
    """Of a token that belongs to no user."""
    return dict.fromkeys(scopes, Reach.ALL)


# --- Edits of the plan within limits -----------------------------------------------------------------------


def check_touch(who: Principal, section: str, key: str) -> None:
    """Whether somebody may write this thing at all, whatever they make of it. Raises Forbidden."""
    reach = who.needs("plan:write")
    theirs = (reach is Reach.UNIT and section == "units") or (
        reach is Reach.OWN and section == "people" and key == who.person
    )
    if not theirs:
        who.needs_all("plan:write")


def check_edit(who: Principal, section: str, key: str, before: Any, after: Any, units: Mapping[str, Any]) -> None:
    """Whether somebody may make `after` of the thing `before` (None: it is not there). `units` are the document's.

    Raises Forbidden.
    """
    check_touch(who, section, key)
    match who.needs("plan:write"):
        case Reach.UNIT:
            _check_unit(who, key, before, after, below(units, who.unit))
        case Reach.OWN:
            _check_own_phones(who, before, after)


def below(units: Mapping[str, Any], top: str | None) -> frozenset[str]:
    """The keys of a unit and of all below it; `units` are the document's, or anything with a `parent` each."""
    found = {top} if top is not None and top in units else set()
    while True:
        more = {key for key, unit in units.items() if _parent(unit) in found} - found
        if not more:
            return frozenset(found)
        found |= more


def _parent(unit: Any) -> Any:
    return unit.get("parent") if isinstance(unit, Mapping) else getattr(unit, "parent", None)


def _check_unit(who: Principal, key: str, before: Any, after: Any, reached: frozenset[str]) -> None:
    if key == who.unit:
        if after is None:
            raise Forbidden(f'{who.name} may not take out unit "{key}", which they answer for')
        if _parent(after) != _parent(before):
            raise Forbidden(f'{who.name} may not move unit "{key}", which they answer for')
    elif (before is not None and key not in reached) or (after is not None and _parent(after) not in reached):
        raise Forbidden(f'{who.name} may change unit "{who.unit}" and what is below it, and nothing above')


def _check_own_phones(who: Principal, before: Any, after: Any) -> None:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        raise Forbidden(f"{who.name} may change their phones, nothing else of the plan")
    fields = [name for name in {*before, *after} - {"phones"} if before.get(name) != after.get(name)]
    if fields:
        raise Forbidden(f"{who.name} may change their phones, not {', '.join(sorted(fields))}")
    if _endpoints(before) != _endpoints(after):
        raise Forbidden(f"{who.name} may change the numbers of their phones; desk phones are an administrator's")


def _endpoints(person: Mapping[str, Any]) -> set[tuple[str, str]]:
    phones = person.get("phones")
    found = phones.items() if isinstance(phones, Mapping) else ()
    return {(name, str(each["endpoint"])) for name, each in found if isinstance(each, Mapping) and "endpoint" in each}


def check_own_numbers(who: Principal, before: Mapping[str, Any], plan: Plan) -> None:
    """A person's new numbers are ones that they may dial: otherwise a phone of one's own would be a way to expensive
    numbers at the organisation's cost. `before` is their body until now, `plan` the plan as it would be.

    Raises Forbidden.
    """
    if who.person is None or who.person not in plan.people:
        return
    known = set()
    for phone in before.get("phones", {}).values():
        try:
            known.add(parse_written(str(phone.get("number", "")), plan.organisation.country))
        except NumberRefused:
            continue
    for phone in plan.people[who.person].phones.values():
        if phone.number is None or phone.number in known:
            continue
        if (forbidden := may_dial(plan, who.person, phone.number)) is not None:
            raise Forbidden(f"{who.name} may not have {phone.number} rung: {forbidden}")
