"""What stands already where objects come in, asked for in one statement once their studies are locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dosebus.domain.contribution import Contribution
from dosebus.store.prepared import Prepared
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.devices import D, Seen, V, identity_key
from dosebus_extract.people import SAID
from dosebus_extract.store_study import S, Standing, standing_of

_STUDY, _DEVICE, _SOFTWARE = dose.study, dose.device, dose.device_software
_GIVEN = (
    sa.func.unnest(*(sa.bindparam(name, type_=sa.ARRAY(sa.Text)) for name in ("uid", "key", "version")))
    .table_valued("uid", "key", "version", with_ordinality="place")
    .render_derived(name="given")
)
ASKED = Prepared(
    sa.select(
        SAID.scalar_subquery(),
        *(S.id, S.revision, S.modality_types),
        *(V.first_seen_at, V.last_seen_at),
        *_DEVICE.c,
    )
    .select_from(
        _GIVEN.outerjoin(_STUDY, S.study_instance_uid == _GIVEN.c.uid)
        .outerjoin(_DEVICE, D.identity_key == _GIVEN.c.key)
        .outerjoin(_SOFTWARE, sa.and_(V.device_id == D.id, V.software_version == _GIVEN.c.version))
    )
    .order_by(_GIVEN.c.place)
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The published policy on people, what stands of the study, and what is known of the object's device."""

    policy: Any
    standing: Standing | None
    device: Seen


def surroundings_of(tx: Transaction, contributions: Sequence[Contribution]) -> list[Surroundings]:
    """What stands where contributions come in, in their order."""
    made = [one.study.equipment for one in contributions]
    keys, versions = [identity_key(one) for one in made], [one.software_version for one in made]
    uids = [one.study_instance_uid for one in contributions]
    rows = tx.run(ASKED, uid=uids, key=keys, version=versions)
    return [_found(key, version, row) for key, version, row in zip(keys, versions, rows, strict=True)]


def _found(key: str, version: str | None, row: tuple[Any, ...]) -> Surroundings:
    policy, study, used, device = row[0], row[1:4], row[4:6], row[6:]
    return Surroundings(
        policy=policy,
        standing=standing_of(*study) if study[0] is not None else None,
        device=Seen(
            key=key,
            row=tuple(device) if device[0] is not None else None,
            version=version,
            used=(used[0], used[1]) if used[0] is not None else None,
        ),
    )
