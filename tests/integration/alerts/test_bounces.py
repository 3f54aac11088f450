"""Messages that come back: found in a real mailbox, shown on the alert, and no reason to send twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from dosebus.store.tables.alerts import address, alert, audit, bounce_mailbox, mail
from dosebus_alerts import outbound
from dosebus_alerts.audit import verify
from dosebus_alerts.bounce_mailbox import Account
from dosebus_alerts.bounces import BounceReader
from dosebus_alerts.digest import make_digests
from dosebus_alerts.follow_up import take_steps
from tests.fixtures.bounces import REPORTS, delayed, nameless, report_of
from tests.fixtures.imap import ImapServer, running_imap
from tests.integration.alerts.conftest import DOMAIN, MailServer

DAY = date(2026, 5, 4)
PHYSICIST = "physicist@example.org"
UNRELATED = b"From: a@b.example\r\nSubject: lunch\r\n\r\nTwelve o'clock?\r\n"
NEVER_OURS = "<somebody-elses@mail.example>"


class Post:
    """A hospital whose one alert was mailed, and the mailbox to which its bounces go."""

    def __init__(self, hospital: Any, imap: ImapServer, user: str) -> None:
        self.hospital, self.imap, self.user = hospital, imap, user
        self.account = Account("127.0.0.1", imap.port, "none", user, imap.password)

    def bounce(
        self, server: str = "Postfix", alter: Callable[[str], str] = str, message_id: str = ""
    ) -> None:
        """A mail server sends the alert's mail back."""
        self.imap.put(self.user, report_of(server, message_id or self.mail.message_id, PHYSICIST, alter))

    def look(self, **values: Any) -> list[str]:
        """Look into the mailbox once."""
        account = replace(self.account, **values)
        return list(BounceReader(self.hospital.alerts, account, threading.Event()).look())

    @property
    def mail(self) -> Any:
        """The one mail."""
        (row,) = self.hospital.rows(mail)
        return row

    @property
    def alert(self) -> Any:
        """The one alert."""
        (row,) = self.hospital.rows(alert)
        return row


@pytest.fixture
def post(
    hospital: Any, imap_server: ImapServer, mail_server: MailServer, request: pytest.FixtureRequest
) -> Post:
    hospital.rule("rf-study", scope="study", weeks=None)
    hospital.recipient("Physicist", PHYSICIST)
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=2.5)
    hospital.check("1.2.1")
    hospital.sender(mail_server.server).send_next()
    with hospital.alerts.transaction() as tx:
        tx.execute(sa.delete(bounce_mailbox))
    user = "".join(letter for letter in request.node.name if letter.isalnum()).lower()
    return Post(hospital, imap_server, user[-40:])


@pytest.mark.parametrize("server", REPORTS)
def test_a_mail_that_comes_back_is_marked_whatever_server_says_so(post: Post, server: str) -> None:
    post.bounce(server)
    assert post.look() == ["bounced"]
    row = post.mail
    assert (row.state, row.reason_code) == ("bounced", "bounced")
    assert row.bounce_status == {"Postfix": "5.1.1", "Exchange": "5.1.10", "Exim": "5.2.2"}[server]
    assert "Doe" not in row.last_error
    assert "@" not in row.last_error
    assert post.alert.state == "failed"
    (event,) = post.hospital.published("alert.mail.failed.v1")
    assert (event["reason_code"], event["final"]) == ("bounced", True)
    (entry,) = post.hospital.rows(audit, audit.c.action == "mail_bounced")
    assert entry.details["status"] == row.bounce_status
    with post.hospital.alerts.reading() as connection:
        assert verify(connection).broken_at is None


def test_each_report_is_read_once_and_flagged_and_other_mail_is_left_alone(post: Post) -> None:
    post.imap.put(post.user, UNRELATED)
    post.bounce(message_id=NEVER_OURS)
    post.bounce()
    post.imap.put(post.user, UNRELATED)
    assert post.look() == ["unrelated", "bounced"]
    assert post.imap.seen(post.user) == [False, False, True, False]
    assert post.look() == []
    post.bounce()
    assert post.look() == ["known"]
    assert len(post.hospital.rows(audit, audit.c.action == "mail_bounced")) == 1
    (box,) = post.hospital.rows(bounce_mailbox)
    assert box.last_uid == 5
    assert box.failing_since is None


def test_two_readers_of_one_mailbox_tell_a_bounce_once(post: Post) -> None:
    post.bounce()
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.extend(post.look())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["bounced"]


def test_a_mailbox_whose_numbers_begin_anew_is_read_again_without_harm(post: Post) -> None:
    post.bounce()
    post.look()
    with post.hospital.alerts.transaction() as tx:
        tx.execute(sa.update(bounce_mailbox).values(uid_validity=1, last_uid=900))
    assert post.look() == ["known"]


def test_a_report_that_it_takes_long_changes_nothing(post: Post) -> None:
    post.bounce(alter=delayed)
    assert post.look() == ["delayed"]
    assert (post.mail.state, post.alert.state) == ("sent", "sent")


def test_without_the_message_the_recipient_tells_which_mail_it_was(post: Post) -> None:
    post.bounce(alter=nameless)
    assert post.look() == ["bounced"]
    assert post.mail.state == "bounced"


def test_without_the_message_an_old_mail_is_not_blamed(post: Post) -> None:
    with post.hospital.alerts.transaction() as tx:
        tx.execute(sa.update(mail).values(sent_at=datetime.now(UTC) - timedelta(days=6)))
    post.bounce(alter=nameless)
    assert post.look() == ["unrelated"]
    assert post.mail.state == "sent"


def test_a_bounce_that_is_faster_than_the_servers_answer_waits(post: Post) -> None:
    with post.hospital.alerts.transaction() as tx:
        tx.execute(sa.update(mail).values(state="handing_over", sent_at=None))
    post.bounce()
    assert post.look() == ["later"]
    assert post.imap.seen(post.user) == [False]
    with post.hospital.alerts.transaction() as tx:
        tx.execute(sa.update(mail).values(state="sent", sent_at=datetime.now(UTC)))
    assert post.look() == ["bounced"]


def test_a_mail_in_doubt_that_comes_back_is_in_doubt_no_more(post: Post) -> None:
    with post.hospital.alerts.transaction() as tx:
        tx.execute(sa.update(mail).values(state="in_doubt", sent_at=None))
    post.bounce()
    assert post.look() == ["bounced"]
    assert post.mail.state == "bounced"


def test_a_bounced_mail_can_be_sent_again_and_an_old_report_does_not_count(
    post: Post, mail_server: MailServer
) -> None:
    post.bounce()
    post.look()
    with post.hospital.alerts.transaction() as tx:
        assert outbound.send_again(tx, post.mail.id) is not None
    post.hospital.sender(mail_server.server).send_next()
    assert (post.mail.state, post.mail.bounce_status, post.alert.state) == ("sent", None, "sent")
    with post.hospital.alerts.transaction() as tx:
        tx.execute(sa.update(mail).values(sent_at=datetime.now(UTC) + timedelta(hours=1)))
    post.bounce()
    assert post.look() == ["known"]
    assert post.mail.state == "sent"


def test_the_address_stays_marked_until_a_message_has_stayed_for_a_day(
    post: Post, mail_server: MailServer
) -> None:
    post.bounce()
    post.look()
    (known,) = post.hospital.rows(address)
    assert known.reason_code == "bounced"
    assert known.answer.startswith("5.1.1 550")
    post.hospital.study("1.2.2", DAY, patient_id="p2", dose_rp_total_plane_a_gy=2.5)
    post.hospital.check("1.2.2")
    post.hospital.sender(mail_server.server).send_next()
    (known,) = post.hospital.rows(address)
    assert known.refused_since is not None
    with post.hospital.alerts.transaction() as tx:
        tx.execute(sa.update(mail).values(bounced_at=datetime.now(UTC) - timedelta(days=3)))
        tx.execute(
            sa.update(mail)
            .where(mail.c.state == "sent")
            .values(sent_at=datetime.now(UTC) - timedelta(days=2))
        )
    post.hospital.study("1.2.3", DAY, patient_id="p3", dose_rp_total_plane_a_gy=2.5)
    post.hospital.check("1.2.3")
    post.hospital.sender(mail_server.server).send_next()
    (known,) = post.hospital.rows(address)
    assert known.refused_since is None


def test_a_full_mailbox_does_not_make_the_address_a_wrong_one(post: Post) -> None:
    post.bounce("Exim")
    assert post.look() == ["bounced"]
    (known,) = post.hospital.rows(address)
    assert known.refused_since is None


def test_after_a_bounce_the_second_recipient_is_told(post: Post) -> None:
    second = post.hospital.recipient("Second", "second@example.org", rules=[])
    post.hospital.follow_up("rf-study", 1.0, [second])
    post.bounce()
    post.look()
    with post.hospital.alerts.transaction() as tx:
        assert take_steps(tx, DOMAIN, datetime.now(UTC) + timedelta(hours=2)) == 1
    told = {row.recipient_name: row.state for row in post.hospital.rows(mail)}
    assert told == {"Physicist": "bounced", "Second": "queued"}


def test_a_reminder_does_not_go_to_an_address_that_sends_messages_back(post: Post) -> None:
    post.hospital.follow_up("rf-study", 1.0)
    post.bounce()
    post.look()
    with post.hospital.alerts.transaction() as tx:
        take_steps(tx, DOMAIN, datetime.now(UTC) + timedelta(hours=2))
    assert [row.kind for row in post.hospital.rows(mail)] == ["alert"]


def test_a_digest_that_comes_back_takes_its_alerts_along(
    hospital: Any, imap_server: ImapServer, mail_server: MailServer
) -> None:
    hospital.rule("rf-study", scope="study", weeks=None)
    hospital.recipient("Physicist", PHYSICIST, digest_hour=0)
    for number in (1, 2):
        hospital.study(f"1.2.{number}", DAY, patient_id=f"p{number}", dose_rp_total_plane_a_gy=2.5)
        hospital.check(f"1.2.{number}")
    with hospital.alerts.transaction() as tx:
        tx.execute(sa.update(mail).values(created_at=datetime.now(UTC) - timedelta(days=2)))
        make_digests(tx, DOMAIN)
    hospital.sender(mail_server.server).send_next()
    (digest,) = hospital.rows(mail, mail.c.kind == "digest")
    assert digest.state == "sent"
    imap_server.put("digest", report_of("Exchange", digest.message_id, PHYSICIST))
    account = Account("127.0.0.1", imap_server.port, "none", "digest", imap_server.password)
    assert BounceReader(hospital.alerts, account, threading.Event()).look() == ["bounced"]
    assert {row.state for row in hospital.rows(mail)} == {"bounced"}
    assert {row.state for row in hospital.rows(alert)} == {"failed"}
    with hospital.alerts.transaction() as tx:
        outbound.send_again(tx, UUID(str(digest.id)))
    assert {row.kind: row.state for row in hospital.rows(mail)} == {"digest": "queued", "alert": "gathered"}


def test_a_mailbox_that_cannot_be_read_says_so_until_it_can(post: Post) -> None:
    assert post.look(password="wrong") == []
    (box,) = post.hospital.rows(bounce_mailbox)
    assert box.failure == "login_refused"
    since = box.failing_since
    assert post.look(folder="Nowhere") == []
    (other,) = post.hospital.rows(bounce_mailbox, bounce_mailbox.c.failure == "no_such_folder")
    assert other.mailbox.endswith("/Nowhere")
    post.look(password="wrong")
    (box,) = post.hospital.rows(bounce_mailbox, bounce_mailbox.c.mailbox == post.account.name)
    assert box.failing_since == since
    post.look()
    (box,) = post.hospital.rows(bounce_mailbox, bounce_mailbox.c.mailbox == post.account.name)
    assert (box.failing_since, box.failure) == (None, None)
    assert box.read_at is not None


def test_a_server_that_is_away_or_not_trusted_gets_no_password(post: Post, certificate: Any) -> None:
    assert post.look(port=1) == []
    (box,) = post.hospital.rows(bounce_mailbox)
    assert box.failure == "no_connection"
    assert post.look(security="starttls") == []
    (box,) = post.hospital.rows(bounce_mailbox)
    assert box.failure == "no_tls"
    with running_imap(certificate.folder) as server:
        server.put(post.user, report_of("Postfix", post.mail.message_id, PHYSICIST))
        host: dict[str, Any] = {"host": "localhost", "security": "tls", "port": server.tls_port}
        assert post.look(**host) == []
        assert "tls_failed" in {one.failure for one in post.hospital.rows(bounce_mailbox)}
        trusted: dict[str, Any] = host | {"ca_file": str(certificate.authority)}
        assert post.look(**trusted) == ["bounced"]
        assert post.look(**(trusted | {"security": "starttls", "port": server.port})) == []
        (box,) = post.hospital.rows(bounce_mailbox, bounce_mailbox.c.mailbox.contains("@localhost/"))
        assert box.failure is None
