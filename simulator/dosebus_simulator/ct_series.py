"""CT studies with more than one report, and reports with dose check: what scanners send while a study goes on."""

from __future__ import annotations

from datetime import date, timedelta

from dosebus.domain.base import Code
from dosebus.domain.ct import CTDoseCheck, CTEvent
from dosebus.domain.person import PersonParticipant
from dosebus.domain.study import Study
from dosebus_simulator import concepts as c
from dosebus_simulator.ct import ct_report, ct_study, with_reports
from dosebus_simulator.ct_protocols import PROTOCOLS
from dosebus_simulator.ct_writer import write_ct_report
from dosebus_simulator.devices import devices_for
from dosebus_simulator.simulated import SimulatedObject, SimulatedStudy
from dosebus_simulator.visit import REFERENCE_DAY, visit

AUTHORIZING: Code = c.dcm("113850", "Irradiation Authorizing")


def _written(kind: str, study: Study) -> SimulatedObject:
    """The object of a study that has one report, as the device sends it at that moment."""
    return SimulatedObject(kind, write_ct_report(study, study.ct_reports[0]))


def make_cumulative_ct(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """Three reports of one study, each with the events of the one before and one more; then the first again.

    The truth is the study with the last report; the UIDs of all three are remembered.
    """
    visited = visit("CT", "cumulative", *seed, day=day, child=False)
    study = ct_study(visited, events=3)
    events = study.ct_reports[0].events
    states = [
        with_reports(study, (ct_report(study, events[:count], visited.source.uid()),))
        for count in range(1, 4)
    ]
    objects = [_written("cumulative", state) for state in states]
    repeated = SimulatedObject("cumulative", objects[0].dataset, "ignored")
    uids = tuple(sorted(one.sop_instance_uid for one in objects))
    truth = states[-1].model_copy(update={"sop_instance_uids_processed": uids})
    return SimulatedStudy("cumulative", (*objects, repeated), truth)


def make_continued_ct(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """Two reports of one study with different events: the patient came back onto the table an hour later."""
    visited = visit("CT", "continued", *seed, day=day, child=False)
    study = ct_study(visited, events=2)
    first = study.ct_reports[0]
    later = tuple(
        event.model_copy(
            update={
                "irradiation_event_uid": visited.source.uid(),
                "datetime_started": event.datetime_started + timedelta(hours=1)
                if event.datetime_started
                else None,
            }
        )
        for event in first.events
    )
    second = ct_report(study, later, visited.source.uid())
    # The head of the study is that of its first report; the second brings its events.
    both = with_reports(study, (first, second))
    truth = both.model_copy(update={"content_time": study.content_time, "series_time": study.series_time})
    objects = tuple(_written("continued", with_reports(study, (report,))) for report in (first, second))
    return SimulatedStudy("continued", objects, truth)


def _checked(event: CTEvent) -> CTEvent:
    """The event with an alert that was passed and a notification value that is not configured."""
    dlp, ctdivol = event.dlp_mgycm or 0.0, event.ctdivol_mgy or 0.0
    check = CTDoseCheck(
        dlp_alert_value_configured=True,
        ctdivol_alert_value_configured=True,
        dlp_alert_value_mgycm=round(dlp * 0.8, 1),
        ctdivol_alert_value_mgy=1000.0,
        accumulated_dlp_forward_estimate_mgycm=round(dlp * 1.1, 1),
        accumulated_ctdivol_forward_estimate_mgy=round(ctdivol * 1.1, 1),
        alert_reason_for_proceeding="Large patient",
        alert_persons=(PersonParticipant(person_name="Hirsch^Ada", person_role_in_procedure=AUTHORIZING),),
        dlp_notification_value_configured=False,
        ctdivol_notification_value_configured=True,
        ctdivol_notification_value_mgy=round(ctdivol * 0.9, 1),
        ctdivol_forward_estimate_mgy=round(ctdivol * 1.05, 1),
        notification_reason_for_proceeding="Diagnostic need",
    )
    return event.model_copy(update={"dose_check": (check,)})


def make_dose_check_ct(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A CT study in which a dose check alert and a notification came up (TID 10015, NEMA XR-25)."""
    visited = visit("CT", "dose check", *seed, day=day, child=False)
    study = ct_study(visited)
    report = study.ct_reports[0]
    events = tuple(_checked(event) if event.event_type == c.SPIRAL else event for event in report.events)
    truth = study.model_copy(update={"ct_reports": (report.model_copy(update={"events": events}),)})
    return SimulatedStudy("dose-check", (_written("dose-check", truth),), truth)


def make_dual_source_ct(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A CT study with two tubes at once: two sets of source parameters in an event."""
    scanner = next(device for device in devices_for("CT") if device.tubes > 1)
    protocol = next(one for one in PROTOCOLS if any(phase.dual_source for phase in one.phases))
    visited = visit("CT", "dual source", *seed, device=scanner, day=day, child=False)
    truth = ct_study(visited, protocol)
    return SimulatedStudy("dual-source", (_written("dual-source", truth),), truth)
