"""The mailboxes of a plan: shared boxes and people's own, each by the name that Asterisk has for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aiguillage.routing.plan import Person, Plan


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`key` is `reception@boxes` or `claire@people`; `email` None: its messages are not mailed."""

    key: str
    name: str
    extension: str | None
    email: str | None
    language: str
    shared: bool


def mailbox_of(person: Person) -> str:
    """The name of a person's own mailbox, whether the plan gives them one or not."""
    return f"{person.key}@people"


def mailboxes(plan: Plan) -> Mapping[str, Mailbox]:
    """By key: first the shared boxes, then the people's, both in the plan's order."""
    return {each.key: each for each in (*_shared(plan), *_personal(plan))}


def _shared(plan: Plan) -> Iterator[Mailbox]:
    language = plan.organisation.languages[0]
    for box in plan.voicemail_boxes.values():
        yield Mailbox(f"{box.key}@boxes", box.name, box.extension, box.email or None, language, shared=True)


def _personal(plan: Plan) -> Iterator[Mailbox]:
    for person in plan.people.values():
        if person.voicemail is not None:
            email = person.email if person.voicemail.email and person.email else None
            language = (*person.languages, *plan.organisation.languages)[0]
            yield Mailbox(mailbox_of(person), person.name, person.extension, email, language, shared=False)
