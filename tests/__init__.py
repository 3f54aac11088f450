"""Tests of DoseBus."""
