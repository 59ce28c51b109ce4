"""Readers that several parts of the document share."""

import re

from aiguillage.routing import plan as p
from aiguillage.routing.document.node import Fields, Node
from aiguillage.routing.numbers import E164, Pattern, parse_dialled_pattern, parse_e164, parse_pattern

LANGUAGE = re.compile(r"[a-z]{2}")

_EXTENSION = re.compile(r"[0-9]{2,6}")
_EMAIL = re.compile(r"[^@\s,;<>\"|]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

_NO_NUMBER = E164("")
_NO_PATTERN = Pattern("")


def read_number(node: Node) -> E164:
    return node.parsed(parse_e164, _NO_NUMBER)


def read_pattern(node: Node) -> Pattern:
    return node.parsed(parse_pattern, _NO_PATTERN)


def read_dialled_pattern(node: Node) -> Pattern:
    return node.parsed(parse_dialled_pattern, _NO_PATTERN)


def read_language(node: Node) -> str:
    return node.matching(LANGUAGE, "a language code; write two letters, as in fr")


def read_extension(node: Node) -> str:
    return node.digits(_EXTENSION, "an extension; write two to six digits")


def read_email(node: Node) -> str:
    return node.matching(_EMAIL, "an e-mail address")


def read_ring_seconds(node: Node) -> int:
    return node.integer(1, 600, "seconds")


def read_person_key(node: Node) -> str:
    return node.reference("people", "person")


def read_prompt_key(node: Node) -> str:
    return node.reference("prompts", "prompt")


def read_hours_condition(fields: Fields) -> p.Hours:
    """The fields `when` and `unless`: one schedule or a list."""

    def schedules(node: Node) -> tuple[str, ...]:
        return node.references("schedules", "schedule")

    return p.Hours(fields.get("when", schedules, ()), fields.get("unless", schedules, ()))
