"""One fluoroscopy report that passes a level, from C-STORE to SMTP: one trace, and no patient data on the way."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from dosebus_simulator.identity import Person
from dosebus_simulator.projection import make_rf
from dosebus_simulator.sender import Target, read_parcel, send_files
from dosebus_simulator.simulated import SimulatedObject
from tests.fixtures.collector import Collector, running_collector
from tests.fixtures.mail import MailServer
from tests.fixtures.standalone import Standalone, running_standalone

pytestmark = [pytest.mark.services, pytest.mark.slow]

PATIENT = Person("QZX7731904", "Quixandria^Zebulonette", "F", date(1951, 7, 23), 1.68, 71.0)
ACCESSION = "ACQ55081ZX"
SECRETS = ("QZX7731904", "Quixandria", "Zebulonette", "ACQ55081ZX", "19510723", "1951-07-23")
STEPS = (
    "C-STORE",
    "publish dicom.object.stored.v1",
    "handle extract.record_dose",
    "publish dose.study.recorded.v1",
    "handle alerts.check_study",
    "SMTP send",
)
SECONDS = 180.0
LOOKS = 3
"""Alerts looks at a study when it is recorded, when its skin dose is mapped, and when that of its patient is summed."""


@dataclass(frozen=True)
class Journey:
    """What one report left behind on its way."""

    spans: list[dict[str, Any]]
    texts: dict[str, str]
    mails: list[Any]
    collector: Collector

    @property
    def trace_id(self) -> str:
        """The trace that the C-STORE began."""
        (begun,) = [span for span in self.spans if span["name"] == "C-STORE"]
        return str(begun["trace_id"])

    def step(self, name: str) -> list[dict[str, Any]]:
        """The spans of this name in the trace of the C-STORE."""
        return [span for span in self.spans if span["name"] == name and span["trace_id"] == self.trace_id]


def report() -> SimulatedObject:
    """A fluoroscopy report of a known patient, well above the level of a single study."""
    made = make_rf("one trace", person=PATIENT, dose_rp_gy=4.0, day=date.today()).objects[0]  # noqa: DTZ011 - the hospital's day
    made.dataset.AccessionNumber = ACCESSION
    return made


def spans_in(path: Path) -> list[dict[str, Any]]:
    """The spans that a file exporter has written."""
    if not path.exists():
        return []
    # What follows the last line's end is still being written.
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def every_alert_is_mailed(browser: httpx.Client, spans: list[dict[str, Any]]) -> bool:
    """Whether alerts has looked as often as it will, and one mail was told for each alert that it raised."""
    names = Counter(span["name"] for span in spans)
    if names["handle alerts.check_study"] < LOOKS:
        return False
    raised = len(set(re.findall(r'data-key="([0-9a-f-]{36})"', browser.get("/alerts").text)))
    return 0 < raised == names["publish alert.raised.v1"] == names["publish alert.mail.sent.v1"]


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Raise TimeoutError when the condition does not come true in time."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    raise TimeoutError(what)


def add_recipient(standalone: Standalone) -> None:
    """Name somebody who is warned, as an administrator does, and let what was there before be checked for them.

    Else that check may find the study of the test first, and its alert would belong to no trace.
    """
    browser = standalone.signed_in()
    form = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/account").text)
    assert form is not None
    values = {
        "csrf_token": form[1],
        "name": "Physicist",
        "email": "physicist@hospital.invalid",
        "enabled": "true",
        "hears": "all",
    }
    assert browser.post("/admin/alerts/recipients", data=values).status_code == 303
    wait_for(
        lambda: ">done<" in browser.get("/admin/alerts/recalculations/rows").text,
        "the studies were not checked for the recipient",
    )


def texts_of(standalone: Standalone, trace_file: Path, mails: list[Any]) -> dict[str, str]:
    """Everything that leaves the records: traces, log, metrics, mails."""
    browser = standalone.signed_in()
    return {
        "trace": trace_file.read_text(encoding="utf-8"),
        "metrics": browser.get("/metrics").text,
        "log": standalone.log.read_text(encoding="utf-8"),
        "mail": "\n".join(
            f"{message}\n{part.get_content()}"
            for message in mails
            for part in message.walk()
            if not part.is_multipart()
        ),
    }


@pytest.fixture
def journey(tmp_path: Path, smtp: MailServer) -> Journey:
    """A report sent by C-STORE to six running services, until its alert has been mailed."""
    trace_file = tmp_path / "spans.jsonl"
    with running_collector() as collector:
        texts = send_and_read(tmp_path, trace_file, smtp, collector)
    return Journey(spans_in(trace_file), texts, smtp.messages, collector)


def send_and_read(folder: Path, trace_file: Path, smtp: MailServer, collector: Collector) -> dict[str, str]:
    """Run the services until every alert is mailed, and give all that they said; at their end all spans are sent."""
    environment = {
        "DOSEBUS_OTLP_ENDPOINT": collector.endpoint,
        "DOSEBUS_TRACE_FILE": str(trace_file),
        "DOSEBUS_LOG_LEVEL": "debug",
        "DOSEBUS_LOG_FORMAT": "json",
        "DOSEBUS_SMTP_HOST": smtp.host,
        "DOSEBUS_SMTP_PORT": str(smtp.port),
        "DOSEBUS_SMTP_SECURITY": "none",
    }
    with running_standalone(environment) as standalone:
        add_recipient(standalone)
        target = Target("127.0.0.1", standalone.dicom_port)
        (receipt,) = send_files(target, [read_parcel(report().save(folder))])
        assert receipt.acknowledged, receipt.reason
        with standalone.signed_in() as browser:
            wait_for(
                lambda: every_alert_is_mailed(browser, spans_in(trace_file)), "not every alert was mailed"
            )
        return texts_of(standalone, trace_file, smtp.messages)


def test_one_trace_from_c_store_to_smtp_without_patient_data(journey: Journey) -> None:
    assert_steps_follow_each_other(journey)
    assert_collector_has_the_same_trace(journey)
    assert_mail_says_what_happened(journey)
    assert_nothing_tells_the_patient(journey)


def assert_steps_follow_each_other(journey: Journey) -> None:
    taken = {name: journey.step(name) for name in STEPS}
    assert {name: len(spans) for name, spans in taken.items()} == {
        **dict.fromkeys(STEPS, 1),
        "handle alerts.check_study": LOOKS,
        "SMTP send": len(journey.mails),
    }
    steps = [step for spans in taken.values() for step in spans]
    assert [step["name"] for step in steps if step["status"] == "error"] == []
    # A publish may be told after the handler it set off has begun; what sets off what is in order.
    firsts = [min(spans, key=lambda span: span["start"]) for spans in taken.values()]
    began = [step["start"] for step in firsts if not step["name"].startswith("publish")]
    assert began == sorted(began)
    spans = {span["span_id"]: span for span in journey.spans}
    for step in steps[1:]:
        ancestor = step
        while ancestor["parent_id"] in spans:
            ancestor = spans[ancestor["parent_id"]]
        assert ancestor["name"] == "C-STORE", f"{step['name']} does not come from the C-STORE"


def assert_collector_has_the_same_trace(journey: Journey) -> None:
    collected = {span.span_id.hex(): span for span in journey.collector.spans}
    assert journey.collector.paths == {"/v1/traces"}
    for name in STEPS:
        for step in journey.step(name):
            sent = collected[step["span_id"]]
            assert (sent.name, sent.trace_id.hex()) == (name, journey.trace_id)
            assert sent.parent_span_id.hex() == (step["parent_id"] or "")
            assert sent.end_time_unix_nano > sent.start_time_unix_nano
    told = [secret for secret in SECRETS if any(secret.encode() in body for body in journey.collector.bodies)]
    assert told == [], f"the collector is told {told}"


def assert_mail_says_what_happened(journey: Journey) -> None:
    assert journey.mails
    assert {message["To"] for message in journey.mails} == {"physicist@hospital.invalid"}
    assert "http://127.0.0.1:" in journey.texts["mail"]
    sent = re.search(r"^dosebus_alert_mails_sent_total (\S+)$", journey.texts["metrics"], re.MULTILINE)
    assert sent is not None
    assert float(sent[1]) == len(journey.mails)


def assert_nothing_tells_the_patient(journey: Journey) -> None:
    for where, text in journey.texts.items():
        assert text, f"the {where} is empty"
        told = [secret for secret in SECRETS if secret.casefold() in text.casefold()]
        assert told == [], f"the {where} tells {told}"
