"""What the doctor says of one part."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`reason` says what is right, or what is wrong; `remedy` what to do then."""

    ok: bool
    reason: str
    remedy: str = ""


def well(reason: str) -> Finding:
    return Finding(ok=True, reason=reason)


def bad(reason: str, remedy: str) -> Finding:
    return Finding(ok=False, reason=reason, remedy=remedy)
