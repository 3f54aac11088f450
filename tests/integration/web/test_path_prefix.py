"""The site below /dose/ of a real nginx: pages, files, streams, redirects and the API all stay under the prefix."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
import uvicorn

from dosebus_web.app import create_app
from dosebus_web.auth import accounts
from tests.fixtures.network import free_port, wait_for_port
from tests.integration.web import seed
from tests.integration.web.conftest import PASSWORD, build

pytestmark = pytest.mark.services
PREFIX = "/dose"
OWN_SEED = True
ADDRESSES = {"href", "src", "action", "formaction", "poster"}
TOLD = re.compile(r"^data-(stream|fragment|source|address|rows|url|map|steps)")
DOCUMENTED = Path(__file__).parents[3] / "docs" / "operators" / "nginx.md"


class Addresses(HTMLParser):
    """Every address of this site that a page holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pages: list[str] = []
        self.others: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and value.startswith("/") and (name in ADDRESSES or TOLD.match(name)):
                (self.pages if tag == "a" or name == "data-fragment" else self.others).append(value)


def configuration(folder: Path, port: int, behind: int) -> str:
    """A configuration of nginx with the very lines that the manual tells operators to write."""
    told = re.search(r"(?ms)^    location /dose/ \{.*?^    \}", DOCUMENTED.read_text())
    assert told is not None
    temporary = "\n".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    location = told[0].replace("127.0.0.1:8080", f"127.0.0.1:{behind}")
    return (
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;\n"
        f"events {{}}\nhttp {{\n{temporary}\naccess_log off;\n"
        f"server {{ listen 127.0.0.1:{port};\n{location}\n}}\n}}\n"
    )


@pytest.fixture(scope="module")
def proxied(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of nginx, which hands /dose/ on to a running web service."""
    seed.record_demonstration(postgres_url, 12)
    folder = tmp_path_factory.mktemp("nginx")
    web = build(postgres_url, folder / "blobs", path_prefix=PREFIX)
    with web.database.transaction() as tx:
        accounts.add(tx, "boss", PASSWORD, groups=("admin", "pid"))
    inner, outer = free_port(), free_port()
    server = uvicorn.Server(
        uvicorn.Config(create_app(web), host="127.0.0.1", port=inner, log_level="warning")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    (folder / "nginx.conf").write_text(configuration(folder, outer, inner))
    command = ["nginx", "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
    proxy = subprocess.Popen(command, env={"PATH": "/usr/sbin:/usr/bin:/bin"})
    wait_for_port(inner)
    wait_for_port(outer)
    yield f"http://127.0.0.1:{outer}"
    proxy.terminate()
    proxy.wait(timeout=60)
    server.should_exit = True
    web.hub.close()
    thread.join(timeout=60)
    web.bus.close()
    web.database.close()


@pytest.fixture
def visitor(proxied: str) -> Iterator[httpx.Client]:
    """Somebody signed in through nginx."""
    with httpx.Client(base_url=proxied, timeout=120) as client:
        answer = client.post(f"{PREFIX}/sign-in", data={"username": "boss", "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"].startswith(f"{PREFIX}/")
        yield client


def kind_of(address: str) -> str:
    return re.sub(r"/[\d.]+(?=/|$)|/[0-9a-f-]{36}", "/#", address.partition("?")[0])


def test_every_page_and_file_stays_under_the_prefix(visitor: httpx.Client) -> None:
    waiting, kinds, files = [f"{PREFIX}/"], {f"{PREFIX}/"}, set[str]()
    while waiting:
        address = waiting.pop()
        answer = visitor.get(address)
        if 300 <= answer.status_code < 400:
            assert answer.headers["location"].startswith(f"{PREFIX}/"), address
            continue
        assert answer.status_code == 200, (address, answer.status_code)
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        found = Addresses(answer.text)
        for one in (*found.pages, *found.others):
            assert one.startswith(f"{PREFIX}/"), f"{one} on {address}"
        files |= {one for one in found.others if one.startswith(f"{PREFIX}/static/")}
        fresh = {kind_of(one): one for one in found.pages if kind_of(one) not in kinds}
        kinds |= fresh.keys()
        waiting += fresh.values()
    assert len(kinds) > 40
    assert {visitor.get(one).status_code for one in files} == {200}
    assert len(files) > 5


def test_who_is_not_signed_in_is_led_back_under_the_prefix(proxied: str) -> None:
    with httpx.Client(base_url=proxied, timeout=120) as client:
        asked = client.get(f"{PREFIX}/studies/ct?limit=25")
        assert asked.headers["location"] == f"{PREFIX}/sign-in?next=%2Fstudies%2Fct%3Flimit%3D25"
        form = {"username": "boss", "password": PASSWORD, "next": "/studies/ct?limit=25"}
        assert (
            client.post(f"{PREFIX}/sign-in", data=form).headers["location"] == f"{PREFIX}/studies/ct?limit=25"
        )
        assert client.get(PREFIX).headers["location"].endswith(f"{PREFIX}/")
        assert {cookie.path for cookie in client.cookies.jar} == {PREFIX}


def test_news_come_through_at_once(visitor: httpx.Client) -> None:
    with visitor.stream("GET", f"{PREFIX}/live") as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert next(stream.iter_raw())


def test_charts_and_the_api_are_under_the_prefix(visitor: httpx.Client) -> None:
    listed = visitor.get(f"{PREFIX}/studies/ct/charts").text
    source = re.search(r'data-source="([^"]+)"', listed)
    assert source is not None
    chart = visitor.get(source[1].replace("&amp;", "&")).json()
    assert chart["list"]["address"].startswith(f"{PREFIX}/studies/ct")
    assert visitor.get(f"{PREFIX}/api/v1/docs").status_code == 200
    described = visitor.get(f"{PREFIX}/api/v1/openapi.json").json()
    assert described["servers"][0]["url"] == PREFIX
    assert visitor.get(f"{PREFIX}/api/v1/listings").status_code in (200, 404)
