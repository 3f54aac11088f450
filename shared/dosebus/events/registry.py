"""Every event class by its topic."""

from collections.abc import Mapping
from types import MappingProxyType

from dosebus.events import alerts, export, extract, ingest, people, qr, rederivation
from dosebus.events.base import Event

EVENTS: tuple[type[Event], ...] = (
    ingest.ObjectStored,
    extract.StudyRecorded,
    extract.StudyRemoved,
    extract.ObjectSetAside,
    extract.StudyRemovalRequested,
    extract.ObjectRereadRequested,
    extract.DeviceChangeRequested,
    extract.DeviceRecombinationRequested,
    extract.DeviceNamingRequested,
    extract.KeptObjectsDeletionRequested,
    extract.SizeImportRequested,
    extract.SizeImportCancelRequested,
    extract.SizeImportProgressed,
    extract.SizeImportFinished,
    extract.SkinMapRequested,
    extract.SkinMapComputed,
    extract.SkinSumsRequested,
    extract.SkinSettingsChanged,
    rederivation.RederivationRequested,
    rederivation.RederivationApplyRequested,
    rederivation.RederivationCancelRequested,
    rederivation.RederivationProgressed,
    people.PeopleChangeRequested,
    people.PeopleChangeCancelRequested,
    people.PeopleChangeProgressed,
    people.PatientIdentityChanged,
    alerts.AlertRaised,
    alerts.AlertMailSent,
    alerts.AlertMailFailed,
    alerts.AlertRecalculationRequested,
    alerts.AlertSettingsChanged,
    alerts.AlertTestMailRequested,
    alerts.AlertStateRequested,
    alerts.AlertMailRequested,
    alerts.AlertMailConfirmationRequested,
    alerts.AlertRuleTrialRequested,
    alerts.AlertRuleTrialCancelRequested,
    alerts.AlertRuleTrialFinished,
    alerts.AlertDealtWith,
    alerts.AlertWorkProgressed,
    export.ExportRequested,
    export.ExportCancelRequested,
    export.ExportDeletionRequested,
    export.ExportProgressed,
    export.ExportCompleted,
    export.ExportFailed,
    export.ExportCancelled,
    qr.QueryRequested,
    qr.RetrieveRequested,
    qr.QrCancelRequested,
    qr.NodeEchoRequested,
    qr.QueryProgressed,
    qr.QueryAnswered,
    qr.RetrieveProgressed,
    qr.RetrieveFinished,
)

BY_TOPIC: Mapping[str, type[Event]] = MappingProxyType({event.topic: event for event in EVENTS})


class UnknownTopicError(LookupError):
    """No event class has this topic."""


def event_class(topic: str) -> type[Event]:
    """The class of a topic. Raises UnknownTopicError."""
    try:
        return BY_TOPIC[topic]
    except KeyError:
        raise UnknownTopicError(topic) from None
