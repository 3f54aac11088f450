"""What extract counts."""

from prometheus_client import Counter

RECORDED = Counter(
    "dosebus_objects_recorded_total",
    "Objects by what became of them: recorded, ignored, rejected",
    ["outcome"],
)
