"""Which pages there are: one address for each route that a link leads to."""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx
from fastapi import APIRouter
from fastapi.routing import APIRoute

from dosebus_web.app import PAGE_ROUTERS

LINK = re.compile(r"<a\b[^>]*?\bhref=\"([^\"#]+)")
TOLD_APART = ("name",)
"""Parameters whose every value is a page of its own: the five lists, and what belongs to them."""


@dataclass(frozen=True)
class Found:
    """A page: the route that answers it, and where it was found."""

    route: str
    path: str

    @property
    def key(self) -> str:
        """A short name, for files and test messages."""
        return re.sub(r"[^a-z0-9]+", "-", self.path.lower()).strip("-")[:60] or "home"


def get_routes() -> list[APIRoute]:
    """All routes of pages that answer GET, those of routers within routers too."""
    return [route for router in PAGE_ROUTERS for route in _walk(router) if "GET" in (route.methods or ())]


def _walk(router: APIRouter) -> Iterator[APIRoute]:
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if isinstance(route, APIRoute):
            yield route
        elif isinstance(inner, APIRouter):
            yield from _walk(inner)


def matched(routes: list[APIRoute], path: str) -> tuple[APIRoute, str] | None:
    """The route that answers a path, and by what it is told apart from others of the same route."""
    for route in routes:
        found = route.path_regex.match(path)
        if found:
            own = found.groupdict()
            return route, route.path + "".join(f" {own[name]}" for name in TOLD_APART if name in own)
    return None


def is_page(answer: httpx.Response) -> bool:
    """Whether a person reads this answer in a browser."""
    shown = answer.headers.get("content-type", "").startswith("text/html")
    return answer.status_code == 200 and shown and "<!doctype html>" in answer.text[:200]


def links(answer: httpx.Response) -> Iterator[str]:
    """Addresses on the same host that a page links to."""
    for link in LINK.findall(answer.text):
        address = urlsplit(urljoin(str(answer.url), html.unescape(link)))
        if address.netloc == answer.url.netloc.decode():
            yield address.path + (f"?{address.query}" if address.query else "")


def pages(client: httpx.Client, begin: tuple[str, ...] = ("/",)) -> list[Found]:
    """Every page that can be reached by links, the first address of each; `client` is signed in."""
    routes, waiting, seen, found = get_routes(), deque(begin), set[str](), list[Found]()
    while waiting:
        path = waiting.popleft()
        hit = matched(routes, urlsplit(path).path)
        if hit is None or hit[1] in seen:
            continue
        seen.add(hit[1])
        answer = client.get(path)
        if 300 <= answer.status_code < 400:
            waiting.append(urljoin(path, answer.headers["location"]))
        elif is_page(answer):
            found.append(Found(hit[0].path, path))
            waiting.extend(links(answer))
    return found
