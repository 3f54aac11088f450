"""Runs extract as a service of its own."""

from dosebus.runtime.run import run

if __name__ == "__main__":
    run("dosebus_extract.service")
