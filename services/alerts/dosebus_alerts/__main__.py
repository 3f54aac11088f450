"""`python -m dosebus_alerts`: the alerts service in a process of its own."""

from dosebus.runtime.run import run
from dosebus_alerts.service import SERVICE

if __name__ == "__main__":
    run(SERVICE)
