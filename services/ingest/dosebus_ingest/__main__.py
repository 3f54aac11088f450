"""Runs ingest by itself: `python -m dosebus_ingest`."""

from dosebus.runtime.run import run
from dosebus_ingest.service import SERVICE

if __name__ == "__main__":
    run(SERVICE)
