"""Telephone numbers: E.164, national spellings, patterns.

`phonenumbers` (Google's libphonenumber data) knows the numbering plans; here is what we make of them.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NewType

import phonenumbers

from aiguillage.errors import NumberRefused

E164 = NewType("E164", str)
"""`+` and 7 to 15 digits, no spaces (ITU-T E.164)."""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PREFIX = re.compile(r"\+(?:[1-9][0-9]{0,14})?\*")
_SHORT = re.compile(r"[0-9]{2,6}")
_SEPARATORS = r" ./()\-\u00a0\u202f\u2011\u2013"
_WRITTEN = re.compile(rf"\(?\+?[0-9][0-9{_SEPARATORS}]*")
_SIGNALLED = re.compile(r"\+?[0-9]{4,15}")

_LONGEST_WRITTEN = 40
_TELLING = 7
"""Digits by which a number is found among other things."""
_ANY_COUNTRY = "ZZ"

WITHHELD_WORDS = frozenset({"", "anonymous", "unknown", "restricted", "unavailable", "withheld", "private"})
"""What trunks write in place of a number that the caller does not show (RFC 3323, section 4.1.1.3)."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A number, or the beginning of numbers where it ends in `*`."""

    text: str

    def matches(self, number: str) -> bool:
        if self.text.endswith("*"):
            return number.startswith(self.text[:-1])
        return number == self.text


def parse_e164(text: str) -> E164:
    """`text` itself when it is already E.164 and the numbering plan has room for it.

    Raises NumberRefused, saying why.
    """
    if not _E164.fullmatch(text):
        raise NumberRefused(f"{text!r} is no E.164 number; write + and the country code, as in +3271000001")
    number = parse_written(text, _ANY_COUNTRY)
    if number != text:
        raise NumberRefused(f"{text!r} holds a trunk prefix; write {number}")
    return number


def parse_pattern(text: str) -> Pattern:
    """A pattern of E.164 numbers from its text: `+3265999*`, `+*`, or one whole number.

    Raises NumberRefused.
    """
    if not (_PREFIX.fullmatch(text) or _E164.fullmatch(text)):
        raise NumberRefused(f"{text!r} is no number pattern; write + and digits, * at the end only: +3265999*")
    return Pattern(text)


def parse_dialled_pattern(text: str) -> Pattern:
    """As `parse_pattern`, but a short number (112) may also stand as it is dialled.

    Raises NumberRefused.
    """
    return Pattern(text) if _SHORT.fullmatch(text) else parse_pattern(text)


def parse_written(text: str, country: str) -> E164:
    """A number as people write it (`0471 00 02 02`, `071/00.02.01`, `0032…`), in the plan of `country`.

    Raises NumberRefused for what is no full number, short codes and internal extensions included.
    """
    cleaned = text[:_LONGEST_WRITTEN].strip()
    if len(text) > _LONGEST_WRITTEN or not _WRITTEN.fullmatch(cleaned):
        raise NumberRefused(f"{cleaned!r} is no telephone number; expected digits, as in 071 00 02 01 or +3271000201")
    try:
        number = phonenumbers.parse(without_separators(cleaned), country)
    except phonenumbers.NumberParseException:
        raise NumberRefused(f"{cleaned!r} is no telephone number in any country") from None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not _has_a_full_length(number) or not _E164.fullmatch(written):
        raise NumberRefused(f"{cleaned!r} has not the length of a telephone number")
    return E164(written)


def without_separators(text: str) -> str:
    """`0471/00.02.02` -> `0471000202`: what a finger dials of a number as people write it."""
    return re.sub(f"[{_SEPARATORS}]", "", text)


def _has_a_full_length(number: phonenumbers.PhoneNumber) -> bool:
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return False
    # A number that is too short by one digit is parsed with its trunk prefix as a digit of its own.
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    return not number.italian_leading_zero or phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) != "0"


@lru_cache(maxsize=65536)
def from_signalling(text: str, country: str) -> E164 | None:
    """The number that a trunk signals, in any of the spellings operators use; None for a withheld or odd one.

    Operators send `+3271…`, `003271…`, `071…`, `3271…` and `71…` alike. Anything else a caller put in the field
    (letters, control bytes, 40 digits) is treated as a caller who does not show a number.
    """
    if _usual(country).fullmatch(text):  # libphonenumber would find the same, and take a hundred times as long
        return E164(text)
    if text.strip().lower() in WITHHELD_WORDS or not _SIGNALLED.fullmatch(text):
        return None
    spellings = [text]
    if not text.startswith(("+", "0")):
        own_prefix = str(phonenumbers.country_code_for_region(country))
        spellings = ["+" + text, text] if text.startswith(own_prefix) else [text, "+" + text]
    return next((number for spelling in spellings if (number := _possible(spelling, country))), None)


@lru_cache
def _usual(country: str) -> re.Pattern[str]:
    """Numbers of the country in E.164 in which nothing can be taken for a trunk prefix."""
    metadata: Any = phonenumbers.PhoneMetadata.metadata_for_region(country)
    prefix, lengths = metadata.national_prefix_for_parsing, metadata.general_desc.possible_length
    digits = "|".join(f"[0-9]{{{each}}}" for each in lengths if each > 0)
    no_prefix = f"(?!{prefix})" if prefix else ""
    return re.compile(rf"(?=\+[0-9]{{7,15}}\Z)\+{metadata.country_code}{no_prefix}(?!0)(?:{digits})")


def _possible(text: str, country: str) -> E164 | None:
    try:
        return parse_written(text, country)
    except NumberRefused:
        return None


@lru_cache(maxsize=4096)
def is_mobile(number: E164) -> bool:
    """Whether the numbering plan says that `number` is, or may be, a GSM."""
    kind = phonenumbers.number_type(phonenumbers.parse(number))
    return kind in {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}


def written_nationally(number: E164, country: str) -> str:
    """The number as people of `country` write it: `0471 00 02 01`."""
    parsed = phonenumbers.parse(number)
    national = parsed.country_code == phonenumbers.country_code_for_region(country)
    shape = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, shape)


def national_prefix(country: str) -> tuple[str, str]:
    """What is dialled before a national number (`0`, or nothing), and the country's code (`32`)."""
    prefix = phonenumbers.ndd_prefix_for_region(country, strip_non_digits=True)
    return prefix or "", str(phonenumbers.country_code_for_region(country))


def national_lengths(country: str) -> tuple[int, int]:
    """How many digits a number of the country has, at least and at most, without prefix and code."""
    metadata: Any = phonenumbers.PhoneMetadata.metadata_for_region(country)
    lengths = [each for each in metadata.general_desc.possible_length if each > 0]
    return min(lengths), max(lengths)


def national_digits(number: E164) -> str:
    """`471000201` of +32471000201: what is the same in every spelling; all digits where few would be left."""
    national = str(phonenumbers.national_significant_number(phonenumbers.parse(number)))
    return national if len(national) >= _TELLING else number.removeprefix("+")


def written_internationally(number: E164) -> str:
    """`+32 471 00 02 01`: with spaces, so that no spreadsheet takes it for a figure."""
    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
