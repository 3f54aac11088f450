"""`python -m dosebus_alerts`: the alerts service in a process of its own."""

from dosebus.runtime.run import run

if __name__ == "__main__":
    run("dosebus_alerts.service")
