"""Emergency numbers of a country: dialled before anything else is looked at.

Belgium: the list of the regulator (BIPT) for on-site and remote help; whoever runs a private network that can call out
must give access to them (Act of 13 June 2005, article 107 §2).
"""

from collections.abc import Iterator, Mapping

_BELGIAN: tuple[str, ...] = (
    *("112", "100", "101"),  # help on site
    *("102", "103", "104", "106", "107", "108", "110", "1712", "1813", "116000"),  # help by telephone
    *("070245245", "080032123", "026499555", "080030030", "080098100"),
)

EMERGENCY_NUMBERS: Mapping[str, tuple[str, ...]] = {"BE": _BELGIAN}
"""By country, as they are dialled within it."""
_COUNTRY_CODES = {"BE": "32"}
_EVERYWHERE = ("112",)
_SHORTEST_NATIONAL = 9


def spellings(country: str) -> Iterator[tuple[str, str]]:
    """(what is dialled, what is sent to the trunk) for every emergency number and every way to dial it.

    Short numbers also with a 0 before them, as people do who are used to a prefix for outside lines; long ones in
    national and international form, sent as E.164.
    """
    for number in EMERGENCY_NUMBERS.get(country, _EVERYWHERE):
        if len(number) < _SHORTEST_NATIONAL:
            yield number, number
            yield f"0{number}", number
        else:
            abroad = _COUNTRY_CODES[country] + number.removeprefix("0")
            yield number, f"+{abroad}"
            yield f"0{number}", f"+{abroad}"
            yield f"00{abroad}", f"+{abroad}"
            yield f"+{abroad}", f"+{abroad}"


def is_emergency(country: str, dialled: str) -> bool:
    """Whether `dialled`, without separators, reaches or may reach an emergency service, in whatever spelling."""
    code = _COUNTRY_CODES.get(country, "")
    short = (number for number in EMERGENCY_NUMBERS.get(country, _EVERYWHERE) if len(number) < _SHORTEST_NATIONAL)
    abroad = {prefix + code + number for number in short for prefix in ("+", "00")} if code else set()
    return dialled in reserved_extensions(country) | {sent for _, sent in spellings(country)} | abroad


def reserved_extensions(country: str) -> frozenset[str]:
    """What no extension may be: every spelling, and in Belgium all of 100 to 112, where new services appear."""
    around = (str(number) for number in range(100, 113)) if country == "BE" else ()
    return frozenset((*(dialled for dialled, _ in spellings(country)), *around))
