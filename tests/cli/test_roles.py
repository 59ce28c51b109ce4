"""What runs here: the option wins over the setting, and what does not go together is refused."""

from pathlib import Path

import pytest

from aiguillage import service
from aiguillage.settings import Settings
from tests.cli.commands import Run
from tests.ports import free_port

Served = list[Settings]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """The settings of each service that was to run."""
    found: Served = []
    monkeypatch.setattr(service, "run", found.append)
    return found


def test_one_machine_runs_all(fresh: Run, served: Served) -> None:
    assert fresh("serve").status == 0
    (settings,) = served
    assert (settings.role, settings.node, settings.call_prefix) == ("all", "", "")


def test_the_option_wins(fresh: Run, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGUILLAGE_ROLE", "desk")
    monkeypatch.setenv("AIGUILLAGE_NODE", "north")
    for words in (("serve",), ("serve", "--role", "node")):
        assert fresh(*words).status == 0
    assert [each.role for each in served] == ["desk", "node"]
    assert served[1].call_prefix == "north-"


def test_a_node_needs_a_name(fresh: Run, served: Served) -> None:
    done = fresh("serve", "--role", "node")
    assert done.status == 1
    assert "role node needs node, the systemname of its Asterisk" in done.complained
    assert served == []


@pytest.mark.parametrize("name", ["North", "north-1", "nörd", "a" * 21, "n 1"])
def test_a_name_is_one_that_a_calls_id_can_begin_with(
    fresh: Run, served: Served, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("AIGUILLAGE_NODE", name)
    done = fresh("serve")
    assert done.status == 1
    assert "AIGUILLAGE_NODE" in done.complained
    assert served == []


def test_the_doctor_of_a_desk_looks_at_its_nodes_and_at_no_asterisk(
    published: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIGUILLAGE_ROLE", "desk")
    done = published("doctor", "--json")
    parts = done.data["parts"]
    assert set(parts) == {"database", "plan", "service", "nodes", "clock", "disk"}
    assert not parts["nodes"]["ok"]
    assert "serve --role node" in parts["nodes"]["reason"]
    assert parts["nodes"]["remedy"]


def test_a_desk_is_asked_over_http(fresh: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGUILLAGE_ROLE", "desk")
    monkeypatch.setenv("AIGUILLAGE_HTTP_PORT", str(free_port()))
    done = fresh("healthcheck")
    assert done.status == 1
    assert "aiguillage serve --role desk" in done.complained
