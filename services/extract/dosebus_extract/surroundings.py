"""What stands already where an object comes in, asked for in one statement once its study is locked."""

from __future__ import annotations

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
_ONE = sa.select(sa.literal_column("1").label("one")).subquery("asked")
ASKED = Prepared(
    sa.select(
        SAID.scalar_subquery(),
        *(S.id, S.revision, S.modality_types),
        *(V.first_seen_at, V.last_seen_at),
        *_DEVICE.c,
    ).select_from(
        _ONE.outerjoin(_STUDY, S.study_instance_uid == sa.bindparam("uid"))
        .outerjoin(_DEVICE, D.identity_key == sa.bindparam("key"))
        .outerjoin(
            _SOFTWARE,
            sa.and_(V.device_id == D.id, V.software_version == sa.bindparam("version", type_=sa.Text)),
        )
    )
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The published policy on people, what stands of the study, and what is known of the object's device."""

    policy: Any
    standing: Standing | None
    device: Seen


def surroundings_of(tx: Transaction, contribution: Contribution) -> Surroundings:
    """What stands where a contribution comes in."""
    equipment = contribution.study.equipment
    key, version = identity_key(equipment), equipment.software_version
    ((policy, *row),) = tx.run(ASKED, uid=contribution.study_instance_uid, key=key, version=version)
    study, used, device = row[:3], row[3:5], row[5:]
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
