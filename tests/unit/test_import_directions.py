"""Which package may import which, read from the sources; and that `routing` asks no clock, die, file or socket."""
# ruff: noqa: E501  a row of the table is a line

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import aiguillage

ROOT = Path(aiguillage.__file__).parent

OURS = {
    "errors": set[str](),
    "settings": {"errors"},
    "text_formats": {"errors"},
    "routing": {"errors"},
    "store": {"routing", "errors", "settings", "shipped", "text_formats"},
    "asterisk": {"routing", "errors", "settings", "shipped"},
    "desk": {"routing", "store", "asterisk", "errors", "settings", "shipped", "text_formats"},
    "admin": {"desk", "routing", "errors", "settings", "text_formats"},
    "console": {"desk", "admin", "routing", "errors", "settings", "text_formats"},
    "simulator": {"routing.numbers", "errors", "settings"},
}
"""What each package imports of ours beside itself; those that are not named here see everything."""

ONLY_IN = {
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "panoramisk": {"asterisk"},
    "aiosmtplib": {"desk"},
    "httpcore2": {"desk"},
    "babel": {"desk"},
    "prometheus_client": {"desk"},
    "icalendar": {"desk"},
    "baresip": {"simulator"},
    "fastapi": {"admin", "console"},
    "phonenumbers": {"routing"},
    "holidays": {"routing"},
}
"""Libraries that one package knows, and all others leave to it."""

PURE_LIBRARIES = {
    "array",
    "bisect",
    "calendar",
    "collections",
    "dataclasses",
    "datetime",
    "difflib",
    "enum",
    "functools",
    "holidays",
    "itertools",
    "operator",
    "phonenumbers",
    "re",
    "types",
    "typing",
    "zoneinfo",
}
IMPURE_BUILTINS = {"open", "print", "input", "eval", "exec", "__import__"}
CLOCKS = {"now", "utcnow", "today", "fromtimestamp"}


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported, in full: `from a import b` is both `a` and `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a name comes from"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def faults(module: str, source: str) -> list[str]:
    """What `source`, as the module `module` below aiguillage (`store.tables`), must not do."""
    part = module.partition(".")[0]
    tree = ast.parse(source)
    found = [f"{module} imports {name}" for name in imported(tree) if not _may_import(part, name)]
    return found + ([f"{module} uses {name}" for name in _impure_names(tree)] if part == "routing" else [])


def _may_import(part: str, name: str) -> bool:
    library, _, below = name.partition(".")
    if library == "aiguillage":
        seen = OURS.get(part)
        return seen is None or any(_is_in(below, package) for package in {part, "__version__", *seen})
    if part == "routing" and library not in PURE_LIBRARIES:
        return False
    return part not in OURS or library not in ONLY_IN or part in ONLY_IN[library]


def _is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def _impure_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in IMPURE_BUILTINS:
            yield node.id
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            yield node.func.attr


def modules() -> list[tuple[str, Path]]:
    found = [(".".join(path.relative_to(ROOT).with_suffix("").parts), path) for path in ROOT.rglob("*.py")]
    return [(module.removesuffix(".__init__"), path) for module, path in sorted(found) if module != "__init__"]


@pytest.mark.parametrize("module, path", modules(), ids=lambda value: value if isinstance(value, str) else "")
def test_imports_point_one_way(module: str, path: Path) -> None:
    assert faults(module, path.read_text(encoding="utf-8")) == []


def test_every_module_is_looked_at() -> None:
    assert {"routing.decide", "routing.document.load", "errors"} <= {module for module, _ in modules()}


@pytest.mark.parametrize(
    "module, source, fault",
    [
        ("routing.hours", "import time", "routing.hours imports time"),
        ("routing.hours", "from random import choice", "routing.hours imports random.choice"),
        ("routing.hours", "import os.path", "routing.hours imports os.path"),
        ("routing.hours", "from pathlib import Path", "routing.hours imports pathlib.Path"),
        ("routing.hours", "import socket", "routing.hours imports socket"),
        ("routing.hours", "import yaml", "routing.hours imports yaml"),
        ("routing.hours", "def f():\n    import asyncio", "routing.hours imports asyncio"),
        ("routing.hours", "x = datetime.now()", "routing.hours uses now"),
        ("routing.hours", "x = date.today()", "routing.hours uses today"),
        ("routing.hours", "x = open('a')", "routing.hours uses open"),
        ("routing.hours", "x = situation.now", None),
        ("routing.hours", "today = 1", None),
        ("routing.hours", "from aiguillage.settings import Settings", "routing.hours imports aiguillage.settings.Settings"),
        ("routing.hours", "from aiguillage import store", "routing.hours imports aiguillage.store"),
        ("store.plans", "from aiguillage.asterisk import ami", "store.plans imports aiguillage.asterisk.ami"),
        ("store.plans", "import aiguillage.routing.plan, sqlalchemy, alembic.op", None),
        ("asterisk.ami", "import aiguillage.store.tables", "asterisk.ami imports aiguillage.store.tables"),
        ("asterisk.ami", "from sqlalchemy.orm import Session", "asterisk.ami imports sqlalchemy.orm.Session"),
        ("asterisk.ami", "from panoramisk import Manager", None),
        ("desk.calling", "from panoramisk import Manager", "desk.calling imports panoramisk.Manager"),
        ("desk.calling", "from aiguillage.asterisk import ami\nfrom aiguillage.store import plans", None),
        ("desk.calling", "from aiguillage.admin import app", "desk.calling imports aiguillage.admin.app"),
        ("admin.plan", "from aiguillage.store import plans", "admin.plan imports aiguillage.store.plans"),
        ("admin.plan", "from aiguillage.desk import editing", None),
        ("console.pages", "from aiguillage.asterisk import ami", "console.pages imports aiguillage.asterisk.ami"),
        ("simulator.phone", "from aiguillage.routing import decide", "simulator.phone imports aiguillage.routing.decide"),
        ("simulator.phone", "from aiguillage.routing.numbers import E164\nimport baresip", None),
        ("service", "from aiguillage.store import plans\nimport sqlalchemy, panoramisk", None),
        ("routing_tools", "from aiguillage.routing2 import x", None),
        ("routing.hours", "from aiguillage.routing2 import x", "routing.hours imports aiguillage.routing2.x"),
    ],
)  # fmt: skip
def test_a_wrong_import_is_found(module: str, source: str, fault: str | None) -> None:
    assert faults(module, source) == ([fault] if fault else [])
