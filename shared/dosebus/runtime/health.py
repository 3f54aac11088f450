"""Whether services are well: what a check says, and how one service learns of the others."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from dosebus.bus.fault import describe

PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """A service's answer: `ready` when all its checks pass; `checks` name -> "ok" or what is wrong."""

    service: str
    alive: bool
    ready: bool
    checks: Mapping[str, str] = field(default_factory=dict)
    milliseconds: float = 0.0


class Neighbours(Protocol):
    """How a service learns how all services are."""

    def health(self) -> list[ServiceHealth]:
        """Every known service."""


def run_checks(checks: Mapping[str, Callable[[], object]]) -> dict[str, str]:
    """Run checks that raise when something is wrong."""
    results = {}
    for name, check in checks.items():
        try:
            check()
            results[name] = "ok"
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the answer
            results[name] = describe(error)
    return results


@dataclass(frozen=True)
class InProcess:
    """The services of this process."""

    probes: Mapping[str, Callable[[], ServiceHealth]]

    def health(self) -> list[ServiceHealth]:
        """Ask each in turn."""
        return [probe() for probe in self.probes.values()]


@dataclass(frozen=True)
class ByUrl:
    """Services in other processes, by the base URL of each (setting `service_urls`)."""

    urls: Mapping[str, str]

    def health(self) -> list[ServiceHealth]:
        """Ask all at once; one that does not answer in two seconds is not alive."""
        if not self.urls:
            return []
        with ThreadPoolExecutor(max_workers=len(self.urls)) as pool:
            return list(pool.map(probe, self.urls.keys(), self.urls.values()))


def probe(service: str, base_url: str) -> ServiceHealth:
    """Ask one service's `/readyz`."""
    started = time.perf_counter()
    try:
        answer = fetch(f"{base_url.rstrip('/')}/readyz")
        services = answer["services"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return ServiceHealth(service, alive=False, ready=False, checks={"http": type(error).__name__})
    milliseconds = (time.perf_counter() - started) * 1000
    checks = services.get(service, {})
    ready = bool(answer.get("ready")) and all(value == "ok" for value in checks.values())
    return ServiceHealth(service, alive=True, ready=ready, checks=checks, milliseconds=milliseconds)


def fetch(url: str) -> dict[str, Any]:
    """The JSON object at a URL, also of an answer 503. Raises OSError, ValueError, TypeError."""
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"not an HTTP URL: {url}")
    try:
        with urllib.request.urlopen(url, timeout=PROBE_SECONDS) as answer:  # noqa: S310 - checked above
            body = answer.read()
    except urllib.error.HTTPError as error:
        body = error.read()
    loaded = json.loads(body)
    if not isinstance(loaded, dict):
        raise TypeError("not a JSON object")
    return loaded
