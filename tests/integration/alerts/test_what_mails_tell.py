"""What mails tell: in the reader's language, with the trend as a picture, and of the patient only what policy lets."""

from __future__ import annotations

from datetime import date, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from dosebus.bus.message import Reject
from dosebus.events.alerts import AlertStateRequested
from dosebus.store.tables import config
from dosebus.store.tables.alerts import alert, audit

DAY = date(2026, 5, 4)


def mailed(hospital: Any, server: Any, **study: Any) -> EmailMessage:
    hospital.rule(title="Dose at the reference point of a patient's fluoroscopy studies in 12 weeks")
    values = {"patient_id": "p-4711", "patient_name": "Weber^Nora", "accession_number": "ACC-9"} | study
    hospital.study("1.2.1", DAY - timedelta(days=20), dose_rp_total_plane_a_gy=1.5, **values)
    hospital.study("1.2.2", DAY, dose_rp_total_plane_a_gy=0.75, **values)
    hospital.check("1.2.1", "1.2.2")
    assert hospital.sender(server.server).send_next()
    return message_from_bytes(server.messages[-1].content, policy=default)  # type: ignore[arg-type]


def told(message: EmailMessage) -> str:
    """All that a reader sees, subject and both bodies."""
    bodies = [message.get_body((kind,)) for kind in ("plain", "html")]
    return str(message["Subject"]) + "".join(str(one.get_content()) for one in bodies if one is not None)


def test_a_mail_tells_no_patient_data_by_default(hospital: Any, mail_server: Any) -> None:
    hospital.recipient("Physicist", "physicist@example.org")
    message = mailed(hospital, mail_server)
    for secret in ("4711", "Weber", "ACC-9"):
        assert secret not in told(message)
        assert secret.encode() not in mail_server.messages[0].content
    assert "This message holds no patient data" in told(message)


def test_a_policy_lets_a_mail_tell_what_it_names_and_never_a_pseudonym(
    hospital: Any, mail_server: Any
) -> None:
    hospital.setting("alerts.mail_fields", ["accession_number", "patient_id", "study_date", "record"])
    hospital.recipient("Physicist", "physicist@example.org", locale="de")
    message = mailed(hospital, mail_server, patient_id_is_hashed=True)
    for label, value in (("Auftragsnummer", "ACC-9"), ("Untersuchungsdatum", "04.05.2026")):
        assert f"{label}: {value}" in told(message)
    assert "4711" not in told(message)
    assert "Weber" not in told(message)
    assert "keine Patientendaten" not in told(message)


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en", ("DoseBus warning", "2.25 Gy", "2 studies of one patient")),
        ("de", ("DoseBus Warnung", "2,25 Gy", "2 Untersuchungen eines Patienten", "Durchleuchtung")),
        ("es", ("DoseBus advertencia", "2,25 Gy", "2 estudios de un paciente", "Fluoroscopia")),
    ],
)
def test_a_mail_speaks_the_language_of_its_recipient(
    hospital: Any, mail_server: Any, locale: str, expected: tuple[str, ...]
) -> None:
    hospital.recipient("Physicist", "physicist@example.org", locale=locale)
    message = mailed(hospital, mail_server)
    assert message["Content-Language"] == locale
    for one in expected:
        assert one in told(message)


def test_the_trend_stands_in_the_mail_as_a_small_picture(hospital: Any, mail_server: Any) -> None:
    hospital.recipient("Physicist", "physicist@example.org")
    message = mailed(hospital, mail_server)
    (picture,) = (part for part in message.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == "<trend>"
    assert picture.get_content_disposition() == "inline"
    assert 200 < len(picture.get_content()) < 10_000
    assert 'src="cid:trend"' in told(message)
    assert "The patient's sums over 24 weeks" in told(message).replace("&#39;", "'")
    assert len(mail_server.messages[0].content) < 30_000


def test_a_first_study_has_no_trend(hospital: Any, mail_server: Any) -> None:
    hospital.recipient("Physicist", "physicist@example.org")
    hospital.rule()
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=2.5)
    hospital.check("1.2.1")
    hospital.sender(mail_server.server).send_next()
    content = mail_server.messages[0].content
    assert b"image/png" not in content
    assert b"cid:" not in content


def test_the_words_of_a_justification_stand_with_the_alert_and_in_no_event(hospital: Any) -> None:
    hospital.rule("rf-study", scope="study", weeks=None)
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=2.5)
    hospital.check("1.2.1")
    (row,) = hospital.rows(alert)
    note = {"id": uuid4(), "alert_id": row.id, "text": "Chronic occlusion", "written_by": "anna"}
    with hospital.web.transaction() as tx:
        tx.execute(sa.insert(config.alert_note).values(**note, written_at=sa.func.now()))
    event = AlertStateRequested(
        alert_id=row.id,
        state="justified",
        justification_code="complex_procedure",
        note_id=note["id"],  # type: ignore[arg-type]
        requested_by="anna",
    )
    hospital.ask(event)
    (row,) = hospital.rows(alert)
    assert (row.state, row.justification) == ("justified", "Chronic occlusion")
    (entry,) = hospital.rows(audit, audit.c.action == "justified")
    assert "Chronic" not in str(entry.details)
    assert len(entry.details["note_sha256"]) == 64
    unknown = event.model_copy(update={"justification_code": "because"})
    with pytest.raises(Reject):
        hospital.ask(unknown)
