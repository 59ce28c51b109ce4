"""Telephone sound: A-law (ITU-T G.711, RTP payload 8), in frames of 20 milliseconds at 8000 samples a second."""

import math
from array import array
from collections.abc import Iterator, Sequence
from heapq import nlargest
from itertools import accumulate
from operator import mul

FRAME_SECONDS = 0.02
FRAME_SAMPLES = 160
AUDIBLE = 200.0
"""A frame counts as heard when its root mean square (at most 32256) is above this: speech, not line noise."""

_HOP = FRAME_SAMPLES // 4
_HOPS_IN_FRAME = FRAME_SAMPLES // _HOP
_PLACES = 12
_REACH = 2 * _HOP
_ANCHOR = 800
_PIECE = 4000
_MARGIN = 4000
_SLIPS = (0, -FRAME_SAMPLES, FRAME_SAMPLES)

Samples = Sequence[float]


def _decode(code: int) -> int:
    code ^= 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return size if code & 0x80 else -size


_SAMPLES = tuple(_decode(code) for code in range(256))


def encode(sample: int) -> int:
    """The A-law code nearest to a 16-bit sample. Slow: meant for the one frame that is repeated."""
    return min(range(256), key=lambda code: abs(_SAMPLES[code] - sample))


def decoded(codes: bytes) -> "array[int]":
    """The 16-bit samples of A-law codes."""
    return array("h", (_SAMPLES[code] for code in codes))


def loudness(frame: bytes) -> float:
    """The root mean square of A-law codes, 0 to 32256."""
    return math.sqrt(sum(_SAMPLES[code] ** 2 for code in frame) / len(frame)) if frame else 0.0


def likeness(heard: bytes, expected: bytes) -> float:
    """How well `expected` is found anywhere in `heard`, both A-law at 8000 samples a second; 0 to 1.

    Above 0.9 for the same sound, whatever its volume, even where a packet was lost; below 0.7 for another one.
    Loudness over time says where it may begin; there the samples are compared, for two prompts of one voice and
    rhythm are as loud as each other. A prompt of 5 s is looked for in 20 s within half a second.
    """
    silence = [0] * _MARGIN
    sound, pattern = [*silence, *decoded(heard), *silence], list(decoded(expected))
    return max((_match(sound, pattern, place) for place in _places(sound, pattern)), default=0.0)


def _places(sound: Samples, pattern: Samples) -> Iterator[int]:
    """Where in `sound` the loudness goes up and down as in `pattern`: the best places, to a hop or so."""
    contours, wanted = _contour(sound, _HOP), _contour(pattern, FRAME_SAMPLES)
    if not wanted:
        return
    mean = sum(wanted) / len(wanted)
    wanted = [loudness - mean for loudness in wanted]
    found = []
    for phase in range(_HOPS_IN_FRAME):
        contour = contours[phase::_HOPS_IN_FRAME]
        sums = list(accumulate(contour, initial=0.0))
        squares = list(accumulate(map(mul, contour, contour), initial=0.0))
        for start in range(len(contour) - len(wanted) + 1):
            end = start + len(wanted)
            spread = squares[end] - squares[start] - (sums[end] - sums[start]) ** 2 / len(wanted)
            if spread > 1:
                alike = _product(contour[start:end], wanted) / math.sqrt(spread)
                found.append((alike, (start * _HOPS_IN_FRAME + phase) * _HOP))
    taken: list[int] = []
    for _, place in nlargest(_PLACES * 8, found):
        if len(taken) < _PLACES and all(abs(place - other) > _HOP for other in taken):
            taken.append(place)
    yield from taken


def _contour(samples: Samples, hop: int) -> list[float]:
    """The loudness of every frame that begins at a multiple of `hop`."""
    squares = list(accumulate(map(mul, samples, samples), initial=0))
    starts = range(0, len(samples) - FRAME_SAMPLES + 1, hop)
    return [math.sqrt((squares[start + FRAME_SAMPLES] - squares[start]) / FRAME_SAMPLES) for start in starts]


def _match(sound: Samples, pattern: Samples, place: int) -> float:
    """How alike the samples are near `place`: in pieces, each of which may have slipped by a packet."""
    anchor = max(range(0, len(pattern), _ANCHOR), key=lambda start: _energy(pattern[start : start + _ANCHOR]))
    loudest = pattern[anchor : anchor + _ANCHOR]
    place = max(range(place - _REACH, place + _REACH + 1), key=lambda each: _alike(sound, loudest, each + anchor))
    total = 0.0
    for start in range(0, len(pattern), _PIECE):
        piece = pattern[start : start + _PIECE]
        alike, slip = max((_alike(sound, piece, place + start + slip), -abs(slip), slip) for slip in _SLIPS)[::2]
        place += slip
        total += alike * _energy(piece)
    return max(0.0, total / _energy(pattern))


def _alike(sound: Samples, piece: Samples, start: int) -> float:
    """The normalised cross-correlation, -1 to 1; 0 where there is silence, or no sound at all."""
    there = sound[max(start, 0) : start + len(piece)] if start + len(piece) > 0 else []
    if len(there) < len(piece):
        return 0.0
    energies = _energy(there) * _energy(piece)
    return _product(there, piece) / math.sqrt(energies) if energies else 0.0


def _energy(samples: Samples) -> float:
    return _product(samples, samples)


def _product(left: Samples, right: Samples) -> float:
    total: float = sum(map(mul, left, right))
    return total


def _tone(hertz: int, amplitude: int) -> bytes:
    """One frame; it repeats without a click where `hertz` is a multiple of 50."""
    return bytes(
        encode(round(amplitude * math.sin(2 * math.pi * hertz * index / 8000))) for index in range(FRAME_SAMPLES)
    )


SPEECH = _tone(400, 8000)
SILENCE = _tone(400, 0)
