"""Passwords (argon2id) and the six digits of an authenticator (TOTP, RFC 6238)."""

import contextlib
import hmac
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from typing import TypeVar

import pyotp
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from aiguillage.errors import Refused, Unavailable

T = TypeVar("T")

SHORTEST, LONGEST = 12, 200
AT_ONCE = 2
"""Passwords that are hashed at the same time: each takes 64 MB and a whole core for a moment."""
PATIENCE = 3.0
"""Seconds that one waits for its turn."""
NICE = 15
"""Of the threads that hash, where 0 is everybody else."""
_STEP = 30
"""Seconds that a code is for (RFC 6238)."""

_turns = threading.BoundedSemaphore(AT_ONCE)


def _give_way() -> None:
    """Hashing needs whole cores, and nothing of Python: calls that are answered meanwhile come first."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


_hashing = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords", initializer=_give_way)
_hashes = PasswordHash((Argon2Hasher(),))


def hash_password(user: str, password: str) -> str:
    """Raises Refused for one that is too easily guessed, Unavailable when many passwords are being hashed."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused(f"the password: write {SHORTEST} to {LONGEST} characters; a short sentence is good")
    if (user.casefold() in password.casefold() and len(password) < SHORTEST + len(user)) or len(set(password)) < 5:
        raise Refused("the password: this one is easily guessed; a short sentence is good")
    return _in_turn(lambda: _hashes.hash(password))


def is_password(hashed: str | None, password: str) -> bool:
    """Takes the same time whether there is a password or not. Raises Unavailable as above."""
    if len(password) > LONGEST:
        return False
    known = hashed or _nobodys()
    return _in_turn(lambda: _hashes.verify(password, known)) and hashed is not None


@cache
def _nobodys() -> str:
    return _hashes.hash("what nobody's password is compared with")


def _in_turn(deed: Callable[[], T]) -> T:
    if not _turns.acquire(timeout=PATIENCE):
        raise Unavailable("many people are signing in at this moment; try again in some seconds")
    try:
        return _hashing.submit(deed).result()
    finally:
        _turns.release()


def new_secret() -> str:
    """For an authenticator, in base32."""
    return pyotp.random_base32()


def authenticator_uri(secret: str, user: str, organisation: str) -> str:
    """What the QR code of an authenticator holds (otpauth://)."""
    return pyotp.TOTP(secret).provisioning_uri(name=user, issuer_name=organisation)


def step_of(secret: str, code: str, now: datetime, last: int) -> int | None:
    """The step that a code is of, if it is one of this moment (or 30 seconds around it) and later than `last`."""
    totp, this = pyotp.TOTP(secret), int(now.timestamp()) // _STEP
    for step in (this - 1, this, this + 1):
        if step > last and hmac.compare_digest(totp.at(step * _STEP).encode(), code.encode("utf-8", "replace")):
            return step
    return None
