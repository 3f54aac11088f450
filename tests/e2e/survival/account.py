"""What must be true after the harm: every acknowledged object recorded once, every alert mailed once."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

ALERTS_WITH_MAILS = """
    SELECT a.id, count(m.id) FILTER (WHERE m.state = 'sent'),
           count(m.id) FILTER (WHERE m.state = 'in_doubt'), count(m.id)
    FROM alerts.alert a LEFT JOIN alerts.mail m ON m.alert_id = a.id AND m.kind = 'alert'
    WHERE a.withdrawn_at IS NULL GROUP BY a.id
"""
STUDIES_OVER_A_LEVEL = """
    WITH single AS (
        SELECT id, patient_id, study_date, coalesce(total_dap_gym2, 0) dap, coalesce(dose_rp_total_gy, 0) rp
        FROM dose.study WHERE 'RF' = ANY(modality_types)
    ), summed AS (
        SELECT s.id, s.dap, s.rp, sum(o.dap) dap_sum, sum(o.rp) rp_sum
        FROM single s JOIN single o ON o.patient_id = s.patient_id
             AND o.study_date <= s.study_date AND o.study_date >= s.study_date - 84
        GROUP BY s.id, s.dap, s.rp
    )
    SELECT count(*) FROM summed WHERE dap >= 0.02 OR rp >= 2 OR dap_sum >= 0.02 OR rp_sum >= 2
"""


def acknowledged(log: Path) -> set[str]:
    """SOP Instance UIDs that the receiver acknowledged, as the sender noted them."""
    return {
        json.loads(line)["sop_instance_uid"] for line in log.read_text(encoding="utf-8").splitlines() if line
    }


def recorded(connection: psycopg.Connection[Any]) -> Counter[str]:
    """How often each SOP Instance UID stands among the recorded objects."""
    rows = connection.execute(
        "SELECT sop_instance_uid, count(*) FROM dose.object WHERE outcome = 'recorded' GROUP BY 1"
    ).fetchall()
    return Counter(dict(rows))


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Raise TimeoutError when the condition does not come true in time; a database that is away is tried again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except psycopg.OperationalError:
            time.sleep(0.5)
        time.sleep(0.3)
    raise TimeoutError(f"after {seconds} s: {what}")
