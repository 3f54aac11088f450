"""What was deleted after reading does not come back to the disk when its sender sends it again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from dosebus.dicom.part10 import encode_file_meta
from dosebus.store.engine import Database
from dosebus.store.tables import dose
from dosebus_ingest.admit import Admitted, Declared, Origin
from tests.integration.ingest.conftest import Intake
from tests.load.raw_storage import DOSE_SR, EXPLICIT_LITTLE, data_set

pytestmark = pytest.mark.services
UID = "1.2.77"


def _send(intake: Intake) -> Admitted:
    spooled = intake.spool.place(encode_file_meta(DOSE_SR, UID, EXPLICIT_LITTLE))
    spooled.write(data_set(UID, "1.2.9", 2000))
    return intake.admission.admit(spooled, Declared(DOSE_SR, UID, EXPLICIT_LITTLE), Origin("import"))


def test_an_object_that_was_deleted_after_reading_stays_away(intake: Intake, postgres_url: str) -> None:
    first = _send(intake)
    (row,) = intake.rows(sop_instance_uid=UID)
    again = _send(intake)
    assert (again.status, again.object_id) == ("duplicate", first.object_id)
    # Nobody has read it yet: what is needed stays.
    assert intake.blobs.exists(row.blob_key)
    owner = Database(postgres_url, schema="dose", service="extract", pool_size=1)
    now = datetime.now(UTC)
    read = {
        "object_id": first.object_id,
        "outcome": "recorded",
        "extractor_version": "test",
        "recorded_at": now,
    }
    with owner.transaction() as tx:
        tx.execute(sa.insert(dose.dicom_object).values(**read, received_at=now, blob_key=row.blob_key))
    assert _send(intake).status == "duplicate"
    assert intake.blobs.exists(row.blob_key)
    with owner.transaction() as tx:
        tx.execute(sa.update(dose.dicom_object).values(blob_key=None, deleted_at=now))
    owner.close()
    intake.blobs.delete(row.blob_key)
    assert _send(intake).status == "duplicate"
    assert not intake.blobs.exists(row.blob_key)
