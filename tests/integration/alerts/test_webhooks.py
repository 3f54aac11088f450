"""Webhooks against a real receiver that fails, hangs, redirects, and answers well in the end."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dosebus.bus.message import Message
from dosebus.events.alerts import AlertTestMailRequested
from dosebus.store.tables.alerts import address, alert, mail
from dosebus_alerts import consumers, outbound
from dosebus_alerts.bells import Bells
from dosebus_alerts.courier import DeliveryError, RefusedError
from dosebus_alerts.settings import AlertsSettings
from dosebus_alerts.webhook import Call, Caller, call, signature

DAY = date(2026, 5, 4)
SECRET = "a long secret of the test"
CALLER = Caller(environment={"DOSEBUS_WEBHOOK_SECRET_TEAM": SECRET}, allow_http=True, timeout_s=60)
HASTY = replace(CALLER, timeout_s=1.0)


@dataclass
class Receiver:
    """A receiver that answers what a test wants, in order, and 200 from then on."""

    answers: list[int] = field(default_factory=list)
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            answer = state.answers.pop(0) if state.answers else 200
            if answer == 0:
                state.let_go.wait(60)
                return
            self.send_response(answer)
            if 300 <= answer < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state
    state.let_go.set()
    server.shutdown()
    thread.join()
    server.server_close()


def program(hospital: Any, url: str, **values: Any) -> int:
    known = {"channel": "webhook", "webhook_url": url, "webhook_secret": "team"} | values
    return int(hospital.recipient("Incident system", None, **known))


def raise_alert(hospital: Any, uid: str = "1.2.1") -> None:
    hospital.rule("rf-study", title="Dose of a study", scope="study", weeks=None)
    hospital.study(uid, DAY, patient_id="p-4711", patient_name="Weber^Nora", dose_rp_total_plane_a_gy=2.5)
    hospital.check(uid)


def work_off(hospital: Any, caller: Caller = CALLER, **values: Any) -> None:
    sender = hospital.caller(caller, **values)
    for _ in range(12):
        if not sender.send_next():
            return


def test_a_call_is_signed_over_its_time_and_body_and_tells_no_patient(
    hospital: Any, receiver: Receiver
) -> None:
    program(hospital, receiver.url)
    raise_alert(hospital)
    work_off(hospital)
    ((headers, body),) = receiver.calls
    stamp = headers["dosebus-timestamp"]
    expected = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, sha256).hexdigest()
    assert headers["dosebus-signature"] == f"v1={expected}"
    assert abs(int(stamp) - time.time()) < 60
    content = json.loads(body)
    (row,) = hospital.rows(mail)
    assert headers["idempotency-key"] == content["id"] == str(row.id)
    (told,) = content["alerts"]
    assert (told["rule"], told["value"], told["level"], told["told"]) == ("rf-study", 2.5, 2.0, {})
    assert b"4711" not in body
    assert b"Weber" not in body
    assert (row.state, row.address) == ("sent", f"webhook:{row.recipient_id}")
    assert [one.state for one in hospital.rows(alert)] == ["sent"]


def test_a_receiver_that_fails_and_hangs_gets_the_same_call_again_until_it_answers_well(
    hospital: Any, receiver: Receiver
) -> None:
    program(hospital, receiver.url)
    raise_alert(hospital)
    receiver.answers = [500, 0, 429, 503]
    assert hospital.caller(CALLER).send_next()
    assert hospital.caller(HASTY).send_next()
    work_off(hospital)
    assert len(receiver.calls) == 5
    assert len({headers["idempotency-key"] for headers, _ in receiver.calls}) == 1
    (row,) = hospital.rows(mail)
    assert (row.state, row.attempts) == ("sent", 5)
    reasons = [one["reason_code"] for one in hospital.published("alert.mail.failed.v1")]
    assert reasons == ["http_500", "no_answer", "http_429", "http_503"]


@pytest.mark.parametrize("answer", [302, 404, 410])
def test_redirects_and_refusals_are_final_and_noted_at_the_address(
    hospital: Any, receiver: Receiver, answer: int
) -> None:
    program(hospital, receiver.url)
    raise_alert(hospital)
    receiver.answers = [answer]
    work_off(hospital)
    assert len(receiver.calls) == 1
    assert [(row.state, row.reason_code) for row in hospital.rows(mail)] == [("failed", f"http_{answer}")]
    (known,) = hospital.rows(address)
    assert known.refused_since is not None


def test_a_crash_in_the_call_is_no_doubt_because_the_key_tells_the_receiver(
    hospital: Any, receiver: Receiver
) -> None:
    program(hospital, receiver.url)
    raise_alert(hospital)
    with hospital.alerts.transaction() as tx:
        row = outbound.claim(tx, "webhook")
        assert row is not None
        outbound.hand_over(tx, row.id, row.claim)
    hospital.caller(CALLER)._recover()
    work_off(hospital)
    assert [one.state for one in hospital.rows(mail)] == ["sent"]
    assert [headers["idempotency-key"] for headers, _ in receiver.calls] == [str(row.id)]


def test_what_cannot_be_signed_waits_and_is_not_sent(
    hospital: Any, receiver: Receiver, tmp_path: Path
) -> None:
    program(hospital, receiver.url)
    raise_alert(hospital)
    folder = Caller(secrets_folder=tmp_path, allow_http=True)
    work_off(hospital, folder)
    assert [(row.state, row.reason_code) for row in hospital.rows(mail)] == [("queued", "no_secret")]
    assert receiver.calls == []
    (tmp_path / "team").write_text(f"{SECRET}\n")
    work_off(hospital, folder)
    assert len(receiver.calls) == 1


def test_a_digest_and_a_test_go_to_webhooks_too(hospital: Any, receiver: Receiver) -> None:
    recipient = program(hospital, receiver.url)
    event = AlertTestMailRequested(recipient_id=recipient, requested_by="anna")
    message = Message("0" * 32, event.topic, None, 1, None)  # type: ignore[arg-type]
    with hospital.alerts.transaction() as tx:
        consumers.send_test_mail(event, tx, AlertsSettings(database_url="postgresql://x"), message, Bells())
    work_off(hospital)
    assert json.loads(receiver.calls[0][1])["kind"] == "test"
    assert hospital.published("alert.mail.sent.v1") == []


def test_a_mail_server_that_is_not_set_keeps_no_webhook_waiting(hospital: Any, receiver: Receiver) -> None:
    hospital.recipient("Physicist", "physicist@example.org")
    program(hospital, receiver.url)
    raise_alert(hospital)
    work_off(hospital)
    assert len(receiver.calls) == 1
    assert {row.channel: row.state for row in hospital.rows(mail)} == {"mail": "queued", "webhook": "sent"}


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/hook",
        "ftp://receiver.example/hook",
        "https:///hook",
        "https://user:word@receiver.example/hook",
        "https://receiver.example:port/hook",
    ],
)
def test_urls_that_are_not_called(url: str) -> None:
    careful = Caller(environment={"DOSEBUS_WEBHOOK_SECRET_TEAM": SECRET})
    with pytest.raises(RefusedError):
        call(careful, Call(url, "team", "test", "key", b"{}"), 1, lambda: True)


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Any) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = certificate.server_context().wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        careful = Caller(environment={"DOSEBUS_WEBHOOK_SECRET_TEAM": SECRET}, timeout_s=60)
        url = f"https://127.0.0.1:{server.server_address[1]}/"
        with pytest.raises(DeliveryError) as caught:
            call(careful, Call(url, "team", "test", "key", b"{}"), 1, lambda: True)
        assert caught.value.reason_code == "no_connection"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_signature_is_the_one_that_the_operators_page_tells() -> None:
    assert signature(b"key", 1760000000, b'{"a":1}') == (
        "v1=" + hmac.new(b"key", b'1760000000.{"a":1}', sha256).hexdigest()
    )
