"""Small plans and calls for the stories, and itineraries told in a line."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aiguillage.routing import itinerary as i
from aiguillage.routing import plan as p
from aiguillage.routing.decide import Call, OutgoingCall, decide
from aiguillage.routing.directory import Contact, directory_of
from aiguillage.routing.numbers import E164, Pattern
from aiguillage.routing.presence import Presence
from aiguillage.routing.trace import Decision
from aiguillage.routing.unfold import Press
from tests.unit.examples import CENTRAL, OFFICE_HOURS, STRANGER

MESSAGE = p.LeaveMessage(box="box")
RESPONSIBLE = p.Ring(p.Responsible())
LAST_COLLEAGUE = p.Ring(p.LastColleague())


def ring(person: str, seconds: int | None = None) -> p.Ring:
    return p.Ring(p.PersonTarget(person), seconds)


def ring_group(key: str, seconds: int | None = None) -> p.Ring:
    return p.Ring(p.GroupTarget(key), seconds)


def person(key: str, *, gsm: str | None = None, reach: tuple[p.Reach, ...] = (), languages: str = "fr") -> p.Person:
    """Somebody with a desk phone, and a GSM where its number is given."""
    phones = {"desk": p.Phone("desk", "fixed", endpoint=key)}
    if gsm is not None:
        phones["gsm"] = p.Phone("gsm", "gsm", number=E164(gsm), confirm=True)
    return p.Person(key, key.title(), phones=phones, reach=reach, languages=tuple(languages.split()))


def unit(key: str, *mandates: p.Mandate, parent: str | None = None) -> p.Unit:
    return p.Unit(key, key.title(), parent=parent, mandates=mandates)


def group(key: str, *members: str, strategy: p.Strategy = "ringall", seconds: int = 20) -> p.RingGroup:
    return p.RingGroup(key, key.title(), members=members, strategy=strategy, seconds=seconds)


def route(name: str, *steps: p.Step, **conditions: Any) -> p.InboundRoute:
    return p.InboundRoute(name, steps or (MESSAGE,), **conditions)


def keyed(*things: Any) -> dict[str, Any]:
    return {thing.key: thing for thing in things}


def small_plan(*routes: p.InboundRoute, people: Iterable[p.Person] = (), **sections: Any) -> p.Plan:
    """One number, one trunk, one message box, the people named, and a last resort that is the box."""
    plan = p.Plan(
        organisation=p.Organisation("Test", "BE", "Europe/Brussels", ("fr", "nl", "de")),
        trunks=keyed(p.Trunk("operator", "127.0.0.1")),
        dids=keyed(p.Did("central", CENTRAL, "operator")),
        people=keyed(*people),
        voicemail_boxes=keyed(p.VoicemailBox("box", "Box")),
        inbound_routes=routes,
        outbound_routes=(p.OutboundRoute("all", (Pattern("+*"),), ("operator",)),),
        last_resort=(MESSAGE,),
    )
    return replace(plan, **sections)


def contact(name: str = "Anne", **facts: Any) -> Contact:
    return Contact(name, (STRANGER,), **facts)


@dataclass(frozen=True)
class Story:
    """A plan and what is known when a call comes in; `call` says where the call goes."""

    plan: p.Plan
    contacts: tuple[Contact, ...] = ()
    presence: tuple[tuple[str, Presence], ...] = ()

    def call(
        self,
        *,
        caller: E164 | None = STRANGER,
        called: E164 = CENTRAL,
        at: datetime = OFFICE_HOURS,
        last_outgoing: OutgoingCall | None = None,
        pressed: str = "",
    ) -> Decision:
        """`pressed`: keys and the menus that they were pressed in, as `main:1 sub:2`."""
        presses = tuple(Press(*each.split(":")) for each in pressed.split())
        call = Call(called, caller, last_outgoing, presses)
        return decide(self.plan, directory_of(self.contacts), dict(self.presence), call, at)


def story_of_steps(*steps: p.Step, **given: Any) -> Story:
    """A story whose only route takes `steps`; `given` is for `small_plan`, or `contacts` and `presence`."""
    known = {name: given.pop(name) for name in ("contacts", "presence") if name in given}
    return Story(small_plan(route("the route", *steps), **given), **known)


def told(decision: Decision) -> str:
    """The itinerary in a line: `ring claire.desk+claire.gsm 20, message reception`."""
    return told_steps(decision.itinerary.steps)


def told_steps(steps: Iterable[i.Step]) -> str:
    return ", ".join(_told(step) for step in steps)


def _told(step: i.Step) -> str:
    match step:
        case i.Ring(legs, seconds):
            return f"ring {'+'.join(_told_leg(leg) for leg in legs)} {seconds}"
        case i.Play(prompt):
            return f"play {prompt}"
        case i.Queue(queue):
            return f"queue {queue}"
        case i.Menu(menu, _, otherwise):
            return f"menu {menu} [{told_steps(otherwise)}]"
        case i.Voicemail(box, greeting):
            return f"message {box}" + (f" after {greeting}" if greeting else "")
        case i.HangUp(cause):
            return f"hang up {cause}"
        case i.DialOut(number, trunks, shows):
            return f"dial {number} over {'+'.join(trunks)} showing {shows}"


def _told_leg(leg: i.Leg) -> str:
    phone = f"{leg.person}.{leg.phone}" if leg.person else str(leg.number)
    return f"{phone}*" if leg.confirm else phone


def remarks(decision: Decision) -> list[str]:
    return [str(remark) for remark in decision.trace.remarks]


def reasons(decision: Decision) -> dict[str, str]:
    """Why each route that was passed over was."""
    return {tried.route: str(tried.reason) for tried in decision.trace.routes if tried.reason}
