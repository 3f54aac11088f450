"""Checks studies against the rules: ledger, sums, breaches, alerts, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from dosebus.store.transaction import Transaction
from dosebus_alerts import audit, ledger
from dosebus_alerts.casebook import Casebook, Origin
from dosebus_alerts.changes import Change
from dosebus_alerts.configuration import Configuration, read_configuration
from dosebus_alerts.cumulative import StudyDose, needed_for, touched_by, window_sum
from dosebus_alerts.locks import lock_patients, lock_studies
from dosebus_alerts.rules import Breach, breaches, windows_of


def check_studies(
    tx: Transaction,
    uids: Collection[str],
    origin: Origin,
    sender_domain: str,
    traceparents: Mapping[str, str | None] | None = None,
) -> list[Change]:
    """Bring the ledger, the sums and the alerts of these studies up to date, and of every study whose sums
    they are part of, or were.

    It asks the dose schema what is true now, so it does not matter in which order, how often or how late the
    news of studies come. Gives what happened to alerts.

    `traceparents`: the trace of each study's news, the latest last.
    """
    lock_studies(tx, uids)
    configuration = read_configuration(tx.connection)
    before = ledger.studies_in_ledger(tx, uids)
    now = ledger.studies_as_recorded(tx, uids, configuration.event_quantities)
    changed = [*before.values(), *now.values()]
    lock_patients(tx, (study.patient for study in changed if study.patient is not None))
    ledger.strike(tx, before.keys() - now.keys())
    ledger.write(tx, now.values())

    touched = list(_touched(tx, changed, now, configuration))
    windows = windows_of(configuration.rules)
    ledger.write_sums(
        tx,
        {
            study.study_instance_uid: [
                summed for window in windows if (summed := window_sum(study, known, window)) is not None
            ]
            for study, known in touched
        },
    )
    passed: dict[str, tuple[Breach, ...]] = dict.fromkeys(sorted(set(uids) - now.keys()), ())
    for study, known in touched:
        passed[study.study_instance_uid] = breaches(study, known, configuration.rules)
    casebook = Casebook(tx, configuration, origin, sender_domain, traceparents or {})
    casebook.settle(passed)
    audit.append(tx, casebook.entries)
    return casebook.changes


def _touched(
    tx: Transaction,
    changed: Iterable[StudyDose],
    now: dict[str, StudyDose],
    configuration: Configuration,
) -> Iterable[tuple[StudyDose, list[StudyDose]]]:
    """Every study to look at again, with what is known of its patient around it."""
    weeks = max((window.weeks for window in windows_of(configuration.rules)), default=0)
    summed = frozenset(
        modality for window in windows_of(configuration.rules) for modality in window.modality_types
    )
    dates: defaultdict[str, set[date]] = defaultdict(set)
    for study in changed:
        place = _place_in_sums(study, summed)
        if place is not None:
            dates[place[0]].add(place[1])
    for patient in sorted(dates):
        days = touched_by(dates[patient], weeks)
        if days is None:
            continue
        known = ledger.history(tx, patient, needed_for(days, weeks))
        for study in known:
            if study.study_date is not None and days[0] <= study.study_date <= days[1]:
                yield study, known
    for study in now.values():
        if _place_in_sums(study, summed) is None:
            yield study, [study]


def _place_in_sums(study: StudyDose, summed: frozenset[str]) -> tuple[str, date] | None:
    """Patient and date of a study that is part of somebody's sum; None for one that stands alone."""
    if study.patient is None or study.study_date is None or not study.modality_types & summed:
        return None
    return study.patient, study.study_date
