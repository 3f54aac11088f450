"""`python -m dosebus_export`: the export service in a process of its own."""

from dosebus.runtime.run import run
from dosebus_export.service import SERVICE

if __name__ == "__main__":
    run(SERVICE)
