"""The parts of the proof; `routing/check.py` puts them together."""
