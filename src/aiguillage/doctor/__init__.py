"""`aiguillage doctor` and `aiguillage healthcheck`: what is right, what is wrong, and what to do about it.

exchange.py is all that a health check needs, so that it costs a container little; examining.py puts the rest together.
"""

from aiguillage.doctor.exchange import HARMLESS, agi_exchange, answers
from aiguillage.doctor.finding import Finding

__all__ = ["HARMLESS", "Finding", "agi_exchange", "answers"]
