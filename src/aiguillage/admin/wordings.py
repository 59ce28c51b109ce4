"""The language of an answer in words: what the client accepts of what we speak, else the organisation's."""

from typing import Annotated

from fastapi import Depends, Request

from aiguillage.desk.wording import LANGUAGES


def accepted_language(request: Request) -> str:
    """The first language of Accept-Language that we speak, by its weight; empty where there is none."""
    offers: list[tuple[float, int, str]] = []
    for place, offer in enumerate(request.headers.get("accept-language", "").split(",")[:20]):
        tag, _, weight = offer.partition(";")
        language = tag.strip().lower().partition("-")[0]
        try:
            worth = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and worth > 0:
            offers.append((-worth, place, language))
    return min(offers)[2] if offers else ""


TheLanguage = Annotated[str, Depends(accepted_language)]
"""For `words_for`."""
