"""The street: a network of its own outside this machine, where phones and operator are, joined to it by one cable.

A call from this machine's own addresses would pass Docker's address translation on another way than calls from outside.
Needs root.
"""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

MACHINE, STREET = "198.51.100.1", "198.51.100.2"
"""Of the cable's two ends; addresses for documentation (RFC 5737)."""
NAME = f"street-{os.getpid()}"
_CABLE, _OTHER_END = f"st-{os.getpid()}", f"se-{os.getpid()}"
_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)
_HERE = os.open("/proc/self/ns/net", os.O_RDONLY)


@contextlib.contextmanager
def built() -> Iterator[None]:
    _ip("netns", "add", NAME)
    try:
        _ip("link", "add", _CABLE, "type", "veth", "peer", "name", _OTHER_END, "netns", NAME)
        _ip("address", "add", f"{MACHINE}/30", "dev", _CABLE)
        _ip("link", "set", _CABLE, "up")
        for words in (
            ("address", "add", f"{STREET}/30", "dev", _OTHER_END),
            ("link", "set", _OTHER_END, "up"),
            ("link", "set", "lo", "up"),
            ("route", "add", "default", "via", MACHINE),
        ):
            _ip("-netns", NAME, *words)
        yield
    finally:
        _ip("netns", "delete", NAME)


@contextlib.contextmanager
def outside() -> Iterator[None]:
    """Sockets that this thread makes within the block are on the street."""
    street = os.open(Path("/run/netns") / NAME, os.O_RDONLY)
    _enter(street)
    os.close(street)
    try:
        yield
    finally:
        _enter(_HERE)


@contextlib.contextmanager
def at_home() -> Iterator[None]:
    """Sockets that this thread makes within the block are on this machine, wherever it was; it goes back there."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    _enter(_HERE)
    try:
        yield
    finally:
        _enter(before)
        os.close(before)


def _enter(namespace: int) -> None:
    if _LIBC.setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot enter a network name space; run this as root")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
