"""Runs qr by itself: `python -m dosebus_qr`."""

from dosebus.runtime.run import run

if __name__ == "__main__":
    run("dosebus_qr.service")
