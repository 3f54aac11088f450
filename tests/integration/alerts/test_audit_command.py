"""`dosebus audit verify` from the command line: a sound chain, and forged, cut and reordered ones."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from dosebus.store.tables.alerts import audit
from dosebus_alerts.cli import verify

DAY = date(2026, 5, 4)


@pytest.fixture
def chain(hospital: Any) -> Any:
    hospital.rule("rf-study", scope="study", weeks=None)
    for number in range(1, 6):
        hospital.study(f"1.2.{number}", DAY, patient_id=f"p{number}", dose_rp_total_plane_a_gy=2.5)
        hospital.check(f"1.2.{number}")
    return hospital


@pytest.fixture
def run(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DOSEBUS_DATABASE_URL", postgres_url)
    monkeypatch.delenv("DOSEBUS_DATA", raising=False)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(verify, list(arguments))

    return invoke


def forge(hospital: Any, *statements: Any) -> None:
    with hospital.alerts.transaction() as tx:
        for statement in statements:
            tx.execute(statement)


def test_a_sound_chain_verifies_and_tells_its_head(chain: Any, run: Any) -> None:
    told = run()
    assert told.exit_code == 0, told.output
    assert told.output.startswith("5 entries, all sound. Head: ")
    head = told.output.strip().rpartition(" ")[2]
    assert run("--expect-head", head).exit_code == 0


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        (sa.update(audit).where(audit.c.seq == 3).values(actor="somebody else"), 3),
        (sa.update(audit).where(audit.c.seq == 2).values(details={}), 2),
        (sa.update(audit).where(audit.c.seq == 4).values(hash="0" * 64), 4),
        (sa.delete(audit).where(audit.c.seq == 2), 2),
        (sa.delete(audit).where(audit.c.seq == 1), 1),
    ],
)
def test_a_changed_or_missing_entry_is_named(chain: Any, run: Any, statement: Any, broken_at: int) -> None:
    forge(chain, statement)
    told = run()
    assert told.exit_code == 1
    assert f"broken at entry {broken_at}:" in told.output


def test_exchanged_entries_are_found(chain: Any, run: Any) -> None:
    seq = audit.c.seq
    forge(
        chain,
        sa.update(audit).where(seq == 2).values(seq=100),
        sa.update(audit).where(seq == 3).values(seq=2),
        sa.update(audit).where(seq == 100).values(seq=3),
    )
    told = run()
    assert told.exit_code == 1
    assert re.search(r"broken at entry 2:", told.output)


def test_a_chain_that_was_cut_off_is_found_by_a_head_that_was_noted(chain: Any, run: Any) -> None:
    head = run().output.strip().rpartition(" ")[2]
    forge(chain, sa.delete(audit).where(audit.c.seq > 3))
    assert run().exit_code == 0
    told = run("--expect-head", head)
    assert told.exit_code == 1
    assert "entries at the end were removed" in told.output
