"""`python -m dosebus_web`: the web service alone."""

from dosebus.runtime.run import run
from dosebus_web.service import SERVICE

if __name__ == "__main__":
    run(SERVICE)
