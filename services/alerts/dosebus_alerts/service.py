"""The alerts service as data: what it takes, does and keeps ready."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from dosebus.runtime.service import Context, Every, Service, Task
from dosebus_alerts.consumers import consumers
from dosebus_alerts.courier import Server
from dosebus_alerts.recalculation import Recalculator
from dosebus_alerts.retry import RetrySchedule
from dosebus_alerts.sender import Post, Sender, count_mails
from dosebus_alerts.settings import AlertsSettings
from dosebus_alerts.sink import Sink

AlertsContext = Context[AlertsSettings]


def make_resources(context: AlertsContext) -> Mapping[str, Any]:
    """The bell that wakes the sender, and the built-in sink where the settings want it."""
    settings = context.settings
    resources: dict[str, Any] = {"mail_bell": threading.Event()}
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
    post = Post(
        database=context.database,
        server=Server.of(settings) if sink is None else Server("127.0.0.1", sink.port, security="none"),
        sender=settings.mail_sender,
        public_url=settings.public_url,
        schedule=RetrySchedule(
            settings.smtp_retry_first_s, settings.smtp_retry_longest_s, settings.smtp_give_up_after_s
        ),
        bell=context.resources["mail_bell"],
        poll_s=settings.mail_poll_s,
        drain_s=settings.drain_seconds,
        arrived=None if sink is None else sink.has,
    )
    Sender(post, stop).run()


def recalculate(context: AlertsContext, stop: threading.Event) -> None:
    """Task: work through the recalculations that are asked for."""
    bell = context.resources["mail_bell"]
    Recalculator(context.database, bell, context.settings.mail_domain, stop).run()


def measure(context: AlertsContext) -> None:
    """Count the mails that are not done with."""
    count_mails(context.database)


SERVICE = Service(
    name="alerts",
    schema="alerts",
    settings=AlertsSettings,
    consumers=consumers,
    tasks=(Task("mail sender", send_mails), Task("recalculation", recalculate)),
    schedule=(Every(15, "count mails", measure),),
    resources=make_resources,
)
