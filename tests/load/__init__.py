"""Measurements against the targets of the design; never part of the test run."""
