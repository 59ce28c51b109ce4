"""Every part that a call needs, looked at one after the other; of a desk, what it has."""

from collections.abc import Mapping

from aiguillage import logs
from aiguillage.doctor import asterisk, machine, store
from aiguillage.doctor.exchange import agi_exchange, answers
from aiguillage.doctor.finding import Finding
from aiguillage.settings import Settings


def examine(settings: Settings) -> Mapping[str, Finding]:
    """What is found, by part. Never raises."""
    logs.quiet()
    snapshot, published = store.published(settings)
    plan = snapshot.plan if snapshot else None
    if settings.role == "desk":
        return {
            "database": store.database(settings),
            "plan": published,
            "service": answers(settings),
            "nodes": store.nodes(settings),
            "clock": machine.clock(plan, store.newest_decision(settings)),
            "disk": machine.disk(settings),
        }
    return {
        "database": store.database(settings),
        "plan": published,
        "service": agi_exchange(settings),
        **asterisk.asked(settings, plan),
        "asterisk folder": machine.written_folder(settings),
        "sip": machine.sip(settings),
        "synthesiser": machine.synthesiser(settings),
        "prompts": machine.prompts(settings, plan),
        "clock": machine.clock(plan, store.newest_decision(settings)),
        "disk": machine.disk(settings),
        "certificates": machine.certificates(settings),
    }
