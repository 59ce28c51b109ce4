"""YAML and JSON text <-> plain data, strictly.

YAML is read as a person means it: no `no` that becomes false, no `12:30` that becomes 750, no `010` that becomes
8, no key given twice, no anchors that unfold into gigabytes. Dates stay texts; the plan document reads them.
"""

import json
import re
from typing import Any

import yaml

from aiguillage.errors import DocumentRefused, Fault

MAX_CHARACTERS = 4_000_000
"""About ten seconds of reading."""


class _Loader(yaml.SafeLoader):
    """SafeLoader with true/false, whole decimal numbers and null as its only implicit types."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  PyYAML's own shape

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        unread = "aliases (*name)" if isinstance(event, yaml.AliasEvent) else "tags (!name)" if event.tag else ""
        if unread:
            raise yaml.MarkedYAMLError(problem=f"{unread} are not read here", problem_mark=event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be a plain word", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} stands here twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^(?:0|-?[1-9][0-9]{0,17})$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])


class _Dumper(yaml.SafeDumper):
    """Lists indented under their key, texts quoted where a YAML 1.1 reader would take them for something else."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        """What stands in the data twice is written twice: `read_yaml` reads no aliases."""
        return True


def read_yaml(text: str) -> Any:
    """The data in a YAML (or JSON, which is YAML) text.

    Raises DocumentRefused with line and column.
    """
    if len(text) > MAX_CHARACTERS:
        raise DocumentRefused((Fault("", f"the document is longer than {MAX_CHARACTERS:,} characters"),))
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  our loader is a SafeLoader
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise DocumentRefused((Fault(place, f"not readable as YAML: {wrong.problem}"),)) from None
    except RecursionError:
        raise DocumentRefused((Fault("", "not readable as YAML: it is nested too deeply"),)) from None
    except yaml.YAMLError as wrong:
        raise DocumentRefused((Fault("", f"not readable as YAML: {' '.join(str(wrong).split())}"),)) from None


def write_yaml(data: Any) -> str:
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


def read_json(text: str) -> Any:
    """The data in a JSON text; raises DocumentRefused, also for a key given twice."""
    try:
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_no_number)
    except RecursionError:
        raise DocumentRefused((Fault("", "not readable as JSON: it is nested too deeply"),)) from None
    except ValueError as wrong:
        raise DocumentRefused((Fault("", f"not readable as JSON: {wrong}"),)) from None


def write_json(data: Any) -> str:
    """Canonical: the same data always gives the same text, so that a checksum means something."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} stands here twice")
        found[key] = value
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")
