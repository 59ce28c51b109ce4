import pytest

from aiguillage.simulator.sound import AUDIBLE, FRAME_SAMPLES, SILENCE, SPEECH, encode, loudness


@pytest.mark.parametrize("sample, code", [(8, 0xD5), (-8, 0x55), (32256, 0xAA), (-32256, 0x2A), (1008, 0xFA)])
def test_samples_get_the_codes_of_g711(sample: int, code: int) -> None:
    assert encode(sample) == code


def test_speech_is_heard_and_silence_is_not() -> None:
    assert len(SPEECH) == len(SILENCE) == FRAME_SAMPLES
    assert loudness(SPEECH) == pytest.approx(8000 / 2**0.5, rel=0.02)
    assert loudness(SILENCE) < AUDIBLE
    assert loudness(b"") == 0
