"""The version of DoseBus: all its packages are released together."""

VERSION = "0.1.0"
