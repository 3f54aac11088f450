"""Metrics of the ground itself; a service declares its own where it counts them."""

from prometheus_client import Counter, Gauge, Histogram

HANDLED = Counter(
    "dosebus_messages_handled_total",
    "Deliveries by queue and outcome (done, retry, park)",
    ["queue", "outcome"],
)
HANDLING_SECONDS = Histogram(
    "dosebus_message_handling_seconds",
    "Time to handle a delivery",
    ["queue"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
PUBLISHED = Counter("dosebus_messages_published_total", "Messages the bus has confirmed", ["service"])
OUTBOX_ROWS = Gauge("dosebus_outbox_rows", "Messages that wait in the outbox", ["service"])
OUTBOX_AGE = Gauge("dosebus_outbox_oldest_seconds", "Age of the oldest message in the outbox", ["service"])
OUTBOX_FAILURES = Counter(
    "dosebus_outbox_failures_total", "Times the relay could not hand messages to the bus", ["service"]
)
CONSUMER_THREADS = Gauge("dosebus_consumers", "Consumers that are alive, by queue", ["queue"])
