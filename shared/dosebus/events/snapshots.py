"""Snapshots of what services have promised each other: a JSON schema per topic, and the queues.

`python -m dosebus.events.snapshots` says what differs; with `--write` it brings the files up to date, but for a change
that would break a reader it wants `--break-contract` as well: such a change belongs into a new topic.
"""

import json
from pathlib import Path
from typing import Any

import click

from dosebus.events.base import Event
from dosebus.events.registry import EVENTS

SCHEMAS = Path(__file__).parent / "schemas"


def schema_of(event: type[Event]) -> dict[str, Any]:
    """The JSON schema of an event as it travels, with who publishes it and whether it is a command."""
    return event.model_json_schema(mode="serialization") | {
        "$id": event.topic,
        "x-owner": event.owner,
        "x-command": event.command,
        "x-mandatory": event.mandatory,
    }


def as_text(schema: dict[str, Any]) -> str:
    """A snapshot's content."""
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


def breaking_changes(old: dict[str, Any], new: dict[str, Any], place: str = "") -> list[str]:
    """What in `new` a reader or writer of `old` would stumble over.

    A field may be added; it may not vanish, change its shape, or, where readers rely on it, become optional.
    """
    found = []
    for keyword in ("type", "anyOf", "enum", "const", "format", "items", "prefixItems", "$ref"):
        if old.get(keyword) != new.get(keyword) and not is_wider_choice(keyword, old, new):
            found.append(f"{place or 'event'}: {keyword} was {old.get(keyword)}, is {new.get(keyword)}")
    for name, field in old.get("properties", {}).items():
        where = f"{place}.{name}" if place else name
        if name not in new.get("properties", {}):
            found.append(f"{where}: is gone")
        else:
            found.extend(breaking_changes(field, new["properties"][name], where))
    lost = set(old.get("required", ())) - set(new.get("required", ()))
    found.extend(f"{place}{name}: is no longer required" for name in sorted(lost))
    return found


def is_wider_choice(keyword: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether an enumeration only gained values."""
    return keyword == "enum" and set(old.get("enum", ())) <= set(new.get("enum", ()))


def breaks_of(event: type[Event]) -> list[str]:
    """What breaks against an event's snapshot; nothing where there is none yet."""
    path = SCHEMAS / f"{event.topic}.json"
    if not path.exists():
        return []
    return breaking_changes(json.loads(path.read_text("utf-8")), schema_of(event))


def expected() -> dict[Path, str]:
    """Every snapshot file with the content it should have."""
    from dosebus.bus import topology

    files = {SCHEMAS / f"{event.topic}.json": as_text(schema_of(event)) for event in EVENTS}
    folder = Path(topology.__file__).parent
    files[folder / topology.FILE] = topology.as_text(topology.consumers_of_services())
    return files


@click.command()
@click.option("--write", is_flag=True, help="Bring the files up to date.")
@click.option("--break-contract", is_flag=True, help="Write also what breaks readers.")
def snapshots(*, write: bool, break_contract: bool) -> None:
    """Compare the snapshots with the code."""
    files = expected()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
    surplus = [path for path in SCHEMAS.glob("*.json") if path not in files]
    for path in [*stale, *surplus]:
        click.echo(path.name)
    broken = [f"{event.topic}: {change}" for event in EVENTS for change in breaks_of(event)]
    if broken and not break_contract:
        raise click.ClickException("\n".join(["these changes break readers:", *broken]))
    if write:
        for path in stale:
            path.write_text(files[path], "utf-8")
        for path in surplus:
            path.unlink()
    elif stale or surplus:
        raise SystemExit(1)


if __name__ == "__main__":
    snapshots()
