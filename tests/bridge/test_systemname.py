"""By its name an Asterisk is known from others; where it has another one, the operator reads what to write where."""

from collections.abc import Mapping

import pytest

from aiguillage.asterisk.systemname import misnamed, remedy, systemname


class Asterisk:
    def __init__(self, name: str | None) -> None:
        self._name = name

    async def action(self, name: str, **fields: str) -> Mapping[str, str]:
        assert (name, fields) == ("Getvar", {"Variable": "SYSTEMNAME"})
        return {} if self._name is None else {"Value": self._name}


@pytest.mark.parametrize("name, found", [("north", "north"), ("", ""), (None, "")])
async def test_it_is_asked_for_its_name(name: str | None, found: str) -> None:
    assert await systemname(Asterisk(name)) == found


@pytest.mark.parametrize(
    "found, told",
    [("north", ""), ("", 'Asterisk has no name, and AIGUILLAGE_NODE is "north"'), ("South", 'calls itself "South"')],
)
def test_another_name_is_told_with_what_to_write(found: str, told: str) -> None:
    wrong = misnamed(found, "north")
    assert bool(wrong) == bool(told)
    assert told in wrong
    assert "systemname = north" in remedy("north")
