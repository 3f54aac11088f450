"""Words of tables that pages say: the catalogues hold them beside what is marked in the code."""

from __future__ import annotations

from collections.abc import Iterator

from dosebus.catalogue.listings import LISTINGS
from dosebus.domain.alerting import JUSTIFICATIONS, SEVERITIES, TELLABLE
from dosebus.domain.quantities import QUANTITIES
from dosebus.domain.rule_sets import RULE_SETS
from dosebus_web.auth.groups import GROUPS
from dosebus_web.http.navigation import PLACES
from dosebus_web.retelling import MESSAGES

STATES = (
    "acknowledged", "answered", "answering", "applying", "bounced", "cancelled", "closed", "completed", "computed",
    "detected", "differs", "done", "down", "duplicate", "error", "failed", "finished", "gathered", "handing over",
    "healthy", "ignored", "in doubt", "info", "justified", "not computed", "partial", "queued", "ready", "recorded",
    "refusing", "rejected", "running", "same", "sending", "sent", "silent", "stored", "swapped", "unknown",
    "unreachable", "waiting", "withdrawn",
)  # fmt: skip
"""What `words` makes of the states that services write."""
REASONS = (
    "already recorded", "contained", "dose screen rows in doubt", "dose screen unreadable", "dose screen unsure",
    "no dose screen", "no sop instance", "no study instance uid",
    "not a dose report", "ocr not installed", "quiet hours", "reader failed",
    "sop class not read", "study removed", "unreadable", "unstorable",
    "blank name", "clock", "dlp and length differ", "doubled event uid", "event count differs", "geometry missing",
    "image disagrees", "no study date", "no study time", "no total", "not a number", "patients differ", "read by ocr",
    "total differs", "unknown template", "unparsable datetime", "wrong unit",
)  # fmt: skip
"""What `words` makes of reason codes and of the codes of findings."""

VERDICTS = (
    "all held", "better report", "class unknown", "dose report", "empty", "general report", "has reports", "held",
    "modality unknown", "no dose report", "no reports", "not a report", "other class", "other modality",
    "outside dates", "report",
)  # fmt: skip
"""What `words` makes of why a query keeps or drops what an archive has."""

ALERT_WORDS = (
    "alert", "cancelled", "digest", "mail", "no address", "raised", "reinstated", "reminder", "requested", "revalued",
    "settings changed", "test", "trial", "webhook",
    "found by recalculation", "level no longer reached", "level reached for certain", "no recipient",
    "no recipient has an address", "rule not in force", "rule on trial", "some recipients without address",
    "bad url", "cannot be written", "connection lost", "crash", "database away", "http", "login refused",
    "message refused", "no answer", "no mail server", "no secret", "no such folder", "no tls", "not https",
    "nothing to tell", "protocol error", "recipient gone", "recipient refused", "sender refused", "smtp", "timeout",
    "tls failed",
)  # fmt: skip
"""What `words` makes of the kinds, notes and reason codes of alerts and their messages."""


def lexicon() -> Iterator[str]:
    """Every word of these tables; some come more than once."""
    for listing in LISTINGS.values():
        yield listing.title
        yield from (field.label for field in listing.fields.values())
        yield from (one.label for one in listing.filters)
    yield from (quantity.label for quantity in QUANTITIES.values())
    yield from (rule.title for rule_set in RULE_SETS.values() for rule in rule_set.rules)
    yield from (rule_set.title for rule_set in RULE_SETS.values())
    yield from (place.label for place in PLACES)
    yield from (
        *TELLABLE.values(),
        *JUSTIFICATIONS.values(),
        *GROUPS.values(),
        *SEVERITIES,
        *STATES,
        *REASONS,
        *VERDICTS,
        *ALERT_WORDS,
        *MESSAGES,
    )
