"""Killing parts of a running DoseBus and counting what is left."""
