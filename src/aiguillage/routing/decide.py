"""Where a call goes, and why.

The rules, in the order in which they work:

1. The number called names one of our DIDs; the caller's number names everybody in the directory who has it.
2. Routes are tried in the plan's order. The first whose conditions all hold takes the call: the number called
   (`to`), the caller (`from`), the hours (`when`: every schedule open; `unless`: every schedule closed).
   Within one condition one value is enough.
3. A caller who withholds the number matches routes without `from`, and `{withheld: true}`; nothing else.
4. A number may belong to several contacts. Conditions on category, unit and language must hold for one and the
   same of them; that one is then who calls: the unit's `responsible` and the language of the call are theirs.
   Where a route asks for none of these, the first contact is.
5. The route's steps unfold into an itinerary (`unfold.py`), which Asterisk takes alone.
6. No route matched, or nothing in the itinerary is a certain end (a message box, a hang-up): the last resort
   follows. A caller always reaches somebody.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from aiguillage.routing import plan as p
from aiguillage.routing.directory import Contact, Directory
from aiguillage.routing.itinerary import HangUp, Itinerary, Step, Voicemail
from aiguillage.routing.notes import Listed, Note, note
from aiguillage.routing.numbers import E164, Pattern
from aiguillage.routing.presence import Presences
from aiguillage.routing.situation import Situation
from aiguillage.routing.trace import Decision, RouteTried, Trace
from aiguillage.routing.turns import FIRST_TURN, Turns
from aiguillage.routing.unfold import Press, Unfolding, pressed, unfold


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """One of us, `person`, called the caller's number at `at` (aware)."""

    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """`caller` is None when the number is withheld; `last_outgoing` is our latest call to that number, if any.

    `presses`: what the caller has pressed in menus so far, in order.
    """

    called: E164
    caller: E164 | None
    last_outgoing: OutgoingCall | None = None
    presses: tuple[Press, ...] = ()
    turns: Turns = FIRST_TURN


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who calls, as far as a route's condition could tell."""

    contact: Contact | None


@dataclass(slots=True)
class _Candidates:
    """Who has the caller's number; what many routes ask about them is worked out once."""

    plan: p.Plan
    contacts: tuple[Contact, ...]
    _with_units: list[tuple[Contact, set[str]]] | None = None
    _in_short: Listed | None = None

    @property
    def with_units(self) -> list[tuple[Contact, set[str]]]:
        """Each with their unit and all above it."""
        if self._with_units is None:
            self._with_units = [(each, set(p.ladder(self.plan, each.unit))) for each in self.contacts]
        return self._with_units

    @property
    def in_short(self) -> Listed:
        if self._in_short is None:
            self._in_short = Listed(tuple([_in_short(each) for each in self.contacts]), "or")
        return self._in_short

    @property
    def first(self) -> Contact | None:
        return self.contacts[0] if self.contacts else None


def decide(plan: p.Plan, directory: Directory, presence: Presences, call: Call, now: datetime) -> Decision:
    """The itinerary of `call` at `now` (aware), with the trace of how it came about. Never fails for a caller."""
    situation = Situation(plan, presence, now.astimezone(UTC), call.turns)
    candidates = _Candidates(plan, directory.candidates(call.caller) if call.caller else ())
    did = p.did_of(plan, call.called)
    tried, route, contact = _choose(situation, call, did, candidates)
    colleague = call.last_outgoing.person if call.last_outgoing else None
    unfolding = Unfolding(situation, contact.unit if contact else None, colleague, list(call.presses))
    steps = _steps_to_a_certain_end(unfolding, route)
    languages = plan.organisation.languages
    language = contact.language if contact and contact.language in languages else languages[0]
    ours = call.called if did else p.first_number(plan)
    return Decision(
        route=route.name if route else None,
        itinerary=Itinerary(steps, language, on_the_screen(plan, contact), _aloud(plan, contact), ours),
        trace=Trace(
            call.called,
            did,
            call.caller,
            candidates.contacts,
            contact,
            tried,
            tuple(unfolding.remarks),
            tuple(unfolding.weighed),
        ),
        turns_taken=tuple(unfolding.groups),
    )


def on_the_screen(plan: p.Plan, contact: Contact | None) -> str:
    """`Anne Lambert - Président local - Patro Saint-Rémy de Jumet`: a telephone's display has no room for commas."""
    if contact is None:
        return ""
    category, unit = plan.categories.get(contact.category or ""), plan.units.get(contact.unit or "")
    return " - ".join([contact.name, *(thing.name for thing in (category, unit) if thing)])


def _aloud(plan: p.Plan, contact: Contact | None) -> str:
    """The name and the unit: what a person on the road needs to hear before taking a call."""
    if contact is None:
        return ""
    unit = plan.units.get(contact.unit or "")
    return f"{contact.name}, {unit.name}" if unit else contact.name


def _choose(
    situation: Situation, call: Call, did: str | None, candidates: _Candidates
) -> tuple[tuple[RouteTried, ...], p.InboundRoute | None, Contact | None]:
    """The routes tried, the one that takes the call, and who calls."""
    tried: list[RouteTried] = []
    for route in situation.plan.inbound_routes:
        outcome = _match(route, situation, call, did, candidates)
        if isinstance(outcome, _Caller):
            return (*tried, RouteTried(route.name, None)), route, outcome.contact
        tried.append(RouteTried(route.name, outcome))
    return tuple(tried), None, candidates.first


def _steps_to_a_certain_end(unfolding: Unfolding, route: p.InboundRoute | None) -> tuple[Step, ...]:
    steps = unfold(unfolding, route.steps) if route else ()
    if unfolding.presses:
        steps = unfold(
            unfolding, unfolding.plan.last_resort, origin="last resort"
        )  # the key was pressed in a menu of it
    if unfolding.presses:
        steps = _after_a_lost_menu(unfolding)
    if _ends_for_certain(steps):
        return steps
    unfolding.remark(
        note("nothing above is a certain end: the last resort follows")
        if route
        else note("no route takes this call: the last resort does")
    )
    return steps + unfold(unfolding, unfolding.plan.last_resort, after=steps, origin="last resort")


def _after_a_lost_menu(unfolding: Unfolding) -> tuple[Step, ...]:
    """The last key was pressed in a menu that is not on this way any more: the plan has changed meanwhile."""
    unfolding.presses = unfolding.presses[-1:]
    menu = unfolding.plan.menus.get(unfolding.presses[0].menu)
    return tuple(pressed(unfolding, menu)) if menu else ()


def last_resort(plan: p.Plan, now: datetime) -> Itinerary:
    """Where a call goes while nobody can be asked: the plan's last resort, everybody being available."""
    unfolding = Unfolding(Situation(plan, {}, now), unit=None, last_colleague=None)
    ours = p.first_number(plan)
    return Itinerary(unfold(unfolding, plan.last_resort), plan.organisation.languages[0], ours=ours)


def _ends_for_certain(steps: tuple[Step, ...]) -> bool:
    return bool(steps) and isinstance(steps[-1], (Voicemail, HangUp))


# --- Does a route take the call? ---------------------------------------------------------------------------


def _match(
    route: p.InboundRoute, situation: Situation, call: Call, did: str | None, candidates: _Candidates
) -> _Caller | Note:
    """Who the caller is to this route, or the first reason why it does not take the call."""
    if route.to and did not in route.to:
        return _is_for(route.to)
    caller = _match_caller(route.caller, situation, call, candidates)
    if isinstance(caller, Note):
        return caller
    return situation.unmet(route.hours) or caller


def _match_caller(
    condition: p.CallerCondition, situation: Situation, call: Call, candidates: _Candidates
) -> _Caller | Note:
    if condition == p.ANYBODY:
        return _Caller(candidates.first)
    if call.caller is None:
        only_withheld = condition == p.CallerCondition(withheld=True)
        return _Caller(None) if only_withheld else note("the caller withholds the number")
    return _objection(condition, situation, call, call.caller, candidates) or _match_contact(condition, candidates)


def _objection(
    condition: p.CallerCondition,
    situation: Situation,
    call: Call,
    caller: E164,
    candidates: _Candidates,
) -> Note | None:
    """What speaks against a caller who shows a number, whoever of the candidates it is."""
    if condition.withheld:
        return note("is for callers who withhold their number")
    if condition.numbers and not any(pattern.matches(caller) for pattern in condition.numbers):
        return _is_not_from(condition.numbers)
    if condition.known is True and candidates.first is None:
        return note("the caller is not in the directory")
    if condition.known is False and candidates.first is not None:
        return note("the caller is in the directory, as {name}", name=candidates.first.name)
    if condition.returning_call is not None and not _returns(call, situation.now, condition.returning_call):
        return _nobody_called(condition.returning_call)
    return None


def _match_contact(condition: p.CallerCondition, candidates: _Candidates) -> _Caller | Note:
    if not (condition.categories or condition.units or condition.languages):
        return _Caller(candidates.first)
    if candidates.first is None:
        return note("the caller is not in the directory")
    for contact, units in candidates.with_units:
        if _is_meant(condition, contact, units):
            return _Caller(contact)
    return note("asks for {wanted}; the caller is {found}", wanted=_wanted(condition), found=candidates.in_short)


def _is_meant(condition: p.CallerCondition, contact: Contact, units: set[str]) -> bool:
    return (
        (not condition.categories or contact.category in condition.categories)
        and (not condition.languages or contact.language in condition.languages)
        and (not condition.units or not units.isdisjoint(condition.units))
    )


def _returns(call: Call, now: datetime, within: timedelta) -> bool:
    return call.last_outgoing is not None and now - within <= call.last_outgoing.at <= now


# --- Reasons that most calls meet: each is made once ---------------------------------------------------------


@lru_cache(maxsize=4096)
def _is_for(dids: tuple[str, ...]) -> Note:
    return note("is for {numbers}", numbers=Listed(dids, "or"))


@lru_cache(maxsize=4096)
def _is_not_from(numbers: tuple[Pattern, ...]) -> Note:
    return note("the caller's number is not {numbers}", numbers=Listed(tuple(each.text for each in numbers), "or"))


@lru_cache(maxsize=4096)
def _nobody_called(span: timedelta) -> Note:
    return note("nobody of us called this number within {span}", span=_in_words(span))


@lru_cache(maxsize=4096)
def _wanted(condition: p.CallerCondition) -> Listed:
    asked = (condition.categories, condition.units, condition.languages)
    return Listed(tuple(Listed(each, "or") for each in asked if each))


def _in_short(contact: Contact) -> str:
    facts = [fact for fact in (contact.category, contact.unit, contact.language) if fact]
    return f"{contact.name} ({', '.join(facts)})" if facts else contact.name


def _in_words(span: timedelta) -> Note:
    if span.days:
        return note("{days} day" if span.days == 1 else "{days} days", days=span.days)
    return note("{hours} h {minutes} min", hours=span.seconds // 3600, minutes=span.seconds % 3600 // 60)
