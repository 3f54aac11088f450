"""What a stream of news tells of what happened before it was opened, and after."""

from __future__ import annotations

import json

import anyio
import pytest

from dosebus_web.live.hub import EVERYTHING, Hub

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def first_news(hub: Hub, mark: str) -> list[str]:
    """The kinds that a stream tells first."""
    with anyio.fail_after(10):
        async for line in hub.stream(mark):
            if line.startswith("event: news"):
                return list(json.loads(line.partition("data: ")[2]))
    raise AssertionError("the stream ended")


async def test_what_changed_since_the_mark_is_told_at_once() -> None:
    hub = Hub()
    hub.tell("alert")
    mark = hub.mark()
    hub.tell("study")
    hub.tell("export")
    hub.tell("study")
    assert await first_news(hub, mark) == ["export", "study"]


async def test_after_the_mark_nothing_is_told_until_something_changes() -> None:
    hub = Hub()
    hub.tell("study")
    told: list[list[str]] = []

    async def wait() -> None:
        told.append(await first_news(hub, hub.mark()))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.sleep(0.3)
        assert told == []
        hub.tell("alert")
    assert told == [["alert"]]


@pytest.mark.parametrize("mark", ["", "5", "another.1", "another.", ".", "x" * 40])
async def test_a_mark_of_another_process_means_that_everything_may_have_changed(mark: str) -> None:
    assert await first_news(Hub(), mark) == [EVERYTHING]


@pytest.mark.parametrize("number", ["", "-1", "1e3", "²"])
async def test_a_mark_without_a_number_means_the_same(number: str) -> None:
    hub = Hub()
    assert await first_news(hub, f"{hub.name}.{number}") == [EVERYTHING]


async def test_a_closed_hub_ends_its_streams() -> None:
    hub = Hub()
    hub.close()
    assert [line async for line in hub.stream(hub.mark())] == ["retry: 2000\n\n"]
