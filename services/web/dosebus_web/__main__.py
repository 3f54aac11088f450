"""`python -m dosebus_web`: the web service alone."""

from dosebus.runtime.run import run

if __name__ == "__main__":
    run("dosebus_web.service")
