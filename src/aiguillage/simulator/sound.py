"""Telephone sound: A-law (ITU-T G.711, RTP payload 8), in frames of 20 milliseconds at 8000 samples a second."""

import math

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


def _tone(hertz: int, amplitude: int) -> bytes:
    """One frame; it repeats without a click where `hertz` is a multiple of 50."""
    return bytes(
        encode(round(amplitude * math.sin(2 * math.pi * hertz * index / 8000))) for index in range(FRAME_SAMPLES)
    )


SPEECH = _tone(400, 8000)
SILENCE = _tone(400, 0)
