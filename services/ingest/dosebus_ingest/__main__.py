"""Runs ingest by itself: `python -m dosebus_ingest`."""

from dosebus.runtime.run import run

if __name__ == "__main__":
    run("dosebus_ingest.service")
