"""Ask the running Asterisk whether it has what was written for it: a reload says that all is well when it is not."""

from collections.abc import Iterator

from aiguillage.asterisk.manager import Manager
from aiguillage.routing import emergency
from aiguillage.routing.mailboxes import mailboxes
from aiguillage.routing.plan import Plan


async def missing(manager: Manager, plan: Plan, mark: str) -> list[str]:
    """What Asterisk lacks of the plan, in words; nothing when all is there. `mark` is that of the dialplan.

    Raises AsteriskUnavailable.
    """
    return [
        f"{what}: wanted {wanted}, found {found or 'nothing'}"
        for what, question, wanted in _questions(plan, mark)
        if (found := (await manager.action("Getvar", Variable=question)).get("Value", "")) != wanted
    ]


def _questions(plan: Plan, mark: str) -> Iterator[tuple[str, str, str]]:
    """(what, variable or function of Asterisk, its value)."""
    yield "dialplan", "GENERATED", mark
    yield "timetable", "DIALPLAN_EXISTS(timetable-site,s,1)", "1"
    for number, _ in emergency.spellings(plan.organisation.country):
        yield f"emergency number {number}", f"DIALPLAN_EXISTS(from-phone,{number},1)", "1"
    for person in plan.people.values():
        for phone in person.phones.values():
            if phone.endpoint is not None:
                yield f"phone {phone.endpoint}", f"PJSIP_ENDPOINT({phone.endpoint},context)", "from-phone"
                yield f"password of phone {phone.endpoint}", f"PJSIP_ENDPOINT({phone.endpoint},auth)", phone.endpoint
    for trunk in plan.trunks:
        yield f"trunk {trunk}", f"PJSIP_ENDPOINT({trunk},context)", "from-trunk"
    for queue in plan.queues:
        yield f"queue {queue}", f"QUEUE_EXISTS({queue})", "1"
    for mailbox in mailboxes(plan):
        yield f"message box {mailbox}", f"VM_INFO({mailbox},exists)", "1"
