"""What is refused before any route is looked for: hosts that are not ours, and bodies that are too long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dosebus_web.http.errors import answer

ANY = "*"


async def refuse(status: int, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the error as every other one: a page for people, a problem document for the API."""
    response = await run_in_threadpool(answer, Request(scope), status)
    await response(scope, receive, send)


class TrustedHosts:
    """Answers 400 to a Host header that is none of ours; `*.example` stands for every name below it."""

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._below = tuple(host[1:] for host in self._hosts if host.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer who asks for one of our names."""
        if scope["type"] != "http" or self._is_ours(Headers(scope=scope).get("host", "")):
            await self._app(scope, receive, send)
        else:
            await refuse(400, scope, receive, send)

    def _is_ours(self, named: str) -> bool:
        address, bracket, _port = named.lower().partition("]")  # an IPv6 address has colons of its own
        name = address + bracket if bracket else address.partition(":")[0]
        return bool({ANY, name} & self._hosts) or name.endswith(self._below)


class FormLimit:
    """Refuses bodies that are longer than any of our forms, also when their length is not told.

    `larger` gives the paths to which files are uploaded, with their limits.
    """

    def __init__(
        self, app: ASGIApp, *, limit_bytes: int, larger: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self._app = app
        self._limit = limit_bytes
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 to what is too long, 400 where the length is no number."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        limit = self._larger.get(scope["path"], self._limit)
        declared = Headers(scope=scope).get("content-length", "0")
        if not (declared.isascii() and declared.isdigit()):
            await refuse(400, scope, receive, send)
            return
        if int(declared[:20]) > limit:
            await refuse(413, scope, receive, send)
            return
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_limited, send)
