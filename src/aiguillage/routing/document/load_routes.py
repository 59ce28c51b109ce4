"""Document -> plan: inbound routes and the last resort."""

from collections.abc import Mapping

from aiguillage.routing import plan as p
from aiguillage.routing.document.load_steps import read_steps
from aiguillage.routing.document.node import Node
from aiguillage.routing.document.readers import read_hours_condition, read_language, read_pattern
from aiguillage.routing.document.spellings import parse_duration


def read_inbound_route(node: Node) -> p.InboundRoute:
    fields = node.fields("name", "to", "from", "when", "unless", "steps", required=("name", "steps"))
    return p.InboundRoute(
        name=fields.get("name", Node.text, ""),
        steps=fields.get("steps", read_steps, ()),
        to=fields.get("to", lambda found: found.references("dids", "number of ours"), ()),
        caller=fields.get("from", _caller_condition, p.ANYBODY),
        hours=read_hours_condition(fields),
    )


def _caller_condition(node: Node) -> p.CallerCondition:
    fields = node.fields("numbers", "categories", "units", "languages", "known", "withheld", "returning_call")
    if isinstance(node.value, Mapping) and not node.value:
        node.fault("is empty; leave it out where every caller is meant")
    if "withheld" in fields and fields.found["withheld"].value is True and len(fields.found) > 1:
        node.fault("withheld: true stands alone; nothing else is known of a caller without a number")
    return p.CallerCondition(
        numbers=fields.get("numbers", lambda found: found.one_or_more(read_pattern), ()),
        categories=fields.get("categories", lambda found: found.references("categories", "category"), ()),
        units=fields.get("units", lambda found: found.references("units", "unit"), ()),
        languages=fields.get("languages", lambda found: found.one_or_more(read_language), ()),
        known=fields.get("known", Node.boolean, None),
        withheld=fields.get("withheld", Node.boolean, None),
        returning_call=fields.get("returning_call", lambda found: found.parsed(parse_duration, None), None),
    )


def read_last_resort(node: Node) -> tuple[p.Step, ...]:
    fields = node.fields("steps", required=("steps",))
    steps = fields.get("steps", read_steps, ())
    if "steps" in fields and not steps:
        fields.found["steps"].fault("is empty; name where a call goes when nothing else took it")
    return steps
