"""Contacts in a file of vCards: 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), as telephones and address books write them.

FN, or N without it, is the name; every TEL of whatever type a number; NOTE the note; LANG the language. X-UNIT, or
else a part of ORG, is the unit where it is a unit's key or its name; the first of CATEGORIES that is a category's key
or its name is the category. Everything else is passed over.
"""

import quopri
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote

from aiguillage.desk.contacts.found import Import, Reading, Texts, clean, decoded, refuse_if_too_large
from aiguillage.errors import DirectoryRefused
from aiguillage.routing.directory import Contact
from aiguillage.routing.plan import Category, Plan, Unit

_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*BEGIN:VCARD\s*$", re.IGNORECASE | re.MULTILINE)
_PROPERTY = re.compile(rb'(?:[\w-]+\.)?([\w-]+)((?:;(?:"[^"]*"|[^":;])*)*):(.*)', re.DOTALL)
_QUOTED_PRINTABLE = re.compile(rb"[^:]*[;=]QUOTED-PRINTABLE[;:]", re.IGNORECASE)
_CHARSET = re.compile(rb';CHARSET="?(ISO-8859-15?|WINDOWS-1252)"?(?:;|$)', re.IGNORECASE)
_LONGEST_LINE = 75

Properties = Mapping[str, list[str]]
"""Upper-case name -> values as they stand in the file, decoded, escapes and all."""


def is_vcard(content: bytes) -> bool:
    """Whether the content, not some name, says that it is one."""
    return _BEGIN.match(content) is not None


def read_vcards(content: bytes, plan: Plan) -> Import:
    """The contacts in a file of vCards; a bad number or an unknown unit is left out and reported, the card is kept.

    Raises DirectoryRefused when the file as a whole cannot be read, a file that ends within a card included: an import
    of its first half would remove the second.
    """
    refuse_if_too_large(content)
    reading = Reading(plan)
    units, categories = _by_key_and_name(plan.units), _by_key_and_name(plan.categories)
    row = 0
    for row, card in _cards(content):
        reading.add(_texts(row, card, units, categories))
    if not row:
        raise DirectoryRefused("there is no vCard in the file; one begins with BEGIN:VCARD and ends with END:VCARD")
    return reading.done()


def write_vcards(contacts: Iterable[Contact]) -> bytes:
    """vCards 3.0, which every telephone reads, and from which `read_vcards` makes the same contacts."""
    return b"".join(_folded(line) for contact in contacts for line in _lines_of(contact))


# --- reading ---


def _cards(content: bytes) -> Iterator[tuple[int, Properties]]:
    """Each card, with the line that it begins on. A card within a card (AGENT) is passed over."""
    begins: list[int] = []
    card: dict[str, list[str]] = defaultdict(list)
    for number, line in _unfolded(content.removeprefix(b"\xef\xbb\xbf")):
        found = _PROPERTY.fullmatch(line)
        if found is None:
            continue
        name, parameters, raw = found[1].upper().decode(), found[2], found[3]
        if (name, raw.strip().upper()) == ("BEGIN", b"VCARD"):
            begins.append(number)
        elif (name, raw.strip().upper()) == ("END", b"VCARD") and begins:
            if len(begins) == 1:
                yield begins[0], card
                card = defaultdict(list)
            begins.pop()
        elif len(begins) == 1:
            card[name].append(_value(line, parameters, raw))
    if begins:
        raise DirectoryRefused(f"the card that begins on line {begins[0]} has no END:VCARD; is the file cut short?")


def _unfolded(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Each line put together again, with the number of its first piece.

    Bytes, because some writers fold in the middle of a character. 2.1 folds before a space that stays.
    """
    first, pieces, kept = 0, [b""], 1
    for number, line in enumerate(re.split(rb"\r\n|\n|\r", content), start=1):
        if pieces[-1].endswith(b"=") and _QUOTED_PRINTABLE.match(pieces[0]):
            pieces[-1] = pieces[-1][:-1]
            pieces.append(line)
        elif line[:1] in {b" ", b"\t"}:
            pieces.append(line[kept:])
        else:
            whole = b"".join(pieces)
            yield first, whole
            if whole.upper().startswith((b"BEGIN:", b"VERSION:")):
                kept = 0 if whole.upper().split() == [b"VERSION:2.1"] else 1
            first, pieces = number, [line]
    yield first, b"".join(pieces)


def _value(line: bytes, parameters: bytes, raw: bytes) -> str:
    if _QUOTED_PRINTABLE.match(line):
        raw = quopri.decodestring(raw)
    charset = _CHARSET.search(parameters)
    if charset is None:
        return decoded(raw)
    return raw.decode("iso8859-15" if charset[1].endswith(b"-15") else "cp1252", errors="replace")


def _texts(row: int, card: Properties, units: Mapping[str, str], categories: Mapping[str, str]) -> Texts:
    asked_for = _first(card, "X-UNIT")
    said = [asked_for] if asked_for else [part for org in card.get("ORG", ()) for part in reversed(_split(org, ";"))]
    unit = next((units[each] for each in map(clean, said) if each in units), asked_for)
    labels = (clean(label) for value in card.get("CATEGORIES", ()) for label in _split(value, ",;"))
    return Texts(
        row=row,
        name=_first(card, "FN") or _name_in_order(_split(card["N"][0], ";") if card.get("N") else []),
        numbers=[_number(value) for value in card.get("TEL", ())],
        unit=unit,
        category=next((categories[label] for label in labels if label in categories), ""),
        language=_first(card, "LANG").partition("-")[0].lower(),
        note=" ".join(_plain(value) for value in card.get("NOTE", ())),
    )


def _name_in_order(parts: list[str]) -> str:
    """`Dubois;Claire;Marie` -> `Claire Marie Dubois`."""
    return " ".join(part.strip() for part in (*parts[1:3], *parts[:1]) if part.strip())


def _number(value: str) -> str:
    """A number as it is written, of a `tel:` URI (RFC 3966) too."""
    text = _plain(value).strip()
    if text[:4].lower() != "tel:":
        return text
    number, _, parameters = unquote(text[4:]).partition(";")
    context = re.search(r"phone-context=(\+[\d.()-]+)", parameters)
    return (context[1] if context and not number.startswith("+") else "") + number


def _first(card: Properties, name: str) -> str:
    return next((_plain(value).strip() for value in card.get(name, ()) if value.strip()), "")


def _plain(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value, flags=re.DOTALL)


def _split(value: str, separators: str) -> list[str]:
    """The parts of `value` between separators that no backslash precedes, each without its escapes."""
    marked = re.sub(rf"\\.|[{separators}]", lambda found: found[0] if found[0][0] == "\\" else "\0", value)
    return [_plain(part) for part in marked.split("\0")]


def _by_key_and_name(things: Mapping[str, Unit] | Mapping[str, Category]) -> Mapping[str, str]:
    """Key or name -> key; a key goes before another thing's name."""
    return {**{clean(thing.name): key for key, thing in things.items()}, **{key: key for key in things}}


# --- writing ---


def _lines_of(contact: Contact) -> Iterator[str]:
    yield from ("BEGIN:VCARD", "VERSION:3.0", f"FN:{_escaped(contact.name)}", f"N:{_escaped(contact.name)};;;;")
    yield from (f"TEL;TYPE=voice:{number}" for number in contact.numbers)
    optional = {
        "X-UNIT": contact.unit,
        "CATEGORIES": contact.category,
        "LANG": contact.language,
        "NOTE": _escaped(contact.note),
    }
    yield from (f"{name}:{value}" for name, value in optional.items() if value)
    yield "END:VCARD"


def _escaped(text: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", text)


def _folded(line: str) -> bytes:
    """In pieces of at most 75 bytes, none within a character."""
    pieces = [b""]
    for each in line:
        if len(pieces[-1]) + len(each.encode()) > _LONGEST_LINE:
            pieces.append(b" ")
        pieces[-1] += each.encode()
    return b"\r\n".join(pieces) + b"\r\n"
