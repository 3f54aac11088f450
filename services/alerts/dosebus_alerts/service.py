"""The alerts service as data: what it takes, does and keeps ready."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from dosebus.runtime.service import Context, Every, Service, Task
from dosebus_alerts.bells import Bells
from dosebus_alerts.bounce_mailbox import Account
from dosebus_alerts.bounces import BounceReader
from dosebus_alerts.carriers import ByMail, ByWebhook, Carrier
from dosebus_alerts.consumers import consumers
from dosebus_alerts.courier import Server
from dosebus_alerts.digest import make_digests
from dosebus_alerts.facts import Links
from dosebus_alerts.follow_up import take_steps
from dosebus_alerts.recalculation import Recalculator
from dosebus_alerts.recipients import Channel
from dosebus_alerts.retry import RetrySchedule
from dosebus_alerts.sender import Post, Sender, count_mails
from dosebus_alerts.settings import AlertsSettings
from dosebus_alerts.sink import Sink
from dosebus_alerts.trials import Trials, discard_old
from dosebus_alerts.webhook import Caller

AlertsContext = Context[AlertsSettings]


def make_resources(context: AlertsContext) -> Mapping[str, Any]:
    """The bell that wakes the sender, and the built-in sink where the settings want it."""
    settings = context.settings
    resources: dict[str, Any] = {"bells": Bells()}
    if settings.mail_sink:
        resources["mail_sink"] = Sink(settings.mail_sink_folder, settings.mail_sink_port)
        context.log.info("mail goes to the built-in sink", folder=str(settings.mail_sink_folder))
    return resources


def send_mails(context: AlertsContext, stop: threading.Event) -> None:
    """Task: send what is due."""
    settings = context.settings
    sink: Sink | None = context.resources.get("mail_sink")
    if sink is None and settings.smtp_host is None:
        context.log.warning("no mail server is set, so mail waits; set DOSEBUS_SMTP_HOST")
    server = Server.of(settings) if sink is None else Server("127.0.0.1", sink.port, security="none")
    links = Links(settings.public_url)
    carrier = None
    if server is not None:
        back = settings.mail_return_address
        carrier = ByMail(context.database, server, settings.mail_sender, links, return_address=back)
    arrived = None if sink is None else sink.has
    Sender(_post(context, "mail", carrier, arrived), stop).run()


def call_webhooks(context: AlertsContext, stop: threading.Event) -> None:
    """Task: call what is due. It is a task of its own, so that a mail server that hangs does not keep it waiting."""
    carrier = ByWebhook(context.database, Caller.of(context.settings), Links(context.settings.public_url))
    Sender(_post(context, "webhook", carrier), stop).run()


def _post(
    context: AlertsContext,
    channel: Channel,
    carrier: Carrier | None,
    arrived: Callable[[str], bool] | None = None,
) -> Post:
    settings = context.settings
    return Post(
        database=context.database,
        channel=channel,
        carrier=carrier,
        schedule=RetrySchedule(
            settings.smtp_retry_first_s, settings.smtp_retry_longest_s, settings.smtp_give_up_after_s
        ),
        bell=getattr(context.resources["bells"], channel),
        poll_s=settings.mail_poll_s,
        drain_s=settings.drain_seconds,
        arrived=arrived,
    )


def try_rules(context: AlertsContext, stop: threading.Event) -> None:
    """Task: work through the trials of rules that are asked for."""
    Trials(context.database, stop).run()


def follow_up(context: AlertsContext, stop: threading.Event) -> None:
    """Task: take the steps of alerts that nobody acknowledged, and make the digests that are due."""
    settings = context.settings
    while not stop.wait(settings.follow_up_s):
        with context.database.transaction() as tx:
            take_steps(tx, settings.mail_domain)
        with context.database.transaction() as tx:
            make_digests(tx, settings.mail_domain)
        context.resources["bells"].ring()


def read_bounces(context: AlertsContext, stop: threading.Event) -> None:
    """Task: look for mails that came back, where a mailbox is set."""
    account = Account.of(context.settings)
    if account is None:
        stop.wait()
        return
    BounceReader(context.database, account, stop, context.settings.bounce_poll_s).run()


def recalculate(context: AlertsContext, stop: threading.Event) -> None:
    """Task: work through the recalculations that are asked for."""
    bell = context.resources["bells"].mail
    Recalculator(context.database, bell, context.settings.mail_domain, stop).run()


def measure(context: AlertsContext) -> None:
    """Count the mails that are not done with."""
    count_mails(context.database)


def clear_up(context: AlertsContext) -> None:
    """Forget old trials."""
    with context.database.transaction() as tx:
        discard_old(tx)


SERVICE = Service(
    name="alerts",
    schema="alerts",
    settings=AlertsSettings,
    consumers=consumers,
    tasks=(
        Task("mail sender", send_mails),
        Task("webhook caller", call_webhooks),
        Task("bounce reader", read_bounces),
        Task("recalculation", recalculate),
        Task("follow-up", follow_up),
        Task("trials", try_rules),
    ),
    schedule=(Every(15, "count mails", measure), Every(86400, "old trials", clear_up)),
    resources=make_resources,
)
