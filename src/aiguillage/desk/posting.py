"""One webhook request: signed as Standard Webhooks says, sent to an address that was checked, its answer a number.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import asyncio
import base64
import hashlib
import hmac
import os
import secrets
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import httpcore2

from aiguillage import __version__
from aiguillage.desk.receivers import Receivers
from aiguillage.errors import ReceiverUnavailable
from aiguillage.store.webhooks import Delivery, Webhook

SECONDS = 10.0
"""For all of a request, from the look-up of the name to the status of the answer."""
CONNECT_SECONDS = 4.0
"""For each address of a name."""
_PREFIX = "whsec_"
_LOOKING_UP = ThreadPoolExecutor(2, "webhook-names")
"""Threads of their own: where no name server answers, calls must not wait for one that waits for it."""

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host and port -> its addresses, best first. Raises ReceiverUnavailable."""


def new_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, id: str, timestamp: int, payload: str) -> str:  # noqa: A002  the standard's own name
    """`v1,…` of what is sent; `timestamp` in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = hmac.digest(key, f"{id}.{timestamp}.{payload}".encode(), hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


async def resolve(host: str, port: int) -> list[str]:
    """As the system knows them, spellings like 2130706433 and 0177.0.0.1 included."""

    def look_up() -> list[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    try:
        return await asyncio.get_running_loop().run_in_executor(_LOOKING_UP, look_up)
    except (OSError, UnicodeError) as wrong:
        raise ReceiverUnavailable(f"{host} has no address: {_in_words(wrong)}") from None


class Poster:
    """May send several at once; each has a connection of its own."""

    def __init__(self, receivers: Receivers, resolve: Resolve = resolve) -> None:
        self._network = _CheckedNetwork(receivers, resolve)
        self._tls = httpcore2.default_ssl_context()  # now, and not between two calls: it reads all authorities

    async def post(self, webhook: Webhook, delivery: Delivery, at: datetime) -> int:
        """The status of the answer, whatever it is: redirects are not followed, and no body is read, however long.

        Raises Refused for an address that may not be reached, ReceiverUnavailable without an answer.
        """
        seconds = int(at.timestamp())
        headers: dict[bytes | str, bytes | str] = {
            "content-type": "application/json",
            "user-agent": f"Aiguillage/{__version__}",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": " ".join(
                signature(each, delivery.id, seconds, delivery.payload) for each in webhook.secrets(at)
            ),
            "connection": "close",
        }
        try:
            async with (
                asyncio.timeout(SECONDS),
                httpcore2.AsyncConnectionPool(ssl_context=self._tls, network_backend=self._network) as pool,
                pool.stream("POST", webhook.url, headers=headers, content=delivery.payload.encode()) as answer,
            ):
                return answer.status
        except (TimeoutError, httpcore2.TimeoutException):
            raise ReceiverUnavailable(f"no answer within {SECONDS:g} seconds") from None
        except httpcore2.ConnectError as wrong:
            raise ReceiverUnavailable(f"cannot connect: {_in_words(wrong)}") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as wrong:
            raise ReceiverUnavailable(f"no answer that can be read: {_in_words(wrong)}") from None


class _CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Looks a name up, checks what it is told, and connects to just that: nobody looks the name up again, to be told
    something else. Host header and TLS are the connection's business and keep the name.
    """

    def __init__(self, receivers: Receivers, resolve: Resolve) -> None:
        self._receivers, self._resolve = receivers, resolve
        self._sockets = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's own name
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._resolve(host, port)
        for each in addresses:
            self._receivers.check_address(host, each)
        wrong: Exception = ReceiverUnavailable(f"{host} has no address")
        for each in addresses:
            try:
                return await self._sockets.connect_tcp(each, port, CONNECT_SECONDS, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as refused:
                wrong = refused
        raise wrong


def _in_words(wrong: Exception) -> str:
    """The system's words where it has some; nothing that the other side wrote."""
    found: BaseException | None = wrong
    while found is not None:
        if isinstance(found, ssl.SSLCertVerificationError):
            return f"its certificate does not hold: {found.verify_message}"
        if isinstance(found, ssl.SSLError | socket.gaierror):
            return str(found.strerror)
        if isinstance(found, OSError) and found.errno:
            return os.strerror(found.errno)  # asyncio has words of its own, with the address
        found = found.__cause__ or found.__context__
    return type(wrong).__name__
