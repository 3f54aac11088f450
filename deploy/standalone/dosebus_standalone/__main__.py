"""`python -m dosebus_standalone` is the command `dosebus`."""

from dosebus_standalone.command import main

if __name__ == "__main__":
    main()
