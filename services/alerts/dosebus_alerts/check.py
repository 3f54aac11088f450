"""Checks studies against the rules: ledger, sums, breaches, alerts, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date

from dosebus.store.transaction import Transaction
from dosebus_alerts import audit, ledger
from dosebus_alerts.casebook import Casebook, Origin, Tally
from dosebus_alerts.configuration import Configuration, read_configuration
from dosebus_alerts.cumulative import StudyDose, needed_for, touched_by, window_sum
from dosebus_alerts.locks import lock_patients, lock_studies
from dosebus_alerts.rules import breaches, windows_of


def check_studies(tx: Transaction, uids: Collection[str], origin: Origin, sender_domain: str) -> Tally:
    """Bring the ledger, the sums and the alerts of these studies up to date, and of every study whose sums
    they are part of, or were.

    It asks the dose schema what is true now, so it does not matter in which order, how often or how late the
    news of studies come.
    """
    lock_studies(tx, uids)
    configuration = read_configuration(tx.connection)
    before = ledger.studies_in_ledger(tx, uids)
    now = ledger.studies_as_recorded(tx, uids, configuration.event_quantities)
    changed = [*before.values(), *now.values()]
    lock_patients(tx, (study.patient for study in changed if study.patient is not None))
    ledger.strike(tx, before.keys() - now.keys())
    ledger.write(tx, now.values())

    casebook = Casebook(tx, configuration, origin, sender_domain)
    for uid in sorted(set(uids) - now.keys()):
        casebook.settle(uid, ())
    for study, known in _touched(tx, changed, now, configuration):
        ledger.write_sums(
            tx,
            study.study_instance_uid,
            [
                summed
                for window in windows_of(configuration.rules)
                if (summed := window_sum(study, known, window)) is not None
            ],
        )
        casebook.settle(study.study_instance_uid, breaches(study, known, configuration.rules))
    audit.append(tx, casebook.entries)
    return casebook.tally


def _touched(
    tx: Transaction,
    changed: Iterable[StudyDose],
    now: dict[str, StudyDose],
    configuration: Configuration,
) -> Iterable[tuple[StudyDose, list[StudyDose]]]:
    """Every study to look at again, with what is known of its patient around it."""
    weeks = max((window.weeks for window in windows_of(configuration.rules)), default=0)
    dates: defaultdict[str, set[date]] = defaultdict(set)
    for study in changed:
        if study.patient is not None and study.study_date is not None:
            dates[study.patient].add(study.study_date)
    for patient in sorted(dates):
        days = touched_by(dates[patient], weeks)
        if days is None:
            continue
        known = ledger.history(tx, patient, needed_for(days, weeks))
        for study in known:
            if study.study_date is not None and days[0] <= study.study_date <= days[1]:
                yield study, known
    for study in now.values():
        if study.patient is None or study.study_date is None:
            yield study, [study]
