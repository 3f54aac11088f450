"""Threads that a service asks for: tasks and repeated work."""

import threading
from collections.abc import Callable
from typing import Any

import structlog
from prometheus_client import Counter

from dosebus.bus.fault import describe
from dosebus.runtime.service import Every, Task
from dosebus.telemetry import traces

RESTART_PAUSE = 5.0
FAILED = Counter(
    "dosebus_task_failures_total", "Errors that ended a task or a scheduled run", ["service", "task"]
)


def start_task(service: str, task: Task, context: Any, stop: threading.Event) -> threading.Thread:
    """Run a task in a thread until `stop` is set, again after a pause whenever it raises."""

    def work() -> None:
        task.work(context, stop)

    def loop() -> None:
        while not stop.is_set():
            if guarded(service, task.name, work):
                return
            stop.wait(RESTART_PAUSE)

    return begin(f"{service} {task.name}", loop)


def start_schedule(service: str, every: Every, context: Any, stop: threading.Event) -> threading.Thread:
    """Repeat work in a thread until `stop` is set; an error ends only the run it happens in."""

    def work() -> None:
        with traces.span(every.name, service=service):
            every.work(context)

    def loop() -> None:
        while not stop.wait(every.seconds):
            guarded(service, every.name, work)

    return begin(f"{service} {every.name}", loop)


def guarded(service: str, name: str, work: Callable[[], None]) -> bool:
    """Do work; an error is counted, logged and told by False."""
    try:
        work()
    except Exception as error:
        FAILED.labels(service, name).inc()
        log = structlog.get_logger("dosebus.runtime")
        log.exception("task failed", service=service, task=name, error=describe(error))
        return False
    return True


def begin(name: str, loop: Callable[[], None]) -> threading.Thread:
    """A started daemon thread."""
    thread = threading.Thread(target=loop, name=name, daemon=True)
    thread.start()
    return thread
