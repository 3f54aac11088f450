"""A query: which studies a node has, and which of their reports we want."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dosebus_qr import jobs
from dosebus_qr.answers import (
    InstanceAnswer,
    SeriesAnswer,
    StudyAnswer,
    instance_answer,
    series_answer,
    study_answer,
)
from dosebus_qr.filters import (
    Verdict,
    conclude_series,
    conclude_study,
    drop,
    judge_instances,
    judge_series,
    judge_study,
)
from dosebus_qr.findings import StudyFinding, held_objects, record, recorded_studies
from dosebus_qr.peers import STUDY_ROOT_FIND, Peer, RefusedError, TooManyAnswersError, connected
from dosebus_qr.plan import (
    REPORT,
    StudyQuestion,
    dicom_modalities,
    instance_keys,
    series_keys,
    study_keys,
    study_questions,
)
from dosebus_qr.run import Run


def run_query(run: Run) -> None:
    """Ask until every study is looked at. Raises PeerError, CancelledError, StoppedError."""
    run.persistently(lambda: _ask(run))


def _ask(run: Run) -> None:
    with connected(run.node, run.settings, STUDY_ROOT_FIND) as peer:
        studies = all_studies(run, peer)
        with run.database.reading() as connection:
            seen = recorded_studies(connection, run.job.id)
        run.total = len(studies.keys() | seen)
        run.done = len(seen)
        for uid, study in studies.items():
            if uid in seen:
                continue
            run.check()
            finding = look_into(run, peer, study)
            run.done += 1
            with run.database.transaction() as tx:
                record(tx, run.job.id, finding)
                jobs.note_progress(
                    tx, run.job, done=run.done, failed=0, total=run.total, publish=run.is_time_to_publish()
                )


def all_studies(run: Run, peer: Peer) -> dict[str, StudyAnswer]:
    """Every study the node tells of, each once, in the order told."""
    job = run.job
    found: dict[str, StudyAnswer] = {}
    for question in study_questions(job.modalities, job.date_from, job.date_to):
        answers = list(_studies(run, peer, question))
        _merge(found, answers)
        if ignores_modality(question.modality, answers):
            # The node sends everything whatever it is asked: the other questions would bring the same.
            break
    if not found and job.modalities:
        # An archive of reports alone has no study of the modality.
        _merge(found, _studies(run, peer, StudyQuestion(REPORT, job.date_from, job.date_to)))
    return found


def ignores_modality(modality: str | None, answers: Iterable[StudyAnswer]) -> bool:
    """Whether some answer cannot be one to a question for this modality."""
    return modality is not None and any(
        answer.modalities is not None and modality not in answer.modalities for answer in answers
    )


def _studies(run: Run, peer: Peer, question: StudyQuestion) -> Iterator[StudyAnswer]:
    """The answers to a question; when they are too many, to its halves."""
    run.check()
    keys = study_keys(question, modality_in_study_query=run.node.modality_in_study_query)
    answers: list[StudyAnswer] = []
    try:
        answers.extend(answer for dataset in peer.find(keys) if (answer := study_answer(dataset)))
    except TooManyAnswersError as error:
        halves = question.halves()
        if halves is None:
            raise RefusedError(f"{error}, even for one day") from error
        for half in halves:
            yield from _studies(run, peer, half)
        return
    yield from answers


def _merge(found: dict[str, StudyAnswer], answers: Iterable[StudyAnswer]) -> None:
    for answer in answers:
        before = found.get(answer.study_instance_uid)
        found[answer.study_instance_uid] = answer if before is None else before.merged(answer)


def look_into(run: Run, peer: Peer, study: StudyAnswer) -> StudyFinding:
    """Ask for the series of a study and the objects of its reports, and judge them all."""
    wanted = dicom_modalities(run.job.modalities)
    verdict = judge_study(study, wanted, run.job.date_from, run.job.date_to)
    if verdict is not None:
        return StudyFinding(study, verdict)
    try:
        series = {one: judge_series(one) for one in _series(peer, study)}
        instances = {
            one.series_instance_uid: _instances(peer, study, one)
            for one, judged in series.items()
            if judged.kept
        }
    except RefusedError:
        return StudyFinding(study, drop("unanswered"))
    return _concluded(run, study, series, instances)


def _concluded(
    run: Run,
    study: StudyAnswer,
    series: dict[SeriesAnswer, Verdict],
    instances: dict[str, list[InstanceAnswer]],
) -> StudyFinding:
    every = [one for group in instances.values() for one in group]
    with run.database.reading() as connection:
        held = held_objects(connection, [one.sop_instance_uid for one in every])
    verdicts = judge_instances(every, held)
    judged = {
        uid: [(one, verdicts[one.sop_instance_uid]) for one in group] for uid, group in instances.items()
    }
    concluded = {
        one: conclude_series(before, [verdict for _one, verdict in judged.get(one.series_instance_uid, ())])
        for one, before in series.items()
    }
    final = conclude_study(study, concluded, dicom_modalities(run.job.modalities))
    return StudyFinding(study, final, concluded, judged)


def _series(peer: Peer, study: StudyAnswer) -> list[SeriesAnswer]:
    answers = (series_answer(dataset) for dataset in peer.find(series_keys(study.study_instance_uid)))
    return list({answer.series_instance_uid: answer for answer in answers if answer}.values())


def _instances(peer: Peer, study: StudyAnswer, series: SeriesAnswer) -> list[InstanceAnswer]:
    keys = instance_keys(study.study_instance_uid, series.series_instance_uid)
    answers = (instance_answer(dataset) for dataset in peer.find(keys))
    return list({answer.sop_instance_uid: answer for answer in answers if answer}.values())
