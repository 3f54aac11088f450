"""`python -m dosebus_export`: the export service in a process of its own."""

from dosebus.runtime.run import run

if __name__ == "__main__":
    run("dosebus_export.service")
