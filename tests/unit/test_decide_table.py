"""The nine lines of the example directory call the central number at five moments: where does each call go?

`*` marks a phone whose owner must press 1. Line 9 is line 1's number again, in a second role.
"""

import pytest

from aiguillage.routing.decide import Call, decide
from tests.unit.builders import told
from tests.unit.examples import CENTRAL, CONTACTS, DIRECTORY, PLAN, brussels

RECEPTION = "ring sophie.desk+tom.desk 20"
HAINAUT = "ring claire.desk 15, ring claire.desk+claire.gsm* 20, ring marc.desk+marc.gsm* 25"
LIEGE = "ring julie.gsm* 20, ring julie.home* 20"
BOX = "message reception after closed"

STEPS = {
    "to Hainaut": f"{HAINAUT}, {RECEPTION}, {BOX}",
    "to Liège": f"{LIEGE}, {RECEPTION}, {BOX}",
    "to reception": f"{RECEPTION}, {BOX}",
    "to the menu": f"play welcome, menu main [{RECEPTION}], {BOX}",
    "to the queue": f"play welcome, queue front-desk, {BOX}",
    "to the box": "play closed, message reception",
}

TABLE = """
2026-11-24 10:00 | 1 Anne Lambert                      | local leaders to their region  | fr | to Hainaut
2026-11-24 10:00 | 2 Benoît Maes                       | local leaders to their region  | fr | to Hainaut
2026-11-24 10:00 | 3 Karin Schmitz                     | local leaders to their region  | de | to Liège
2026-11-24 10:00 | 4 Luc Petit                         | local leaders to their region  | fr | to reception
2026-11-24 10:00 | 5 Famille Diallo                    | everybody else in office hours | fr | to the menu
2026-11-24 10:00 | 6 Administration communale de Gilly | everybody else in office hours | fr | to the menu
2026-11-24 10:00 | 7 Els Janssens                      | everybody else in office hours | nl | to the menu
2026-11-24 10:00 | 8 Fédération des Scouts             | everybody else in office hours | fr | to the menu
2026-11-24 10:00 | 9 Anne Lambert                      | local leaders to their region  | fr | to Hainaut

2026-11-24 15:30 | 1 Anne Lambert                      | local leaders to their region  | fr | to Hainaut
2026-11-24 15:30 | 2 Benoît Maes                       | local leaders to their region  | fr | to Hainaut
2026-11-24 15:30 | 3 Karin Schmitz                     | local leaders to their region  | de | to Liège
2026-11-24 15:30 | 4 Luc Petit                         | local leaders to their region  | fr | to reception
2026-11-24 15:30 | 5 Famille Diallo                    | rush hour                      | fr | to the queue
2026-11-24 15:30 | 6 Administration communale de Gilly | rush hour                      | fr | to the queue
2026-11-24 15:30 | 7 Els Janssens                      | rush hour                      | nl | to the queue
2026-11-24 15:30 | 8 Fédération des Scouts             | rush hour                      | fr | to the queue
2026-11-24 15:30 | 9 Anne Lambert                      | local leaders to their region  | fr | to Hainaut

2026-11-24 23:00 | 1 Anne Lambert                      | closed                         | fr | to the box
2026-11-24 23:00 | 2 Benoît Maes                       | closed                         | fr | to the box
2026-11-24 23:00 | 3 Karin Schmitz                     | closed                         | de | to the box
2026-11-24 23:00 | 4 Luc Petit                         | closed                         | fr | to the box
2026-11-24 23:00 | 5 Famille Diallo                    | closed                         | fr | to the box
2026-11-24 23:00 | 6 Administration communale de Gilly | closed                         | fr | to the box
2026-11-24 23:00 | 7 Els Janssens                      | closed                         | nl | to the box
2026-11-24 23:00 | 8 Fédération des Scouts             | closed                         | fr | to the box
2026-11-24 23:00 | 9 Anne Lambert                      | closed                         | fr | to the box

2026-11-28 11:00 | 1 Anne Lambert                      | local leaders to their region  | fr | to Hainaut
2026-11-28 11:00 | 2 Benoît Maes                       | local leaders to their region  | fr | to Hainaut
2026-11-28 11:00 | 3 Karin Schmitz                     | local leaders to their region  | de | to Liège
2026-11-28 11:00 | 4 Luc Petit                         | local leaders to their region  | fr | to reception
2026-11-28 11:00 | 5 Famille Diallo                    | everybody else in office hours | fr | to the menu
2026-11-28 11:00 | 6 Administration communale de Gilly | everybody else in office hours | fr | to the menu
2026-11-28 11:00 | 7 Els Janssens                      | everybody else in office hours | nl | to the menu
2026-11-28 11:00 | 8 Fédération des Scouts             | everybody else in office hours | fr | to the menu
2026-11-28 11:00 | 9 Anne Lambert                      | local leaders to their region  | fr | to Hainaut

2026-12-25 10:00 | 1 Anne Lambert                      | closed                         | fr | to the box
2026-12-25 10:00 | 2 Benoît Maes                       | closed                         | fr | to the box
2026-12-25 10:00 | 3 Karin Schmitz                     | closed                         | de | to the box
2026-12-25 10:00 | 4 Luc Petit                         | closed                         | fr | to the box
2026-12-25 10:00 | 5 Famille Diallo                    | closed                         | fr | to the box
2026-12-25 10:00 | 6 Administration communale de Gilly | closed                         | fr | to the box
2026-12-25 10:00 | 7 Els Janssens                      | closed                         | nl | to the box
2026-12-25 10:00 | 8 Fédération des Scouts             | closed                         | fr | to the box
2026-12-25 10:00 | 9 Anne Lambert                      | closed                         | fr | to the box
"""

ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in TABLE.splitlines() if line]


@pytest.mark.parametrize("at, who, route, language, steps", ROWS)
def test_a_contact_calls_the_central_number(at: str, who: str, route: str, language: str, steps: str) -> None:
    line, _, name = who.partition(" ")
    contact = CONTACTS[int(line) - 1]
    assert contact.name == name
    decision = decide(PLAN, DIRECTORY, {}, Call(CENTRAL, contact.numbers[0]), brussels(at))
    assert (decision.route, decision.itinerary.language, told(decision)) == (route, language, STEPS[steps])


def test_every_contact_calls_at_every_moment() -> None:
    assert len(set(ROWS)) == 5 * 9
