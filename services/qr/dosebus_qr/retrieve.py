"""A retrieval: the node is asked to send the wanted series to our storage SCP."""

from __future__ import annotations

from dosebus_qr import jobs
from dosebus_qr.findings import Wanted, note_retrieval, wanted_series
from dosebus_qr.peers import STUDY_ROOT_MOVE, Moved, Peer, RefusedError, connected
from dosebus_qr.plan import series_move_keys
from dosebus_qr.run import CancelledError, Run, StoppedError


def run_retrieval(run: Run) -> None:
    """Move series after series. Raises PeerError, CancelledError, StoppedError."""
    tried: set[int] = set()
    with run.database.reading() as connection:
        wanted = wanted_series(connection, run.job)
    run.done = run.job.done
    run.total = run.done + len(wanted)
    with run.database.transaction() as tx:
        jobs.note_progress(tx, run.job, done=run.done, failed=0, total=run.total, publish=True)
    run.persistently(lambda: _move_all(run, wanted, tried))


def _move_all(run: Run, wanted: list[Wanted], tried: set[int]) -> None:
    left = [series for series in wanted if series.id not in tried]
    if not left:
        return
    with connected(run.node, run.settings, STUDY_ROOT_MOVE) as peer:
        for series in left:
            run.check()
            moved = _move(run, peer, series)
            tried.add(series.id)
            _note(run, series, moved)
            if moved.hopeless:
                raise RefusedError(moved.failure or "the node cannot send")


def _move(run: Run, peer: Peer, series: Wanted) -> Moved:
    """Move a series; a wish to stop is passed on to the node and then raised."""
    wish: list[Exception] = []

    def goes_on(_moved: Moved) -> bool:
        try:
            run.check()
        except (CancelledError, StoppedError) as error:
            wish.append(error)
        return not wish

    destination = run.node.retrieve_to or run.settings.ingest_ae_title
    keys = series_move_keys(series.study_instance_uid, series.series_instance_uid)
    moved = peer.move(keys, destination, goes_on)
    if wish and moved.failure is not None:
        raise wish[0]
    return moved


def _note(run: Run, series: Wanted, moved: Moved) -> None:
    if moved.failure is None:
        run.done += 1
    else:
        run.failed += 1
    with run.database.transaction() as tx:
        note_retrieval(tx, series.id, retrieved=moved.completed, failure=moved.failure)
        jobs.note_progress(
            tx,
            run.job,
            done=run.done,
            failed=run.failed,
            total=run.total,
            publish=run.is_time_to_publish(),
        )
