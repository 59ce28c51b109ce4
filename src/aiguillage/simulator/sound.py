"""Telephone sound: A-law (ITU-T G.711, RTP payload 8), in frames of 20 milliseconds at 8000 samples a second."""

import math
from collections.abc import Sequence
from statistics import fmean

FRAME_SECONDS = 0.02
FRAME_SAMPLES = 160
AUDIBLE = 200.0
"""A frame counts as heard when its root mean square (at most 32256) is above this: speech, not line noise."""


def _decode(code: int) -> int:
    code ^= 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return size if code & 0x80 else -size


_SAMPLES = tuple(_decode(code) for code in range(256))


def encode(sample: int) -> int:
    """The A-law code nearest to a 16-bit sample. Slow: meant for the one frame that is repeated."""
    return min(range(256), key=lambda code: abs(_SAMPLES[code] - sample))


def loudness(frame: bytes) -> float:
    """The root mean square of A-law codes, 0 to 32256."""
    return math.sqrt(sum(_SAMPLES[code] ** 2 for code in frame) / len(frame)) if frame else 0.0


def likeness(heard: bytes, expected: bytes) -> float:
    """How well `expected` is found anywhere in `heard`, both A-law: 1 for the same sound, below 0.8 for another one.

    Compares how loud both are over time, so that neither a delay nor the telephone's quality matters.
    """
    pattern = _loudness_over_time(expected)
    best = 0.0
    for shift in range(0, FRAME_SAMPLES, FRAME_SAMPLES // 4):
        contour = _loudness_over_time(heard[shift:])
        for start in range(len(contour) - len(pattern) + 1):
            best = max(best, _correlation(contour[start : start + len(pattern)], pattern))
    return best


def _loudness_over_time(sound: bytes) -> list[float]:
    return [
        loudness(sound[start : start + FRAME_SAMPLES])
        for start in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES)
    ]


def _correlation(left: Sequence[float], right: Sequence[float]) -> float:
    """Pearson's, 0 where one of them does not vary."""
    mean_left, mean_right = fmean(left), fmean(right)
    together = sum((a - mean_left) * (b - mean_right) for a, b in zip(left, right, strict=True))
    apart = sum((a - mean_left) ** 2 for a in left) * sum((b - mean_right) ** 2 for b in right)
    return together / math.sqrt(apart) if apart > 0 else 0.0


def _tone(hertz: int, amplitude: int) -> bytes:
    """One frame; it repeats without a click where `hertz` is a multiple of 50."""
    return bytes(
        encode(round(amplitude * math.sin(2 * math.pi * hertz * index / 8000))) for index in range(FRAME_SAMPLES)
    )


SPEECH = _tone(400, 8000)
SILENCE = _tone(400, 0)
