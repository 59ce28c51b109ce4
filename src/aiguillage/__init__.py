"""Aiguillage steers every call on one central number to the right person."""

__version__ = "0.1.0"
