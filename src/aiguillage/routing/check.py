"""Can a call get lost? The proof of a plan, over every kind of caller and every minute of a horizon.

    problems = check(plan, directory, since, until)

Errors are calls that would be lost, go round, or ring where nobody can be; a plan with one is not published. Warnings
are what an administrator would want to know before Friday evening. docs/proof.md says what is covered, and what is not.
"""

from collections.abc import Iterable
from datetime import datetime

from aiguillage.routing import plan as p
from aiguillage.routing.directory import NOBODY_KNOWN, Directory
from aiguillage.routing.proof import errors, warnings
from aiguillage.routing.proof.evidence import Evidence
from aiguillage.routing.proof.problem import ExampleCall, Problem

__all__ = ["LONGEST_RINGING", "ExampleCall", "Problem", "check"]

LONGEST_RINGING = 180
"""Seconds that a caller is made to listen to nothing but ringing."""


def check(
    plan: p.Plan,
    since: datetime,
    until: datetime,
    directory: Directory = NOBODY_KNOWN,
    longest_ringing: int = LONGEST_RINGING,
) -> tuple[Problem, ...]:
    """All problems of `plan` between two instants (aware), errors first, in the order of their names below.

    Everybody is taken to be available; whoever is away can only make a call go on to a later step. `directory` lends
    its callers to the examples.
    """
    evidence = Evidence(plan, directory, since, until)
    found: tuple[Iterable[Problem], ...] = (
        errors.no_end(evidence),
        errors.loops(evidence),
        errors.cannot_be_dialled(evidence),
        errors.nobody_to_ring(evidence),
        errors.rings_too_long(evidence, longest_ringing),
        warnings.never_matches(evidence),
        warnings.never_opens(evidence),
        warnings.mandates_that_expire(evidence),
        warnings.units_without_anybody(evidence),
        warnings.rung_outside_hours(evidence),
        warnings.holidays_not_covered(evidence),
        warnings.too_few_channels(evidence),
        warnings.missing_prompts(evidence),
        warnings.without_a_phone(evidence),
    )
    return tuple(problem for problems in found for problem in problems)
