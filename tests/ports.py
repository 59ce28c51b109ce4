"""Ports that nobody uses just now."""

import itertools
import os
import random
import re
import socket

FIRST, EACH, WORKERS = 12_000, 1_000, 8
"""Below those that the system gives to whoever asks for any port: what is free stays so until it is used. Each process
of a run has ports of its own."""

_worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % WORKERS
_turns = itertools.count(random.randrange(EACH))


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1; SOCK_DGRAM for UDP."""
    for _ in range(EACH):
        port = FIRST + _worker * EACH + next(_turns) % EACH
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port from {FIRST + _worker * EACH} on is free")


def free_udp_port() -> int:
    """As SIP needs it."""
    return free_port(socket.SOCK_DGRAM)
