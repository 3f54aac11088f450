"""What extract counts of skin dose maps."""

from prometheus_client import Counter, Histogram

SKIN_MAPS = Counter(
    "dosebus_skin_maps_total",
    "Studies whose skin dose was looked at, by outcome: computed, partial, not_computed",
    ["outcome"],
)
SKIN_SECONDS = Histogram(
    "dosebus_skin_map_seconds",
    "Seconds to compute a study's skin dose map",
    buckets=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0),
)
