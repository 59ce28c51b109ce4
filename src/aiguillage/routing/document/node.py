"""A piece of a document that knows its path, and says what is wrong with it.

Every reading method answers with a value of the right type even where it found a fault: reading goes on, all
faults are found in one pass, and nobody sees the stand-ins because a document with faults is refused whole.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from aiguillage.errors import Fault, NumberRefused

T = TypeVar("T")
D = TypeVar("D")

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
NO_DAY = date(1970, 1, 1)


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """`; did you mean "shop"?`, or nothing where no known word is near."""
    near = difflib.get_close_matches(wrong, list(known), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


@dataclass
class Names:
    """The keys that each section of the document defines, and the faults found so far."""

    keys: Mapping[str, Collection[str]]
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class Node:
    """`value` as it stands in the document at `path`."""

    value: Any
    path: str
    names: Names

    def fault(self, message: str) -> None:
        self.names.faults.append(Fault(self.path, message))

    def child(self, key: str, value: Any) -> "Node":
        return Node(value, f"{self.path}.{key}" if self.path else key, self.names)

    # --- shapes ---

    def items(self) -> list["Node"]:
        """The elements of a list."""
        if not isinstance(self.value, list):
            self.fault(f"expected a list, found {_kind(self.value)}")
            return []
        return [Node(value, f"{self.path}[{index}]", self.names) for index, value in enumerate(self.value)]

    def one_or_more(self) -> list["Node"]:
        """The elements of a list, or the value itself where there is no list."""
        return self.items() if isinstance(self.value, list) else [self]

    def entries(self) -> list[tuple[str, "Node"]]:
        """The entries of a mapping whose keys are the author's own."""
        if not isinstance(self.value, Mapping):
            self.fault(f"expected a mapping, found {_kind(self.value)}")
            return []
        return [(str(key), self.child(str(key), value)) for key, value in self.value.items()]

    def section(self, read: Callable[[str, "Node"], T]) -> dict[str, T]:
        """A mapping from keys like `front-desk` to things."""
        things = {}
        for key, node in self.entries():
            if not _KEY.fullmatch(key):
                node.fault(f'"{key}" is no key; use lower-case letters, digits and hyphens, as in front-desk')
            things[key] = read(key, node)
        return things

    def fields(self, *known: str, required: Collection[str] = ()) -> "Fields":
        """A mapping with these `known` keys only."""
        found = {}
        for key, node in self.entries():
            if key in known:
                found[key] = node
            else:
                node.fault(f"unknown field{suggestion(key, known) or '; known are ' + ', '.join(known)}")
        for key in required:
            if key not in found and isinstance(self.value, Mapping):
                self.fault(f"{key} is missing")
        return Fields(self, found)

    # --- values ---

    def text(self, *, most: int = 500) -> str:
        if not isinstance(self.value, str):
            self.fault(f"expected a text, found {_kind(self.value)}{_quote_it(self.value)}")
            return ""
        if not self.value.strip():
            self.fault("is empty")
        if _CONTROL.search(self.value):
            self.fault("holds a control character")
        if len(self.value) > most:
            self.fault(f"is longer than {most} characters")
        return self.value

    def matching(self, shape: re.Pattern[str], expected: str) -> str:
        """A text of the given shape; `expected` says in words what it looks like."""
        text = self.text()
        if text and not shape.fullmatch(text):
            self.fault(f'"{text}" is not {expected}')
        return text

    def digits(self, shape: re.Pattern[str], expected: str) -> str:
        """As `matching`, but an unquoted number in YAML is as good as a text."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return Node(str(self.value), self.path, self.names).matching(shape, expected)
        return self.matching(shape, expected)

    def integer(self, least: int, most: int, unit: str) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self.fault(f"expected a whole number of {unit}, found {_kind(self.value)}")
            return least
        if not least <= self.value <= most:
            self.fault(f"{self.value} is out of range; {least} to {most} {unit}")
        return self.value

    def boolean(self) -> bool:
        if not isinstance(self.value, bool):
            self.fault(f"expected true or false, found {_kind(self.value)}")
            return False
        return self.value

    def day(self) -> date:
        if isinstance(self.value, date):
            return self.value
        try:
            return date.fromisoformat(self.text())
        except ValueError:
            self.fault(f'"{self.value}" is no date; write year-month-day, as in 2026-12-24')
            return NO_DAY

    def one_of(self, choices: Collection[Any]) -> Any:
        """One of a few words; `choices` gives its own type back."""
        if self.value not in choices or not isinstance(self.value, str):
            known = ", ".join(choices)
            near = suggestion(self.value, choices) if isinstance(self.value, str) else ""
            self.fault(f'"{self.value}" is not known{near or "; choose one of " + known}')
            return next(iter(choices))
        return self.value

    def reference(self, section: str, thing: str) -> str:
        """The key of a `thing` that `section` of the document defines."""
        key = str(self.value) if isinstance(self.value, str | int) else self.text()
        if key not in self.names.keys[section]:
            self.fault(f'{thing} "{key}" does not exist{suggestion(key, self.names.keys[section])}')
        return key

    def parsed(self, parse: Callable[[str], T], stand_in: T) -> T:
        """What `parse` makes of the text; its ValueError or NumberRefused becomes the fault."""
        text = self.text()
        if not text:
            return stand_in
        try:
            return parse(text)
        except (ValueError, NumberRefused) as wrong:
            self.fault(str(wrong))
            return stand_in


@dataclass(frozen=True)
class Fields:
    """The known fields that a mapping holds."""

    node: Node
    found: Mapping[str, Node]

    def __contains__(self, key: str) -> bool:
        return key in self.found

    def get(self, key: str, read: Callable[[Node], T], default: D) -> T | D:
        """What `read` makes of the field, or `default` where it is absent.

        A field that `fields(required=…)` asked for has its fault already; its default is a stand-in.
        """
        return read(self.found[key]) if key in self.found else default


def _kind(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return "a text"
        case Mapping():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return f"{value}"


def _quote_it(value: Any) -> str:
    return "; put it in quotes" if isinstance(value, int | float | date) else ""
