"""Runs qr by itself: `python -m dosebus_qr`."""

from dosebus.runtime.run import run
from dosebus_qr.service import SERVICE

if __name__ == "__main__":
    run(SERVICE)
