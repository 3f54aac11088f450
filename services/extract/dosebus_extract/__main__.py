"""Runs extract as a service of its own."""

from dosebus.runtime.run import run
from dosebus_extract.service import SERVICE

if __name__ == "__main__":
    run(SERVICE)
