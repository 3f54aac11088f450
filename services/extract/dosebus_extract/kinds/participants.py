"""Observers, persons and devices that reports name (PS3.16 TID 1002, 1020, 1021)."""

from __future__ import annotations

from typing import Any, Final

from dosebus.domain.person import DeviceParticipant, Observer, PersonParticipant
from dosebus_extract.sr.concepts import Reading, Row, Table, code, known, reads_below, text, uid
from dosebus_extract.sr.tree import Node

OBSERVER: Final = Table(
    Row(("121008",), "person_observer_name", text),
    Row(("121009",), None, known),
    Row(("121010",), "person_observer_role_in_organization", code),
    Row(("121011",), "person_observer_role_in_procedure", code),
    Row(("121012",), "device_observer_uid", uid),
    Row(("121013",), "device_observer_name", text),
    Row(("121014",), "device_observer_manufacturer", text),
    Row(("121015",), "device_observer_model", text),
    Row(("121016",), "device_observer_serial_number", text),
    Row(("121017",), "device_observer_physical_location", text),
    Row(("113876",), "device_role_in_procedure", code),
)
OBSERVER_CODES: Final = frozenset(OBSERVER.rows)
_OBSERVER_TYPE: Final = "121005"

_PERSON: Final = Table(
    Row(("113871",), "person_id", text),
    Row(("113872",), "person_id_issuer", text),
    Row(("113873",), "organization_name", text),
    Row(("113874",), "person_role_in_organization", code),
    Row(("113875",), "person_role_in_procedure", code),
)
_DEVICE: Final = Table(
    Row(("113877",), "device_name", text),
    Row(("113878",), "device_manufacturer", text),
    Row(("113879",), "device_model", text),
    Row(("113880",), "device_serial_number", text),
    Row(("121012",), "device_observer_uid", uid),
)


@reads_below
def person(node: Node, reading: Reading) -> PersonParticipant | None:
    """A person participant; one without a name and without properties says nothing."""
    found = _PERSON.read(node, reading)
    if not node.text and not found:
        return None
    return PersonParticipant(person_name=node.text, **found)


@reads_below
def device(node: Node, reading: Reading) -> DeviceParticipant:
    """A device participant: the item is its role, its properties are below."""
    return DeviceParticipant(device_role=code(node, reading), **_DEVICE.read(node, reading))


PERSON_ROW: Final = Row(("113870",), "persons", person, many=True)
DEVICE_ROW: Final = Row(("113876",), "devices", device, many=True)


_DEVICE_OBSERVER: Final = frozenset({"121012", "121013", "121014", "121015", "121016", "121017", "113876"})
_DEVICE_TYPE: Final = "121007"


def observers(root: Node, reading: Reading) -> tuple[Observer, ...]:
    """The observers of a report (TID 1002): types, then the attributes that belong to them."""
    blocks: list[tuple[list[Node], list[Node]]] = []
    for child in root.children:
        if child.key == _OBSERVER_TYPE:
            if not blocks or blocks[-1][1]:
                blocks.append(([], []))
            blocks[-1][0].append(child)
        elif child.key in OBSERVER_CODES and (blocks or child.key != "113876"):
            if not blocks:
                blocks.append(([], []))
            blocks[-1][1].append(child)
    return tuple(observer for types, items in blocks for observer in _block(types, items, reading))


def _block(types: list[Node], items: list[Node], reading: Reading) -> list[Observer]:
    """One block's observers.

    Where several types are declared before any attribute, as Carestream does, the attributes themselves tell
    persons from devices. The order of the types tells nothing, so the device stands for each of them.
    """
    if len(types) <= 1:
        observer_type = types[0].coded if types else None
        return [Observer(observer_type=observer_type, **_observer(items, reading))]
    devices = [item for item in items if item.key in _DEVICE_OBSERVER]
    persons = [item for item in items if item.key not in _DEVICE_OBSERVER]
    device_type = next((t.coded for t in types if t.coded and t.coded.code_value == _DEVICE_TYPE), None)
    person_type = next((t.coded for t in types if t.coded and t.coded.code_value != _DEVICE_TYPE), None)
    told = (
        [Observer(observer_type=device_type, **_observer(devices, reading))] * len(types) if devices else []
    )
    if persons:
        told.append(Observer(observer_type=person_type, **_observer(persons, reading)))
    return told


def _observer(items: list[Node], reading: Reading) -> dict[str, Any]:
    group = Node(None, "CONTAINER")
    group.children = items
    return OBSERVER.read(group, reading)


OBSERVER_ROWS: Final = tuple(
    Row((code_value,), None, reads_below(lambda _node, _reading: {}))
    for code_value in sorted({*OBSERVER_CODES, _OBSERVER_TYPE} - {"113876"})
)
