"""The statements of the local bus."""

from sqlalchemy import ARRAY, BigInteger, Integer, LargeBinary, Text, bindparam, text

from dosebus.store.prepared import Prepared

DECLARE = text(
    "INSERT INTO bus.queue (name, service) VALUES (:queue, :service)"
    " ON CONFLICT (name) DO UPDATE SET service = :service"
)
UNSUBSCRIBE = text("DELETE FROM bus.subscription WHERE queue = :queue AND topic <> ALL(:topics)")
SUBSCRIBE = text(
    "INSERT INTO bus.subscription (topic, queue)"
    " SELECT unnest(CAST(:topics AS text[])), :queue ON CONFLICT DO NOTHING"
)
# Gives the topics that some queue takes. What is only selected in a WITH is run where it is referred to.
PUBLISH = Prepared(
    text(
        "WITH letter AS (SELECT * FROM unnest(:ids, :topics, :bodies) AS l(message_id, topic, body)),"
        " sent AS (INSERT INTO bus.message (queue, message_id, topic, body)"
        "  SELECT s.queue, l.message_id, l.topic, l.body"
        "  FROM letter l JOIN bus.subscription s ON s.topic = l.topic"
        "  RETURNING queue, topic)"
        " SELECT ARRAY(SELECT DISTINCT topic FROM sent),"
        " (SELECT count(pg_notify('dosebus_bus', queue)) FROM (SELECT DISTINCT queue FROM sent) AS woken)"
    ).bindparams(
        bindparam("ids", type_=ARRAY(Text)),
        bindparam("topics", type_=ARRAY(Text)),
        bindparam("bodies", type_=ARRAY(LargeBinary)),
    )
)
# Losing a settlement in a crash only delivers a message again, so its commit need not wait for the disk.
CLAIM = Prepared(
    text(
        "SELECT m.id, m.message_id, m.topic, m.body, m.attempt, set_config('synchronous_commit', 'off', true)"
        " FROM bus.message m WHERE m.queue = :queue AND m.available_at <= now()"
        " ORDER BY m.available_at, m.id LIMIT :most FOR UPDATE SKIP LOCKED"
    ).bindparams(bindparam("most", type_=Integer))
)
SETTLE_DONE = Prepared(
    text("DELETE FROM bus.message WHERE id = ANY(:ids)").bindparams(bindparam("ids", type_=ARRAY(BigInteger)))
)
RETRY = text(
    "UPDATE bus.message SET attempt = attempt + :more,"
    " available_at = clock_timestamp() + make_interval(secs => :seconds) WHERE id = :id"
)
SETTLE_PARK = text(
    "WITH parked AS (DELETE FROM bus.message WHERE id = :id RETURNING *)"
    " INSERT INTO bus.dead (service, queue, message_id, topic, body, attempt, reason_code, reason)"
    " SELECT split_part(queue, '.', 1), queue, message_id, topic, body, attempt, :reason_code, :reason"
    " FROM parked"
)
DUE_QUEUES = "SELECT DISTINCT queue FROM bus.message WHERE queue = ANY(%(names)s) AND available_at <= now()"
DEPTHS = text(
    "SELECT q.name AS queue, q.service, false AS dead,"
    " count(m.id) FILTER (WHERE m.available_at <= now()) AS ready,"
    " count(m.id) FILTER (WHERE m.available_at > now()) AS delayed"
    " FROM bus.queue q LEFT JOIN bus.message m ON m.queue = q.name GROUP BY q.name, q.service"
    " UNION ALL"
    " SELECT 'dead.' || s.service, s.service, true,"
    " (SELECT count(*) FROM bus.dead d WHERE d.service = s.service), 0"
    " FROM (SELECT DISTINCT service FROM bus.queue) s ORDER BY 3, 1"
)
DEAD_LETTERS = text(
    "SELECT message_id, service, queue, topic, attempt, reason_code, reason, parked_at, body FROM bus.dead"
    " WHERE service = :service ORDER BY id LIMIT :limit"
)
REPLAY = text(
    "WITH revived AS (DELETE FROM bus.dead WHERE service = :service AND message_id = :message_id"
    "  RETURNING *),"
    " sent AS (INSERT INTO bus.message (queue, message_id, topic, body)"
    "  SELECT queue, message_id, topic, body FROM revived RETURNING queue)"
    " SELECT pg_notify('dosebus_bus', queue) FROM sent"
)
DELETE_DEAD = text("DELETE FROM bus.dead WHERE service = :service AND message_id = :message_id RETURNING id")
