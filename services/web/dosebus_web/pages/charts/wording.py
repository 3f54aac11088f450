"""What charts are called."""

from __future__ import annotations

from dosebus.catalogue.chart import Chart, Drawing
from dosebus.catalogue.field import Field
from dosebus.catalogue.listing import Listing
from dosebus_web.http.show import unit
from dosebus_web.language import gettext as _
from dosebus_web.language import marked

WEEKDAYS = (
    marked("Monday"), marked("Tuesday"), marked("Wednesday"), marked("Thursday"), marked("Friday"),
    marked("Saturday"), marked("Sunday"),
)  # fmt: skip
TITLES = {
    Drawing.VALUES: marked("%(value)s by %(name)s"),
    Drawing.FREQUENCY: marked("Frequency of each %(name)s"),
    Drawing.TIME: marked("%(value)s over time by %(name)s"),
    Drawing.AGAINST: marked("%(value)s against %(other)s by %(name)s"),
    Drawing.STEPS: marked("%(value)s by steps of %(other)s"),
    Drawing.WORKLOAD: marked("Workload by weekday and hour"),
}
GROUPS = {
    "acquisition_protocol": marked("Per acquisition protocol"),
    "standard_acquisition_name": marked("Per standard acquisition name"),
    "study_description": marked("Per study description"),
    "requested_procedure": marked("Per requested procedure"),
    "standard_study_name": marked("Per standard study name"),
    "performing_physician": marked("Per physician"),
    "view": marked("Per view"),
}
FURTHER = marked("Further charts")


def inside(label: str) -> str:
    """A label within a sentence: English writes `Study description` small there, other languages as it is."""
    told = _(label)
    return told[:1].lower() + told[1:] if told == label and label[1:2].islower() else told


def title(listing: Listing, chart: Chart) -> str:
    """The title of a chart."""
    names = {"value": chart.value, "name": chart.by, "other": chart.against}
    words = {
        place: inside(listing.fields[key].label) if place != "value" else _(listing.fields[key].label)
        for place, key in names.items()
        if key is not None
    }
    return _(TITLES[chart.drawing], **words)


def axis(field: Field) -> str:
    """A field as the name of an axis: label and unit."""
    return f"{_(field.label)} ({unit(field)})" if field.shown_unit else _(field.label)


def group_of(chart: Chart) -> str:
    """Under which heading a chart is offered."""
    return _(GROUPS.get(chart.by or "", FURTHER))
